"""What a candidate does to the machines, against plain Python and against the true optimum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_shops import descriptions
from schedule_play import KINDS, classic_shops, play_out, seeds, times_of

from rlsys_jobshop.instances import classic
from rlsys_jobshop.problem import build
from rlsys_jobshop.simulator import simulator_of
from rlsys_jobshop.simulator.features import LIMIT
from rlsys_jobshop.simulator.features import NAMES as BASE
from rlsys_jobshop.simulator.lookahead import NAMES


def looking(instances, kind="active"):
    width = max(instance.most_choices for instance in instances)
    return simulator_of(instances, kind, width, sight="lookahead")


def of_one_machine(operations):
    """The bound on (head, work, tail) by its other definition: the worst set of operations.

    A set takes at least its earliest head, all its work, and its shortest tail; Jackson's schedule
    is as long as the worst set demands (Carlier, 1982).
    """
    worst = 0.0
    for earliest in {head for head, _, _ in operations}:
        for shortest in {tail for _, _, tail in operations}:
            work = [w for head, w, tail in operations if head >= earliest and tail >= shortest]
            if work:
                worst = max(worst, earliest + sum(work) + shortest)
    return worst


class Plain:
    """The remaining operations of copy 0, from its instance and its schedule so far."""

    def __init__(self, simulator):
        self.instance = instance = simulator.instances[0]
        self.schedule = schedule = simulator.schedule(0)
        self.free = dict(enumerate(instance.available.tolist()))
        for operation in np.flatnonzero(schedule.mode >= 0):
            for machine in instance.machines_of(int(schedule.mode[operation])):
                self.free[machine] = max(self.free[machine], int(schedule.end[operation]))
        self.expected = self.divide()
        self.heads = self.chains(self.free, {})

    def divide(self):
        """(machine, work) of every operation that is left; those with a choice come last."""
        left = np.flatnonzero(self.schedule.mode < 0).tolist()
        first = self.instance.mode_first
        modes = {o: range(int(first[o]), int(first[o + 1])) for o in left}
        until, expected = dict(self.free), {}
        for operation in sorted(left, key=lambda o: (len(modes[o]) > 1, o)):
            ends = []
            for mode in modes[operation]:
                machine = int(self.instance.machines_of(mode)[0])
                work = int(self.instance.duration[mode])
                ends.append((until[machine] + work, machine, work))
            end, machine, work = min(ends, key=lambda one: one[0])
            until[machine] = end
            expected[operation] = machine, work
        return expected

    def chains(self, free, ready):
        """The head of every operation that is left, by its number."""
        instance, heads = self.instance, {}
        for job in range(instance.jobs):
            time = ready.get(job, int(instance.release[job]))
            for operation in range(instance.job_first[job], instance.job_first[job + 1]):
                if self.schedule.mode[operation] >= 0:
                    time = max(time, int(self.schedule.end[operation]))
                    continue
                machine, work = self.expected[operation]
                time = max(time, free[machine])
                heads[operation] = time
                time += work
        return heads

    def tail(self, operation):
        last = self.instance.job_first[self.instance.job_of[operation] + 1]
        return sum(self.expected[later][1] for later in range(operation + 1, last))

    def bounds(self, heads):
        queues = {machine: [] for machine in range(self.instance.machines)}
        for operation, head in heads.items():
            machine, work = self.expected[operation]
            queues[machine].append((head, work, self.tail(operation)))
        return np.array([of_one_machine(queue) for queue in queues.values()])

    def with_candidate(self, operation, mode, end):
        """The bounds of all machines once a candidate is added, and the end of its job."""
        used = dict.fromkeys(self.instance.machines_of(mode), end)
        # The candidate is not part of the schedule yet, so its own head is of no account.
        moved = self.chains(self.free | used, {})
        after = end
        job_last = self.instance.job_first[self.instance.job_of[operation] + 1]
        for later in range(operation + 1, job_last):
            after = max(after, self.heads[later])
            moved[later] = after
            after += self.expected[later][1]
        del moved[operation]
        moved = {number: max(head, self.heads[number]) for number, head in moved.items()}
        return self.bounds(moved), end + self.tail(operation)


def least(instance, operation):
    """The shortest duration of an operation."""
    first, last = instance.mode_first[operation], instance.mode_first[operation + 1]
    return int(instance.duration[first:last].min())


def expected(simulator):
    """The features of copy 0's candidates, (candidates, features)."""
    plain = Plain(simulator)
    instance, before = plain.instance, plain.bounds(plain.heads)
    highest = before.max()
    latest = plain.schedule.end[plain.schedule.mode >= 0].max(initial=0)
    scale = max(1.0, np.mean([least(instance, o) for o in range(instance.operations)]))
    times = times_of(simulator)
    left = max(highest - min(start for start, _ in times), scale)
    rows, values = [], []
    for index, (_, end) in enumerate(times):
        mode, operation = int(simulator.modes[0, index]), int(simulator.operations[0, index])
        after, job = plain.with_candidate(operation, mode, end)
        top = max(after.max(), job, latest)
        norms = [top * max(((after / max(top, 1)) ** p).sum(), 1e-9) ** (1 / p) for p in (60, 15)]
        values.append((top, *norms, after.mean()))
        own = int(instance.machines_of(mode)[0])
        last = operation + 1 == instance.job_first[instance.job_of[operation] + 1]
        following = job if last else after[plain.expected[operation + 1][0]]
        machines = [before[own], max(job, after[own]), following]
        rows.append([(after > before).mean(), *((m - highest) / scale for m in machines)])
    table = np.array(values)
    above = table - table.min(axis=0)
    rise = table[:, :1] - highest
    return np.hstack([rise / scale, rise / left * 4, above / scale, rows]).clip(-LIMIT, LIMIT)


def check(simulator):
    count = simulator.count[0]
    seen = simulator.features()[0, :, len(BASE) :]
    assert seen.shape[1] == len(NAMES)
    np.testing.assert_allclose(seen[:count], expected(simulator), rtol=1e-4, atol=1e-4)
    assert not seen[count:].any()


@settings(max_examples=40)
@given(classic_shops(jobs=6, operations=6), st.sampled_from(KINDS), seeds)
def test_classic_job_shops_look_ahead_as_plain_python_does(instance, kind, seed):
    simulator = looking([instance], kind)
    play_out(simulator, np.random.default_rng(seed), lambda: check(simulator))


@settings(max_examples=40)
@given(descriptions(), st.sampled_from(KINDS), seeds)
def test_so_do_shops_with_everything(description, kind, seed):
    simulator = looking([build(description)], kind)
    play_out(simulator, np.random.default_rng(seed), lambda: check(simulator))


@pytest.mark.parametrize("name", ["ft06", "la01", "mk01"])
def test_so_do_published_instances(name):
    simulator = looking([classic(name)])
    play_out(simulator, np.random.default_rng(1), lambda: check(simulator))


@settings(max_examples=25)
@given(classic_shops(least=1, jobs=3, operations=3), seeds)
def test_the_highest_bound_of_a_classic_job_shop_is_never_above_the_best_completion(instance, seed):
    simulator = looking([instance])
    scale = float(simulator.batch.copies["scale"][0])

    def never_above():
        highest = Plain(simulator).bounds(Plain(simulator).heads).max()
        rises = simulator.features()[0, : simulator.count[0], len(BASE)]
        decided = simulator.decisions(0)
        for rise, mode in zip(rises, simulator.modes[0, : simulator.count[0]], strict=True):
            if abs(rise) < LIMIT:
                best = best_completion(instance, [*decided, int(mode)])
                assert highest + rise * scale <= best + 1e-3

    play_out(simulator, np.random.default_rng(seed), never_above)


def best_completion(instance, decided):
    """The smallest makespan that begins with these decisions."""
    simulator = simulator_of([instance], "all", instance.most_choices)
    simulator.repeat(0, np.array(decided))
    if simulator.count[0] == 0:
        return simulator.schedule(0).makespan
    found = [int(mode) for mode in simulator.modes[0, : simulator.count[0]]]
    return min(best_completion(instance, [*decided, mode]) for mode in found)


def test_the_other_features_stay_as_they_are():
    instances = [classic("ft10"), classic("mk01")]
    ahead = looking(instances)
    plain = simulator_of(instances, "active", ahead.width)
    np.testing.assert_array_equal(ahead.features()[..., : len(BASE)], plain.features())
    assert ahead.feature_names == (*BASE, *NAMES)
    assert plain.feature_names == BASE
