"""Saves and restores everything that Stable-Baselines3 needs to resume exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from rlsys.agents.torch_states import pack, require_same_tensors, unpack

_NUMBERS = (
    "num_timesteps",
    "_n_updates",
    "_n_calls",
    "_episode_num",
    "_current_progress_remaining",
    "exploration_rate",
)
_ARRAYS = ("_last_obs", "_last_original_obs", "_last_episode_starts")
_TRANSITIONS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def get_algorithm_state(model: BaseAlgorithm) -> dict[str, Any]:
    """Return weights, optimisers, counters, last observations and replay buffer.

    This is complete only at the start of a rollout, when on-policy algorithms have collected
    nothing yet.
    """
    state: dict[str, Any] = {
        "parameters": pack(model.get_parameters()),
        "numbers": {name: getattr(model, name) for name in _NUMBERS if hasattr(model, name)},
        "arrays": {name: _copy(getattr(model, name)) for name in _ARRAYS},
        "actions": model.action_space.np_random.bit_generator.state,
    }
    log_ent_coef = getattr(model, "log_ent_coef", None)
    if log_ent_coef is not None:
        state["log_ent_coef"] = pack(log_ent_coef)
    if isinstance(model, OffPolicyAlgorithm):
        buffer = _replay_buffer(model)
        state["replay"] = {name: getattr(buffer, name)[: buffer.size()] for name in _TRANSITIONS}
        state["replay_pos"] = buffer.pos
        state["replay_full"] = buffer.full
    return state


def set_algorithm_state(model: BaseAlgorithm, state: Mapping[str, Any]) -> None:
    """Restore `get_algorithm_state`; `model` must have just been built with the same settings.

    Raises:
        UserError: it was built with other settings.
    """
    require_same_tensors(
        state["parameters"]["policy"], model.get_parameters()["policy"], "the policy"
    )
    model.set_parameters(unpack(state["parameters"]))
    for name, value in state["numbers"].items():
        setattr(model, name, value)
    for name, value in state["arrays"].items():
        setattr(model, name, value)
    model.action_space.np_random.bit_generator.state = state["actions"]
    log_ent_coef = getattr(model, "log_ent_coef", None)
    if log_ent_coef is not None:
        log_ent_coef.data.copy_(unpack(state["log_ent_coef"]))
    if isinstance(model, OffPolicyAlgorithm):
        buffer = _replay_buffer(model)
        for name in _TRANSITIONS:
            kept = state["replay"][name]
            getattr(buffer, name)[: len(kept)] = kept
        buffer.pos = state["replay_pos"]
        buffer.full = state["replay_full"]


def get_normalizer_state(normalizer: VecNormalize) -> dict[str, Any]:
    """Return the running statistics and the returns of the running episodes."""
    state: dict[str, Any] = {"returns": normalizer.returns.copy()}
    for name, statistics in _statistics(normalizer).items():
        state[name] = {
            "mean": np.array(statistics.mean),
            "var": np.array(statistics.var),
            "count": statistics.count,
        }
    return state


def set_normalizer_state(normalizer: VecNormalize, state: Mapping[str, Any]) -> None:
    """Restore the result of `get_normalizer_state`."""
    normalizer.returns = state["returns"]
    for name, statistics in _statistics(normalizer).items():
        statistics.mean = state[name]["mean"]
        statistics.var = state[name]["var"]
        statistics.count = state[name]["count"]


def _statistics(normalizer: VecNormalize) -> dict[str, RunningMeanStd]:
    found = {"ret_rms": normalizer.ret_rms}
    if normalizer.norm_obs:
        assert isinstance(normalizer.obs_rms, RunningMeanStd)
        found["obs_rms"] = normalizer.obs_rms
    return found


def _replay_buffer(model: OffPolicyAlgorithm) -> ReplayBuffer:
    assert model.replay_buffer is not None
    return model.replay_buffer


def _copy(value: Any) -> Any:
    return None if value is None else np.array(value)
