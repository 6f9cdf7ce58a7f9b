"""Turns a folded network into a policy in fixed point, with the proof, or says why not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsys.errors import UserError
from rlsys.network import Dense, Network, Stack
from rlsys_rust_q10.arithmetic.bounds import (
    DoesNotFit,
    FixedLayer,
    KernelSetting,
    Span,
    check_sums,
    fix_layer,
    to_fixed_32,
)
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.fold import Floats, Folded
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.arithmetic.scaling import Place, context_span, joined_span, scaled

FEWEST_BITS = 4


def quantise(
    folded: Folded, bits: int, kernel: KernelSetting = "auto", max_items: int = 16
) -> QuantisedPolicy:
    """Return the policy with `bits` fractional bits, in which no accumulator can overflow.

    Args:
        folded: see `rlsys_rust_q10.arithmetic.fold`.
        kernel: ``auto``, or ``narrow`` or ``wide`` for all layers.
        max_items: the most items that a scorer accepts.

    Raises:
        UserError: it cannot be proven; the message names layer, neuron, bound and remedy.
    """
    try:
        return _quantise(folded, bits, kernel, max_items)
    except DoesNotFit as error:
        most = _most_bits(folded, bits, kernel, max_items)
        remedy = (
            f"use at most {most} fractional bits"
            if most is not None
            else f"{FEWEST_BITS} fractional bits are too many as well: train with weight decay or "
            "normalised observations"
        )
        wider = ", or another kernel than 'narrow'" if kernel == "narrow" else ""
        raise UserError(
            f"with {bits} fractional bits the policy does not provably fit: {error}; "
            f"{remedy}{wider}"
        ) from error


def _most_bits(folded: Folded, bits: int, kernel: KernelSetting, max_items: int) -> int | None:
    for fewer in range(bits - 1, FEWEST_BITS - 1, -1):
        try:
            _quantise(folded, fewer, kernel, max_items)
            return fewer
        except DoesNotFit:
            continue
    return None


def _quantise(folded: Folded, bits: int, kernel: KernelSetting, max_items: int) -> QuantisedPolicy:
    span = Span(*(_bounds("observed value", bound, bits) for bound in (folded.low, folded.high)))
    network = folded.network
    # Scaling costs precision, so it is undone where it makes no reader narrow.
    leave: frozenset[Place] = frozenset()
    while True:
        if kernel != "wide":
            network, touched = scaled(folded.network, span, bits, leave)
        else:
            touched = frozenset()
        groups = _fix(network.layers(), span, bits, kernel, max_items)
        useless = frozenset(p for p in touched if not _read_narrowly(groups, p))
        if not useless:
            break
        leave |= useless
    return QuantisedPolicy(
        bits,
        groups,
        span,
        network.decoding,
        _action_span(network, bits),
        network.masked,
        max_items,
        network,
    )


def _fix(
    groups: dict[str, tuple[Dense, ...]],
    span: Span,
    bits: int,
    kernel: KernelSetting,
    max_items: int,
) -> dict[str, tuple[FixedLayer, ...]]:
    if "layers" in groups:
        return {"layers": _chain("layers", groups["layers"], span, bits, kernel)}
    encoder = _chain("encoder", groups["encoder"], span, bits, kernel)
    code = encoder[-1].span
    check_sums(code, max_items)
    return {
        "encoder": encoder,
        "scorer": _chain("scorer", groups["scorer"], joined_span(code), bits, kernel),
        "rest": _chain("rest", groups["rest"], context_span(code), bits, kernel),
    }


def _chain(
    role: str, layers: Sequence[Dense], span: Span, bits: int, kernel: KernelSetting
) -> tuple[FixedLayer, ...]:
    fixed = []
    for index, dense in enumerate(layers):
        fixed.append(fix_layer(f"{role}.{index}", dense, span, bits, kernel))
        span = fixed[-1].span
    return tuple(fixed)


def _read_narrowly(groups: dict[str, tuple[FixedLayer, ...]], place: Place) -> bool:
    role, index = place
    if index + 1 < len(groups[role]):
        return groups[role][index + 1].kernel == "narrow"
    return any(group[0].kernel == "narrow" for group in (groups["scorer"], groups["rest"]) if group)


def _bounds(what: str, values: Floats, bits: int) -> Ints:
    return to_fixed_32(
        values, bits, lambda number: f"{what} {number}: its bound {values[number]:g}"
    )


def _action_span(network: Network, bits: int) -> Span | None:
    decoding = network.decoding
    if not isinstance(network.body, Stack) or decoding.low is None or decoding.high is None:
        return None
    outputs = len(network.body.layers[-1].bias)
    low, high = (
        _bounds("action", np.broadcast_to(np.ravel(bound), outputs).astype(np.float64), bits)
        for bound in (decoding.low, decoding.high)
    )
    return Span(low, high)
