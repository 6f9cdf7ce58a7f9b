"""`self-labelling`: sample many episodes, keep the best, imitate them.

After the self-labelling of Corsini, Porrello, Calderara and Dell'Amico (NeurIPS 2024): the best of
many sampled solutions serves as a label for supervised learning, so no value function is needed.
In addition, if the environment is one fixed instance, the best episodes of all rounds are kept.

With `learn_from: comparison` all episodes count: those of an instance are compared with their mean,
which is the baseline of a policy gradient (Kool, van Hoof and Welling, 2019), divided by their
standard deviation, and the step is clipped as in PPO (Schulman et al., 2017).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.agents.divergence import environment_fault
from rlsys.agents.learning_rate import linear_rate
from rlsys.agents.rounds.episodes import (
    Openings,
    PersistentSampler,
    Recorder,
    Sampled,
    Seen,
    masks_of,
    replay,
    sample_episodes,
)
from rlsys.agents.rounds.rounds_run import RoundsRun
from rlsys.agents.settings import SelfLabellingSettings
from rlsys.agents.spaces import check_problem
from rlsys.errors import UserError, name_of
from rlsys.network import Network
from rlsys.rollout import MakeEnv
from rlsys.seeds import training_seeds
from rlsys.training import Problem, Session

_REPLAY_COPIES = 64
_COMPARED_COPIES = 8
_INSTANCES = 32


def make_self_labelling(settings: SelfLabellingSettings) -> SelfLabelling:
    """Return the agent."""
    return SelfLabelling(settings)


class SelfLabelling:
    """Self-labelling; needs an environment in which a seed and actions repeat an episode."""

    def __init__(self, settings: SelfLabellingSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Network:
        """Train and return the final network.

        Raises:
            UserError: the agent cannot train on this problem.
            Interrupted: from `Session.boundary`.
        """
        torch.set_num_threads(1)
        settings = self.settings
        env = problem.make_env(settings.episodes)
        replayer = problem.make_env(min(settings.keep, _REPLAY_COPIES))
        try:
            check_problem("self-labelling", env, ("discrete",), items=True)
            return _Run(settings, env, replayer, problem, session).learn()
        finally:
            replayer.close()
            env.close()


class _Elite:
    """The best distinct episodes with their observations, best first."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self.members: list[tuple[Sampled, Seen]] = []

    def take_in(self, episodes: list[Sampled], replayer: VectorEnv[Any, Any, Any]) -> None:
        """Merge new episodes with the kept ones; of two equally good ones, the older stays."""
        known = {kept.identity for kept, _ in self.members}
        worst = self.members[-1][0].reward if len(self.members) >= self._keep else -np.inf
        fresh: list[Sampled] = []
        for episode in sorted(episodes, key=lambda e: -e.reward):
            if len(fresh) == self._keep or episode.reward <= worst:
                break
            if episode.identity not in known:
                known.add(episode.identity)
                fresh.append(episode)
        if fresh:
            new = list(zip(fresh, replay(replayer, fresh), strict=True))
            merged = sorted([*self.members, *new], key=lambda member: -member[0].reward)
            self.members = merged[: self._keep]

    def get_state(self) -> list[dict[str, Any]]:
        return [
            {"seed": e.seed, "reward": e.reward, **seen.get_state()} for e, seen in self.members
        ]

    def set_state(self, state: list[dict[str, Any]]) -> None:
        self.members = []
        for kept in state:
            seen = Seen.from_state(kept)
            self.members.append((Sampled(kept["seed"], seen.actions, kept["reward"]), seen))


class _Run(RoundsRun[_Elite]):
    """A running training; `memory` is the elite of all rounds."""

    def __init__(
        self,
        settings: SelfLabellingSettings,
        env: VectorEnv[Any, Any, Any],
        replayer: VectorEnv[Any, Any, Any],
        problem: Problem,
        session: Session,
    ) -> None:
        memory = _Elite(settings.keep)
        super().__init__("self-labelling", settings, env, problem, session, memory)
        self.settings = settings
        self.replayer = replayer
        self.make_env = problem.make_env
        self.instances = self._count_instances()

    def do_round(self) -> dict[str, float]:
        """Sample; then imitate the best, or compare all."""
        settings = self.settings
        recorder = Recorder() if settings.learn_from == "comparison" else None
        count = self.instances or 1
        instances = training_seeds(int(self.generator.integers(1 << 30)), count)
        seeds = [instances[i * count // settings.episodes] for i in range(settings.episodes)]
        episodes, steps = sample_episodes(
            self.env,
            self.learner.logits,
            seeds,
            PersistentSampler(settings.temperatures, settings.persistence, self.generator),
            self._openings(),
            self.meter,
            recorder,
        )
        self.steps += steps
        rewards = [episode.reward for episode in episodes]
        if (fault := environment_fault("a reward", rewards)) is not None:
            raise fault
        if recorder is not None:
            return {
                **self.meter.flush(),
                "best_sampled": float(np.max(rewards)),
                **self._compare(recorder, advantages(seeds, rewards)),
            }
        labels = self._labels(episodes)
        loss = self._imitate(Seen.join([seen for _, seen in labels]))
        return {
            **self.meter.flush(),
            "best_sampled": float(np.max(rewards)),
            "kept_mean": float(np.mean([episode.reward for episode, _ in labels])),
            "kept_best": float(np.max([episode.reward for episode, _ in labels])),
            "loss": loss,
        }

    def _labels(self, episodes: list[Sampled]) -> list[tuple[Sampled, Seen]]:
        if not self.instances:
            self.memory.take_in(episodes, self.replayer)
            return self.memory.members
        labels: list[tuple[Sampled, Seen]] = []
        for _, own in itertools.groupby(episodes, key=lambda episode: episode.seed):
            elite = _Elite(max(1, self.settings.keep // self.instances))
            elite.take_in(list(own), self.replayer)
            labels += elite.members
        return labels

    def _openings(self) -> Openings | None:
        """Draw which kept episode each copy repeats, and how far."""
        kept = [episode.actions for episode, _ in self.memory.members]
        if not kept or not self.settings.restarts:
            return None
        copies = self.settings.episodes
        chosen = self.generator.integers(len(kept), size=copies)
        lengths = self.generator.integers([len(kept[i]) for i in chosen])
        lengths[self.generator.random(copies) >= self.settings.restarts] = 0
        actions = np.zeros((copies, int(lengths.max()) + 1), dtype=np.int64)
        for copy, (index, length) in enumerate(zip(chosen, lengths, strict=True)):
            actions[copy, :length] = kept[index][:length]
        return Openings(actions, lengths)

    def _compare(self, recorder: Recorder, advantage: NDArray[np.float32]) -> dict[str, float]:
        """Follow the clipped policy gradient; return the means of loss and entropy."""
        settings = self.settings
        if not len(recorder):
            return {"loss": 0.0, "entropy": 0.0}
        seen, copies, likely = recorder.seen()
        observations, masks, actions, weights, before = (
            torch.from_numpy(array)
            for array in (seen.observations, seen.masks, seen.actions, advantage[copies], likely)
        )
        losses: list[tuple[float, float]] = []
        for _ in range(settings.epochs):
            for index in self._batches(len(seen)):
                known = self.learner.log_probabilities(observations[index], masks[index])
                ratio = (known.gather(1, actions[index, None])[:, 0] - before[index]).exp()
                clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
                gain = torch.minimum(ratio * weights[index], clipped * weights[index]).mean()
                entropy = -(known.exp() * known).sum(dim=1).mean()
                self.learner.descend(-gain - settings.ent_coef * entropy, self._learning_rate())
                losses.append((-float(gain.detach()), float(entropy.detach())))
        loss, spread = np.mean(losses, axis=0)
        return {"loss": float(loss), "entropy": float(spread)}

    def _batches(self, count: int) -> Sequence[torch.Tensor]:
        order = torch.from_numpy(self.generator.permutation(count))
        return torch.split(order, self.settings.batch_size)

    def _learning_rate(self) -> float:
        settings = self.settings
        passed = self.round / max(settings.rounds - 1, 1)
        return linear_rate(settings.learning_rate, settings.learning_rate_final, 1.0 - passed)

    def _imitate(self, seen: Seen) -> float:
        """Raise the log-probability of the kept actions; return the mean loss of the last pass."""
        settings = self.settings
        observations = torch.from_numpy(seen.observations)
        masks = torch.from_numpy(seen.masks)
        actions = torch.from_numpy(seen.actions)
        losses: list[float] = []
        for _ in range(settings.epochs):
            losses.clear()
            for index in self._batches(len(seen)):
                chosen = self.learner.log_probabilities(observations[index], masks[index])
                loss = -chosen.gather(1, actions[index, None]).mean()
                self.learner.descend(loss, self._learning_rate())
                losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def _count_instances(self) -> int:
        """Return how many instances a round draws; 0 if there is only one.

        Raises:
            UserError: there are several, but the settings say that there is one.
        """
        wanted = self.settings.instances
        if wanted or (wanted is None and not _is_one_instance(self.make_env)):
            # A comparison needs two episodes of each.
            share = 2 if self.settings.learn_from == "comparison" else 1
            return wanted or min(_INSTANCES, self.settings.episodes // share)
        if wanted is None or _is_one_instance(self.make_env):
            return 0
        raise UserError(
            f"{name_of(self.env)} differs between seeds, so episodes cannot all be "
            "compared; set self-labelling's instances to null, or to the number of seeds that a "
            f"round should draw (such as {_INSTANCES})"
        )


def advantages(seeds: Sequence[int], rewards: Sequence[float]) -> NDArray[np.float32]:
    """Return how much better each episode is than the mean of its seed's, in their deviations.

    Where all episodes of a seed earn the same, it is 0. Shape (episodes,).
    """
    own, earned = np.asarray(seeds), np.asarray(rewards)
    result = np.zeros(len(earned), np.float32)
    for seed in np.unique(own):
        group = own == seed
        deviation = earned[group].std()
        if deviation > 1e-9 * max(1.0, float(np.abs(earned[group]).max())):
            result[group] = (earned[group] - earned[group].mean()) / deviation
    return result


def _is_one_instance(make_env: MakeEnv) -> bool:
    """Return whether the same actions give the same episode for every seed."""
    env = make_env(_COMPARED_COPIES)
    generator = np.random.default_rng(0)
    space: Any = env.single_action_space
    try:
        observations, _ = env.reset(seed=cast("Any", training_seeds(0, env.num_envs)))
        while _all_alike(observations):
            masks = masks_of(env, int(space.n))
            if not _all_alike(masks):
                return False
            action = int(generator.choice(np.flatnonzero(masks[0]))) + int(space.start)
            observations, rewards, terminated, truncated, _ = env.step(
                np.full(env.num_envs, action)
            )
            done = terminated | truncated
            if not (_all_alike(rewards) and _all_alike(done)):
                return False
            if done.any():
                return True
        return False
    finally:
        env.close()


def _all_alike(values: NDArray[Any]) -> bool:
    return bool((values == values[:1]).all())
