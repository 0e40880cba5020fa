"""What figures of digits and classifiers show, and that figures show themselves in a notebook, a script and without a screen."""

import subprocess
import sys

import numpy as np
import pytest

from labkit import plots

PNG = b"\x89PNG\r\n\x1a\n"


def drawn(axes):
    """The axes that hold an image."""
    return [axis for axis in axes if axis.images]


def words(axis):
    """Every text in a frame."""
    return [text.get_text() for text in axis.texts]


def noise(rng, *shape):
    return rng.integers(0, 256, size=shape, dtype=np.uint8)


# --- a figure ------------------------------------------------------------------------------------------------


def test_a_figure_is_a_png_for_notebooks():
    figure = plots.digits(np.zeros((1, 28, 28), np.uint8))
    assert figure._repr_png_().startswith(PNG)


def test_ipython_shows_a_figure_that_ends_a_cell():
    formatters = pytest.importorskip("IPython.core.formatters")
    data, _ = formatters.DisplayFormatter().format(plots.curves({"a": [1.0, 0.5]}))
    assert data["image/png"].startswith(PNG)


def test_show_in_a_script_saves_the_figure_under_its_title(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plots.curves({"a": [1.0, 0.5]}, title="Loss, 2 epochs").show()
    assert (tmp_path / "figures" / "loss-2-epochs.png").read_bytes().startswith(PNG)
    assert "loss-2-epochs.png" in capsys.readouterr().out


def test_a_figure_without_a_title_can_be_shown_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plots.digits(np.zeros((1, 28, 28))).show()
    assert (tmp_path / "figures" / "figure.png").is_file()


def test_drawing_never_touches_pyplot():
    code = (
        "import sys, numpy as np; from labkit import plots; "
        "plots.digits(np.zeros((1, 28, 28)))._repr_png_(); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- images --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(12, 28, 28), (12, 784)])
def test_digits_draws_each_image_in_order(shape):
    images = noise(np.random.default_rng(0), *shape)
    figure = plots.digits(images, captions=range(12), columns=5)
    shown = drawn(figure.axes)
    assert len(figure.axes) == 15 and len(shown) == 12
    assert [axis.get_title() for axis in shown] == [str(n) for n in range(12)]
    for axis, image in zip(shown, images.reshape(12, 28, 28), strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), image)


def test_digits_share_one_grey_scale():
    images = np.stack([np.full((28, 28), 10), np.full((28, 28), 200)])
    assert {axis.images[0].get_clim() for axis in drawn(plots.digits(images).axes)} == {(0, 200)}


def test_rows_that_are_no_square_images_are_refused():
    with pytest.raises(ValueError, match="rows of 783 values"):
        plots.digits(np.zeros((2, 783)))


def test_weight_images_show_columns_with_grey_for_zero():
    weights = np.random.default_rng(1).normal(size=(784, 10))
    figure = plots.weight_images(weights)
    shown = drawn(figure.axes)[:10]
    np.testing.assert_array_equal(shown[3].images[0].get_array(), weights[:, 3].reshape(28, 28))
    low, high = shown[3].images[0].get_clim()
    assert low == -high and high == np.abs(weights).max()
    assert [axis.get_title() for axis in shown] == list("0123456789")


def test_confusion_matrix_counts_rows_of_the_true_class():
    figure = plots.confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 0], num_classes=3)
    axis = figure.axes[0]
    assert words(axis) == ["1", "1", "0", "0", "1", "0", "2", "0", "1"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted class", "true class")
    assert axis.get_title() == "50.00% of 6 right"


def test_confusion_matrix_shades_errors_by_their_share_and_leaves_right_answers_white():
    picture = plots.confusion_matrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 0], num_classes=2).axes[0].images[0]
    np.testing.assert_allclose(picture.get_array(), [[0, 25], [100, 0]])


def test_confusion_matrix_without_an_error_or_a_class():
    plots.confusion_matrix([1, 1], [1, 1], num_classes=3)._repr_png_()


def test_confident_errors_come_surest_first_and_leave_out_right_answers():
    images = noise(np.random.default_rng(2), 4, 28, 28)
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.01, 0.99]])
    figure = plots.confident_errors(images, np.array([0, 0, 0, 0]), probabilities, count=2)
    shown = drawn(figure.axes)
    assert [axis.get_title() for axis in shown] == ["0 → 1 (0.990)", "0 → 1 (0.800)"]
    np.testing.assert_array_equal(shown[0].images[0].get_array(), images[3])
    assert "2 surest of 3" in figure.get_suptitle()


def test_confident_errors_of_a_perfect_model():
    figure = plots.confident_errors(np.zeros((2, 784)), np.array([0, 1]), np.eye(2))
    assert not drawn(figure.axes) and "0 surest of 0" in figure.get_suptitle()
