"""Plays a moment before a training or an evaluation: is the environment what it says it is?

The watch over every step (`rlsys.adapters.watched`) sees what is wrong with one step.  Only two
environments side by side show whether the same seed and actions give the same episode again.  If
they do not, no result can be repeated, and two controllers are not compared on equal terms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys.errors import EnvironmentFault

Array = NDArray[Any]

SEEDS = (7, 1_000_003)
STEPS = 200
SECONDS = 3.0
"""A slow environment is played for this long, but for `FEWEST` steps at least."""
FEWEST = 8


def check_repeatable(make_env: Any, name: str, copies: int = 2) -> None:
    """Play the beginning twice with the same seeds and random actions.

    Args:
        make_env: ``make_env(num_envs)``, see `rlsys.rollout.MakeEnv`.
        name: of the environment, for the message.
        copies: most copies that it bears.

    Raises:
        EnvironmentFault: the second time was different, or a step broke a promise.
    """
    seeds = list(SEEDS[: max(1, min(copies, len(SEEDS)))])
    first = list(_play(make_env, seeds, _stop_after(SECONDS)))
    again = _play(make_env, seeds, lambda step: step >= len(first) - 1)
    for step, (one, other) in enumerate(zip(first, again, strict=True)):
        for what, value in one.items():
            if not _equal(value, other[what]):
                copy = _first_difference(value, other[what])
                raise EnvironmentFault(
                    f"environment {name!r}, copy {copy}, seed {seeds[copy]}, step {step}: the "
                    f"same seed and actions gave another {what}; draw all randomness from the "
                    "generator that reset(seed=...) seeds, or accept results that cannot be "
                    "repeated with --set playing.repeatable=false"
                )


def _stop_after(seconds: float) -> Callable[[int], bool]:
    begun = time.monotonic()
    return lambda step: step >= STEPS or (step >= FEWEST and time.monotonic() - begun > seconds)


def _play(
    make_env: Any, seeds: list[int], stop: Callable[[int], bool]
) -> Iterator[dict[str, Array]]:
    """Yield what was seen at the start and after every step, until `stop`."""
    env = make_env(len(seeds))
    try:
        observations, _ = env.reset(seed=seeds)
        yield {"observation": np.array(observations)}
        rng = np.random.default_rng(0)
        step = 0
        while not stop(step):
            actions = _random_actions(env, rng)
            if actions is None:
                return
            observations, rewards, terminated, truncated, _ = env.step(actions)
            step += 1
            yield {
                "observation": np.array(observations),
                "reward": np.array(rewards),
                "end of the episode": np.array(terminated) * 2 + truncated,
            }
    finally:
        env.close()


def _random_actions(env: Any, rng: np.random.Generator) -> Array | None:
    """Return an allowed action per copy, or per copy and agent; None without an action space."""
    agents, space = None, getattr(env, "single_action_space", None)
    for role in getattr(env, "roles", ()):
        if role.name == env.acting:
            agents, space = role.agents, role.action_space
    if space is None:
        return None
    from rlsys.adapters.actions import draw  # late: needs Gymnasium, which an environment may not

    if agents is not None:
        drawn = [[draw(space, rng) for _ in range(agents)] for _ in range(env.num_envs)]
        return np.array(drawn)
    masks = action_masks(env)
    return np.array(
        [draw(space, rng, None if masks is None else masks[i]) for i in range(env.num_envs)]
    )


def _equal(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))


def _first_difference(one: Array, other: Array) -> int:
    if one.shape != other.shape:
        return 0
    return int(np.argwhere(one != other)[0][0])
