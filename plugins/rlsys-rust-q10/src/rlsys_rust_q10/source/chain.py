"""Rust statements that run layers one after another, each with its kernel.

The layers take turns with two buffers: filling a new one with zeros for each layer would cost a
tenth of the inference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rlsys_rust_q10.arithmetic.bounds import FixedLayer
from rlsys_rust_q10.source.text import call
from rlsys_rust_q10.source.weights import layer_name, padded

Form = Literal["quads", "words"]
"""How a vector is stored: 16-bit numbers in quads of four, or 32-bit words."""

OUTPUT = "output"
"""The variable that holds a chain's result, in words."""

_ACTIVATIONS = {"linear": "Linear", "relu": "Relu", "tanh": "TANH"}
_BUFFERS = {"quads": ("even", "odd"), "words": ("even_words", "odd_words")}


class Vector(NamedTuple):
    """A padded vector in a Rust variable."""

    name: str
    form: Form
    width: int

    @property
    def length(self) -> int:
        """Return the number of elements."""
        return self.width // 4 if self.form == "quads" else self.width


Fill = Callable[[Vector, str], list[str]]
"""``fill(input, reference)`` returns the statements that fill the first buffer; `reference`
borrows it mutably."""


def form_for(layer: FixedLayer) -> Form:
    """Return the form that the layer's kernel reads."""
    return "quads" if layer.kernel == "narrow" else "words"


def zeros(form: Form, width: int) -> str:
    """Return the expression for a vector of zeros."""
    return f"[Quad::ZERO; {width // 4}]" if form == "quads" else f"[0; {width}]"


def vector_type(form: Form, width: int) -> str:
    """Return the type of a vector."""
    return f"[Quad; {width // 4}]" if form == "quads" else f"[i32; {width}]"


def run_chain(role: str, layers: Sequence[FixedLayer], width: int, fill: Fill) -> str:
    """Return statements, unindented, after which `OUTPUT` holds the layers' result.

    Args:
        width: padded width of the input.
        fill: puts the input into the first buffer, in the form that the first layer reads.
    """
    return "\n".join(_Chain(role, layers, width).lines(fill))


def clamped(source: str) -> Fill:
    """Return a `Fill` that clamps the observed values `source` into a buffer."""

    def fill(input_: Vector, reference: str) -> list[str]:
        name = "clamp_pack" if input_.form == "quads" else "clamp"
        return [call(f"q10::{name}", [source, "&weights::LOW", "&weights::HIGH", reference])]

    return fill


class _Chain:
    def __init__(self, role: str, layers: Sequence[FixedLayer], width: int) -> None:
        self._role = role
        self._layers = layers
        self._turns: dict[Form, int] = {"quads": 0, "words": 0}
        self._sizes: dict[str, Vector] = {}
        self._input = self._next(form_for(layers[0]), width)
        self._outputs = [self._place(index) for index in range(len(layers))]
        self._packed = [self._pack_for(index) for index in range(len(layers))]

    def lines(self, fill: Fill) -> list[str]:
        """Return declarations and statements."""
        lines = [
            f"let mut {largest.name} = {zeros(largest.form, largest.width)};"
            for largest in self._sizes.values()
        ]
        lines += fill(self._input, self._borrowed(self._input, "&mut "))
        value = self._input
        for index, layer in enumerate(self._layers):
            packed = self._packed[index]
            if packed is not None:
                arguments = [self._borrowed(value), self._borrowed(packed, "&mut ")]
                lines.append(call("q10::pack", arguments))
                value = packed
            output = self._outputs[index]
            lines.append(self._layer(index, layer, value, output))
            value = output
        return lines

    def _layer(self, index: int, layer: FixedLayer, value: Vector, output: Vector) -> str:
        kernel: str = layer.kernel
        if kernel == "narrow" and output.form == "words":
            kernel = "narrow_out"
        static = f"&weights::{layer_name(self._role, index)}"
        arguments = [
            f"{static}_WEIGHTS",
            f"{static}_BIASES",
            self._borrowed(value),
            _ACTIVATIONS[layer.activation],
            self._borrowed(output, "&mut "),
        ]
        return call(f"q10::{kernel}::<BITS, _>", arguments)

    def _place(self, index: int) -> Vector:
        width = padded(len(self._layers[index].bias))
        if index + 1 == len(self._layers):
            return self._keep(Vector(OUTPUT, "words", width))
        # A narrow layer writes quads only if the next layer is narrow too.
        narrow = self._layers[index].kernel == self._layers[index + 1].kernel == "narrow"
        return self._next("quads" if narrow else "words", width)

    def _pack_for(self, index: int) -> Vector | None:
        """Return the buffer into which the layer's input must be packed, if any."""
        source = self._outputs[index - 1] if index else self._input
        if source.form == form_for(self._layers[index]):
            return None
        return self._next("quads", source.width)

    def _next(self, form: Form, width: int) -> Vector:
        turn = self._turns[form]
        self._turns[form] = 1 - turn
        return self._keep(Vector(_BUFFERS[form][turn], form, width))

    def _keep(self, vector: Vector) -> Vector:
        known = self._sizes.get(vector.name, vector)
        self._sizes[vector.name] = vector if vector.width >= known.width else known
        return vector

    def _borrowed(self, vector: Vector, borrow: str = "&") -> str:
        whole = self._sizes[vector.name].width == vector.width
        return f"{borrow}{vector.name}{'' if whole else f'[..{vector.length}]'}"
