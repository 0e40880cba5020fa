import numpy as np

from labkit.check import expect, hidden, limit, points, question, uses


@question("1.1")
@points(20)
def test_softmax(student, reference, rng):
    """Rows become probabilities."""
    logits = rng.normal(size=(32, 10))
    expect.close(student.softmax(logits), reference.softmax(logits))


@question("1.1")
@points(20)
@hidden
def test_softmax_of_large_logits(student, reference, rng):
    """Softmax stays finite."""
    logits = rng.normal(size=(32, 10)) * 500
    expect.close(student.softmax(logits), reference.softmax(logits))


@question("1.2")
@points(20)
@uses("keras")
def test_model(student, reference, rng):
    """7,850 parameters and the outputs of softmax regression."""
    model = student.build_model()
    expect.parameters(model, 7850)
    expect.same_outputs(model, reference.build_model(), rng.random((16, 784), dtype="float32"))


@question("1.3")
@points(40)
@uses("keras")
@limit(120)
def test_training(student, mnist):
    """Five epochs give 90 % on the test digits."""
    x, digits = (images.reshape(-1, 784) / np.float32(255) for images in (mnist.x_train, mnist.x_test))
    model = student.hold(student.build_model())
    history = student.train(model, x, np.eye(10, dtype="float32")[mnist.y_train])
    expect.equal(len(history.epoch), 5, what="the number of epochs")
    outputs = student.fetch(model).outputs(digits)
    accuracy = float((outputs.argmax(1) == mnist.y_test).mean())
    expect.at_least(accuracy, 0.90, what="the accuracy on the test digits")
