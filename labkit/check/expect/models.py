"""Expectations of Keras models: judged by what they compute, not by how they are spelled.

A student's model arrives as a description and is rebuilt here. It is compared after the same weights were
put into both models; names, nesting and the spelling of activations play no part.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from labkit.check.expect.failure import Failure, comparison, expectation, subject
from labkit.check.expect.values import _refuse_type
from labkit.worker import ModelSpec
from labkit.worker.models import LOSSES

__all__ = ["can_learn", "optimizer", "parameters", "same_loss", "same_outputs", "same_probabilities"]


@comparison
def parameters(model: Any, expected: int | ModelSpec) -> None:
    """The model has exactly this many weights, or as many as the reference's model."""
    spec = described(model)
    right = expected.parameters if isinstance(expected, ModelSpec) else expected
    if spec.parameters != right:
        sentence = f"the model has {spec.parameters:,} parameters; it should have {right:,}"
        raise Failure("parameters", sentence, spec)


@expectation
def optimizer(model: Any, name: str) -> None:
    """The model is compiled with this optimizer, by its Keras class name."""
    used = _compiled(described(model))["optimizer"]["name"]
    if used != name:
        raise Failure("optimizer", f"the model is compiled with {used}; the text asks for {name}", used)


@comparison
def same_outputs(model: Any, reference: ModelSpec, x: np.ndarray, atol: float = 1e-4) -> None:
    """With the same weights the model computes the same outputs as the reference, in inference mode."""
    yours, mine = _outputs(model, reference, x)
    if yours.shape != mine.shape:
        sentence = (
            f"for inputs of shape {x.shape} the model answers with shape {yours.shape}, not {mine.shape}"
        )
        raise Failure("outputs", sentence, yours)
    if not np.all(np.abs(yours - mine) <= atol * np.maximum(1.0, np.abs(mine))):
        sentence = (
            "with the same weights the model computes other outputs than it should "
            f"(the first row begins {_row(yours)} instead of {_row(mine)}); look at the activations"
        )
        summary = "with the same weights the model computes other outputs than it should"
        raise Failure("outputs", sentence, yours, summary=summary)


@comparison
def same_probabilities(model: Any, reference: ModelSpec, x: np.ndarray, atol: float = 1e-4) -> None:
    """Like `same_outputs`, for a classifier that may end in softmax or in logits.

    What counts is what the compiled loss is told: with `from_logits=True` the outputs are taken for logits.
    A softmax output with `from_logits=True`, or logits without it, is refused, although Keras would mend the
    first by itself.
    """
    raw, wanted = _outputs(model, reference, x)
    yours, mine = probabilities(described(model), raw), probabilities(reference, wanted)
    if yours.shape != mine.shape:
        sentence = (
            f"for inputs of shape {x.shape} the model answers with shape {yours.shape}, not {mine.shape}"
        )
        raise Failure("outputs", sentence, raw)
    if np.all(np.abs(yours - mine) <= atol):
        return
    if np.allclose(raw, mine, atol=atol):
        sentence = "the outputs are probabilities already, but the loss was told from_logits=True"
    elif np.allclose(softmax(raw), mine, atol=atol):
        sentence = "the outputs are logits, but the loss takes them for probabilities"
    else:
        sentence = (
            "with the same weights the model computes other class probabilities than it should; "
            "look at the activations and the order of the layers"
        )
    raise Failure("outputs", sentence, raw)


@expectation
def can_learn(model: Any, x: np.ndarray, y: np.ndarray) -> None:
    """The compiled loss takes these targets, and its gradient is finite and not zero."""
    import tensorflow as tf

    spec = described(model)
    _compiled(spec)
    live = _rebuilt(spec)
    answers(live, spec, x)
    try:
        with tf.GradientTape() as tape:
            loss = live.compute_loss(x=x, y=y, y_pred=live(x, training=False), training=False)
        gradients = tape.gradient(loss, live.trainable_variables)
    except Exception:  # targets of the wrong form: Keras raises ValueError, TensorFlow its own
        _refuse_targets(spec, x, y)
    norm = float(np.sqrt(sum(float(tf.reduce_sum(g * g)) for g in gradients if g is not None)))
    if not np.isfinite(norm) or norm < 1e-7:
        sentence = f"the gradient of the loss with respect to the weights has length {norm:g}: nothing can be learned"
        raise Failure("gradient", sentence, norm)


@comparison
def same_loss(model: Any, reference: ModelSpec, x: np.ndarray, y: np.ndarray, rtol: float = 1e-3) -> None:
    """With the same weights the compiled loss of model and reference agree on probes."""
    spec = described(model)
    settings = _compiled(spec)
    name = settings["loss"]["name"]
    if name not in LOSSES:
        sentence = (
            f"the loss {name!r} is not one that the grader knows; use a loss of Keras by its name or class"
        )
        raise Failure("loss", sentence, name)
    right, probed = reference.with_weights(_probe_weights(reference)), _transplanted(spec, reference)
    answers(_rebuilt(probed), probed, x)  # a Failure where it takes other inputs
    for scale in _scales(right, x):  # small outputs alone do not tell losses apart that smooth
        mine = _loss(right, scale * x, y)
        try:
            yours = _loss(probed, scale * x, y)
        except _Unusable:
            _refuse_targets(spec, x, y)
        if np.abs(yours - mine) <= rtol * max(1.0, abs(mine)):
            continue
        stated = name + "".join(
            f", {key}={value}" for key, value in settings["loss"].items() if key != "name"
        )
        sentence = (
            f"the compiled loss ({stated}) gives {yours:.4g} on a probe where it should give {mine:.4g}"
        )
        if penalty := sum(float(part) for part in probed.rebuild().losses):
            sentence += f"; {penalty:.4g} of it come from a regularizer of a layer"
        raise Failure("loss", sentence, yours, summary=f"the compiled loss ({stated}) gives a wrong value")


def probabilities(model: ModelSpec, outputs: Any) -> np.ndarray:
    """Outputs as class probabilities: through a softmax where the compiled loss has `from_logits=True`."""
    outputs = np.asarray(outputs)
    from_logits = (model.compile or {}).get("loss", {}).get("from_logits")
    return softmax(outputs) if from_logits else outputs


def both_rebuilt(model: Any, reference: ModelSpec) -> tuple[Any, Any]:
    """Model and reference as live models with the same weights."""
    yours = _rebuilt(_transplanted(described(model), reference))
    return yours, reference.with_weights(_probe_weights(reference)).rebuild()


def softmax(logits: Any) -> np.ndarray:
    """Class probabilities for logits (..., k)."""
    logits = np.asarray(logits)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# --- inside --------------------------------------------------------------------------------------------------


class _Unusable(Exception):
    pass


def described(model: Any) -> ModelSpec:
    """The description of a model that the grader can rebuild; a Failure where it is none."""
    if not isinstance(model, ModelSpec):
        _refuse_type(model, subject(""), "a Keras model", model)
    if model.problem:
        raise Failure("model", model.problem, model)
    return model


def _compiled(spec: ModelSpec) -> dict:
    if spec.compile is None:
        raise Failure(
            "compile", "the model is not compiled; call model.compile(loss=..., optimizer=...)", spec
        )
    return spec.compile


def _probe_weights(spec: ModelSpec) -> list[np.ndarray]:
    """Weights that show every part: new layers have zero biases, which would hide a missing one.

    They depend on shapes alone, not on the random start that the reference happens to have: a known mistake
    must meet the same probe as the student did.
    """
    rng = np.random.default_rng(20_240_611)
    weights = []
    for layer in spec.layers:
        for place, array in enumerate(layer.weights):
            noise = rng.normal(size=array.shape)
            if array.ndim > 1:  # He's scale keeps signals alive through depth
                probe = noise * np.sqrt(2 / np.prod(array.shape[:-1]))
            elif layer.kind == "BatchNormalization" and place == len(layer.weights) - 1:  # a variance
                probe = 0.5 + np.abs(noise)
            else:  # biases start at 0, scales at 1
                probe = array + 0.1 * noise
            weights.append(probe.astype(np.float32))
    return weights


def _transplanted(spec: ModelSpec, reference: ModelSpec) -> ModelSpec:
    yours, mine = [w.shape for w in spec.weights], [w.shape for w in reference.weights]
    if yours != mine:
        sentence = (
            f"the weights of the model have the shapes {_shapes(yours)}; they should have {_shapes(mine)}"
        )
        raise Failure("architecture", sentence, spec)
    return spec.with_weights(_probe_weights(reference))


def _shapes(shapes: list[tuple]) -> str:
    return ", ".join(str(shape) for shape in shapes[:12]) or "(there are none)"


def _outputs(model: Any, reference: ModelSpec, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spec = _transplanted(described(model), reference)
    mine = np.asarray(reference.with_weights(_probe_weights(reference)).rebuild()(x, training=False))
    return answers(_rebuilt(spec), spec, x), mine


def answers(live, spec: ModelSpec, x: np.ndarray) -> np.ndarray:
    """Outputs in inference mode."""
    try:
        return np.asarray(live(x, training=False))
    except Exception:  # Keras and TensorFlow refuse inputs in many ways
        sentence = f"the model takes inputs of shape {spec.input_shape}; it should take {x.shape[1:]}"
        raise Failure("inputs", sentence, spec) from None


def _rebuilt(spec: ModelSpec):
    try:
        return spec.rebuild()
    except ValueError as problem:
        raise Failure("model", str(problem), spec) from None


def _loss(spec: ModelSpec, x: np.ndarray, y: np.ndarray) -> float:
    import keras

    model = spec.rebuild()
    try:
        # plain values: on a tensor that a softmax made, Keras looks up the logits and forgives from_logits=True
        outputs = keras.ops.convert_to_tensor(np.asarray(model(x, training=False)))
        return float(model.compute_loss(x=x, y=y, y_pred=outputs, training=False))
    except Exception:  # targets of the wrong form: Keras raises ValueError, TensorFlow its own
        raise _Unusable from None


#: Keras keeps probabilities that far from 0 and 1 before it takes a logarithm (1e-7, with room); logits it does not.
_CLIPPED = 1e-6


def _scales(right: ModelSpec, x: np.ndarray) -> tuple[int, ...]:
    """1, and the largest of a few at which nothing is clipped: a right loss that is taken by logits differs there."""

    def clips(scale: int) -> bool:
        seen = probabilities(right, right.outputs(scale * x))
        return bool(seen.min() < _CLIPPED or seen.max() > 1 - _CLIPPED)

    by_logits, seen = _compiled(right)["loss"].get("from_logits"), right.outputs(x)
    if not by_logits and (seen.min() < 0 or seen.max() > 1):
        return (1, 6)  # no probabilities
    return (1, *[scale for scale in (6, 4, 2) if not clips(scale)][:1])


def _refuse_targets(spec: ModelSpec, x: np.ndarray, y: np.ndarray) -> NoReturn:
    """Say which loss meets which targets, and which loss would fit those."""
    name, outputs = _compiled(spec)["loss"]["name"], spec.outputs(x).shape
    if y.ndim < len(outputs):
        fits = f"these are class numbers of shape {y.shape}: sparse_categorical_crossentropy takes them"
    elif y.shape == outputs:
        fits = (
            f"these are rows of shape {y.shape}, one value for each output: categorical_crossentropy takes one-hot "
            "classes, binary_crossentropy and mean_squared_error take values"
        )
    else:
        fits = f"the targets have shape {y.shape}, the outputs {outputs}: they do not belong together"
    sentence = f"the compiled loss {name} cannot be used with the targets of this question; {fits}"
    raise Failure("loss", sentence, name, summary=sentence)


def _row(outputs: np.ndarray) -> str:
    return "[" + ", ".join(f"{value:.3g}" for value in outputs.reshape(len(outputs), -1)[0][:3]) + ", …]"
