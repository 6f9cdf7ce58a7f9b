"""Synthetic traces have the distributions of their model, and the shipped trace is one of them."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
import workload
from cluster import violations
from schedulers import SCHEDULERS
from swf import machine_size, parse, read, text_of, usable

JOBS = 40_000


def columns(trace):
    names = ("submit_time", "run_time", "allocated_processors", "requested_time")
    rows = [[getattr(record, name) for name in names] for record in trace.records]
    return np.array(rows).T


@pytest.fixture(scope="module")
def large():
    return columns(workload.trace(JOBS, 256, 0.8, seed=3))


def test_the_shipped_trace_is_written_by_the_command_in_its_header(example, tmp_path):
    shipped = read(example / "trace.swf")
    notes = shipped.texts("Note")
    command = next(n for n in notes if n.startswith("written by: ")).removeprefix("written by: ")
    assert command in (example / "README.md").read_text(encoding="utf-8")
    python, script, *arguments = shlex.split(command)
    assert (python, script, arguments[-1]) == ("python", "workload.py", "trace.swf")
    written = tmp_path / "trace.swf"
    assert workload.main([*arguments[:-1], str(written)]) == 0
    assert written.read_bytes() == (example / "trace.swf").read_bytes()


def test_the_shipped_trace_is_clean_and_has_the_load_that_it_says(example):
    trace = read(example / "trace.swf")
    jobs, counts = usable(trace)
    assert (len(jobs), machine_size(trace)) == (3000, 256)
    assert not counts.left_out
    assert not counts.noted
    area = sum(job.run * job.processors for job in jobs)
    assert area / (256 * jobs[-1].submit) == pytest.approx(0.9, abs=0.01)
    assert violations(SCHEDULERS["easy"].run(jobs, 256)) == []


def test_sizes_follow_the_model(large):
    sizes = large[2]
    assert sizes.min() == 1
    assert sizes.max() == 256
    spread = 4 * 0.5 / JOBS**0.5
    assert np.mean(sizes == 1) == pytest.approx(workload.SERIAL, abs=spread)
    powers = np.log2(sizes) % 1 == 0
    assert np.mean(powers) > workload.SERIAL + workload.POWER_OF_TWO - spread
    # log2 of the size lies below the bend of 6 for 87.5 % of the parallel jobs; rounding moves some
    parallel = np.log2(sizes[sizes > 1])
    assert np.mean(parallel < 5.5) == pytest.approx(0.875 * (5.5 - 1.2) / (6 - 1.2), abs=spread)


def test_run_times_follow_the_model(large):
    _, runs, sizes, requested = large
    assert runs.min() >= 1
    assert runs.max() < np.exp(12)
    for size in (1, 8, 256):
        chosen = np.log(runs[sizes == size])
        part = max(0.0, 0.6986 - 0.003 * size)
        mean = part * 6.57 * 0.823 + (1 - part) * 639.1 * 0.0156
        # The whole seconds shorten the logarithm of short runs a little.
        assert chosen.mean() == pytest.approx(mean, abs=0.08 + 5 * 2.8 / len(chosen) ** 0.5)
    assert (requested >= runs).all()
    assert set(requested) <= set(workload.LIMITS)


def test_arrivals_follow_the_daily_cycle(large):
    submits = large[0]
    assert (np.diff(submits) >= 0).all()
    scipy = pytest.importorskip("scipy.stats")
    gamma = scipy.gamma(6.1271, scale=5.2740)
    # The afternoon has more arrivals than the night, as the published cycle says.
    hours = workload.cycle()
    assert hours.mean() == pytest.approx(1)
    for half in (12, 20, 32, 47):
        expected = gamma.cdf(half + 0.5) - gamma.cdf(half - 0.5)
        assert hours[half - 1] / hours[30] == pytest.approx(
            expected / (gamma.cdf(31.5) - gamma.cdf(30.5))
        )
    assert hours[28] > 4 * hours[8]


def test_the_clock_of_the_day_gains_what_the_cycle_says():
    day = 86_400.0
    elapsed = np.arange(0, 3 * day, 10.0)
    times = workload.at_times_of_day(elapsed)
    assert (np.diff(times) > 0).all()
    assert workload.at_times_of_day(np.array([0.0, day, 5 * day])) == pytest.approx(
        [0, day, 5 * day]
    )
    counts = np.histogram(times % day, bins=48, range=(0, day))[0]
    assert counts / counts.mean() == pytest.approx(workload.cycle(), abs=0.03)


@pytest.mark.parametrize("shape", [0.5, 1.0, 6.1271])
@pytest.mark.parametrize("value", [0.01, 1.0, 5.0, 11.2])
def test_the_gamma_distribution_is_that_of_scipy(shape, value):
    special = pytest.importorskip("scipy.special")
    assert workload.gamma_cdf(value, shape) == pytest.approx(special.gammainc(shape, value))


@pytest.mark.parametrize("load", [0.4, 1.2])
def test_the_load_is_what_was_asked_for(load):
    submits, runs, sizes, _ = columns(workload.trace(5000, 64, load, seed=2))
    assert sizes.max() <= 64
    assert (runs * sizes).sum() / (64 * submits[-1]) == pytest.approx(load, rel=0.02)


def test_a_seed_decides_everything():
    texts = [text_of(workload.trace(50, 32, 0.9, seed)) for seed in (4, 4, 5)]
    assert texts[0] == texts[1] != texts[2]
    assert parse(texts[0]).number("MaxJobs") == 50


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--jobs", "1"], "--jobs must be 2 or more, not 1"),
        (["--processors", "4"], "--processors must be 8 or more, not 4"),
        (["--load", "0"], "--load must be above 0 and below 100, not 0"),
        (["--load", "nan"], "--load must be above 0 and below 100, not nan"),
        (["--seed", "-1"], "--seed must be 0 or more, not -1"),
    ],
)
def test_a_bad_argument_is_one_line(arguments, fault, tmp_path, capsys):
    assert workload.main([*arguments, "--out", str(tmp_path / "a.swf")]) == 1
    assert capsys.readouterr().err == f"workload.py: {fault}\n"
    assert workload.main(["--out", str(tmp_path / "no" / "a.swf")]) == 1
    assert "cannot be written" in capsys.readouterr().err
