"""A Gantt chart of one episode under any scheduler: what ran when, what was completed or missed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlsys.controllers import Controller
from rlsys.figures import sheet
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.jobs import JobTable
from rlsys_rtos.vector_env import RtosVectorEnv

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS_PER_INCH = 18
MAX_WIDTH = 120.0


@dataclass(frozen=True)
class Schedule:
    """What happened in one episode."""

    jobs: JobTable
    names: tuple[str, ...]
    ran: NDArray[np.int64]
    """(horizon,) the task that ran in each tick, -1 for none."""
    completed: NDArray[np.int64]
    """(n, K) end of the tick in which the job was completed, -1 if it was not."""
    reward: float

    @property
    def missed(self) -> NDArray[np.bool_]:
        """(n, K) jobs abandoned at their deadline."""
        used = np.arange(self.jobs.due.shape[1]) < self.jobs.count[:, None]
        return used & (self.completed < 0) & (self.jobs.due <= self.jobs.horizon)


def record(config: RtosConfig, controller: Controller, seed: int = 0) -> Schedule:
    """Play one episode with `controller` and record its schedule."""
    env = RtosVectorEnv(config, 1)
    observations, _ = env.reset(seed=seed)
    controller.reset(env)
    jobs = env.job_table(0)
    n = len(jobs.count)
    ran = np.full(jobs.horizon, -1, np.int64)
    completed = np.full(jobs.release.shape, -1, np.int64)
    needed = jobs.execution.copy()
    reward = 0.0
    for now in range(jobs.horizon):
        action = int(controller.act(env, observations)[0])
        if action < n and env.state.ready[0, action]:
            job = int(env.state.next_job[0, action]) - 1
            ran[now] = action
            needed[action, job] -= 1
            if needed[action, job] == 0:
                completed[action, job] = now + 1
        observations, rewards, *_ = env.step(np.array([action]))
        reward += float(rewards[0])
    return Schedule(jobs, config.task_names(n), ran, completed, reward)


def draw(schedule: Schedule, title: str, figure: Figure) -> None:
    """Draw one row per task into an empty figure.

    Solid bars are ticks of completed jobs, hatched bars are ticks of jobs that were not completed.
    An up arrow marks a release, a down arrow a deadline, and a cross a missed deadline.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    horizon, n = schedule.jobs.horizon, len(schedule.names)
    axes = figure.subplots()
    for task in range(n):
        _draw_task(axes, schedule, task, y=n - 1 - task)
    misses, completions = int(schedule.missed.sum()), int((schedule.completed >= 0).sum())
    axes.set_title(
        f"{title}: reward {schedule.reward:.2f}, {misses} missed, {completions} completed"
    )
    axes.set_yticks(range(n), schedule.names[::-1])
    axes.set_ylim(-0.6, n - 0.1)
    axes.set_xlim(-0.5, horizon + 0.5)
    axes.set_xlabel("time (ticks)")
    axes.grid(axis="x", linewidth=0.4, alpha=0.5)
    figure.legend(
        handles=[
            Patch(facecolor="#33658a", edgecolor="black", label="job completed"),
            Patch(facecolor="white", edgecolor="#b3261e", hatch="////", label="job not completed"),
            Line2D([], [], marker="^", color="black", linestyle="", label="release"),
            Line2D([], [], marker="v", color="black", linestyle="", fillstyle="none",
                   label="deadline"),
            Line2D([], [], marker="X", color="#b3261e", linestyle="", label="missed"),
        ],
        loc="outside lower center", ncols=5,
    )  # fmt: skip


def _draw_task(axes: Axes, schedule: Schedule, task: int, y: int) -> None:
    jobs = schedule.jobs
    missed = schedule.missed
    ticks = np.flatnonzero(schedule.ran == task)
    for job in range(int(jobs.count[task])):
        release, due = jobs.release[task, job], jobs.due[task, job]
        own = ticks[(ticks >= release) & (ticks < due)]
        done = schedule.completed[task, job] >= 0
        # Consecutive ticks form one bar.
        for run in np.split(own, np.flatnonzero(np.diff(own) > 1) + 1):
            if len(run):
                axes.broken_barh(
                    [(run[0], len(run))], (y - 0.25, 0.5),
                    facecolor="#33658a" if done else "white",
                    edgecolor="black" if done else "#b3261e",
                    hatch=None if done else "////", linewidth=0.6,
                )  # fmt: skip
        if release < jobs.horizon:
            axes.plot(release, y - 0.38, "^", color="black", markersize=3.5)
        if due <= jobs.horizon:
            axes.plot(due, y + 0.38, "v", color="black", markersize=3.5, fillstyle="none")
            if missed[task, job]:
                axes.plot(due, y, "X", color="#b3261e", markersize=9, markeredgecolor="white")


def save(config: RtosConfig, controller: Controller, title: str, path: Path, seed: int = 0) -> None:
    """Play one episode with `controller` and write its chart to `path` (PNG).

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    schedule = record(config, controller, seed)
    width = min(MAX_WIDTH, max(10.0, schedule.jobs.horizon / COLUMNS_PER_INCH))
    with sheet(path, width, 1.4 + 0.6 * len(schedule.names)) as figure:
        draw(schedule, title, figure)
