"""`self-labelling`: sample many episodes, keep the best, imitate them.

After the self-labelling of Corsini, Porrello, Calderara and Dell'Amico (NeurIPS 2024): the best of
many sampled solutions is as good as a label for supervised learning, and no value function is
needed.  Unlike there, an environment that is one fixed instance lets the best episodes of all
rounds be kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from rlsys.agents.episodes import (
    Openings,
    PersistentSampler,
    Sampled,
    Seen,
    masks_of,
    replay,
    sample_episodes,
)
from rlsys.agents.own_agent import Learner, begin_network
from rlsys.agents.settings import SelfLabellingSettings
from rlsys.agents.spaces import check_problem
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.rollout import EpisodeMeter, MakeEnv
from rlsys.seeds import training_seeds
from rlsys.training import Problem, Session

_REPLAY_COPIES = 64
_COMPARED_COPIES = 8
_INSTANCES = 32


def make_self_labelling(settings: SelfLabellingSettings) -> SelfLabelling:
    """Return the agent."""
    return SelfLabelling(settings)


class SelfLabelling:
    """Self-labelling; needs an environment that is repeatable for a seed and actions."""

    def __init__(self, settings: SelfLabellingSettings) -> None:
        self.settings = settings

    def train(self, problem: Problem, session: Session) -> Network:
        """Train and return the final network.

        A round can only be begun or finished, so training stops between rounds; going on from there
        gives bit-identical weights.  Steps are environment steps of the sampled episodes; the total
        is estimated from the rounds so far until the last is done.

        Raises:
            UserError: the problem does not suit it.
            Interrupted: from `Session.boundary`.
        """
        torch.set_num_threads(1)
        env = problem.make_env(self.settings.episodes)
        try:
            check_problem("self-labelling", env, ("discrete",), items=True)
            run = _Run(self.settings, env, problem, session)
            return run.learn()
        finally:
            env.close()


class _Elite:
    """The best distinct episodes with what was seen in them, best first."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self.members: list[tuple[Sampled, Seen]] = []

    def take_in(self, episodes: list[Sampled], replayer: VectorEnv[Any, Any, Any]) -> None:
        """Let new episodes compete with those kept; the older of two equals stays."""
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


class _Run:
    """One training under way."""

    def __init__(
        self,
        settings: SelfLabellingSettings,
        env: VectorEnv[Any, Any, Any],
        problem: Problem,
        session: Session,
    ) -> None:
        self.settings = settings
        self.env = env
        self.session = session
        self.make_env = problem.make_env
        self.meter = EpisodeMeter(env.num_envs, problem.metrics)
        self.learner = Learner(
            begin_network(env, settings, session.start, session.seed), settings.max_grad_norm
        )
        self.generator = np.random.default_rng(session.seed)
        self.elite = _Elite(settings.keep)
        self.instances = 0
        self.round = 0
        self.steps = 0

    def learn(self) -> Network:
        saved = self.session.resumed_state()
        if saved is not None:
            self._set_state(saved)
        replayer = self.make_env(min(self.settings.keep, _REPLAY_COPIES))
        try:
            self.instances = self._count_instances()
            while self.round < self.settings.rounds:
                metrics = self._do_round(replayer)
                self.round += 1
                total = round(self.steps * self.settings.rounds / self.round)
                self.session.report(self.steps, total, metrics)
                self.session.boundary(self.steps, total, self._network, self._get_state)
            return self._network()
        finally:
            replayer.close()

    def _do_round(self, replayer: VectorEnv[Any, Any, Any]) -> dict[str, float]:
        settings = self.settings
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
        )
        self.steps += steps
        labels = self._labels(episodes, replayer)
        loss = self._imitate(Seen.join([seen for _, seen in labels]))
        rewards = [episode.reward for episode in episodes]
        return {
            **self.meter.flush(),
            "best_sampled": float(np.max(rewards)),
            "kept_mean": float(np.mean([episode.reward for episode, _ in labels])),
            "kept_best": float(np.max([episode.reward for episode, _ in labels])),
            "loss": loss,
        }

    def _labels(
        self, episodes: list[Sampled], replayer: VectorEnv[Any, Any, Any]
    ) -> list[tuple[Sampled, Seen]]:
        if not self.instances:
            self.elite.take_in(episodes, replayer)
            return self.elite.members
        labels: list[tuple[Sampled, Seen]] = []
        for _, own in itertools.groupby(episodes, key=lambda episode: episode.seed):
            elite = _Elite(max(1, self.settings.keep // self.instances))
            elite.take_in(list(own), replayer)
            labels += elite.members
        return labels

    def _openings(self) -> Openings | None:
        """Draw which kept episode each copy repeats, and how far."""
        kept = [episode.actions for episode, _ in self.elite.members]
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

    def _imitate(self, seen: Seen) -> float:
        """Raise the log-probability of the kept actions; return the mean loss of the last pass."""
        settings = self.settings
        observations = torch.from_numpy(seen.observations)
        masks = torch.from_numpy(seen.masks)
        actions = torch.from_numpy(seen.actions)
        losses: list[float] = []
        for _ in range(settings.epochs):
            losses.clear()
            order = torch.from_numpy(self.generator.permutation(len(seen)))
            for index in torch.split(order, settings.batch_size):
                chosen = self.learner.log_probabilities(observations[index], masks[index])
                loss = -chosen.gather(1, actions[index, None]).mean()
                self.learner.descend(loss, settings.learning_rate)
                losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def _count_instances(self) -> int:
        """Return how many instances a round draws; 0 where there is only one.

        Raises:
            UserError: there are several though the settings say one.
        """
        wanted = self.settings.instances
        if wanted or (wanted is None and not _is_one_instance(self.make_env)):
            return wanted or min(_INSTANCES, self.settings.episodes)
        if wanted is None or _is_one_instance(self.make_env):
            return 0
        raise UserError(
            f"{type(self.env).__name__} goes differently for different seeds, so episodes cannot "
            "all be compared; set self-labelling's instances to null, or to how many seeds a round "
            f"should draw (such as {_INSTANCES})"
        )

    def _network(self) -> Network:
        return self.learner.network.to_network({"agent": "self-labelling", "steps": self.steps})

    def _get_state(self) -> Mapping[str, Any]:
        return {
            "learner": self.learner.get_state(),
            "elite": self.elite.get_state(),
            "generator": self.generator.bit_generator.state,
            "round": self.round,
            "steps": self.steps,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        self.learner.set_state(state["learner"])
        self.elite.set_state(state["elite"])
        self.generator.bit_generator.state = state["generator"]
        self.round = state["round"]
        self.steps = state["steps"]


def _is_one_instance(make_env: MakeEnv) -> bool:
    """Return whether the same actions lead to the same episode whatever the seed."""
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
