"""A second fixed-point policy, one number at a time, with Python's integers and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

from rlsys.network import Scorer

HALF = Fraction(1, 2)


def units(value, bits):
    """Return ``floor(value * 2**bits + 1/2)``."""
    return math.floor(Fraction(float(value)) * 2**bits + HALF)


def tanh_units(x, bits):
    """Return tanh of `x` units from a table of the documented form."""
    step = math.ceil(bits / 2)
    spacing = 2 ** (bits - step)
    one = 2**bits

    def entry(k):
        return min(one, units(math.tanh(k / 2**step), bits))

    index, rest = divmod(abs(x), spacing)
    if entry(index) == one:
        return one if x > 0 else -one
    rise = Fraction((entry(index + 1) - entry(index)) * rest, spacing)
    magnitude = entry(index) + math.floor(rise + HALF)
    return magnitude if x >= 0 else -magnitude


def activated(kind, y, bits):
    """Return the activation of `y` units."""
    if kind == "tanh":
        return tanh_units(y, bits)
    return max(0, y) if kind == "relu" else y


def layer(dense, x, bits):
    """Return the outputs of one layer, and the largest partial sum on the way."""
    outputs, largest = [], 0
    for row, bias in zip(dense.weight, dense.bias, strict=True):
        total = units(bias, bits) * 2**bits
        largest = max(largest, abs(total))
        for weight, value in zip(row, x, strict=True):
            total += units(weight, bits) * value
            largest = max(largest, abs(total))
        result = math.floor(Fraction(total, 2**bits) + HALF)
        outputs.append(activated(dense.activation, result, bits))
    return outputs, largest


def chain(layers, x, bits):
    """Return the outputs of layers one after another."""
    for dense in layers:
        x, _ = layer(dense, x, bits)
    return x


def logits(policy, observation):
    """Return the logits of one observation (nested lists of units)."""
    bits = policy.bits
    body = policy.shipped.body
    bounds = list(zip(policy.span.low.tolist(), policy.span.high.tolist(), strict=True))

    def clamped(row):
        return [min(max(x, low), high) for x, (low, high) in zip(row, bounds, strict=True)]

    if not isinstance(body, Scorer):
        return chain(body.layers, clamped(observation), bits)
    codes = [chain(body.encoder, clamped(row), bits) for row in observation]
    present = [code for row, code in zip(observation, codes, strict=True) if row[0] > 0]
    width = len(body.encoder[-1].bias)
    context = [
        math.floor(Fraction(sum(code[i] for code in present), max(1, len(present))) + HALF)
        for i in range(width)
    ]
    scores = [chain(body.scorer, code + context, bits)[0] for code in codes]
    return scores + (chain(body.rest, context, bits) if body.rest else [])


def best(values, mask):
    """Return the index of the largest allowed value: the lowest of equals, 0 if there is none."""
    allowed = [i for i in range(len(values)) if mask is None or mask[i]]
    return max(allowed, key=lambda i: (values[i], -i), default=0)


def decide(policy, values, mask=None):
    """Return the decision as a list of integers."""
    decoding = policy.decoding
    if decoding.kind == "argmax":
        return [decoding.start + best(values, mask)]
    if decoding.kind == "multi-argmax":
        decided, begin = [], 0
        for size in decoding.sizes:
            part = slice(begin, begin + size)
            decided.append(best(values[part], None if mask is None else mask[part]))
            begin += size
        return decided
    low, high = ([units(v, policy.bits) for v in b] for b in (decoding.low, decoding.high))
    if decoding.kind == "clip":
        return [min(max(v, a), b) for v, a, b in zip(values, low, high, strict=True)]
    one = 2**policy.bits
    return [
        a + math.floor(Fraction((tanh_units(v, policy.bits) + one) * (b - a), 2 * one) + HALF)
        for v, a, b in zip(values, low, high, strict=True)
    ]
