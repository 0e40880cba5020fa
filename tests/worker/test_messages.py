"""Messages say nothing of memory and of TensorFlow's machinery, and keep what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.worker.messages import NO_MNIST, plain, readable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("what is <lab.Layer object at 0x7f7a8556fdd0>?", "what is <lab.Layer object>?"),
        ("\x1b[1mInput 0 is incompatible\x1b[0m", "Input 0 is incompatible"),
        (
            "{{function_node __wrapped__MatMul_device_/job:localhost/replica:0/task:0/device:CPU:0}} "
            "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3] [Op:MatMul] name: ",
            "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3]",
        ),
        (
            'Graph execution error:\n\nDetected at node loss/x defined at (most recent call last):\n  File "a.py", line 9, '
            'in f\n\n  File "b.py", line 4, in g\n\nReceived a label value of 7 which is outside the valid range of '
            "[0, 3).  Label values: 7 7\n\t [[{{node loss/x}}]] [Op:__inference_step_214]",
            "Received a label value of 7 which is outside the valid range of [0, 3).  Label values: 7 7",
        ),
        (
            "Graph execution error:\n\nDetected at node Reshape defined at (most recent call last):\n"
            "<stack traces unavailable>\nInput to reshape is a tensor with 3 values, but the requested shape has 7",
            "Input to reshape is a tensor with 3 values, but the requested shape has 7",
        ),
        (
            "Cannot reshape a tensor with 3 elements to shape [7] (7 elements) for '{{node Reshape}} = "
            "Reshape[T=DT_FLOAT](x, Reshape/shape)' with input shapes: [3], [1]",
            "Cannot reshape a tensor with 3 elements to shape [7] (7 elements) with input shapes: [3], [1]",
        ),
        ("/somewhere/labkit/data/mnist.npz cannot be opened (Permission denied).", NO_MNIST),
        ("x" * 900, "x" * 500),
        ("[1, 2] is not 0xff", "[1, 2] is not 0xff"),
    ],
    ids=range(9),
)
def test_what_says_nothing_is_not_shown(said, shown):
    assert plain(said) == shown


def test_what_tensorflow_raises_today():
    import keras
    import tensorflow as tf

    def refused(action) -> str:
        with pytest.raises(Exception) as raised:
            action()
        return readable(raised.value)

    ones = np.ones((2, 3), "float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    assert refused(lambda: tf.matmul(ones, ones)) == "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3]"
    assert refused(lambda: model.fit(ones, np.full(2, 7), verbose=0)).startswith(
        "Received a label value of 7"
    )
