"""DQN from running programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.utils import polyak_update

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.sb3.agent import Sb3Agent
from rlsys.agents.sb3.dqn import make_dqn
from rlsys.training import Session
from rlsys_distributed.learning.front import FrontLink
from rlsys_distributed.learning.pieces import Piece
from rlsys_distributed.learning.run import LiveRun
from rlsys_distributed.learning.settings import LiveDqnSettings
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import epsilon_greedy

Array = NDArray[Any]


class LiveDqnRun(LiveRun):
    """A running training by DQN."""

    settings: LiveDqnSettings

    def __init__(
        self,
        agent: Sb3Agent,
        env: Sb3VecEnv,
        session: Session,
        connect: Callable[[int], FrontLink],
    ) -> None:
        super().__init__(agent, env, session, connect)
        settings = agent.settings
        assert isinstance(settings, LiveDqnSettings)
        self.settings = settings
        self._published = 0

    @property
    def wanted(self) -> int:
        """A replay buffer takes every piece as it comes."""
        return 1

    @property
    def epsilon(self) -> float:
        """The probability of random actions now."""
        settings = self.settings
        share = min(1.0, self.model.num_timesteps / settings.exploration_steps)
        return settings.exploration_initial + share * (
            settings.exploration_final - settings.exploration_initial
        )

    def exploration(self) -> tuple[pb.Exploration, NDArray[np.float32] | None]:
        """Return the random actions' probability."""
        return epsilon_greedy(self.epsilon), None

    def update(self, pieces: Sequence[Piece]) -> bool:
        """Put the pieces into the replay buffer, and take as many gradient steps as are due."""
        model: Any = self.model
        before = model.num_timesteps
        for piece in pieces:
            self._store(piece)
            model.num_timesteps += len(piece)
            self.learned += len(piece)
        model._update_current_progress_remaining(model.num_timesteps, self.agent.total)
        if model.num_timesteps > self.settings.learning_starts:
            begun = max(before, self.settings.learning_starts)
            rounds = self._crossed(begun, self.settings.train_freq)
            if rounds:
                model.train(
                    rounds * self.settings.gradient_steps, batch_size=self.settings.batch_size
                )
        if self._crossed(before, self.settings.target_update_interval):
            polyak_update(model.q_net.parameters(), model.q_net_target.parameters(), model.tau)
            polyak_update(model.batch_norm_stats, model.batch_norm_stats_target, 1.0)
        if not self._crossed(before, self.settings.publish_every):
            return False
        self.metrics = {"epsilon": self.epsilon}
        return True

    def _crossed(self, before: int, every: int) -> int:
        """Return how many multiples of `every` lie between `before` and now."""
        return int(self.model.num_timesteps // every - before // every)

    def _store(self, piece: Piece) -> None:
        """Add the steps of a piece to the replay buffer, which is a ring."""
        buffer: Any = self.model.replay_buffer  # type: ignore[attr-defined]
        assert isinstance(buffer, ReplayBuffer)
        flat = self._seen(piece.observations)
        last = piece.next_observation
        after = flat[-1] if last is None else self._seen(last[None])[0]
        following = np.concatenate([flat[1:], after[None]])
        space: Any = self.env.vector_env.single_action_space
        # Of a piece that is longer than the ring, the end is kept.
        newest = slice(max(0, len(piece) - buffer.buffer_size), None)
        steps = len(piece.rewards[newest])
        places = (buffer.pos + np.arange(steps)) % buffer.buffer_size
        buffer.observations[places, 0] = flat[newest]
        buffer.next_observations[places, 0] = following[newest]
        buffer.actions[places, 0, 0] = piece.actions[newest] - int(space.start)
        buffer.rewards[places, 0] = piece.rewards[newest]
        # Only what terminated has no future; a piece that was cut or truncated goes on.
        buffer.dones[places, 0] = 0.0
        buffer.dones[places[-1], 0] = float(last is None)
        buffer.timeouts[places, 0] = 0.0
        buffer.full = buffer.full or buffer.pos + steps >= buffer.buffer_size
        buffer.pos = int((buffer.pos + steps) % buffer.buffer_size)

    def _seen(self, observations: Array) -> Array:
        flat = observations.reshape(len(observations), -1).astype(np.float32)
        return flat if self.view.transform is None else self.view.transform(flat)


def dqn_agent(settings: LiveDqnSettings) -> Sb3Agent:
    """Return the algorithm of Stable-Baselines3 that a run updates."""
    made = make_dqn(settings)
    made.name = "distributed-dqn"
    return made
