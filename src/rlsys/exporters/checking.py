"""Checks before and after an export: no NaN in the network, and the same actions afterwards."""

from __future__ import annotations

import numpy as np

from rlsys.errors import UserError
from rlsys.exporters.context import Array, Check, ExportContext
from rlsys.network import Decoding, Network, Scorer

RANDOM_OBSERVATIONS = 10_000

RANDOM_ITEMS = 8

TOLERANCE = 1e-5
"""Two float32 implementations may round logits differently, relative to the largest, by this."""


def check_exportable(network: Network) -> None:
    """Refuse NaN everywhere, and infinity everywhere except in open bounds.

    Raises:
        UserError: names the part.
    """
    network.check_finite()
    parts: dict[str, bool] = {}
    transform, decoding = network.transform, network.decoding
    if transform is not None:
        parts["observation shift"] = bool(np.isfinite(transform.shift).all())
        parts["observation scale"] = bool(np.isfinite(transform.scale).all())
        parts["observation clip"] = transform.low <= transform.high  # False for NaN
    if decoding.low is not None and decoding.high is not None:
        parts["action bounds"] = bool(np.all(decoding.low <= decoding.high))
        if decoding.kind == "tanh":
            finite = np.isfinite(decoding.low).all() and np.isfinite(decoding.high).all()
            parts["action bounds"] &= bool(finite)
    for part, good in parts.items():
        if not good:
            raise UserError(
                f"the network's {part} cannot be exported: NaN, infinity or low > high; check the "
                "environment's spaces and train again"
            )


def checking_batch(network: Network, context: ExportContext) -> tuple[Array, Array | None]:
    """Return observations (float32) and masks to check an export with.

    They come from the context. If it has none, they are `RANDOM_OBSERVATIONS` seeded random ones
    within its bounds (normally distributed where there is no bound), with random masks that always
    allow an action.

    Raises:
        UserError: the network is masked, and the observations have no masks.
    """
    if context.observations is None:
        rng = np.random.default_rng(0)
        observations = _random_observations(network, context, rng)
        masks = None
        if network.masked:
            actions = network.logits(observations[:1]).shape[1]
            masks = rng.random((len(observations), actions)) < 0.5
            masks[np.arange(len(masks)), rng.integers(actions, size=len(masks))] = True
        return observations, masks
    observations = np.asarray(context.observations, dtype=np.float32)
    if not network.masked:
        return observations, None
    if context.masks is None or len(context.masks) != len(observations):
        raise UserError(
            "the network was trained with action masks; pass one mask for each of the "
            f"{len(observations)} observations of the export check"
        )
    return observations, np.asarray(context.masks, dtype=bool)


def same_actions(
    name: str,
    network: Network,
    observations: Array,
    masks: Array | None,
    logits: Array,
    actions: Array,
) -> Check:
    """Return the verdict whether another implementation of `network` chooses the same actions.

    A discrete action may differ only if the network's own logits of the two actions are equal up to
    float32 rounding (`TOLERANCE`). Such ties are counted: neither action is wrong. Continuous
    actions may differ by the same tolerance.

    Args:
        name: name of the verdict.
        network: the original.
        observations, masks: the inputs of both, see `Network.act`.
        logits, actions: what the other implementation returned.
    """
    ours = network.logits(observations)
    expected = network.act(observations, masks)
    allowed = ours if masks is None else np.where(masks, ours, np.float32(-np.inf))
    apart = _apart(network.decoding, allowed, expected, np.asarray(actions))
    differs = (actions != expected).reshape(len(expected), -1).any(axis=1)
    # Not "apart > ...": that would let a NaN pass.
    wrong = ~(apart <= TOLERANCE * np.maximum(1.0, np.abs(ours).max(axis=1)))
    return {
        "name": name,
        "holds": not wrong.any(),
        "figures": {
            "observations": len(observations),
            "different_actions": int(wrong.sum()),
            "ties_within_rounding": int((differs & ~wrong).sum()),
            "largest_logit_difference": float(np.abs(logits - ours).max()),
        },
    }


def observed_features(network: Network) -> int:
    """Return how many values the network observes: all of them, or those of a single item."""
    body = network.body
    if not isinstance(body, Scorer):
        return int(body.layers[0].weight.shape[1])
    if body.encoder:
        return int(body.encoder[0].weight.shape[1])
    return int(body.scorer[0].weight.shape[1]) // 2


def _apart(decoding: Decoding, logits: Array, expected: Array, actions: Array) -> Array:
    """Return how far apart the two actions of each observation are, in logits or in the action."""
    if decoding.kind in ("clip", "tanh"):
        return np.asarray(np.abs(expected - actions).max(axis=1))
    if decoding.kind == "argmax":
        offsets, sizes = np.zeros(1, dtype=np.int64), np.array([logits.shape[1]])
        expected, actions = (a[:, None] - decoding.start for a in (expected, actions))
    else:
        offsets, sizes = np.cumsum((0, *decoding.sizes[:-1])), np.array(decoding.sizes)
    exists = (actions >= 0) & (actions < sizes)
    rows = np.arange(len(logits))[:, None]
    first = logits[rows, expected + offsets].astype(np.float64)
    second = logits[rows, np.where(exists, actions, 0) + offsets].astype(np.float64)
    # Equal logits are excluded: if everything is masked, both are -inf.
    gaps = np.abs(np.subtract(first, second, where=first != second, out=np.zeros_like(first)))
    return np.asarray(np.where(exists, gaps, np.inf).max(axis=1))


def _random_observations(
    network: Network, context: ExportContext, rng: np.random.Generator
) -> Array:
    shape = _observation_shape(network, context)
    values = rng.standard_normal((RANDOM_OBSERVATIONS, *shape))
    if context.low is not None and context.high is not None:
        low, high = (np.broadcast_to(v, shape).astype(float) for v in (context.low, context.high))
        bounded = np.isfinite(low) & np.isfinite(high)
        span = np.where(bounded, high, 1.0) - np.where(bounded, low, 0.0)
        uniform = np.where(bounded, low, 0.0) + rng.random(values.shape) * span
        values = np.where(bounded, uniform, np.clip(values, low, high))
    if isinstance(network.body, Scorer):
        values[..., 0] = rng.random(values.shape[:2]) < 0.75
        values *= values[..., :1]
    return values.astype(np.float32)


def _observation_shape(network: Network, context: ExportContext) -> tuple[int, ...]:
    if context.low is not None:
        return np.shape(context.low)
    features = observed_features(network)
    return (RANDOM_ITEMS, features) if isinstance(network.body, Scorer) else (features,)
