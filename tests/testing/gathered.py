"""A plugin that hands out Gymnasium's own batch of a single environment, as anyone may have one."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec, MetricSpec


class GatheredConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name="gathered",
            summary="poles, gathered by Gymnasium",
            config="gathered:GatheredConfig",
            vector_env="gathered:gather",
            agent="ppo",
            metrics=(
                MetricSpec(name="angle", summary="at the end", better="neither"),
                MetricSpec(name="ends", summary="place and speed", better="neither", vector=True),
            ),
        )
    ]


class Telling(gymnasium.Wrapper):
    """Reports two metrics at the end, and in every step things that nobody declared."""

    def step(self, action):
        seen, reward, over, late, info = self.env.step(action)
        info = {**info, "note": "on the way", "load": [1.0, 2.0]}
        if over or late:
            info |= {"angle": float(seen[2]), "ends": [float(seen[0]), float(seen[1])]}
        return seen, reward, over, late, info


def one():
    env = gymnasium.make("CartPole-v1", max_episode_steps=30)
    return Telling(gymnasium.wrappers.RecordEpisodeStatistics(env))


def gather(config, num_envs=1):
    del config
    return SyncVectorEnv([one] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)


class OwnBuffer(gymnasium.Wrapper):
    """Returns the same array over and over."""

    def __init__(self, env):
        super().__init__(env)
        self.buffer = np.zeros(4, np.float32)

    def reset(self, **options):
        seen, info = self.env.reset(**options)
        self.buffer[:] = seen
        return self.buffer, info

    def step(self, action):
        seen, *rest = self.env.step(action)
        self.buffer[:] = seen
        return self.buffer, *rest
