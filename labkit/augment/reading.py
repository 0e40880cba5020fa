"""Images read between their pixels and beyond their border."""

import numpy as np
import tensorflow as tf


def read_at(images, down, right, interpolation, fill_mode, fill_value):
    """Images `(n, h, w, channels)` read at pixel + (down, right), each `(n, h, w)`, between pixels too."""
    _, height, width, channels = images.shape
    y = _fold(np.arange(height, dtype="float32")[:, None] + down, height, fill_mode)
    x = _fold(np.arange(width, dtype="float32") + right, width, fill_mode)
    # One more pixel all around, so that all four neighbours of a point exist.
    images = _with_border(images, fill_mode, fill_value)
    stride, size = width + 2, (width + 2) * (height + 2)
    pixels = tf.reshape(images, [-1, channels])
    first = size * tf.range(tf.shape(images)[0])[:, None, None] + stride + 1
    if interpolation == "nearest":
        return tf.gather(pixels, first + tf.cast(tf.round(y) * stride + tf.round(x), tf.int32))
    # At the far border the last pair of neighbours serves, with all weight on the second.
    top, left = tf.minimum(tf.floor(y), height - 1.0), tf.minimum(tf.floor(x), width - 1.0)
    corner = first + tf.cast(top * stride + left, tf.int32)
    below, beside = (y - top)[..., None], (x - left)[..., None]
    below, beside = tf.cast(below, images.dtype), tf.cast(beside, images.dtype)

    def along_row(index):
        start = tf.gather(pixels, index)
        return start + beside * (tf.gather(pixels, index + 1) - start)

    upper = along_row(corner)
    return upper + below * (along_row(corner + stride) - upper)


def _fold(position, size, fill_mode):
    """Bring positions along an axis to within one pixel of the image, where they read the same value."""
    if fill_mode == "constant":
        return tf.clip_by_value(position, -1.0, float(size))
    if fill_mode == "wrap":
        return tf.math.floormod(position, float(size))
    if fill_mode == "reflect":
        position = tf.math.floormod(position + 0.5, 2.0 * size)
        position = tf.minimum(position, 2.0 * size - position) - 0.5
    return tf.clip_by_value(position, 0.0, size - 1.0)


def _with_border(images, fill_mode, fill_value):
    """Images with one more pixel on each side."""
    if fill_mode == "wrap":
        images = tf.concat([images[:, -1:], images, images[:, :1]], axis=1)
        return tf.concat([images[:, :, -1:], images, images[:, :, :1]], axis=2)
    border = [[0, 0], [1, 1], [1, 1], [0, 0]]
    if fill_mode == "constant":
        return tf.pad(images, border, constant_values=tf.cast(fill_value, images.dtype))
    return tf.pad(images, border, mode="SYMMETRIC")
