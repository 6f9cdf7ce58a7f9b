"""How faithful the fixed-point policy is to the network: decisions, logits and rewards.

A network whose logits lie close together may decide differently now and then without earning less.
So the verdict has limits, which the settings state: it holds if nearly all decisions are the same
and no loss of reward is shown. The observations are those that the network meets itself: once with
its best actions, and once with actions drawn from the probabilities of its logits, as in training.
In a deterministic environment the best actions lead through the same few observations again and
again; drawn actions leave that path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from rlsys.controllers import NetworkController, action_masks
from rlsys.evaluation.statistics import paired_difference
from rlsys.exporters.context import Check, ExportContext
from rlsys.network import Network
from rlsys.rollout import MakeEnv, most_copies, play
from rlsys_rust_q10.arithmetic.fixed_point import Ints, to_float
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.draws import uniform_observations
from rlsys_rust_q10.settings import Settings

Array = NDArray[Any]

_DISCRETE = ("argmax", "multi-argmax")


class Met(NamedTuple):
    """Observations that both policies were given, (N, ...), and their masks."""

    observations: Array
    fixed: Ints
    masks: NDArray[np.bool_] | None

    def every(self, step: int, number: int) -> Met:
        """Return every `step`-th row; the first one depends on `number`, so copies take turns."""
        rows = slice(number % step, None, step)
        masks = None if self.masks is None else self.masks[rows]
        return Met(self.observations[rows], self.fixed[rows], masks)


@dataclass
class Tally:
    """Running comparison of the two policies' logits and decisions."""

    network: Network
    policy: QuantisedPolicy
    observations: int = 0
    distinct: set[bytes] = field(default_factory=set)
    different: int = 0
    logit_difference: float = 0.0
    largest_distance: float = 0.0
    total_distance: float = 0.0
    total_share: float = 0.0
    """Sum of the distances, each as a share of its action's range."""

    def add(self, met: Met) -> Array:
        """Compare both policies; return the network's logits, -inf where an action is masked."""
        floating = self.network.logits(met.observations)
        fixed = self.policy.logits(met.fixed)
        gap = np.abs(to_float(fixed, self.policy.bits) - floating)
        if self.policy.scorer:
            # Logits of padding have no meaning; they are masked.
            gap[:, : met.fixed.shape[1]] *= met.fixed[..., 0] > 0
        self.logit_difference = max(self.logit_difference, float(gap.max(initial=0.0)))
        allowed = floating
        if met.masks is not None:
            allowed = np.where(met.masks, floating, np.float32(-np.inf))
        expected = self.network.decoding(allowed)
        decided = self.policy.actions(self.policy.decode(fixed, met.masks))
        apart = np.abs(expected - decided).reshape(len(decided), -1).max(axis=1)
        self.observations += len(decided)
        self.distinct.update(row.tobytes() for row in met.fixed.reshape(len(decided), -1))
        self.different += int((apart > 0).sum())
        self.largest_distance = max(self.largest_distance, float(apart.max()))
        self.total_distance += float(apart.sum())
        shares = np.abs(expected - decided) / self._ranges
        self.total_share += float(shares.reshape(len(decided), -1).max(axis=1).sum())
        return allowed

    @property
    def _ranges(self) -> Array:
        """The range of every continuous action, 1 where it has none; 1 for discrete actions."""
        decoding = self.network.decoding
        if decoding.low is None or decoding.high is None:
            return np.ones(())
        widths = (decoding.high - decoding.low).astype(np.float64)
        return np.where(np.isfinite(widths) & (widths > 0), widths, 1.0)

    def fault(self, settings: Settings) -> str | None:
        """Return how the decisions differ more than the settings accept, or None."""
        if self.network.decoding.kind in _DISCRETE:
            equal = 1.0 - self.different / self.observations
            if equal >= settings.least_equal_actions:
                return None
            return (
                f"only {100 * equal:.4g} % of the actions are equal, and least_equal_actions is "
                f"{settings.least_equal_actions:g}"
            )
        share = self.total_share / self.observations
        if share <= settings.most_action_difference:
            return None
        return (
            f"actions differ by {100 * share:.4g} % of their range on average, and "
            f"most_action_difference is {settings.most_action_difference:g}"
        )

    def figures(self) -> dict[str, Any]:
        """Return what was counted."""
        figures: dict[str, Any] = {
            "observations": self.observations,
            "distinct_observations": len(self.distinct),
            "largest_logit_difference": self.logit_difference,
        }
        if self.network.decoding.kind in _DISCRETE:
            figures["equal_actions"] = 1.0 - self.different / self.observations
            figures["different_actions"] = self.different
        else:
            # Continuous actions are hardly ever equal.
            figures["largest_action_difference"] = self.largest_distance
            figures["mean_action_difference"] = self.total_distance / self.observations
        return figures


def compare(
    network: Network, policy: QuantisedPolicy, context: ExportContext, settings: Settings
) -> tuple[Check, list[str], list[Met]]:
    """Return the verdict ``fidelity``, notes for the user, and a sample of what the network met.

    The verdict holds if at least `settings.observations` observations were compared and the limits
    of the settings are kept. Without an environment in `context` the observations are random within
    the bounds, and there are no rewards.
    """
    # Keep about as many as golden vectors are wanted, evenly spaced.
    every = max(1, settings.observations // settings.golden_vectors)
    kept: list[Met] = []
    faults: list[str | None] = []

    def tallied(meetings: Callable[[Tally], Iterator[Met]]) -> dict[str, Any]:
        tally = Tally(network, policy)
        kept.extend(met.every(every, number) for number, met in enumerate(meetings(tally)))
        faults.append(tally.fault(settings))
        return tally.figures()

    count = settings.observations
    notes: list[str] = []
    if context.make_env is None:
        figures = tallied(lambda tally: _random(tally, context, count))
        figures = {"source": "random within the bounds", **figures}
    else:
        make_env, episodes = context.make_env, context.episodes
        figures = tallied(lambda tally: _on_policy(make_env, tally, episodes, count, None))
        figures = {"source": "the policy's own episodes", **figures}
        if network.decoding.kind in _DISCRETE:
            rng = np.random.default_rng(0)
            drawn = tallied(lambda tally: _on_policy(make_env, tally, episodes, count, rng))
            figures |= {f"drawn_{name}": value for name, value in drawn.items()}
        if episodes:
            rewards, fault = _rewards(network, policy, make_env, episodes, settings, notes)
            figures |= rewards
            faults.append(fault)
    found = [fault for fault in faults if fault]
    if found:
        figures["beyond_limits"] = "; ".join(found)
    holds = figures["observations"] >= settings.observations and not found
    return {"name": "fidelity", "holds": holds, "figures": figures}, notes, kept


def _on_policy(
    make_env: MakeEnv,
    tally: Tally,
    episodes: Sequence[int],
    count: int,
    rng: np.random.Generator | None,
) -> Iterator[Met]:
    """Yield what the network meets with its best actions, or with actions drawn from `rng`."""
    seeds = list(episodes[: most_copies(make_env)]) or list(range(min(64, most_copies(make_env))))
    env = make_env(len(seeds))
    controller = FixedPointController(tally.policy)
    try:
        observations, _ = env.reset(seed=cast("Any", seeds))
        while tally.observations < count:
            masks = action_masks(env) if tally.network.masked else None
            met = Met(
                np.array(observations),
                controller.observe(env, observations),
                None if masks is None else masks.copy(),
            )
            logits = tally.add(met)
            yield met
            if rng is not None:
                # The largest logit after adding Gumbel noise is a draw from their softmax.
                logits = logits + rng.gumbel(size=logits.shape).astype(np.float32)
            observations, *_ = env.step(tally.network.decoding(logits))
    finally:
        env.close()


def _random(tally: Tally, context: ExportContext, count: int) -> Iterator[Met]:
    rng = np.random.default_rng(0)
    policy = tally.policy
    items = len(np.atleast_1d(context.low)) if context.low is not None else policy.max_items
    while tally.observations < count:
        fixed = uniform_observations(policy, rng, 4096, items)
        masks = None
        if policy.masked:
            actions = policy.outputs + (items if policy.scorer else 0)
            masks = rng.random((len(fixed), actions)) < 0.5
        met = Met(to_float(fixed, policy.bits).astype(np.float32), fixed, masks)
        tally.add(met)
        yield met


def _rewards(
    network: Network,
    policy: QuantisedPolicy,
    make_env: MakeEnv,
    episodes: Sequence[int],
    settings: Settings,
    notes: list[str],
) -> tuple[dict[str, float], str | None]:
    """Return the mean rewards of both, and how they differ more than accepted, or None."""
    seeds = episodes[: settings.episodes]
    floating = play(make_env, NetworkController(network), seeds)["reward"]
    fixed = play(make_env, FixedPointController(policy), seeds)["reward"]
    if floating.mean() != fixed.mean():
        different = np.flatnonzero(fixed != floating)
        notes.append(
            f"in {policy.bits} fractional bits the policy earns {fixed.mean():g} and the network "
            f"{floating.mean():g}, the mean of {len(seeds)} episodes; {len(different)} of them "
            f"differ: {_parting(network, policy, make_env, seeds[different[0]])}"
        )
    figures = {
        "episodes": len(seeds),
        "reward_float": float(floating.mean()),
        "reward_fixed": float(fixed.mean()),
    }
    apart = paired_difference(fixed, floating)
    accepted = settings.most_reward_difference * max(abs(floating.mean()), floating.std())
    if apart.low <= 0 <= apart.high or abs(apart.mean) <= accepted:
        return figures, None
    return figures, (
        f"the rewards differ by {apart.mean:.4g}, and most_reward_difference accepts {accepted:.4g}"
    )


def _parting(network: Network, policy: QuantisedPolicy, make_env: MakeEnv, seed: int) -> str:
    """Say where the two policies first decide differently in the episode of `seed`."""
    env = make_env(1)
    controller = FixedPointController(policy)
    try:
        observations, _ = env.reset(seed=cast("Any", [seed]))
        step, ended = 0, False
        while not ended:
            tally = Tally(network, policy)
            masks = action_masks(env) if network.masked else None
            met = Met(np.array(observations), controller.observe(env, observations), masks)
            action = network.decoding(tally.add(met))
            if tally.different:
                break
            observations, _, terminated, truncated, _ = env.step(action)
            ended = bool(terminated[0] or truncated[0])
            step += 1
    finally:
        env.close()
    if ended:
        return (
            f"the episode of seed {seed} does not when it is played again, so the environment is "
            "not deterministic"
        )
    decided = policy.actions(policy.act(met.fixed, masks))
    logits = to_float(policy.logits(met.fixed), policy.bits)
    return (
        f"in the episode of seed {seed}, the first different decision is at step {step}: "
        f"{_numbers(decided)} instead of {_numbers(action)}, with logits {_numbers(logits)} "
        f"instead of {_numbers(network.logits(met.observations))}"
    )


def _numbers(values: Array) -> str:
    flat = np.ravel(values)
    text = " ".join(f"{value:.6g}" for value in flat)
    return text if len(flat) == 1 else f"[{text}]"
