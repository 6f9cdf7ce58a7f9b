"""Powers of two between layers, so that activations fit 16 bits.

A positive factor passes through relu and linear neurons: if incoming weights and bias are divided
by 2**k and outgoing weights multiplied by 2**k, the network computes the same function. Division by
a power of two is exact in floating point. Each hidden neuron gets the smallest k for which its
output and its accumulator provably fit. That costs k bits of its weights, so it is done only if the
layer that reads the neuron becomes narrow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from rlsys.network import Dense, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.bounds import Span, fits_narrow, measure, output_span, round_layer
from rlsys_rust_q10.arithmetic.fixed_point import I16, I32_MAX, Ints

Place: TypeAlias = tuple[str, int]
"""Role and index of a layer."""
Groups: TypeAlias = dict[str, list[Dense]]


def readers(groups: Groups, place: Place) -> list[tuple[Place, tuple[int, ...]]]:
    """Return the layers that read the outputs of `place`, with the columns where they begin."""
    role, index = place
    if index + 1 < len(groups[role]):
        return [((role, index + 1), (0,))]
    if role != "encoder":
        return []
    width = len(groups[role][-1].bias)
    # The scorer reads the code and then the mean code, which scales in the same way.
    found: list[tuple[Place, tuple[int, ...]]] = [(("scorer", 0), (0, width))]
    return found + ([(("rest", 0), (0,))] if groups["rest"] else [])


def scaled(
    network: Network, span: Span, bits: int, leave: frozenset[Place]
) -> tuple[Network, frozenset[Place]]:
    """Return the network with scaled hidden neurons, and the layers that were scaled.

    Args:
        network: without a transform; a scorer has an encoder.
        span: range of the observed values, in fixed point.
        bits: F.
        leave: layers that are not scaled.

    Raises:
        DoesNotFit: a weight does not fit 32 bits.
    """
    groups: Groups = {role: list(layers) for role, layers in network.layers().items()}
    touched: set[Place] = set()
    code = span
    for role, layers in groups.items():
        present = _input(role, span, code)
        for index in range(len(layers)):
            place = (role, index)
            if place not in leave and _scale_outputs(groups, place, present, bits):
                touched.add(place)
            name = f"{role}.{index}"
            reach = measure(*round_layer(name, layers[index], bits), present, bits)
            present = output_span(name, layers[index].activation, reach, bits)
        if role == "encoder":
            code = present
    body = (
        Scorer(**{role: tuple(layers) for role, layers in groups.items()})
        if isinstance(network.body, Scorer)
        else Stack(tuple(groups["layers"]))
    )
    return replace(network, body=body), frozenset(touched)


def context_span(code: Span) -> Span:
    """Return the span of the mean code, which is zero where no item is present."""
    return Span(np.minimum(code.low, 0), np.maximum(code.high, 0))


def joined_span(code: Span) -> Span:
    """Return the span of code and context side by side."""
    context = context_span(code)
    return Span(np.concatenate([code.low, context.low]), np.concatenate([code.high, context.high]))


def _input(role: str, span: Span, code: Span) -> Span:
    if role == "scorer":
        return joined_span(code)
    return context_span(code) if role == "rest" else span


def _scale_outputs(groups: Groups, place: Place, span: Span, bits: int) -> bool:
    role, index = place
    dense = groups[role][index]
    reading = readers(groups, place)
    if dense.activation == "tanh" or not reading:
        return False
    exponents = _exponents(place, dense, span, bits)
    if not exponents.any():
        return False
    after: dict[Place, Dense] = {}
    for (reader, number), offsets in reading:
        layer = groups[reader][number]
        weight = layer.weight.copy()
        for offset in offsets:
            columns = slice(offset, offset + len(exponents))
            weight[:, columns] = np.ldexp(weight[:, columns], exponents)
        after[reader, number] = replace(layer, weight=weight)
    if not all(fits_narrow(np.ldexp(layer.weight, bits)) for layer in after.values()):
        return False  # no reader would become narrow
    groups[role][index] = _divided(dense, exponents)
    for (reader, number), layer in after.items():
        groups[reader][number] = layer
    return True


def _exponents(place: Place, dense: Dense, span: Span, bits: int) -> Ints:
    """Return, for each neuron, the smallest k for which output and accumulator fit."""
    exponents = np.zeros(len(dense.bias), dtype=np.int64)
    while True:
        divided = _divided(dense, exponents)
        reach = measure(*round_layer(f"{place[0]}.{place[1]}", divided, bits), span, bits)
        low = np.maximum(reach.low, 0) if dense.activation == "relu" else reach.low
        fits = (reach.high <= I16.max) & (low >= I16.min) & (reach.absolute <= I32_MAX)
        if fits.all() or exponents.max() > 62:
            return exponents
        exponents += ~fits.astype(bool)


def _divided(dense: Dense, exponents: Ints) -> Dense:
    return replace(
        dense,
        weight=np.ldexp(dense.weight, -exponents[:, None]),
        bias=np.ldexp(dense.bias, -exponents),
    )
