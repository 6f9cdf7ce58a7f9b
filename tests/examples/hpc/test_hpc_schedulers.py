"""Every scheduler follows its published rule."""

from __future__ import annotations

from math import log10

import pytest
from cluster import Job, Simulation, simulate
from hpc_ticks import tick_starts, workloads
from hypothesis import given
from hypothesis import strategies as st
from schedulers import SCHEDULERS, best, f1, oldest, sjf, wfp3


def waiting(*jobs):
    """A cluster of 8 processors, busy until 1000, at 500, with these jobs waiting."""
    simulation = Simulation([Job(0, 100, 900, 900, 8), *jobs, Job(99, 500, 1, 1, 1)], 8)
    simulation.needs_choice()
    simulation.choose(0)
    simulation.now = 500
    simulation.waiting = list(range(1, len(jobs) + 1))
    return simulation


def test_scores_worked_by_hand():
    job = Job(1, 200, 50, 100, 4)
    simulation = waiting(job)
    assert wfp3(simulation, job) == -(3**3) * 4
    assert f1(simulation, job) == pytest.approx(log10(100) * 4 + 870 * log10(100))
    assert sjf(simulation, job) == 100


def test_scores_exist_for_jobs_that_request_nothing_or_come_first():
    job = Job(1, 100, 0, 0, 2)
    simulation = waiting(job)
    assert wfp3(simulation, job) == -(400**3) * 2
    assert f1(simulation, job) == 0


def test_the_best_job_is_chosen_and_the_older_of_equals():
    jobs = [Job(1, 100, 9, 50, 1), Job(2, 200, 9, 20, 2), Job(3, 300, 9, 20, 8)]
    simulation = waiting(*jobs)
    assert oldest(simulation) == 0
    assert best(sjf)(simulation) == 1
    # (400/50)^3 x 1 = 512, (300/20)^3 x 2 = 6750, (200/20)^3 x 8 = 8000
    assert best(wfp3)(simulation) == 2
    # submitted 0, 100 and 200 after the first: the oldest by far
    assert best(f1)(simulation) == 0


RULES = {
    "fcfs": lambda job, _now: job.submit,
    "easy": lambda job, _now: job.submit,
    "sjf": lambda job, _now: job.requested,
    "sjf-easy": lambda job, _now: job.requested,
    "wfp3": lambda job, now: -(((now - job.submit) / job.requested) ** 3) * job.processors,
    "wfp3-easy": lambda job, now: -(((now - job.submit) / job.requested) ** 3) * job.processors,
}


@given(workloads(), st.sampled_from(sorted(RULES)))
def test_a_scheduler_equals_its_rule_by_brute_force(drawn, name):
    jobs, processors = drawn
    schedule = SCHEDULERS[name].run(jobs, processors)
    twin = tick_starts(jobs, processors, backfill=name.endswith("easy"), key=RULES[name])
    assert [start for _, start, _ in sorted(schedule.placements)] == twin


def test_easy_sjbf_keeps_the_oldest_first_but_backfills_the_shortest():
    jobs = [
        Job(1, 0, 10, 10, 3),
        Job(2, 1, 5, 5, 4),  # reserved for 10
        Job(3, 2, 8, 8, 1),
        Job(4, 2, 4, 4, 1),
    ]
    begun = {
        name: [start for _, start, _ in sorted(SCHEDULERS[name].run(jobs, 4).placements)]
        for name in ("easy", "easy-sjbf")
    }
    assert begun["easy"] == [0, 10, 2, 15]
    assert begun["easy-sjbf"] == [0, 10, 15, 2]


def test_random_choices_follow_their_seed():
    jobs = [Job(number, 0, number, number, 1) for number in range(1, 30)]
    runs = [SCHEDULERS["random"].run(jobs, 1, seed=seed).placements for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_every_scheduler_is_listed_under_its_name():
    assert all(name == scheduler.name for name, scheduler in SCHEDULERS.items())
    jobs = [Job(1, 0, 5, 5, 1)]
    assert {s.run(jobs, 1).placements for s in SCHEDULERS.values()} == {
        simulate(jobs, 1, oldest).placements
    }
