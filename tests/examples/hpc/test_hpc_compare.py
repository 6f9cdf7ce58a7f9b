"""The comparison prints what it measured, with intervals that are not too narrow."""

from __future__ import annotations

import json

import compare
import numpy as np
import pytest
from cluster import measure
from decisions import evaluation_windows
from schedulers import SCHEDULERS
from swf import read, usable

FEW = ["--jobs", "64", "--windows", "3"]


def test_the_table_has_every_scheduler_and_the_best_first(capsys):
    assert compare.main(FEW) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    lines = printed.splitlines()
    assert lines[0].endswith("trace.swf: 3000 jobs, 256 processors")
    head = next(place for place, line in enumerate(lines) if line.startswith("scheduler"))
    rows = [line.split() for line in lines[head + 1 :]]
    assert {row[0] for row in rows} == set(SCHEDULERS)
    slowdowns = [float(row[1]) for row in rows]
    assert slowdowns == sorted(slowdowns)
    assert len({len(line) for line in lines[head:]}) == 1, "columns are aligned"


def test_the_document_has_the_numbers_of_an_own_calculation(example, capsys):
    assert compare.main([*FEW, "--json", "--seed", "1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["windows"], document["independent_windows"]) == (3, 3)
    jobs, _ = usable(read(example / "trace.swf"))
    windows = evaluation_windows(jobs, 64, 3, seed=1)
    found = {
        name: np.array([measure(SCHEDULERS[name].run(w, 256)).slowdown for w in windows])
        for name in ("easy", "sjf")
    }
    row = next(row for row in document["results"] if row["scheduler"] == "sjf")
    stats = pytest.importorskip("scipy.stats")
    for values, shown in (
        (found["sjf"], row["slowdown"]),
        (found["sjf"] - found["easy"], row["difference"]),
    ):
        low, high = stats.t.interval(0.95, 2, values.mean(), values.std(ddof=1) / 3**0.5)
        assert shown == pytest.approx({"mean": values.mean(), "low": low, "high": high}, rel=1e-4)


def test_windows_that_overlap_do_not_narrow_the_interval(capsys):
    assert compare.main(["--jobs", "400", "--windows", "5"]) == 0
    assert "they overlap; the intervals count 2 of them" in capsys.readouterr().out
    assert compare.main(["--jobs", "800", "--windows", "2"]) == 0
    assert "unknown" in capsys.readouterr().out


def test_an_estimate_counts_independent_values():
    values = [1.0, 2.0, 3.0, 4.0]
    wide, narrow = compare.estimate(values, 2), compare.estimate(values, 4)
    assert wide.mean == narrow.mean == 2.5
    # Their standard deviation is sqrt(5 / 3).
    assert wide.high - 2.5 == pytest.approx(12.7062 * (5 / 3 / 2) ** 0.5)
    assert narrow.high - 2.5 == pytest.approx(3.1824 * (5 / 3 / 4) ** 0.5)
    assert narrow.low + narrow.high == wide.low + wide.high == pytest.approx(5)
    assert compare.estimate(values, 1) == compare.Estimate(2.5, None, None)


def test_students_t_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for freedom in [*range(1, 40), 100, 1000]:
        assert compare.student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-3)


def test_what_is_left_out_is_printed(tmp_path, capsys):
    lines = [f"{n} {n} -1 9 2 -1 -1 2 20 -1 1 -1 -1 -1 -1 -1 -1 -1" for n in range(1, 21)]
    lines.append("21 21 -1 -1 2 -1 -1 2 20 -1 5 -1 -1 -1 -1 -1 -1 -1")
    lines.append("22 22 -1 9 -1 -1 -1 2 20 -1 1 -1 -1 -1 -1 -1 -1 -1")
    path = tmp_path / "dirty.swf"
    path.write_text("; MaxProcs: 4\n" + "\n".join(lines))
    assert compare.main([str(path), "--jobs", "3", "--windows", "2"]) == 0
    printed = capsys.readouterr().out
    assert "left out: 1 x cancelled before the start" in printed
    assert "noted: 1 x processors taken from the request" in printed


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["missing.swf"], "missing.swf: cannot be read: No such file or directory"),
        (["--jobs", "901"], "the last part of the trace has 900 of its 3000 jobs; a window of"),
        (["--jobs", "0"], "--jobs must be 1 or more, not 0"),
        (["--windows", "0"], "--windows must be 1 or more, not 0"),
        (["--seed", "-1"], "--seed must be 0 or more, not -1"),
    ],
)
def test_an_error_is_one_line(arguments, fault, capsys):
    assert compare.main(arguments) == 1
    printed, errors = capsys.readouterr()
    assert printed == ""
    assert errors.startswith(f"compare.py: {fault}")
    assert errors.count("\n") == 1


def test_a_bad_line_of_a_trace_is_named(tmp_path, capsys):
    path = tmp_path / "bad.swf"
    path.write_text("; MaxProcs: 4\n1 2 3\n")
    assert compare.main([str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"compare.py: {path}:2: 3 fields, must be 18")
