"""What is not allowed is an error in one line that says what is allowed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsys.config.document import validate
from rlsys.errors import ConfigError
from rlsys_mec.config import MecConfig, cases


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data_mbit": [80, 16]}, r"data_mbit: must be \[low, high\] with 0 < low <= high"),
        ({"deadline_s": [0, 1]}, r"deadline_s: must be \[low, high\] .*\(got \[0.0, 1.0\]\)"),
        ({"cycles_g": [1, math.nan]}, r"cycles_g: must be .*both finite"),
        ({"local_ghz": [math.nan, 1]}, r"local_ghz: must be .*both finite"),
        ({"distance_m": [1, math.inf]}, r"distance_m: must be .*both finite"),
        ({"bandwidth_mhz": 0}, r"bandwidth_mhz: .*greater than 0.*\(got 0\)"),
        ({"bandwidth_mhz": math.nan}, r"bandwidth_mhz: .*\(got nan\)"),
        ({"server_ghz": -6}, r"server_ghz: .*greater than 0"),
        ({"weight_energy": math.inf}, r"weight_energy: .*finite"),
        ({"n_users": 3, "n_clusters": 4}, r"n_clusters must be <= n_users \(3\), got 4"),
        ({"n_users": 0}, r"n_users: .*greater than or equal to 1"),
        ({"n_users": 2.5}, r"n_users: .*integer"),
        ({"spectrum_floor": 1.5}, r"spectrum_floor: .*less than or equal to 1"),
        ({"slot_s": 0}, r"slot_s: .*greater than 0"),
        ({"weight_qos": 0, "weight_energy": 0}, r"both 0: the reward would always be 0"),
        ({"view": "everything"}, r"view: .*'local' or 'global'"),
        ({"n_user": 5}, r"n_user: unknown key .*did you mean 'n_users'"),
    ],
)
def test_a_mistake_is_reported_in_one_line(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        validate(MecConfig, settings)
    assert "\n" not in str(caught.value)


@given(
    users=st.integers(1, 300),
    clusters=st.none() | st.integers(1, 300),
    room=st.floats(1.0, 50.0),
)
def test_the_queues_have_places_for_everybody(users, clusters, room):
    if clusters is not None and clusters > users:
        clusters = users
    config = MecConfig(n_users=users, n_clusters=clusters, cluster_room=room)
    assert config.queues * config.members >= users
    # All others have at least one member.
    assert config.members <= users - config.queues + 1


def test_the_case_is_named_for_the_size_of_the_system():
    assert [case.name for case in cases(MecConfig())] == ["5-users"]
    (case,) = cases(MecConfig(n_users=8, n_clusters=3, view="global"))
    assert case.name == "8-users-3-clusters"
    assert "global" in case.summary
