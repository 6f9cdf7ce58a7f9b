"""The rules in plain Python, written only from their description, for one environment.

The tests compare the batched kernel with it step by step, and the benchmark uses it as a baseline.
So it is a competent single Gymnasium environment that is not slow on purpose.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import gymnasium
import numpy as np


@dataclass
class PlainTask:
    period: int
    deadline: int
    wcet: int
    bcet: int
    offset: int
    jitter: int


@dataclass
class PlainJob:
    release: int
    due: int
    execution: int
    executed: int = 0


class PlainRtosEnv(gymnasium.Env):
    """One processor with `basic` or `full` observations; `jobs` fixes the random draws."""

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, tasks, horizon, observation="basic", jobs=None, always_idle=False):
        self.tasks = tasks
        self.horizon = horizon
        self.full = observation == "full"
        self.given = jobs
        self.always_idle = always_idle
        self.max_period = max(t.period for t in tasks)
        self.max_deadline = max(t.deadline for t in tasks)
        n = len(tasks)
        size = 6 * n if self.full else 4 * n
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (size,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(n + 1)

    def reset(self, *, seed=None, options=None):  # noqa: ARG002
        super().reset(seed=seed)
        if self.given is not None:
            self.queues = [
                [PlainJob(*numbers) for numbers in task_jobs] for task_jobs in self.given
            ]
        else:
            draw = random.Random(seed)
            self.queues = [
                [
                    PlainJob(
                        arrival + draw.randint(0, t.jitter),
                        arrival + t.deadline,
                        draw.randint(t.bcet, t.wcet),
                    )
                    for arrival in range(t.offset, self.horizon, t.period)
                ]
                for t in self.tasks
            ]
        n = len(self.tasks)
        self.now = 0
        self.active = [None] * n
        self.released = [0] * n
        self.last = None
        self.last_end = [0] * n
        self.misses = [0] * n
        self.completions = 0
        self.switches = 0
        self._release()
        return self._observe(), {}

    def _release(self):
        for i, queue in enumerate(self.queues):
            k = self.released[i]
            if k < len(queue) and queue[k].release <= self.now:
                self.active[i] = queue[k]
                self.released[i] += 1

    def _abandon(self):
        missed = 0
        for i, job in enumerate(self.active):
            if job is not None and job.due <= self.now:
                self.active[i] = None
                self.misses[i] += 1
                missed += 1
        return missed

    def step(self, action):
        reward = -0.01
        if action < len(self.tasks) and self.active[action] is not None:
            if self.last is not None and self.last != action:
                self.switches += 1
                reward -= 0.05
            self.last = action
            self.last_end[action] = self.now + 1
            job = self.active[action]
            job.executed += 1
            if job.executed == job.execution:
                self.active[action] = None
                self.completions += 1
                reward += 1.0
        self.now += 1
        reward -= 2.0 * self._abandon()
        over = self.now == self.horizon
        if not over:
            self._release()
        return self._observe(), reward, over, False, {}

    def _observe(self):
        values = []
        for i, (task, job) in enumerate(zip(self.tasks, self.active, strict=True)):
            if job is None:
                values += [0.0, 0.0, 0.0, 0.0]
            else:
                values += [
                    (job.due - self.now) / self.max_deadline,
                    min(1.0, (self.now - self.last_end[i]) / self.max_period),
                    (task.wcet - job.executed) / task.wcet,
                    1.0,
                ]
        if self.full:
            for task, released in zip(self.tasks, self.released, strict=True):
                wait = task.offset + released * task.period - self.now
                values.append(min(1.0, max(0, wait) / self.max_period))
            values += [1.0 if self.last == i else 0.0 for i in range(len(self.tasks))]
        return np.array(values, np.float32)

    def action_masks(self):
        ready = [job is not None for job in self.active]
        return np.array([*ready, self.always_idle or not any(ready)])
