import numpy as np

from labkit.check import expect, hidden, limit, points, question


@question("1.1")
@points(30)
@limit(2)
def test_double(student, reference, rng):
    """Every value is doubled, each time."""
    for _ in range(2):
        x = rng.normal(size=7)
        expect.close(student.double(x), reference.double(x))


@question("1.1")
@points(30)
@limit(2)
@hidden
def test_double_hidden(student, reference, rng):
    """Other values are doubled too."""
    x = rng.normal(size=31) * 1000
    expect.close(student.double(x), reference.double(x))


@question("1.2")
@points(40)
@limit(2)
@hidden
def test_classify(student, rng):
    """Points that were held back are classified by the nearest mean."""
    places = rng.permutation([[0, 0], [9, 0], [0, 9], [9, 9], [5, 5]])
    labels = rng.permutation(np.repeat(np.arange(5), 12))
    cloud = places[labels] + rng.normal(size=(60, 2))
    answer = student.classify(cloud[:30], labels[:30], cloud[30:])
    expect.shape(answer, (30,))
    expect.at_least(np.mean(np.asarray(answer) == labels[30:]), 0.9, "the accuracy")
