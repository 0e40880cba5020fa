"""What students look at: digits, weights, curves, confusions.

Every function takes plain arrays and returns a `Figure`. In a notebook a figure that ends a cell is shown,
and so is `figure.show()`; a script, which may have no screen, writes it to `figures/<title>.png`.
Nothing here touches pyplot or any other global state of Matplotlib. All figures are readable in grey.

These are the figures of images, networks and trainings, for any lab. What tells one lab's story stands in that lab.
"""

from labkit.plots.classifiers import confident_errors, confusion_matrix, decision_regions
from labkit.plots.curves import curves, generalisation_gap, histogram, training_curves
from labkit.plots.diagrams import arrays, network
from labkit.plots.figure import Figure
from labkit.plots.images import digits, feature_maps, image_rows, matrix, weight_images

__all__ = [
    "Figure",
    "arrays",
    "confident_errors",
    "confusion_matrix",
    "curves",
    "decision_regions",
    "digits",
    "feature_maps",
    "generalisation_gap",
    "histogram",
    "image_rows",
    "matrix",
    "network",
    "training_curves",
    "weight_images",
]
