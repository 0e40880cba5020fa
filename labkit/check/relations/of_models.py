"""How a model differs from the one that should have come, layer by layer.

Names and spelling play no part: an activation counts the same as an argument and as a layer of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from labkit.check.relations.relation import Relation
from labkit.worker import ModelSpec
from labkit.worker.models import Layer

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ACTIVATIONS = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}
#: The arguments by which two layers of a kind differ in what they compute.
_TELLING = (
    "units",
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "use_bias",
    "pool_size",
    "rate",
    "stddev",
    "target_shape",
)
_MOST = 2  # differences that are said


@dataclass(frozen=True)
class Piece:
    """What one layer, or the activation in it, does. `place` says where it stands, in words."""

    kind: str
    arguments: tuple[tuple[str, Any], ...]
    place: str

    @property
    def name(self) -> str:
        """As its author would write it: Dense(128), Dropout(0.2), relu."""
        given = dict(self.arguments)
        first = [
            _short(given[name])
            for name in ("units", "filters", "kernel_size", "pool_size", "rate", "stddev")
            if given.get(name)
        ]
        return f"{self.kind}({', '.join(first)})" if first else self.kind

    @property
    def is_activation(self) -> bool:
        return self.kind.islower()

    @property
    def has_weights(self) -> bool:
        return self.kind.startswith(("Dense", "Conv", "Separable", "Depthwise"))


def _short(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def difference(model: ModelSpec, reference: ModelSpec) -> Relation | None:
    """Which layers are too many, missing or different; None where the layers are the same."""
    mine, right = _pieces(model), _pieces(reference)
    if _takes_logits(model) != _takes_logits(reference):  # two ways to the same probabilities
        mine, right = _without_last_softmax(mine), _without_last_softmax(right)
    said = list(_reversed_widths(mine, right)) or list(_differences(mine, right))
    if not said and _flattens(reference) and not _flattens(model) and len(model.input_shape or ()) > 1:
        said = [("Flatten is missing", "Flatten is missing")]
    if not said:
        return None
    sentences = list(dict.fromkeys(sentence for sentence, _ in said))
    more = f"; {len(sentences) - _MOST} more" if len(sentences) > _MOST else ""
    sentence = "; ".join(sentences[:_MOST]) + more
    return Relation("layers", sentence, said[0][1], lambda value: value, seen=True)


def _flattens(model: ModelSpec) -> bool:
    return any(layer.kind == "Flatten" or layer.kind.startswith("Global") for layer in model.layers)


def _pieces(model: ModelSpec) -> list[Piece]:
    found: list[Piece] = []
    weighted = [layer for layer in model.layers if Piece(layer.kind, (), "").has_weights]
    counts = {"Dense": 0, "Conv": 0}
    place = "at the beginning"
    for layer in model.layers:
        if layer.kind == "Flatten":
            continue
        if any(layer is other for other in weighted):
            place = _place(layer, layer is weighted[-1], counts)
        if layer.kind in _ACTIVATIONS or layer.kind == "Activation":
            name = _ACTIVATIONS.get(layer.kind) or str(layer.arguments.get("activation"))
            found += [Piece(name, (), place)] if name != "linear" else []
            continue
        given = tuple((name, _plain(layer.arguments[name])) for name in _TELLING if name in layer.arguments)
        found.append(Piece(layer.kind, given, place))
        activation = layer.arguments.get("activation", "linear")
        if activation != "linear":
            found.append(Piece(str(activation), (), place))
    return found


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def _place(layer: Layer, is_last: bool, counts: dict[str, int]) -> str:
    if is_last:
        return "the output layer"
    family, what = ("Dense", "hidden layer") if layer.kind == "Dense" else ("Conv", "convolution")
    counts[family] += 1
    number = counts[family]
    return f"the {_ORDINALS[number - 1] if number <= len(_ORDINALS) else f'{number}th'} {what}"


def _takes_logits(model: ModelSpec) -> bool:
    return bool((model.compile or {}).get("loss", {}).get("from_logits"))


def _without_last_softmax(pieces: list[Piece]) -> list[Piece]:
    return pieces[:-1] if pieces and pieces[-1].kind == "softmax" else pieces


def _reversed_widths(mine: list[Piece], right: list[Piece]) -> Iterator[tuple[str, str]]:
    a, b = (
        [dict(piece.arguments).get("units") for piece in pieces if piece.kind == "Dense"][:-1]
        for pieces in (mine, right)
    )
    if len(a) > 1 and a == b[::-1] and a != b:
        text = "the widths of the hidden layers come in reverse order"
        yield text, text


def _differences(mine: list[Piece], right: list[Piece]) -> Iterator[tuple[str, str]]:
    """Block by block: a layer with weights and what follows it come and go together."""
    (head, *blocks), (right_head, *right_blocks) = _blocks(mine), _blocks(right)
    yield from _within(head, right_head, mine)
    for block, other in _aligned(blocks, right_blocks):
        if not other:
            yield _too_many(block[0], mine)
        elif not block:
            yield _missing(other[0])
        else:
            yield from _within(block, other, mine)


def _blocks(pieces: list[Piece]) -> list[list[Piece]]:
    """What stands before the first layer with weights, and from then on each with what follows it."""
    blocks: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.has_weights:
            blocks.append([])
        blocks[-1].append(piece)
    return blocks


def _aligned(mine: list[list[Piece]], right: list[list[Piece]]) -> Iterator[tuple[list[Piece], list[Piece]]]:
    """Blocks that stand for each other, an empty one for what has none: equal ones, then those of equal layers."""
    for what, i, j, k, m in _opcodes(
        *([[_key(piece) for piece in block] for block in side] for side in (mine, right))
    ):
        if what == "equal" or j - i == m - k:
            yield from zip(mine[i:j], right[k:m], strict=True)
            continue
        some, others = mine[i:j], right[k:m]
        for _, i, j, k, m in _opcodes(
            [[_key(block[0])] for block in some], [[_key(block[0])] for block in others]
        ):
            yield from zip_longest(some[i:j], others[k:m], fillvalue=[])


def _key(piece: Piece) -> tuple:
    return piece.kind, piece.arguments


def _opcodes(mine: list[list], right: list[list]) -> list[tuple[str, int, int, int, int]]:
    one, two = ([tuple(item) for item in side] for side in (mine, right))
    return list(SequenceMatcher(a=one, b=two, autojunk=False).get_opcodes())


def _within(mine: list[Piece], right: list[Piece], model: list[Piece]) -> Iterator[tuple[str, str]]:
    for what, i, j, k, m in _opcodes([[_key(piece)] for piece in mine], [[_key(piece)] for piece in right]):
        if what == "equal":
            continue
        pairs, more, fewer = _paired(mine[i:j], right[k:m])
        yield from (_other(piece, other) for piece, other in pairs)
        yield from (_too_many(piece, model) for piece in more)
        yield from (_missing(piece) for piece in fewer)


def _paired(
    more: list[Piece], fewer: list[Piece]
) -> tuple[list[tuple[Piece, Piece]], list[Piece], list[Piece]]:
    """Pieces that stand for each other: of one kind, or both activations, or both noise."""
    pairs, rest = [], list(fewer)
    left = []
    for piece in more:
        other = next((other for other in rest if _family(other) == _family(piece)), None)
        if other is None:
            left.append(piece)
        else:
            rest.remove(other)
            pairs.append((piece, other))
    return pairs, left, rest


def _family(piece: Piece) -> str:
    if piece.is_activation:
        return "activation"
    for family in ("Dropout", "Noise", "Pooling", "Conv", "Normalization"):
        if family in piece.kind:
            return "Dropout" if family == "Noise" else family
    return piece.kind


def _other(piece: Piece, right: Piece) -> tuple[str, str]:
    if piece.kind != right.kind:
        where = f"after {right.place}" if right.is_activation or "Drop" in right.kind else f"as {right.place}"
        general = "another activation" if right.is_activation else "another kind of layer"
        return (
            f"{piece.name} where {right.name} should stand, {where}",
            f"{general} stands where {right.kind} should stand",
        )
    given, wanted = dict(piece.arguments), dict(right.arguments)
    name = next(name for name in wanted if given.get(name) != wanted[name])
    if name == "units":
        sentence = f"{right.place} has {given.get(name)} units; it should have {wanted[name]}"
    elif name == "use_bias":
        has = "no bias; it should have one" if wanted[name] else "a bias; it should have none"
        sentence = f"{right.place} has {has}"
    else:
        sentence = f"{piece.name} has {name} {_short(given.get(name))}; it should have {_short(wanted[name])}"
    return sentence, f"{name} of a {right.kind} layer is not what the text asks for"


def _too_many(piece: Piece, mine: list[Piece]) -> tuple[str, str]:
    if piece.is_activation:
        return f"{piece.name} after {piece.place} is too many", "an activation is too many"
    return f"{piece.name} {_before(piece, mine)} is too many", "a layer is too many"


def _before(piece: Piece, pieces: list[Piece]) -> str:
    if piece.has_weights:
        if piece.place == "the output layer":
            return "at the end"
        dense = [other for other in pieces if other.has_weights]
        return "before the output layer" if len(dense) > 1 and piece is dense[-2] else f"as {piece.place}"
    return piece.place if piece.place.startswith("at") else f"after {piece.place}"


def _missing(piece: Piece) -> tuple[str, str]:
    if piece.is_activation:
        sentence = f"{piece.place} has no activation; it should have {piece.name}"
        return sentence, "an activation is missing"
    where = f"as {piece.place}" if piece.has_weights else f"after {piece.place}"
    where = "at the beginning" if piece.place.startswith("at") else where
    return f"{piece.name} is missing {where}", f"{piece.kind} is missing"


# --- sizes --------------------------------------------------------------------------------------------------


def size_difference(model: ModelSpec, expected: int) -> Relation | None:
    """Why a model may have another number of weights, where only that number is known."""
    dense = [layer for layer in model.layers if layer.kind == "Dense"]
    if not dense or any(layer.weights and layer.kind != "Dense" for layer in model.layers):
        return _counted(model)
    inputs, widths = dense[0].weights[0].shape[0], [layer.weights[0].shape[1] for layer in dense]
    bias = [bool(layer.arguments.get("use_bias")) for layer in dense]
    for number, width in enumerate(widths):
        if number < len(widths) - 1:
            rest = widths[:number] + widths[number + 1 :]
            if _weights(inputs, rest, bias[:number] + bias[number + 1 :]) == expected:
                where = (
                    "before the output layer"
                    if number == len(widths) - 2
                    else f"as hidden layer {number + 1}"
                )
                return _sized(f"without Dense({width}) {where} the number would be right: is it too many?")
    if _weights(inputs, widths, [True] * len(widths)) == expected:
        return _sized("with biases the number would be right: is it use_bias=False?")
    if _weights(inputs, widths, [False] * len(widths)) == expected:
        return _sized("without biases the number would be right")
    for number in reversed(range(len(widths))):
        for width in range(1, 2000):
            other = [*widths[:number], width, *widths[number + 1 :]]
            if _weights(inputs, other, bias) == expected:
                where = "the output layer" if number == len(widths) - 1 else f"hidden layer {number + 1}"
                return _sized(
                    f"with {width} units instead of {widths[number]} in {where} the number would be right"
                )
    return _counted(model)


def _sized(sentence: str) -> Relation:
    summary = "compare each layer's number of weights, inputs times units plus units, with the text"
    return Relation("size", sentence, summary, lambda value: value, seen=True)


def _counted(model: ModelSpec) -> Relation:
    counts = [
        f"{Piece(layer.kind, tuple(layer.arguments.items()), '').name} {sum(array.size for array in layer.weights):,}"
        for layer in model.layers
        if layer.weights
    ]
    return _sized(f"its layers have: {', '.join(counts[:12]) or 'no weights at all'}")


def _weights(inputs: int, widths: list[int], bias: list[bool]) -> int:
    before = [inputs, *widths[:-1]]
    return sum((n + b) * m for n, m, b in zip(before, widths, bias, strict=True))
