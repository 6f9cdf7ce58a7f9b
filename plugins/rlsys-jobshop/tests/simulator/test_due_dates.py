"""What a candidate means for the due dates, against plain Python that plays the hours out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_shop import Minutes
from random_shops import descriptions
from schedule_play import KINDS, play_out, seeds, times_of

from rlsys_jobshop.instances import classic, factory
from rlsys_jobshop.problem import FOREVER, Mode, build
from rlsys_jobshop.simulator import simulator_of
from rlsys_jobshop.simulator.due_dates import NAMES
from rlsys_jobshop.simulator.features import LIMIT
from rlsys_jobshop.simulator.features import NAMES as BASE


def looking(instances, kind="active"):
    width = max(instance.most_choices for instance in instances)
    return simulator_of(instances, kind, width, sight="due-dates")


@st.composite
def dated(draw):
    """Small shops with everything; some jobs have a due date, some are important."""
    description = draw(descriptions())
    jobs = tuple(
        replace(job, due=job.release + draw(st.integers(0, 12)), important=draw(st.booleans()))
        if draw(st.booleans())
        else job
        for job in description.jobs
    )
    return replace(description, jobs=jobs)


def squashed(value, scale):
    return math.copysign(min(math.log1p(abs(value) / scale), LIMIT), value)


class Plain:
    """The candidates of copy 0, from its instance and its schedule so far."""

    def __init__(self, simulator):
        self.instance = simulator.instances[0]
        self.schedule = simulator.schedule(0)
        self.minutes = Minutes(self.instance.description)
        self.free = dict(enumerate(self.instance.available.tolist()))
        for operation in np.flatnonzero(self.schedule.mode >= 0):
            for machine in self.instance.machines_of(int(self.schedule.mode[operation])):
                self.free[machine] = max(self.free[machine], int(self.schedule.end[operation]))
        self.times = times_of(simulator)
        self.modes = [int(mode) for mode in simulator.modes[0, : simulator.count[0]]]
        self.operations = [int(one) for one in simulator.operations[0, : simulator.count[0]]]
        self.jobs = [int(self.instance.job_of[operation]) for operation in self.operations]
        # The simulator keeps the times of every mode of a job's next operation.
        batch = simulator.batch
        self.mode_times = {
            mode: (int(batch.modes[mode]["begin"]), int(batch.modes[mode]["finish"]))
            for operation in self.operations
            for mode in self.modes_of(operation)
        }

    def modes_of(self, operation):
        first = self.instance.mode_first
        return range(int(first[operation]), int(first[operation + 1]))

    def alone(self, index):
        """When the job ends if nothing else delays what follows the candidate."""
        time, job = self.times[index][1], self.jobs[index]
        first = int(self.instance.job_first[job])
        given = self.instance.description.jobs[job].operations
        for later in range(self.operations[index] + 1, int(self.instance.job_first[job + 1])):
            modes = self.modes_of(later)
            least = min(int(self.instance.duration[mode]) for mode in modes)
            shortest = Mode(least, self.instance.machines_of(modes[0]))
            while not self.minutes.fits(given[later - first], shortest, time):
                time += 1
            time = self.minutes.end(given[later - first], shortest, time)
        return time

    def tardiness(self, index, end):
        due, weight = (
            int(array[self.jobs[index]]) for array in (self.instance.due, self.instance.weight)
        )
        return weight * max(0, end - due) if due < FOREVER else 0

    def taken(self, index):
        """How long the candidate takes its machines, waiting and setups included."""
        free = max(self.free[m] for m in self.instance.machines_of(self.modes[index]))
        return self.times[index][1] - free

    def urgencies(self, alone):
        count = len(alone)
        taken = [max(self.taken(index), 1) for index in range(count)]
        rest = [max(alone[index] - self.times[index][0], 1) for index in range(count)]
        found = []
        for index, job in enumerate(self.jobs):
            due, weight = int(self.instance.due[job]), int(self.instance.weight[job])
            slack = max(0, due - alone[index]) if due < FOREVER else float(FOREVER)
            found.append(
                (
                    slack / (2 * sum(taken) / count) + math.log(taken[index] / weight),
                    slack / (sum(rest) / count) + math.log(rest[index] / weight),
                    (rest[index] + slack) / weight,
                )
            )
        return np.array(found)

    def queue(self, chosen, alone, order):
        """Weighted tardiness of all candidates' jobs, the chosen one first."""
        free = dict(self.free)
        for machine in self.instance.machines_of(self.modes[chosen]):
            free[machine] = self.times[chosen][1]
        total, counted = self.tardiness(chosen, alone[chosen]), {self.operations[chosen]}
        for index in order:
            # A job with several candidates counts once, with the first of them.
            if self.operations.index(self.operations[index]) != index:
                continue
            if self.operations[index] in counted:
                continue
            counted.add(self.operations[index])
            ends = []
            for mode in self.modes_of(self.operations[index]):
                begin, finish = self.mode_times[mode]
                machines = self.instance.machines_of(mode)
                start = max(begin, *(free[machine] for machine in machines))
                ends.append((start + finish - begin, machines))
            end, machines = min(ends, key=lambda one: one[0])
            free.update(dict.fromkeys(machines, end))
            total += self.tardiness(index, end + alone[index] - self.times[index][1])
        return total

    def others(self, chosen, alone):
        """Weighted tardiness that the others gain if each comes right after the chosen one."""
        total = 0
        for index, operation in enumerate(self.operations):
            if operation == self.operations[chosen]:
                continue
            if self.operations.index(operation) != index:
                continue
            begin, finish = self.times[index]
            late = max(finish, self.times[chosen][1]) + finish - begin
            moved = self.tardiness(index, late + alone[index] - finish)
            total += moved - self.tardiness(index, alone[index])
        return total

    def waiting(self, chosen, alone):
        rivals = [
            self.times[index][1]
            for index, operation in enumerate(self.operations)
            if operation != self.operations[chosen] and self.operations.index(operation) == index
        ]
        if not rivals:
            return 0
        delay = max(0, min(rivals) - self.times[chosen][0])
        return self.tardiness(chosen, alone[chosen] + delay) - self.tardiness(chosen, alone[chosen])


def expected(simulator):
    """The features of copy 0's candidates, (candidates, features)."""
    plain = Plain(simulator)
    instance, count = plain.instance, len(plain.modes)
    scale = max(1.0, np.mean(np.minimum.reduceat(instance.duration, instance.mode_first[:-1])))
    alone = [plain.alone(index) for index in range(count)]
    urgent = plain.urgencies(alone)
    order = sorted(range(count), key=lambda index: urgent[index, 0])
    queue = [plain.queue(index, alone, order) for index in range(count)]
    others = [plain.others(index, alone) for index in range(count)]
    taken = [plain.taken(index) for index in range(count)]
    rows = []
    for index, (begin, end) in enumerate(plain.times):
        due = int(instance.due[plain.jobs[index]])
        above = urgent[index] - urgent.min(axis=0)
        times = (
            begin - min(start for start, _ in plain.times),
            end - min(finish for _, finish in plain.times),
            taken[index] - min(taken),
        )
        rows.append(
            [
                *(squashed(time, scale) for time in times),
                squashed(due - alone[index], scale) if due < FOREVER else LIMIT,
                squashed(plain.tardiness(index, alone[index]), scale),
                min(above[0], LIMIT),
                min(above[1], LIMIT),
                squashed(above[2], scale),
                squashed(queue[index] - min(queue), scale),
                squashed(others[index] - min(others), scale),
                squashed(plain.waiting(index, alone), scale),
            ]
        )
    return np.array(rows)


def check(simulator):
    count = simulator.count[0]
    seen = simulator.features()[0, :, len(BASE) :]
    assert seen.shape[1] == len(NAMES)
    np.testing.assert_allclose(seen[:count], expected(simulator), rtol=1e-4, atol=1e-4)
    assert not seen[count:].any()


@settings(max_examples=80)
@given(dated(), st.sampled_from(KINDS), seeds)
def test_shops_with_everything_are_seen_as_plain_python_sees_them(description, kind, seed):
    simulator = looking([build(description)], kind)
    play_out(simulator, np.random.default_rng(seed), lambda: check(simulator))


def test_each_copy_is_seen_by_itself():
    instances = [build(factory("toy", np.random.default_rng(seed))) for seed in range(3)]
    together, alone = looking(instances), [looking([instance]) for instance in instances]
    generator = np.random.default_rng(0)
    while together.count.any():
        seen = together.features()
        choice = generator.integers(np.maximum(together.count, 1))
        for copy, simulator in enumerate(alone):
            own = simulator.features()[0]
            np.testing.assert_array_equal(seen[copy, : len(own)], own)
            simulator.step(choice[copy : copy + 1])
        together.step(choice)


@pytest.mark.parametrize("name", ["ft10", "mk01"])
def test_without_due_dates_nothing_is_ever_late(name):
    simulator = looking([classic(name)])
    columns = [
        len(BASE) + NAMES.index(one) for one in NAMES if one.startswith("weighted tardiness")
    ]
    slack = len(BASE) + NAMES.index("slack with the hours of the machines")

    def never_late():
        seen = simulator.features()[0, : simulator.count[0]]
        assert not seen[:, columns].any()
        assert (seen[:, slack] == LIMIT).all()

    play_out(simulator, np.random.default_rng(0), never_late)


def test_the_other_features_stay_as_they_are():
    instances = [build(factory("toy", np.random.default_rng(seed))) for seed in range(2)]
    dates = looking(instances)
    plain = simulator_of(instances, "active", dates.width)
    np.testing.assert_array_equal(dates.features()[..., : len(BASE)], plain.features())
    assert dates.feature_names == (*BASE, *NAMES)
