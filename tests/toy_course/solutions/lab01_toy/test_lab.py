import numpy as np

from labkit.check import expect, hidden, measured, needs, points, question

SECRET_SCALE = 1000.0


def secret_input(rng):
    return rng.normal(size=50) * SECRET_SCALE


@question("1.1")
@points(40)
def test_double(student, reference, rng):
    """Every value is doubled."""
    x = rng.normal(size=7)
    answer = student.double(x)
    measured.curves({"x": x, "answer": answer}, "Doubled values")
    expect.close(answer, reference.double(x))


@question("1.1")
@points(20)
def test_double_leaves_its_argument(student):
    """The argument stays as it is."""
    x = np.arange(3.0)
    held = student.hold(x)
    student.double(held)
    expect.unchanged(student.fetch(held), x, "x")


@question("1.1")
@points(15)
@hidden
def test_double_large(student, reference, rng):
    """Large values are doubled too."""
    x = secret_input(rng)
    answer = student.double(x)
    measured.bars({"largest": np.max(answer)}, "The secret figure")
    expect.close(answer, reference.double(x))


@question("1.2")
@points(25)
@needs("1.1")
def test_mean(student, reference, rng):
    """The mean is right."""
    x = rng.normal(size=9)
    expect.close(student.mean_of_doubles(x), reference.mean_of_doubles(x))
