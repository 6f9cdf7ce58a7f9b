"""Samples whole episodes from a policy, and replays them to get their observations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys.errors import UserError, name_of
from rlsys.rollout import EpisodeMeter

Array = NDArray[Any]


@dataclass(frozen=True)
class Sampled:
    """One sampled episode, with what is needed to replay it.

    Attributes:
        seed: seed of its reset.
        actions: int64 (length,), counted from 0 wherever the action space starts.
        reward: the sum of its rewards.
    """

    seed: int
    actions: NDArray[np.int64]
    reward: float

    @property
    def identity(self) -> tuple[int, bytes]:
        """Two episodes with the same identity are the same."""
        return self.seed, self.actions.tobytes()


@dataclass(frozen=True)
class Seen:
    """What the policy saw and did, step by step, over any number of episodes.

    Attributes:
        observations: float32 (steps, ...).
        masks: bool (steps, n_actions).
        actions: int64 (steps,), counted from 0.
    """

    observations: Array
    masks: NDArray[np.bool_]
    actions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.actions)

    @staticmethod
    def join(parts: Sequence[Seen]) -> Seen:
        """Return all steps of `parts`, in order."""
        return Seen(
            np.concatenate([part.observations for part in parts]),
            np.concatenate([part.masks for part in parts]),
            np.concatenate([part.actions for part in parts]),
        )

    def get_state(self) -> dict[str, Any]:
        """Return the state for `rlsys.storage.states.save_state`."""
        return {"observations": self.observations, "masks": self.masks, "actions": self.actions}

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Seen:
        """Undo `get_state`."""
        return Seen(state["observations"], state["masks"], state["actions"])


def masks_of(env: VectorEnv[Any, Any, Any], count: int) -> NDArray[np.bool_]:
    """Return the masks (num_envs, count) of `env`; all True if it has none."""
    masks = action_masks(env)
    return np.ones((env.num_envs, count), dtype=bool) if masks is None else masks


def sample_actions(
    logits: Array, masks: NDArray[np.bool_], temperature: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw from the softmax of ``logits / temperature`` over the allowed actions.

    This uses the Gumbel-max trick: the argmax of the logits plus independent Gumbel noise has
    exactly that distribution. Temperature 0 is the argmax itself.

    Args:
        logits: (N, n_actions).
        masks: True where allowed, (N, n_actions).
        temperature: at least 0.
        generator: source of the noise.
    """
    if temperature:
        logits = logits + np.float32(temperature) * _gumbel(logits.shape, generator)
    return _best(logits, masks)


class PersistentSampler:
    """Draws like `sample_actions`, but keeps the noise of a copy for several steps.

    Every single choice still has the policy's distribution, but the choices of neighbouring steps
    agree more often. So an episode deviates from the policy over several steps in a row, instead of
    in single steps that cancel out.

    Args:
        temperatures: above 0; copy i uses number i modulo their count.
        persistence: probability that a copy's noise is kept from one step to the next.
        generator: source of the noise.
    """

    def __init__(
        self, temperatures: Sequence[float], persistence: float, generator: np.random.Generator
    ) -> None:
        self._temperatures = np.asarray(temperatures, dtype=np.float32)[:, None]
        self._persistence = persistence
        self._generator = generator
        self._noise: Array | None = None

    def __call__(self, logits: Array, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return one action per copy, from logits and masks (N, n_actions)."""
        noise = _gumbel(logits.shape, self._generator)
        if self._noise is not None:
            kept = self._generator.random((len(logits), 1)) < self._persistence
            noise = np.where(kept, self._noise, noise)
        self._noise = noise
        temperature = np.resize(self._temperatures, (len(logits), 1))
        return _best(logits + temperature * noise, masks)


def _gumbel(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    noise = generator.standard_exponential(shape, dtype=np.float32)
    return -np.log(np.maximum(noise, np.finfo(np.float32).tiny, out=noise), out=noise)


def _best(logits: Array, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    best: NDArray[np.int64] = np.where(masks, logits, np.float32(-np.inf)).argmax(axis=1)
    return best


class Recorder:
    """Collects what the policy saw and chose while episodes are sampled."""

    def __init__(self) -> None:
        self._steps: list[tuple[NDArray[np.int64], Array, NDArray[np.bool_], Array, Array]] = []

    def __len__(self) -> int:
        """Return how many steps of the batch had a choice in some copy."""
        return len(self._steps)

    def take(
        self,
        copies: NDArray[np.int64],
        observations: Array,
        masks: NDArray[np.bool_],
        scores: Array,
        actions: NDArray[np.int64],
    ) -> None:
        """Take one step of some copies; a row per copy."""
        likely = log_probabilities(scores, masks)[np.arange(len(copies)), actions]
        self._steps.append((copies, observations, masks, actions, likely))

    def seen(self) -> tuple[Seen, NDArray[np.int64], NDArray[np.float32]]:
        """Return all steps, the copy of each, and the log-probability of each action."""
        copies, observations, masks, actions, likely = (
            np.concatenate(column) for column in zip(*self._steps, strict=True)
        )
        return Seen(observations, masks, actions), copies, likely.astype(np.float32)


def log_probabilities(logits: Array, masks: NDArray[np.bool_]) -> Array:
    """Return the logarithm of the softmax over the allowed actions, -inf elsewhere."""
    allowed = np.where(masks, logits, np.float32(-np.inf))
    allowed = allowed - allowed.max(axis=1, keepdims=True)
    result: Array = allowed - np.log(np.exp(allowed).sum(axis=1, keepdims=True))
    return result


@dataclass(frozen=True)
class Openings:
    """Actions at the start of sampled episodes, before the policy takes over.

    Attributes:
        actions: int64 (copies, longest), counted from 0.
        lengths: int64 (copies,), how many of these actions are played.
    """

    actions: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def over(self, step: int, sampled: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the actions of `step`: from the opening while it lasts, then the sampled ones."""
        last = self.actions.shape[1] - 1
        return np.where(step < self.lengths, self.actions[:, min(step, last)], sampled)


def sample_episodes(
    env: VectorEnv[Any, Any, Any],
    logits: Callable[[Array, NDArray[np.bool_]], Array],
    seeds: Sequence[int],
    choose: Callable[[Array, NDArray[np.bool_]], NDArray[np.int64]],
    openings: Openings | None = None,
    meter: EpisodeMeter | None = None,
    recorder: Recorder | None = None,
) -> tuple[list[Sampled], int]:
    """Play one episode per copy with actions drawn from the policy.

    Args:
        env: has as many copies as there are `seeds`.
        logits: the policy, from observations (N, ...) and masks (N, n_actions) to logits
            (N, n_actions). It is asked only where there is a choice.
        seeds: seeds of the resets.
        choose: draws actions, counted from 0, from logits and masks.
        openings: first actions of each copy's episode; None: sample from the first step on.
        meter: collects every step, for the episodes' metrics.
        recorder: collects every step in which there is a choice.

    Returns:
        The episodes, and the number of environment steps that they took.
    """
    space: Any = env.single_action_space
    observations, _ = env.reset(seed=cast("Any", list(seeds)))
    rewards = np.zeros(env.num_envs)
    lengths = np.zeros(env.num_envs, dtype=np.int64)
    running = np.ones(env.num_envs, dtype=bool)
    taken: list[NDArray[np.int64]] = []
    while running.any():
        masks = masks_of(env, int(space.n))
        undecided = running & (masks.sum(axis=1) > 1)
        scores = np.zeros(masks.shape, np.float32)
        if undecided.any():
            asked = observations[undecided]
            scores[undecided] = logits(asked, masks[undecided])
        actions = choose(scores, masks)
        if recorder is not None and undecided.any():
            recorder.take(
                np.flatnonzero(undecided),
                asked,
                masks[undecided],
                scores[undecided],
                actions[undecided],
            )
        if openings is not None:
            actions = openings.over(len(taken), actions)
        observations, reward, terminated, truncated, infos = env.step(actions + int(space.start))
        taken.append(actions)
        earned = np.where(running, reward, 0.0)
        ended = running & (terminated | truncated)
        if meter is not None:
            meter.update(earned, ended, infos)
        rewards += earned
        lengths += running
        running &= ~ended
    by_copy = np.stack(taken, axis=1)
    episodes = [
        Sampled(int(seed), by_copy[copy, : lengths[copy]].copy(), float(rewards[copy]))
        for copy, seed in enumerate(seeds)
    ]
    return episodes, int(lengths.sum())


def replay(env: VectorEnv[Any, Any, Any], episodes: Sequence[Sampled]) -> list[Seen]:
    """Replay `episodes` and return what was seen in each.

    Args:
        env: with any number of copies.
        episodes: sampled from the same kind of environment.

    Raises:
        UserError: a replayed episode differs from the sampled one.
    """
    seen: list[Seen] = []
    for begin in range(0, len(episodes), env.num_envs):
        seen += _replay_batch(env, episodes[begin : begin + env.num_envs])
    return seen


def _replay_batch(env: VectorEnv[Any, Any, Any], episodes: Sequence[Sampled]) -> list[Seen]:
    space: Any = env.single_action_space
    # Copies without an episode of their own play the first one too.
    played = [*episodes, *[episodes[0]] * (env.num_envs - len(episodes))]
    longest = max(len(episode.actions) for episode in played)
    actions = np.zeros((env.num_envs, longest), dtype=np.int64)
    for copy, episode in enumerate(played):
        actions[copy, : len(episode.actions)] = episode.actions
    lengths = np.array([len(episode.actions) for episode in played])
    ended_at = np.zeros(env.num_envs, dtype=np.int64)
    rewards = np.zeros(env.num_envs)
    observations, _ = env.reset(seed=cast("Any", [episode.seed for episode in played]))
    observed, masked = [], []
    for step in range(longest):
        observed.append(np.array(observations))
        masked.append(masks_of(env, int(space.n)).copy())
        observations, reward, terminated, truncated, _ = env.step(
            actions[:, step] + int(space.start)
        )
        rewards += np.where(step < lengths, reward, 0.0)
        ended_at[(ended_at == 0) & (terminated | truncated)] = step + 1
    expected = np.array([episode.reward for episode in played])
    differs = (ended_at != lengths) | ~np.isclose(rewards, expected, rtol=1e-9, atol=1e-9)
    if differs.any():
        copy = int(np.flatnonzero(differs)[0])
        raise UserError(
            f"{name_of(env)} is not repeatable: with seed {played[copy].seed} and "
            f"the same actions the reward was {expected[copy]:g} in {lengths[copy]} steps, then "
            f"{rewards[copy]:g} in {ended_at[copy]}; self-labelling needs a repeatable environment"
        )
    all_observed = np.stack(observed, axis=1)
    all_masked = np.stack(masked, axis=1)
    return [
        Seen(all_observed[copy, :length], all_masked[copy, :length], episode.actions)
        for copy, (episode, length) in enumerate(zip(episodes, lengths, strict=False))
    ]
