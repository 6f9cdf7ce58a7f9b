"""The classical schedulers in plain Python over a single `PlainRtosEnv`, to compare with."""

from __future__ import annotations

from fractions import Fraction


def ready(env):
    return [i for i, job in enumerate(env.active) if job is not None]


def remaining(env, i):
    return env.tasks[i].wcet - env.active[i].executed


def laxity(env, i):
    return env.active[i].due - env.now - remaining(env, i)


def first(env, candidates, key):
    """The least key; ties to the task last dispatched, then to the lowest index; idle if none."""
    return min(candidates, key=lambda i: (key(i), i != env.last, i), default=len(env.tasks))


def rate_monotonic(env):
    return first(env, ready(env), lambda i: env.tasks[i].period)


def deadline_monotonic(env):
    return first(env, ready(env), lambda i: env.tasks[i].deadline)


def edf(env):
    return first(env, ready(env), lambda i: env.active[i].due)


def llf(env):
    return first(env, ready(env), lambda i: laxity(env, i))


def feasible(env):
    return [i for i in ready(env) if laxity(env, i) >= 0]


def edf_skip(env):
    return first(env, feasible(env), lambda i: env.active[i].due)


def value_density(env):
    return first(env, feasible(env), lambda i: remaining(env, i))


def best_effort(env):
    by_deadline = sorted(ready(env), key=lambda i: (env.active[i].due, i != env.last, i))
    schedule = []
    for i in by_deadline:
        schedule.append(i)

        def overloaded(jobs):
            ends = 0
            for j in jobs:
                ends += remaining(env, j)
                if env.now + ends > env.active[j].due:
                    return True
            return False

        while schedule and overloaded(schedule):
            longest = max(remaining(env, j) for j in schedule)
            drop = [j for j in schedule if remaining(env, j) == longest][-1]
            schedule.remove(drop)
    return schedule[0] if schedule else len(env.tasks)


def best_effort_horizon(env):
    def limit(i):
        return min(env.active[i].due, env.horizon)

    def density(i):
        return Fraction(3 if env.active[i].due <= env.horizon else 1, remaining(env, i))

    schedule = []
    for i in sorted(ready(env), key=lambda i: (limit(i), i != env.last, i)):
        schedule.append(i)
        while sum(remaining(env, j) for j in schedule) > limit(i) - env.now:
            least = min(density(j) for j in schedule)
            schedule.remove([j for j in schedule if density(j) == least][-1])
    return schedule[0] if schedule else len(env.tasks)


class RoundRobin:
    def __init__(self, quantum):
        self.quantum = quantum
        self.turn = -1
        self.used = 0

    def __call__(self, env):
        waiting = ready(env)
        if self.turn in waiting and self.used < self.quantum:
            self.used += 1
            return self.turn
        n = len(env.tasks)
        if not waiting:
            return n
        self.turn = min(waiting, key=lambda i: (i - self.turn - 1) % n)
        self.used = 1
        return self.turn
