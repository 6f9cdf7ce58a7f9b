"""The edge schedule view shows what happened."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from rlsys_mec.baselines import factories
from rlsys_mec.config import MecConfig
from rlsys_mec.figures import MOST_ROWS, draw, edge_schedule_view, record


def bars(axes):
    return [bar for bar in axes.patches if bar.get_width() > 0]


def test_the_recorded_slot_is_that_of_the_episode():
    config = MecConfig(weight_energy=0.05, slots=4)
    played = record(config, factories.rule(config, "everybody"), seed=0, slot=2)
    qos, energy = played.outcome.qos.sum(), played.outcome.energy.sum()
    assert played.reward == pytest.approx(qos - 0.05 * energy)
    late = played.outcome.delay / played.situation.deadline
    np.testing.assert_allclose(played.outcome.qos, np.clip(2 - late, 0, 1))
    assert played.reward != record(config, factories.rule(config, "everybody"), seed=0).reward
    with pytest.raises(ValueError, match="slot must be >= 0"):
        record(config, factories.rule(config), seed=0, slot=-1)


def test_bars_reach_from_the_slots_begin_to_the_end_of_the_task():
    config = MecConfig()
    played = record(config, factories.rule(config, "everybody", "fifo"), seed=0)
    axes = Figure().subplots()
    draw(played, "all", axes)
    ends = {}
    for bar in bars(axes):
        y = round(bar.get_y() + bar.get_height() / 2)
        ends[y] = max(ends.get(y, 0.0), bar.get_x() + bar.get_width())
    np.testing.assert_allclose(sorted(ends.values()), np.sort(played.outcome.delay[0]))
    crosses = [line for line in axes.get_lines() if line.get_marker() == "X"]
    assert len(crosses) == (played.outcome.delay > played.situation.deadline).sum() > 0


def test_of_many_users_those_that_offload_are_shown(tmp_path):
    config = MecConfig(n_users=60, n_clusters=3, bandwidth_mhz=100.0)
    controller = factories.rule(config, "greedy")
    played = record(config, controller, seed=0)
    axes = Figure().subplots()
    draw(played, "greedy", axes)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == MOST_ROWS
    for user in np.flatnonzero(played.sent.offload[0]):
        cluster = played.situation.queues.cluster[0, user]
        assert f"user {user} (cluster {cluster})" in labels
    assert "20 users not shown" in axes.get_title(loc="left") + axes.get_title()
    path = tmp_path / "edge_schedule_view.png"
    edge_schedule_view("60-users", config, {"greedy": controller}, path)
    assert path.read_bytes().startswith(b"\x89PNG")
