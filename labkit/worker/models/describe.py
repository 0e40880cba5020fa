"""A live Keras model to data: what is left out is said, never passed over in silence."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from labkit.worker.models.activations import activation_name, operation_layer
from labkit.worker.models.compilation import describe_compilation
from labkit.worker.models.layers import LAYERS, REGULARIZERS
from labkit.worker.models.rebuild import rebuild_layer
from labkit.worker.models.spec import MAX_LAYERS, Layer, ModelSpec, Undescribable

_KNOWN = "Dense, Conv2D, MaxPooling2D, Flatten, Reshape, Activation, Dropout or BatchNormalization"
_OF_NO_MATTER = ("name", "trainable", "dtype", "seed", "quantization_config")
_ELSEWHERE = (
    "_initializer",
    "_regularizer",
    "_constraint",
)  # of these the description has said what it could
_PRECISIONS = ("float32", "float64")  # what is described is float32; the other holds the same numbers


def describe(model) -> ModelSpec:
    """A live Keras model as data; never raises, `problem` says what stood in the way."""
    kind = type(model).__name__[:100]
    try:
        left_out: list[str] = []
        layers, shape = tuple(_chain(model, left_out)), _input_shape(model)
        kind = "Sequential" if _is_sequential(model) else "Functional"
        return ModelSpec(kind, shape, layers, describe_compilation(model, left_out))
    except Undescribable as problem:
        return ModelSpec(kind, problem=str(problem))
    except Exception as error:  # of ours, or of a part that is the student's own
        return ModelSpec(
            kind,
            problem=f"the grader cannot read this model ({type(error).__name__}); build it from Keras' own layers, "
            f"such as {_KNOWN}",
        )


def _is_sequential(model) -> bool:
    import keras

    return isinstance(model, keras.Sequential)


def _input_shape(model) -> tuple[int | None, ...]:
    if not isinstance(model.input_shape, tuple):
        raise Undescribable("the model has several inputs; it should have one")
    return tuple(model.input_shape[1:])


# --- the chain -----------------------------------------------------------------------------------------------


def _chain(model, left_out: list[str]) -> Iterator[Layer]:
    """The layers in the order in which they are called; operations as the layers that do the same."""
    import keras

    seen: set[int] = set()
    for number, (operation, arguments, options) in enumerate(_calls(model)):
        if isinstance(operation, keras.layers.InputLayer):
            continue
        if id(operation) in seen:
            raise Undescribable(
                f"the model calls its layer {type(operation).__name__} twice; make a layer for each place"
            )
        seen.add(id(operation))
        if number > MAX_LAYERS:
            raise Undescribable(f"the model has more than {MAX_LAYERS} layers")
        if not isinstance(operation, keras.layers.Layer):
            yield _from_operation(operation, arguments)
            continue
        if options.get("training") and not _is_called_so(operation):
            raise Undescribable(
                f"the layer {type(operation).__name__} is called with training=True, so it is active in inference "
                "too; leave `training` to Keras"
            )
        if isinstance(operation, keras.Model):
            yield from _chain(operation, left_out)
        else:
            left_out += _only_in_training(operation)
            yield from _described(operation)


def _calls(model) -> list[tuple[Any, tuple, dict]]:
    """What is called, with its arguments, from the input to the output."""
    from keras.src.models.functional import Functional

    _refuse_own_call(model)
    if not model.built:
        raise Undescribable(
            "the model does not know its input size yet, so it has no weights; begin it with keras.Input(shape)"
        )
    graph = model._functional if _is_sequential(model) else model
    if not isinstance(graph, Functional):  # a layer that cannot be called with a shape alone
        return [(layer, (None,), {}) for layer in model.layers]
    steps = [graph._nodes_by_depth[depth] for depth in sorted(graph._nodes_by_depth, reverse=True)]
    branches = any(len(nodes) > 1 for nodes in steps) or len(graph.outputs) != 1
    if branches or any(len(node.arguments.keras_tensors) > 1 for [node] in steps):
        raise Undescribable(
            "the model is not one chain of layers: it has branches or several inputs or outputs"
        )
    return [(node.operation, node.arguments.args, node.arguments.kwargs) for [node] in steps]


def _refuse_own_call(model) -> None:
    import keras
    from keras.src.models.functional import Functional

    known = keras.Sequential if _is_sequential(model) else Functional
    if not isinstance(model, known):
        raise Undescribable(
            f"the model is a {type(model).__name__}, a subclass of keras.Model, whose layers cannot be "
            "read in order; build it as keras.Sequential([...])"
        )
    if type(model).call is not known.call:
        raise Undescribable(
            f"the model is a {type(model).__name__} with a `call` of its own, which the grader cannot rebuild; "
            "build it as keras.Sequential([...])"
        )


def _is_called_so(layer) -> bool:
    """Whether `training=True` is a layer's own default, as it is of layers for images; then it is harmless."""
    default = inspect.signature(layer.call).parameters.get("training")
    return default is not None and default.default is True


def _from_operation(operation: Any, arguments: tuple) -> Layer:
    tensor = next((a for a in arguments if hasattr(a, "shape") and hasattr(a, "dtype")), None)
    found = operation_layer(operation, arguments, len(tensor.shape)) if tensor is not None else None
    name = type(operation).__name__
    if found is None or not _are_valid(*found):
        raise Undescribable(
            f"between its layers the model uses the operation {name}, which the grader cannot rebuild; use a layer "
            "instead: Activation, Rescaling, Flatten or Reshape, for example"
        )
    kind, arguments_ = found
    full = _defaults(kind) | arguments_
    return Layer(kind, full)


def _are_valid(kind: str, arguments: dict[str, Any]) -> bool:
    return all(LAYERS[kind].arguments[name](value) for name, value in arguments.items())


def _defaults(kind: str) -> dict[str, Any]:
    return {name: None for name in LAYERS[kind].arguments if name.endswith("_regularizer")}


# --- one layer -----------------------------------------------------------------------------------------------


def _only_in_training(layer) -> list[str]:
    """What of a layer changes no output, and is not carried over."""
    kind = type(layer).__name__
    names = [
        name for name in ("kernel_constraint", "bias_constraint") if getattr(layer, name, None) is not None
    ]
    frozen = bool(layer.weights) and not layer.trainable
    return [f"{name} of {kind}" for name in names] + ([f"{kind} with trainable=False"] if frozen else [])


def _described(layer) -> Iterator[Layer]:
    """The layer, and after it the layer that it was given as its activation."""
    import keras

    kind = type(layer).__name__
    of_keras = getattr(keras.layers, kind, None)
    if kind not in LAYERS or type(layer) is not of_keras:
        own = " (a class of your own)" if of_keras not in (None, type(layer)) else ""
        raise Undescribable(
            f"the layer {kind}{own} cannot be rebuilt by the grader; use layers such as {_KNOWN}"
        )
    if "call" in vars(layer):
        raise Undescribable(
            f"the `call` of a layer {kind} was replaced, so that the grader cannot rebuild it"
        )
    if layer.compute_dtype not in _PRECISIONS:
        raise Undescribable(
            f"the layer {kind} computes in {layer.compute_dtype}; the grader computes in float32: leave dtype to Keras"
        )
    activation = getattr(layer, "activation", None)
    follows = activation if isinstance(activation, keras.layers.Layer) else None
    names = dict.fromkeys((*REGULARIZERS, *(name for name in vars(layer) if name.endswith("_regularizer"))))
    regularizers = {name: _regularizer(layer, kind, name) for name in names}
    arguments: dict[str, Any] = {}
    config = _config(layer, kind)
    value: Any
    for name, valid in LAYERS[kind].arguments.items():
        if name == "activation":
            value = "linear" if follows is not None else _activation(kind, activation)
        elif name in regularizers:
            value = regularizers[name]
        else:
            value = _plain(_last_axis(layer, config[name]) if name == "axis" else config.get(name))
        if not valid(value):
            raise Undescribable(f"the grader cannot rebuild {kind} with {name}={value!r:.80}")
        arguments[name] = value
    _refuse_what_is_lost(kind, arguments, config)
    yield Layer(kind, arguments, tuple(np.array(weight, np.float32) for weight in layer.get_weights()))
    if follows is not None:
        yield from _described(follows)


def _refuse_what_is_lost(kind: str, arguments: dict[str, Any], config: dict[str, Any]) -> None:
    """A layer with these arguments must have all other settings of the one that is described."""
    state = random.getstate()  # a layer that draws numbers takes its seed from there
    again = rebuild_layer(Layer(kind, arguments)).get_config()
    random.setstate(state)
    for name, value in config.items():
        if (
            name not in (*arguments, *_OF_NO_MATTER)
            and not name.endswith(_ELSEWHERE)
            and value != again.get(name)
        ):
            raise Undescribable(f"the grader cannot rebuild {kind} with {name}={value!r:.80}")


def _config(layer, kind: str) -> dict[str, Any]:
    try:
        return layer.get_config()
    except Exception:  # a part of the layer that cannot describe itself
        raise Undescribable(
            f"the grader cannot read the settings of a layer {kind}; give it plain numbers, strings and parts of Keras"
        ) from None


def _activation(kind: str, function: Any) -> str:
    name = activation_name(function)
    if name is None:
        called = getattr(function, "__name__", type(function).__name__)
        raise Undescribable(
            f"the grader cannot rebuild {kind} with activation={called!r:.60}, which is no function of Keras'; use one "
            'of those, by its name: activation="relu", activation="softmax", for example'
        )
    return name


def _regularizer(layer, kind: str, name: str) -> dict[str, Any] | None:
    import keras

    value = getattr(layer, name, None)
    if value is None or isinstance(layer, keras.layers.ActivityRegularization):
        return None
    known = [keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2]
    if type(value) not in known:
        called = getattr(value, "__name__", type(value).__name__)
        raise Undescribable(
            f"the regularizer {called[:60]} of a layer {kind} cannot be rebuilt by the grader; use one of Keras': "
            "keras.regularizers.L1, L2 or L1L2"
        )
    if name not in LAYERS[kind].arguments:
        instead = (
            "; put it on the layer that makes the activations, or use keras.layers.ActivityRegularization"
        )
        raise Undescribable(
            f"the grader cannot rebuild {kind} with an {name}"
            + (instead if name == "activity_regularizer" else "")
        )
    settings = {key: float(number) for key, number in value.get_config().items() if key in ("l1", "l2")}
    return {"name": type(value).__name__, **settings}


def _last_axis(layer, axis: Any) -> Any:
    """-1 where an axis is the last one, however it was counted."""
    [only] = axis if isinstance(axis, (list, tuple)) and len(axis) == 1 else [axis]
    try:
        axes = len(layer.input.shape)
    except (AttributeError, ValueError):  # one that was never called by itself
        return axis
    return ([-1] if isinstance(axis, (list, tuple)) else -1) if only == axes - 1 else axis


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
