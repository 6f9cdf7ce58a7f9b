"""The flat views in plain Python, from an instance, a schedule and its candidates."""

from __future__ import annotations

import math
from fractions import Fraction

from schedule_play import offered, times_of

from rlsys_jobshop.problem import FOREVER

LIMIT = 8.0


def cut(value, low=-LIMIT):
    return min(max(float(value), low), LIMIT)


class Situation:
    """What is known of one copy of a simulator, counted from its schedule."""

    def __init__(self, simulator, copy=0):
        instance, schedule = simulator.instances[copy], simulator.schedule(copy)
        self.instance = instance
        self.decided = int((schedule.mode >= 0).sum())
        modes = [
            range(instance.mode_first[o], instance.mode_first[o + 1])
            for o in range(instance.operations)
        ]
        self.least = [min(int(instance.duration[m]) for m in own) for own in modes]
        self.scale = max(1.0, sum(self.least) / instance.operations)
        self.free = instance.available.tolist()
        self.load = [Fraction(0)] * instance.machines
        self.queue = [Fraction(0)] * instance.machines
        self.all_work = [Fraction(0)] * instance.machines
        self.jobs = []
        for job in range(instance.jobs):
            ready, work, following = int(instance.release[job]), 0, None
            for operation in range(instance.job_first[job], instance.job_first[job + 1]):
                chosen = int(schedule.mode[operation])
                for mode in modes[operation]:
                    share = Fraction(1, len(modes[operation]))
                    for machine in instance.machines_of(mode):
                        self.all_work[machine] += share * int(instance.duration[mode])
                        if chosen < 0:
                            self.load[machine] += share * int(instance.duration[mode])
                            self.queue[machine] += share * (following is None)
                if chosen < 0:
                    following = operation if following is None else following
                    work += self.least[operation]
                    continue
                ready = int(schedule.end[operation])
                for machine in instance.machines_of(chosen):
                    self.free[machine] = max(self.free[machine], ready)
            self.jobs.append((following, ready, work, int(instance.due[job])))
        latest = int(schedule.end[schedule.mode >= 0].max(initial=0))
        self.bound = max(
            latest,
            *(ready + work for _, ready, work, _ in self.jobs),
            *(free + load for free, load in zip(self.free, self.load, strict=True) if load),
        )
        self.candidates = sorted(
            (begin, finish, position, job, mode)
            for position, ((job, mode), (begin, finish)) in enumerate(
                zip(offered(simulator, copy), times_of(simulator, copy), strict=True)
            )
        )
        self.now = self.candidates[0][0] if self.candidates else latest
        self.rest = float(max(self.bound - self.now, self.scale))

    def whole(self):
        unfinished = [job for job in self.jobs if job[0] is not None]
        slacks = [due - ready - work for _, ready, work, due in unfinished if due < FOREVER]
        machines = self.instance.machines
        return [
            self.decided / self.instance.operations,
            cut(len(self.candidates) / 8),
            self.now / (self.now + self.rest),
            len(unfinished) / len(self.jobs),
            cut(self.rest / self.scale / 16),
            cut(max((work for _, _, work, _ in unfinished), default=0) / self.rest),
            cut(sum(self.load) / machines / self.rest),
            sum(slack < 0 for slack in slacks) / max(1, len(unfinished)),
            sum(cut(s / self.scale / 4) for s in slacks) / len(slacks) if slacks else LIMIT,
        ]

    def machine(self, number):
        return [
            cut((self.free[number] - self.now) / self.scale),
            cut(self.load[number] / self.rest),
            cut(self.queue[number] / 4),
        ]

    def group(self, members):
        if not members:
            return [0.0] * 4
        loads = [self.load[m] / self.rest for m in members]
        queues = [self.queue[m] / 4 for m in members]
        return [
            cut((min(self.free[m] for m in members) - self.now) / self.scale),
            cut(sum(loads) / len(members)),
            cut(max(loads)),
            cut(sum(queues) / len(members)),
        ]

    def _of(self, slot):
        begin, finish, _, job, mode = self.candidates[slot]
        following, _, work, due = self.jobs[job]
        duration = int(self.instance.duration[self.instance.mode_first[following] + mode])
        end = finish + work - self.least[following]
        return begin, duration, end, due, int(self.instance.weight[job])

    def slack_to_bound(self, slot):
        return cut((self.bound - self._of(slot)[2]) / self.scale)

    def candidate(self, slot):
        begin, duration, end, due, _ = self._of(slot)
        return [
            cut((begin - self.now) / self.scale),
            cut(duration / self.scale),
            self.slack_to_bound(slot),
            cut((due - end) / self.scale / 4) if due < FOREVER else LIMIT,
        ]

    def tardiness_urgency(self, slot):
        _, duration, end, due, weight = self._of(slot)
        if due == FOREVER:
            return LIMIT
        cost = weight * math.exp(-max(0, due - end) / (2 * self.scale))
        cost /= max(duration / self.scale, math.exp(-LIMIT))
        return cut(-math.log(cost)) if cost > 0 else LIMIT


def full(now):
    """All 505 values of an instance with up to 152 machines."""
    machines = [now.machine(number) for number in range(now.instance.machines)]
    slots = [now.candidate(slot) for slot in range(min(10, len(now.candidates)))]
    return now.whole() + padded(machines, 152 * 3, 0.0) + padded(slots, 40, 0.0)


def short(now, goal):
    """The 20 values of the view `compressed`, as what comes first and the ten of candidates."""
    urgency = now.slack_to_bound if goal == "makespan" else now.tardiness_urgency
    slots = [[urgency(slot)] for slot in range(min(10, len(now.candidates)))]
    largest = cut(max(now.load) / now.rest)
    return [*now.whole(), largest], padded(slots, 10, LIMIT)


def hierarchical(now, goal):
    """All 60 values of an instance with up to ten machines, of one type."""
    order = sorted(range(now.instance.machines), key=lambda m: -now.all_work[m])
    groups = [now.group([machine]) for machine in order]
    whole, slots = short(now, goal)
    return whole + padded(groups, 40, 0.0) + slots


def compressed(now, goal):
    whole, slots = short(now, goal)
    return whole + slots


def padded(rows, size, value):
    flat = [one for row in rows for one in row]
    return flat + [value] * (size - len(flat))
