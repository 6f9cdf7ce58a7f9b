"""What `watch` does: show episodes of a policy, or record them as videos.

An existing single environment is shown as Gymnasium shows it. A batched one can be shown if its
factory takes `render_mode`: ``vector_env(config, num_envs, render_mode=...)``. Then
``metadata["render_modes"]`` lists what it can do, and ``render()`` returns a frame per copy.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import RecordVideo

from rlsys.adapters.making import make_env_of, single_env_of
from rlsys.adapters.single import SingleEnv
from rlsys.api.policy import TrainedPolicy
from rlsys.api.runs import Run
from rlsys.descriptors import EnvironmentSpec, Requirement
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.plugins.requirements import check_requirements
from rlsys.plugins.workplace import Workplace
from rlsys.seeds import evaluation_seeds

MOVIEPY = Requirement(name="moviepy", fix="pip install 'rlsys[watch]'")

Single = gymnasium.Env[Any, Any]


@dataclass(frozen=True)
class Watched:
    """An episode that was shown.

    Attributes:
        number: of the held-out episode.
        length: in steps.
        video: the file, if one was wanted.
    """

    case: str
    number: int
    reward: float
    length: int
    video: Path | None = None


def watch_request(
    work: Workplace,
    path: Path,
    *,
    case: str | None = None,
    episode: int = 0,
    episodes: int = 1,
    seed: int | None = None,
    video: Path | None = None,
    show: Callable[[str], None] = print,
) -> Iterator[Watched]:
    """Play held-out episodes of a run's policy, one after another.

    Args:
        case: None: the first.
        episode: number of the first episode.
        seed: of the training; None: the first.
        video: folder for videos; None: they are shown in a window or, if the environment cannot do
            that, as text.
        show: takes frames of text.

    Raises:
        UserError: the environment cannot be shown this way, or the policy has several roles.
    """
    run = Run(path, work)
    plan = run.plan()
    check_requirements(plan.environment.name, plan.environment.requires)
    if video is not None:
        check_requirements("rlsys watch --video", (MOVIEPY,))
    chosen = plan.case(case) if case else plan.cases[0]
    policy = run.policy(chosen.name, seed=seed)
    if policy.roles:
        raise UserError(
            f"{plan.environment.name} has the roles {', '.join(policy.roles)}; only environments "
            "with one agent can be watched"
        )
    mode = _mode(plan.environment, chosen.config, video)
    for number in range(episode, episode + episodes):
        (drawn,) = evaluation_seeds(1, number)
        name = f"{chosen.name}-episode-{number}"
        with closing(_shown(plan.environment, chosen.config, mode)) as env:
            masks = partial(_mask, env)
            if video is None:
                text = show if mode == "ansi" else None
                reward, length = _play(env, masks, policy, drawn, text)
                yield Watched(chosen.name, number, reward, length)
            else:
                with _recording(env, video, name) as recorded:
                    reward, length = _play(recorded, masks, policy, drawn, None)
                yield Watched(chosen.name, number, reward, length, video / f"{name}.mp4")


def _mask(env: Any) -> Any:
    """Return the mask of one copy that renders: a batched environment's, or an existing one's."""
    return env.action_masks() if isinstance(env, _Shown) else env.mask


def _shown(environment: EnvironmentSpec, config: Any, mode: str) -> Single:
    """Return one copy that renders.

    Raises:
        UserError: the environment takes no `render_mode`.
    """
    if environment.env is not None:
        return single_env_of(environment, config, mode)
    return _Shown(make_env_of(environment, config, render_mode=mode).raw(1), mode)


class _Shown(SingleEnv):
    """One copy that renders; after the end of an episode, it still shows its last frame."""

    def __init__(self, vector_env: VectorEnv[Any, Any, Any], mode: str) -> None:
        super().__init__(vector_env)
        self.render_mode = mode
        self.metadata = dict(vector_env.metadata)
        self._frame: Any = None

    def render(self) -> Any:
        """Return the frame of the copy."""
        if self._running or self._frame is None:
            frames: Any = self.vector_env.render()
            self._frame = frames[0] if frames else None
        return self._frame


def _mode(environment: EnvironmentSpec, config: Any, video: Path | None) -> str:
    wanted = ("human", "ansi") if video is None else ("rgb_array",)
    # Refuses an environment that takes no mode at all before one is made.
    make_env_of(environment, config, render_mode=wanted[0])
    env: Any = make_env_of(environment, config).raw(1)
    known = list(env.metadata.get("render_modes", ()))
    env.close()
    for mode in wanted:
        if mode in known:
            return mode
    other = "; record a video with --video DIR" if video is None and "rgb_array" in known else ""
    needed = " or ".join(wanted)
    raise UserError(
        f"{environment.name} has the render modes {known}, but this needs {needed}{other}"
    )


@contextmanager
def _recording(env: Single, folder: Path, name: str) -> Iterator[Single]:
    folder.mkdir(parents=True, exist_ok=True)
    # The wrapper has its own idea of names, and warns where it might overwrite something.
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        recorded: Any = RecordVideo(env, f"{scratch}/new", episode_trigger=lambda _: True)
        yield recorded
        recorded.close()
        (file,) = Path(scratch).glob("new/*.mp4")
        os.replace(file, folder / f"{name}.mp4")


def _play(
    env: Single,
    mask: Callable[[], Any],
    policy: TrainedPolicy,
    seed: int,
    show: Callable[[str], None] | None,
) -> tuple[float, int]:
    """Play one episode; return its reward and its length."""
    masked = isinstance(policy.network, Network) and policy.network.masked
    observation, _ = env.reset(seed=seed)
    reward, length, ended = 0.0, 0, False
    while not ended:
        if show is not None:
            show(str(env.render()))
        action = policy(observation, mask() if masked else None)
        observation, earned, terminated, truncated, _ = env.step(action)
        reward += float(earned)
        length += 1
        ended = terminated or truncated
    return reward, length
