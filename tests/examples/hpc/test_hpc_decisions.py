"""A learner sees what it may know, and its rewards add up to the metric."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from cluster import ClusterError, Job, Simulation, measure, violations
from decisions import (
    FEATURES,
    ITEMS,
    Episode,
    WindowError,
    episodes,
    evaluation_windows,
    independent_windows,
    observe,
    play,
)
from hpc_ticks import workloads
from hypothesis import given
from hypothesis import strategies as st
from schedulers import SCHEDULERS

COLUMN = {name: place for place, name in enumerate(FEATURES)}
WEEK = np.log1p(7 * 86_400)


def numbered(count):
    return [Job(n, 10.0 * n, 5, 5, 1) for n in range(1, count + 1)]


def busy(jobs, size=8):
    """Jobs that wait at time 100 for a cluster of which 6 of 8 are held until 1000."""
    simulation = Simulation([Job(99, 0, 1000, 1000, size - 2), *jobs], size)
    assert simulation.needs_choice()
    simulation.choose(0)
    simulation.now = 100.0
    simulation.waiting = list(range(1, len(jobs) + 1))
    return simulation


@given(workloads(most_jobs=14, shortest=0), st.integers(0, 99), st.booleans(), st.booleans())
def test_the_rewards_add_up_to_minus_the_mean_bounded_slowdown(drawn, seed, backfill, kill):
    jobs, processors = drawn
    rng = np.random.default_rng(seed)
    schedule, total = play(
        jobs,
        processors,
        lambda decision: int(rng.choice(np.flatnonzero(decision.mask))),
        backfill=backfill,
        kill=kill,
    )
    assert violations(schedule) == []
    assert total == pytest.approx(-measure(schedule).slowdown)


@given(workloads(most_jobs=14))
def test_always_the_first_row_is_easy_backfilling(drawn):
    jobs, processors = drawn
    schedule, _ = play(jobs, processors, lambda _: 0)
    assert schedule.placements == SCHEDULERS["easy"].run(jobs, processors).placements
    schedule, _ = play(jobs, processors, lambda _: 0, backfill=False)
    assert schedule.placements == SCHEDULERS["fcfs"].run(jobs, processors).placements


@given(workloads(most_jobs=14))
def test_the_shortest_request_in_the_observation_is_the_shortest_job(drawn):
    """A learner can be a classical scheduler: the columns say enough."""
    jobs, processors = drawn
    schedule, _ = play(
        jobs,
        processors,
        lambda d: int(np.argmin(np.where(d.mask, d.observation[:, COLUMN["requested"]], 9))),
        backfill=False,
    )
    assert schedule.placements == SCHEDULERS["sjf"].run(jobs, processors).placements


@given(workloads(most_jobs=14, shortest=0))
def test_observations_are_well_formed(drawn):
    jobs, processors = drawn

    def decide(decision):
        rows, mask = decision.observation, decision.mask
        assert rows.shape == (ITEMS, len(FEATURES))
        assert rows.dtype == np.float32
        assert mask.dtype == np.bool_
        assert mask.sum() == len(decision.indices) > 1
        assert (rows[:, 0] == mask).all()
        assert not rows[~mask].any()
        assert rows.min() >= 0
        assert rows.max() <= 1
        assert decision.reward <= 0
        return len(decision.indices) - 1

    play(jobs, processors, decide)


def test_an_observation_worked_by_hand():
    simulation = busy(
        [
            Job(1, 40, 1, 300, 4),  # must wait until 1000, when 4 more than it needs will be free
            Job(2, 50, 1, 5000, 2),  # fits, and 2 are not more than those 4
            Job(3, 60, 1, 50, 1),  # fits and ends long before
        ]
    )
    rows = observe(simulation)[:3]
    expected = {
        "present": [1, 1, 1],
        "wait": np.log1p([60, 50, 40]) / WEEK,
        "requested": np.log1p([300, 5000, 50]) / WEEK,
        "processors": [4 / 8, 2 / 8, 1 / 8],
        "fits": [0, 1, 1],
        "harmless": [0, 1, 1],
        "until_start": np.log1p([900, 0, 0]) / WEEK,
        "slowdown": np.log10([360 / 300, 5050 / 5000, 90 / 50]) / 3,
        "shorter": [1 / 3, 2 / 3, 0],
        "position": np.arange(3) / 64,
        "free": [2 / 8] * 3,
        "queue": [np.log10(3) / 3] * 3,
    }
    assert list(expected) == list(FEATURES)
    for name, values in expected.items():
        assert rows[:, COLUMN[name]] == pytest.approx(values, abs=1e-6), name


def test_a_long_job_that_takes_what_the_oldest_needs_is_harmful():
    simulation = busy([Job(1, 40, 1, 300, 7), Job(2, 50, 1, 5000, 2), Job(3, 50, 1, 900, 2)])
    rows = observe(simulation)[:3]
    assert rows[:, COLUMN["fits"]].tolist() == [0, 1, 1]
    assert rows[:, COLUMN["harmless"]].tolist() == [0, 0, 1], "the last ends at 1000 sharp"


def test_nothing_that_is_seen_depends_on_run_times_to_come():
    jobs = [Job(1, 40, 1, 300, 4), Job(2, 50, 1, 5000, 2), Job(3, 60, 1, 50, 1)]
    seen = [observe(busy([replace(job, run=run) for job in jobs])) for run in (1, 49)]
    assert (seen[0] == seen[1]).all()


def test_of_many_waiting_jobs_the_oldest_are_seen():
    jobs = [Job(n, 0, 5, 5, 1) for n in range(1, 101)]
    episode = Episode(jobs, 1)
    decision = episode.next()
    assert decision.mask.all()
    assert decision.indices == tuple(range(64))
    assert decision.observation[0, COLUMN["queue"]] == pytest.approx(2 / 3)
    with pytest.raises(ClusterError, match="position 100 cannot be chosen"):
        episode.act(100)


def test_one_waiting_job_needs_no_decision():
    schedule, total = play(numbered(9), 1, lambda _: pytest.fail("asked"))
    assert total == -1
    assert measure(schedule).mean_wait == 0


def test_a_reward_comes_when_jobs_have_ended():
    jobs = [Job(1, 0, 20, 20, 1), *(Job(n, 0, 10, 10, 1) for n in (2, 3))]
    episode = Episode(jobs, 1)
    rewards = []
    while (decision := episode.next()) is not None:
        rewards.append(decision.reward)
        episode.act(0)
    rewards.append(episode.reward)
    # Asked at 0 for all and for the other two; one reserved and one waiting job need no decision.
    assert rewards == pytest.approx([0, 0, -(1 + 3 + 4) / 3])


def test_training_and_evaluation_never_share_a_job():
    jobs = numbered(1000)
    training = {job.number for window in islice(episodes(jobs, 50), 300) for job in window}
    held_out = {
        job.number
        for windows, seed in ((6, 0), (5, 1), (40, 0))
        for window in evaluation_windows(jobs, 50, windows, seed)
        for job in window
    }
    assert training <= set(range(1, 701))
    assert min(training) < 10
    assert max(training) > 690
    assert held_out == set(range(701, 1001))


@pytest.mark.parametrize("windows", [1, 5, 6])
def test_evaluation_windows_do_not_overlap_while_there_is_room(windows):
    chosen = evaluation_windows(numbered(1000), 50, windows, seed=7)
    assert independent_windows(numbered(1000), 50) == 6
    assert len(chosen) == windows
    for before, after in pairwise(chosen):
        assert before[-1].number < after[0].number


def test_windows_are_consecutive_jobs_from_time_zero_and_follow_their_seed():
    jobs = numbered(1000)
    first, again, other = (list(islice(episodes(jobs, 50, seed), 9)) for seed in (0, 0, 1))
    assert first == again != other
    for window in [*first, *evaluation_windows(jobs, 50, 20)]:
        assert window[0].submit == 0
        assert [job.submit for job in window] == [10.0 * place for place in range(50)]
        assert [job.number for job in window] == list(
            range(window[0].number, window[0].number + 50)
        )


def test_a_trace_that_is_too_short_is_named():
    with pytest.raises(WindowError, match="the first part of the trace has 70 of its 100 jobs"):
        episodes(numbered(100), 71)
    with pytest.raises(WindowError, match="the last part of the trace has 30 of its 100 jobs"):
        evaluation_windows(numbered(100), 31)
    for length in (0, -1):
        with pytest.raises(WindowError, match=f"a window of {length} jobs must have between 1"):
            evaluation_windows(numbered(100), length)
