"""The Gantt chart shows what happened."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rlsys_rtos.baselines import factories
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.gantt import draw, record, save


def test_the_recorded_schedule_agrees_with_the_environments_own_counts():
    config = RtosConfig(taskset="normal")
    schedule = record(config, factories.rate_monotonic(config))
    assert schedule.missed.sum(axis=1).tolist() == [0, 0, 0, 0, 0, 2]
    assert (schedule.completed >= 0).sum() == 82
    ran = schedule.ran[schedule.ran >= 0]
    switches = np.count_nonzero(np.diff(ran))
    expected = 82 - 2 * 2 - 0.01 * 300 - 0.05 * switches
    assert abs(schedule.reward - expected) < 1e-9


def test_every_miss_gets_a_mark_and_the_file_is_a_picture(tmp_path):
    config = RtosConfig(taskset="stressed")
    schedule = record(config, factories.edf(config))
    figure = Figure()
    draw(schedule, "EDF", figure)
    (axes,) = figure.axes
    crosses = [line for line in axes.get_lines() if line.get_marker() == "X"]
    assert len(crosses) == schedule.missed.sum() > 0
    assert [label.get_text() for label in axes.get_yticklabels()] == list(schedule.names[::-1])
    path = tmp_path / "gantt.png"
    save(config, factories.edf(config), "EDF", path)
    assert path.read_bytes().startswith(b"\x89PNG")
