"""The overflow proof: interval arithmetic bounds every accumulator, layer by layer.

A neuron computes ``(b << F) + sum_i w_i x_i + half`` and drops F bits. For inputs within
low_i..high_i no partial sum, in any order, exceeds ``|b << F| + sum_i |w_i| max|x_i| + half``. If
that fits the accumulator, nothing overflows and the order does not matter. The interval of the
result (Moore, Interval Analysis, 1966) is exact for one layer with independent inputs, and safe for
the layers after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Activation, Dense
from rlsys_rust_q10.arithmetic.fixed_point import I16, I32_MAX, I64_MAX, Ints, to_fixed
from rlsys_rust_q10.arithmetic.tanh_table import tanh_table

Kernel: TypeAlias = Literal["narrow", "wide", "wide64"]
KernelSetting: TypeAlias = Literal["auto", "narrow", "wide"]

Exact: TypeAlias = NDArray[Any]
"""Python integers in an object array, or int64 if that is known to hold the result."""


class DoesNotFit(Exception):
    """A number may exceed its type; the message names layer, neuron and bound."""


class Span(NamedTuple):
    """The lowest and the highest value of each number, int64 (n,)."""

    low: Ints
    high: Ints

    def magnitude(self) -> Ints:
        """Return the largest absolute value of each."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


class Reach(NamedTuple):
    """The range of a layer's neurons, (outputs,) each.

    Attributes:
        absolute: bound for every partial sum in the accumulator.
        low, high: range of the result after dropping F bits, before the activation.
    """

    absolute: Exact
    low: Exact
    high: Exact


@dataclass(frozen=True, eq=False)
class FixedLayer:
    """A dense layer in fixed point, with what has been proven about it.

    Attributes:
        name: ``role.index``.
        weight, bias: multiples of ``2**-F``, (outputs, inputs) and (outputs,).
        kernel: ``narrow`` (16-bit operands, 32-bit accumulator), ``wide`` (32, 32), ``wide64``
            (32, 64).
        bound: largest possible partial sum of any neuron.
        span: range of the outputs, after the activation.
    """

    name: str
    weight: Ints
    bias: Ints
    activation: Activation
    kernel: Kernel
    bound: int
    span: Span

    @property
    def accumulator_share(self) -> float:
        """Return the bound as a share of what the accumulator holds."""
        return self.bound / (I64_MAX if self.kernel == "wide64" else I32_MAX)


def measure(weight: Ints, bias: Ints, span: Span, bits: int) -> Reach:
    """Return the range of a layer's neurons for inputs in `span`."""
    half = 1 << (bits - 1)
    offset = bias.astype(object) << bits
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    low = offset + _dot(positive, span.low) + _dot(negative, span.high)
    high = offset + _dot(positive, span.high) + _dot(negative, span.low)
    absolute = np.abs(offset) + _dot(np.abs(weight), span.magnitude()) + half
    return Reach(absolute, (low + half) >> bits, (high + half) >> bits)


def fix_layer(name: str, dense: Dense, span: Span, bits: int, setting: KernelSetting) -> FixedLayer:
    """Round a layer and choose the fastest kernel that provably cannot overflow.

    Raises:
        DoesNotFit: there is no such kernel, or `setting` excludes it.
    """
    weight, bias = round_layer(name, dense, bits)
    reach = measure(weight, bias, span, bits)
    return FixedLayer(
        name,
        weight,
        bias,
        dense.activation,
        _choose_kernel(name, weight, span, reach, setting),
        int(reach.absolute.max()),
        output_span(name, dense.activation, reach, bits),
    )


def round_layer(name: str, dense: Dense, bits: int) -> tuple[Ints, Ints]:
    """Return weights and biases in fixed point.

    Raises:
        DoesNotFit: a weight or bias does not fit 32 bits.
    """

    def named(what: str, values: NDArray[np.float32]) -> Callable[[int], str]:
        return lambda row: f"layer {name}, neuron {row}: a {what} of {np.abs(values[row]).max():g}"

    return (
        to_fixed_32(dense.weight, bits, named("weight", dense.weight)),
        to_fixed_32(dense.bias, bits, named("bias", dense.bias)),
    )


def output_span(name: str, kind: Activation, reach: Reach, bits: int) -> Span:
    """Return the span of a layer's outputs, after the activation.

    Raises:
        DoesNotFit: a result does not fit 32 bits before the activation.
    """
    largest = np.maximum(np.abs(reach.low), np.abs(reach.high))
    _check(f"layer {name}, neuron", "the result", largest, I32_MAX)
    activate = activation(kind, bits)
    return Span(activate(reach.low.astype(np.int64)), activate(reach.high.astype(np.int64)))


def to_fixed_32(values: NDArray[Any], bits: int, name: Callable[[int], str]) -> Ints:
    """Return `values` in fixed point.

    Args:
        name: describes the value of a row, as in "observed value 3: its bound 2".

    Raises:
        DoesNotFit: a value does not fit 32 bits.
    """
    units = np.ldexp(np.abs(values.astype(np.float64)), bits).reshape(len(values), -1).max(axis=1)
    row = int(np.argmax(units))
    if not units[row] < I32_MAX:
        raise DoesNotFit(
            f"{name(row)} is {units[row]:.0f} units of 2**-{bits}, more than the {I32_MAX} of 32 "
            "bits"
        )
    return to_fixed(values, bits)


def fits_narrow(values: Any) -> bool:
    """Return whether all `values` fit 16 bits."""
    return bool(np.min(values) >= I16.min and np.max(values) <= I16.max)


def activation(name: Activation, bits: int) -> Callable[[Ints], Ints]:
    """Return the activation for fixed-point numbers; all activations are monotone."""
    if name == "tanh":
        return tanh_table(bits)
    if name == "relu":
        return lambda y: np.maximum(y, 0)
    return lambda y: y


def _choose_kernel(
    name: str, weight: Ints, span: Span, reach: Reach, setting: KernelSetting
) -> Kernel:
    if setting != "wide":
        try:
            _check_narrow(name, weight, span, reach)
            return "narrow"
        except DoesNotFit:
            if setting == "narrow":
                raise
    if reach.absolute.max() <= I32_MAX:
        return "wide"
    _check(f"layer {name}, neuron", "the accumulator", reach.absolute, I64_MAX)
    return "wide64"


def _check_narrow(name: str, weight: Ints, span: Span, reach: Reach) -> None:
    for number, (low, high) in enumerate(zip(span.low, span.high, strict=True)):
        if not fits_narrow((low, high)):
            raise DoesNotFit(
                f"layer {name}, all neurons: input {number} reaches from {low} to {high}, which "
                f"{I16.min}..{I16.max} of 16 bits does not hold"
            )
    for neuron, row in enumerate(weight):
        if not fits_narrow(row):
            raise DoesNotFit(
                f"layer {name}, neuron {neuron}: its weights reach from {row.min()} to "
                f"{row.max()}, which {I16.min}..{I16.max} of 16 bits does not hold"
            )
    _check(f"layer {name}, neuron", "the accumulator", reach.absolute, I32_MAX)


def _check(place: str, what: str, magnitude: Exact, limit: int) -> None:
    index = int(np.argmax(magnitude))
    if magnitude[index] > limit:
        raise DoesNotFit(
            f"{place} {index}: {what} can reach {magnitude[index]}, more than the {limit} of "
            f"{limit.bit_length() + 1} bits"
        )


def check_sums(span: Span, items: int) -> None:
    """Check that 32 bits suffice for the mean of `items` codes, rounding included.

    Raises:
        DoesNotFit: they do not; the message names the value of the code.
    """
    sums = items * span.magnitude().astype(object) + items
    _check("context, value", f"the sum over {items} items", sums, I32_MAX)


def _dot(weight: Ints, x: Ints) -> Exact:
    """Return ``weight @ x`` as Python integers, exact for any size."""
    largest = int(np.abs(weight).max()) * int(np.abs(x).max()) * len(x)
    if largest <= I64_MAX:
        return np.asarray((weight @ x).astype(object))
    return np.asarray(weight.astype(object) @ x.astype(object))
