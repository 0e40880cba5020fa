import numpy as np

from labkit.check import expect, limit, points, question, uses


@question("2.1")
@points(40)
@uses("keras")
def test_model(student, reference, rng):
    """The model computes what it should."""
    expect.same_outputs(student.build_model(), reference.build_model(), rng.normal(size=(8, 4)))


@question("2.1")
@points(60)
@uses("keras")
@limit(60)
def test_training(student, reference, rng):
    """A trained model knows the labels of points that were held back."""
    places = rng.permutation(np.eye(4)[:3]) * 4
    y = rng.permutation(np.repeat(np.arange(3), 40))
    x = (places[y] + rng.normal(size=(120, 4)) * 0.3).astype("float32")
    trained = student.train(reference.build_model(), x[:90], y[:90])
    outputs = np.asarray(trained.rebuild()(x[90:]))
    expect.at_least(np.mean(outputs.argmax(axis=1) == y[90:]), 0.9, "the accuracy")
