"""An environment that can be shown: a bead on a string of five places, to be moved to its end.

`beads` renders in every way that Gymnasium knows, except in a window, and so does `one-bead`, which
is described as a single environment; `bare-beads` has a factory that knows nothing of rendering.
"""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec, MetricSpec

PLACES = 5
HITS = MetricSpec(name="hits", summary="whether the end was reached", better="higher")


@hookimpl
def rlsys_environments():
    return [
        EnvironmentSpec(
            name=name, summary="move the bead", config="beads:Config",
            agent="hill-climbing", metrics=(HITS,), **made,
        )
        for name, made in (
            ("beads", {"vector_env": "beads:make"}),
            ("one-bead", {"env": "beads:make_one"}),
            ("bare-beads", {"vector_env": "beads:make_bare"}),
        )
    ]  # fmt: skip


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    modes: list[str] = ["ansi", "rgb_array"]


class Bead(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,))
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, modes, render_mode=None) -> None:
        self.metadata = {"render_modes": modes, "render_fps": 4}
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        self.place, self.steps = int(self.np_random.integers(PLACES - 1)), 0
        return self._seen(), {}

    def step(self, action):
        self.place = min(max(self.place + (1 if action else -1), 0), PLACES - 1)
        self.steps += 1
        done = self.place == PLACES - 1
        # The agent of `lamps` reports this metric.
        return self._seen(), float(done), done, self.steps == 20, {"hits": float(done)}

    def render(self):
        if self.render_mode == "ansi":
            return "".join("o" if place == self.place else "-" for place in range(PLACES))
        frame = np.zeros((16, 16 * PLACES, 3), np.uint8)
        frame[:, 16 * self.place : 16 * (self.place + 1)] = 255
        return frame

    def _seen(self):
        return np.array([2 * self.place / (PLACES - 1) - 1, 1.0], np.float32)


def make(config, num_envs, render_mode=None):
    return SyncVectorEnv(
        [lambda: Bead(config.modes, render_mode)] * num_envs,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )


def make_one(config, render_mode=None):
    return Bead(config.modes, render_mode)


def make_bare(config, num_envs):
    return make(config, num_envs)
