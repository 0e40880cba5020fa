"""What students look at: digits, weights, curves, confusions.

Every function takes plain arrays and returns a `Figure`. In a notebook a figure that ends a cell is shown,
and so is `figure.show()`; a script, which may have no screen, writes it to `figures/<title>.png`.
Nothing here touches pyplot or any other global state of Matplotlib. All figures are readable in grey.
"""

from labkit.plots.augmentations import augmentation_grid
from labkit.plots.classifiers import accuracy_by_width, decision_regions, generalisation_gap
from labkit.plots.codes import (
    activation_histogram,
    atoms,
    code_scatter,
    error_by_code_size,
    frontier,
    reconstructions,
    walk,
)
from labkit.plots.convolution import (
    accuracy_curves,
    feature_maps,
    filter_rows,
    matrix,
    permutation_effect,
    receptive_fields,
    shift_strip,
)
from labkit.plots.curves import loss_curves, training_curves
from labkit.plots.figure import Figure
from labkit.plots.images import confident_errors, confusion_matrix, digits, weight_images

__all__ = [
    "Figure",
    "accuracy_by_width",
    "accuracy_curves",
    "activation_histogram",
    "atoms",
    "augmentation_grid",
    "code_scatter",
    "confident_errors",
    "confusion_matrix",
    "decision_regions",
    "digits",
    "error_by_code_size",
    "feature_maps",
    "filter_rows",
    "frontier",
    "generalisation_gap",
    "loss_curves",
    "matrix",
    "permutation_effect",
    "receptive_fields",
    "reconstructions",
    "shift_strip",
    "training_curves",
    "walk",
    "weight_images",
]
