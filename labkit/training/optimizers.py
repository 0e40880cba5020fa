"""Weight updates in one pass over memory.

Keras writes an update as a dozen elementwise operations, each of which reads and writes whole weight
matrices: for a small network with Adam that takes as long as the matrix products. TensorFlow has kernels
that compute the same formulas in one pass. They replace `update_step` while a graph is traced, for exactly
the optimizers and settings whose formulas they share; anything else keeps Keras' own update.
"""

import contextlib

import keras
import tensorflow as tf


@contextlib.contextmanager
def one_pass_updates(optimizer):
    """Within the block, graphs traced with this optimizer update each weight by one kernel."""
    update = _one_pass_update(optimizer)
    if update is None or "update_step" in vars(optimizer):
        yield
        return
    keras_update = optimizer.update_step

    def update_step(gradient, variable, learning_rate):
        if isinstance(gradient, tf.IndexedSlices) or gradient.dtype != variable.dtype:
            return keras_update(gradient, variable, learning_rate)
        return update(optimizer, gradient, variable, tf.cast(learning_rate, variable.dtype))

    # Past `__setattr__`, which would track the function as part of the optimizer's state.
    vars(optimizer)["update_step"] = update_step
    try:
        yield
    finally:
        del vars(optimizer)["update_step"]


def _one_pass_update(optimizer):
    """The kernel for this very class and setting, or None. Subclasses may have changed the formula."""
    kind = type(optimizer)
    if kind is keras.optimizers.SGD:
        return _momentum if optimizer.momentum else _gradient_descent
    if kind in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        return _adam
    return None


def _gradient_descent(optimizer, gradient, variable, learning_rate):
    """w <- w - lr g."""
    tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)


def _momentum(optimizer, gradient, variable, learning_rate):
    """m <- mu m - lr g, w <- w + m (Nesterov: w <- w + mu m - lr g), as in keras.optimizers.SGD."""
    slot = optimizer.momentums[optimizer._get_variable_index(variable)]
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=slot.value.handle,
        lr=learning_rate,
        grad=gradient,
        momentum=tf.cast(optimizer.momentum, variable.dtype),
        use_nesterov=optimizer.nesterov,
    )


def _adam(optimizer, gradient, variable, learning_rate):
    """Adam (Kingma and Ba 2015, the efficient form at the end of section 2), as in keras.optimizers.Adam."""
    index = optimizer._get_variable_index(variable)
    step = tf.cast(optimizer.iterations + 1, variable.dtype)
    beta_1 = tf.cast(optimizer.beta_1, variable.dtype)
    beta_2 = tf.cast(optimizer.beta_2, variable.dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[index].value.handle,
        v=optimizer._velocities[index].value.handle,
        beta1_power=tf.pow(beta_1, step),
        beta2_power=tf.pow(beta_2, step),
        lr=learning_rate,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.cast(optimizer.epsilon, variable.dtype),
        grad=gradient,
    )
