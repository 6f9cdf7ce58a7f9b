"""PPO from running programs, with and without action masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rlsys.adapters.sb3 import Sb3VecEnv
from rlsys.agents.sb3.agent import Sb3Agent
from rlsys.agents.sb3.maskable_ppo import make_maskable_ppo
from rlsys.agents.sb3.ppo import make_ppo
from rlsys.training import Session
from rlsys_distributed.learning.front import FrontLink
from rlsys_distributed.learning.pieces import Piece
from rlsys_distributed.learning.ragged import RaggedRollout
from rlsys_distributed.learning.returns import effective_sample_size, gae, vtrace
from rlsys_distributed.learning.run import LiveRun
from rlsys_distributed.learning.settings import LivePpoSettings
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import gaussian, softmax

Array = NDArray[Any]


class LivePpoRun(LiveRun):
    """A running training by PPO."""

    agent: Sb3Agent
    settings: LivePpoSettings

    def __init__(
        self,
        agent: Sb3Agent,
        env: Sb3VecEnv,
        session: Session,
        connect: Callable[[int], FrontLink],
    ) -> None:
        super().__init__(agent, env, session, connect)
        settings = agent.settings
        assert isinstance(settings, LivePpoSettings)
        self.settings = settings
        self._drawn = np.random.default_rng(session.seed)
        self._continuous = hasattr(self.model.policy, "log_std")

    @property
    def wanted(self) -> int:
        """Steps between two updates."""
        return self.settings.n_steps

    def exploration(self) -> tuple[pb.Exploration, NDArray[np.float32] | None]:
        """Return the softmax, or normal noise with deviations in the environment's units."""
        if not self._continuous:
            return softmax(), None
        policy: Any = self.model.policy
        log_std = policy.log_std.detach().numpy().astype(np.float64)
        return gaussian(), (log_std + self._log_half()).astype(np.float32)

    def update(self, pieces: Sequence[Piece]) -> bool:
        """Learn from the pieces that are not too old."""
        oldest = self.version - self.settings.max_lag
        fresh = [piece for piece in pieces if piece.versions.min() >= max(1, oldest)]
        steps = sum(map(len, fresh))
        self.stale += sum(map(len, pieces)) - steps
        self.learned += steps
        if steps < 2:  # PPO's advantages are scaled by their deviation
            return False
        model: Any = self.model
        model.num_timesteps += steps
        model._update_current_progress_remaining(model.num_timesteps, self.agent.total)
        model.rollout_buffer = self._rollout(fresh)
        model.train()
        if self.view.normalizer is not None and self.view.normalizer.norm_obs:
            rms: Any = self.view.normalizer.obs_rms
            rms.update(np.concatenate([self._flat(piece.observations) for piece in fresh]))
        return True

    def _rollout(self, pieces: Sequence[Piece]) -> RaggedRollout:
        observations = np.concatenate([self._seen(piece.observations) for piece in pieces])
        actions = np.concatenate([self._policy_actions(piece.actions) for piece in pieces])
        masks = None
        if pieces[0].masks is not None:
            masks = np.concatenate([p.masks for p in pieces if p.masks is not None])
        values, log_probabilities = self._evaluate(observations, actions, masks)
        acted = np.concatenate([_acted(piece) for piece in pieces]).astype(np.float64)
        if self._continuous:
            acted = acted + self._log_half().sum()
        log_ratios = log_probabilities - acted
        last_values = self._last_values(pieces)
        advantages, returns = np.empty(len(values)), np.empty(len(values))
        begin = 0
        lags = []
        for piece, last_value in zip(pieces, last_values, strict=True):
            part = slice(begin, begin + len(piece))
            begin += len(piece)
            lag = self.version - piece.versions
            lags.append(lag)
            told = (piece.rewards, values[part], last_value, self.settings.gamma)
            if lag.max() == 0:
                advantages[part], returns[part] = gae(*told, self.settings.gae_lambda)
            else:
                advantages[part], returns[part] = vtrace(
                    log_ratios[part],
                    *told,
                    rho_clip=self.settings.rho_clip,
                    lambda_=self.settings.gae_lambda,
                )
        every = np.concatenate(lags)
        self.metrics = {
            "lag": float(every.mean()),
            "lag_max": float(every.max()),
            "effective_sample_size": effective_sample_size(log_ratios),
        }
        return RaggedRollout(
            observations,
            actions,
            values.astype(np.float32),
            log_probabilities.astype(np.float32),
            advantages.astype(np.float32),
            returns.astype(np.float32),
            masks,
            self._drawn,
        )

    def _evaluate(
        self, observations: Array, actions: Array, masks: Array | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values and log probabilities under the policy as it is."""
        policy: Any = self.model.policy
        policy.set_training_mode(False)
        extra = {} if masks is None else {"action_masks": torch.as_tensor(masks)}
        with torch.no_grad():
            values, log_probabilities, _ = policy.evaluate_actions(
                torch.as_tensor(observations), torch.as_tensor(actions), **extra
            )
        return (
            values.numpy().ravel().astype(np.float64),
            log_probabilities.numpy().astype(np.float64),
        )

    def _last_values(self, pieces: Sequence[Piece]) -> list[float]:
        """Return the value of what came after each piece; 0 where the episode terminated."""
        known = [piece.next_observation for piece in pieces]
        seen = [observation for observation in known if observation is not None]
        if not seen:
            return [0.0] * len(pieces)
        policy: Any = self.model.policy
        with torch.no_grad():
            values = policy.predict_values(torch.as_tensor(self._seen(np.stack(seen))))
        found = iter(values.numpy().ravel().tolist())
        return [0.0 if observation is None else next(found) for observation in known]

    def _flat(self, observations: Array) -> Array:
        return observations.reshape(len(observations), -1).astype(np.float32)

    def _seen(self, observations: Array) -> Array:
        """Return observations as the policy sees them."""
        if self.view.items:
            return observations.astype(np.float32)
        flat = self._flat(observations)
        if self.view.transform is not None:
            flat = self.view.transform(flat)
        normalizer = self.view.normalizer
        if normalizer is not None and normalizer.norm_obs:
            flat = np.asarray(normalizer.normalize_obs(flat), np.float32)
        return flat

    def _policy_actions(self, actions: Array) -> Array:
        """Return actions in the policy's own units."""
        if not self._continuous:
            space: Any = self.env.vector_env.single_action_space
            start = np.asarray(getattr(space, "start", 0))
            counted: Array = (actions - start).astype(np.int64)
            return counted
        scale = self.view.scale
        if scale is None:
            return actions.astype(np.float32)
        half = np.where(scale.half == 0.0, 1.0, scale.half)
        return ((actions - scale.centre) / half).astype(np.float32)

    def _log_half(self) -> NDArray[np.float64]:
        """Return the logarithms of the units of the policy's actions."""
        scale = self.view.scale
        if scale is None:
            space: Any = self.env.vector_env.single_action_space
            (size,) = space.shape
            return np.zeros(size)
        return np.log(np.where(scale.half == 0.0, 1.0, scale.half))


def _acted(piece: Piece) -> NDArray[np.float32]:
    """Return the log probabilities of a piece; the front refuses those without."""
    assert piece.log_probabilities is not None
    return piece.log_probabilities


def ppo_agent(settings: LivePpoSettings, *, masked: bool) -> Sb3Agent:
    """Return the algorithm of Stable-Baselines3 that a run updates."""
    made = make_maskable_ppo(settings) if masked else make_ppo(settings)  # type: ignore[arg-type]
    made.name = "distributed-ppo"
    return made
