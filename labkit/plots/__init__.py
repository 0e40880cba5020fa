"""What students look at: digits, weights, curves, confusions.

Every function takes plain arrays and returns a `Figure`. In a notebook a figure that ends a cell is shown,
and so is `figure.show()`; a script, which may have no screen, writes it to `figures/<title>.png`.
Nothing here touches pyplot or any other global state of Matplotlib. All figures are readable in grey.
"""

from labkit.plots.augmentations import augmentation_grid
from labkit.plots.codes import (
    activation_histogram,
    atoms,
    code_scatter,
    error_by_code_size,
    frontier,
    reconstructions,
    walk,
)
from labkit.plots.curves import loss_curves, training_curves
from labkit.plots.figure import Figure
from labkit.plots.images import confident_errors, confusion_matrix, digits, weight_images

__all__ = [
    "Figure",
    "activation_histogram",
    "atoms",
    "augmentation_grid",
    "code_scatter",
    "confident_errors",
    "confusion_matrix",
    "digits",
    "error_by_code_size",
    "frontier",
    "loss_curves",
    "reconstructions",
    "training_curves",
    "walk",
    "weight_images",
]
