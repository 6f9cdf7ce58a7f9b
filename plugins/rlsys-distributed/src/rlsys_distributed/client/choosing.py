"""From a network's outputs to an action and the log probability with which it was drawn.

For a handful of actions plain Python is faster than NumPy, whose calls cost half a microsecond.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Decoding
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete, Space

Array = NDArray[Any]
Choice = tuple[Any, Any, float | None]
"""What the program does, what is recorded (before clipping), and the log probability of the latter;
None where nothing that learns asks for it."""
Choose = Callable[[Array, Array | None], Choice]

_LOG_2_PI = math.log(2 * math.pi)


def choose_of(
    space: Space,
    decoding: Decoding,
    exploration: pb.Exploration,
    log_std: NDArray[np.float32] | None,
    drawn: random.Random,
    *,
    explore: bool,
) -> Choose:
    """Return ``choose(outputs, mask)`` for a version of a model.

    Args:
        explore: whether to try actions; otherwise the network's own decision is taken.

    Raises:
        WireError: the exploration does not fit the space.
    """
    if not explore:
        return _decided(space, decoding)
    kind = exploration.WhichOneof("kind")
    if kind == "softmax" and isinstance(space, Discrete):
        return _softmax(space.start, drawn)
    if kind == "softmax" and isinstance(space, MultiDiscrete):
        return _grouped(space.n, drawn)
    if kind == "epsilon_greedy" and isinstance(space, Discrete):
        return _epsilon_greedy(space, exploration.epsilon_greedy.epsilon, drawn)
    if kind == "gaussian" and isinstance(space, Box) and log_std is not None:
        return _gaussian(space, log_std, drawn)
    raise WireError(f"exploration {kind!r} does not fit the action space {space}")


def uniform_of(space: Space, drawn: random.Random) -> Choose:
    """Return ``choose(outputs, mask)`` for the time before the first model: any allowed action.

    A box is drawn between its bounds, and between -1 and 1 where it has none.
    """
    if isinstance(space, Discrete):
        n, start = space.n, space.start

        def one(_: Array, mask: Array | None) -> Choice:
            index, count = _any_of(n, mask, drawn)
            return index + start, index + start, -math.log(count)

        return one
    if isinstance(space, MultiDiscrete):
        sizes = space.n
        of_groups = -sum(map(math.log, sizes))

        def groups(_: Array, __: Array | None) -> Choice:
            action = np.array([drawn.randrange(n) for n in sizes], np.int64)
            return action, action, of_groups

        return groups
    low, high = space.bounds()
    bounded = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(bounded, low, -1.0).ravel(), np.where(bounded, high, 1.0).ravel()
    density = -float(np.log((high - low)[high > low]).sum())

    def between(_: Array, __: Array | None) -> Choice:
        values = [drawn.uniform(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        action = np.array(values, np.float32).reshape(space.shape)
        return action, action, density

    return between


def _any_of(n: int, mask: Array | None, drawn: random.Random) -> tuple[int, int]:
    """Return the index of any allowed action, and how many are allowed."""
    if mask is None:
        return drawn.randrange(n), n
    allowed = np.flatnonzero(mask)
    return int(allowed[drawn.randrange(len(allowed))]), len(allowed)


def _softmax(start: int, drawn: random.Random) -> Choose:
    exp, log, uniform = math.exp, math.log, drawn.random

    def choose(outputs: Array, mask: Array | None) -> Choice:
        logits: list[float] = outputs.tolist()
        if mask is not None:
            logits = _masked(logits, mask)
        highest = max(logits)
        weights = [exp(logit - highest) for logit in logits]
        total = sum(weights)
        left = uniform() * total
        # Rounding can leave a little behind the last one: then the last possible action is taken.
        action = 0
        for index, weight in enumerate(weights):
            if weight:
                action = index
                left -= weight
                if left < 0.0:
                    break
        chosen = action + start
        return chosen, chosen, logits[action] - highest - log(total)

    return choose


def _grouped(sizes: Sequence[int], drawn: random.Random) -> Choose:
    one = _softmax(0, drawn)
    ends = np.cumsum(sizes)[:-1]

    def choose(outputs: Array, _: Array | None) -> Choice:
        found = [one(group, None) for group in np.split(outputs, ends)]
        action = np.array([choice[0] for choice in found], np.int64)
        return action, action, sum(choice[2] or 0.0 for choice in found)

    return choose


def _epsilon_greedy(space: Discrete, epsilon: float, drawn: random.Random) -> Choose:
    n, start = space.n, space.start

    def choose(outputs: Array, mask: Array | None) -> Choice:
        if drawn.random() < epsilon:
            action, _ = _any_of(n, mask, drawn)
        elif mask is None:
            action = int(outputs.argmax())
        else:
            action = int(np.where(mask, outputs, -np.inf).argmax())
        action += start
        return action, action, None

    return choose


def _gaussian(space: Box, log_std: NDArray[np.float32], drawn: random.Random) -> Choose:
    low, high = space.bounds()
    low32, high32 = low.astype(np.float32).ravel(), high.astype(np.float32).ravel()
    deviation = np.exp(log_std)
    constant = -float(log_std.sum()) - 0.5 * _LOG_2_PI * log_std.size
    count, shape, gauss = log_std.size, space.shape, drawn.gauss

    def choose(outputs: Array, _: Array | None) -> Choice:
        noise = np.array([gauss(0.0, 1.0) for _ in range(count)], np.float32)
        raw = outputs + deviation * noise
        # Of what is recorded: float32 has rounded the sum.
        distance = (raw - outputs) / deviation
        bounded = np.clip(raw, low32, high32).reshape(shape)
        log_probability = constant - 0.5 * float(np.dot(distance, distance))
        return bounded, raw.reshape(shape), log_probability

    return choose


def _decided(space: Space, decoding: Decoding) -> Choose:
    discrete = isinstance(space, Discrete)

    def choose(outputs: Array, mask: Array | None) -> Choice:
        logits = outputs if mask is None else np.where(mask, outputs, np.float32(-np.inf))
        action: Any = decoding(logits[None])[0]
        action = int(action) if discrete else action.reshape(getattr(space, "shape", (-1,)))
        return action, action, None

    return choose


def _masked(logits: list[float], mask: Array) -> list[float]:
    pairs = zip(logits, mask.tolist(), strict=True)
    return [logit if allowed else -math.inf for logit, allowed in pairs]
