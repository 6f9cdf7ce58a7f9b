"""Machine, fixture and benchmark together, on a fake /proc/sys: one clear line, all as before."""

from __future__ import annotations

import json
import sys
import textwrap

import numpy as np
import pytest
from fake_tree import FakeTree
from fake_workload import fake_config, fake_settings

from rlsys.errors import ConfigError, UserError
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.machine.machine import ChangedElsewhere
from rlsys_sysctl.measuring.meter import Meter, Refused
from rlsys_sysctl.measuring.runner import BenchmarkFailed
from rlsys_sysctl.measuring.stage import Stage, default_point

GOOD = {"vm.swappiness": "150", "vm.page-cluster": "6"}


@pytest.fixture
def untouched(fake_proc: FakeTree):
    before = fake_proc.values()
    yield
    assert fake_proc.values() == before


@pytest.mark.usefixtures("untouched")
def test_a_run_has_the_values_and_afterwards_they_are_gone(fake_proc):
    stage = Stage(fake_config(fake_proc))
    try:
        good = stage.run(GOOD, 1.0, 0)
        assert fake_proc.values()["vm.swappiness"] == "150"
        default = stage.run(None, 1.0, 0)
        assert fake_proc.values()["vm.swappiness"] == "60"
        assert good.value == pytest.approx(250, rel=0.1)
        assert default.value == pytest.approx(100 + 150 * np.exp(-(1.5**2) - 1), rel=0.1)
        assert default.time > good.time
        assert stage.busy > 0
    finally:
        stage.close()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("silent", r"printed no line 'speed: NUMBER'.*I print no metric"),
        ("nan", "must be a finite number"),
        ("hang", "not done after"),
    ],
)
def test_a_bad_benchmark_is_one_line_and_nothing_changed(fake_proc, fault, said):
    changed = {"training_config": {"benchmark_timeout": 1.0}} if fault == "hang" else {}
    stage = Stage(fake_config(fake_proc, fault, **changed))
    try:
        with pytest.raises(BenchmarkFailed, match=said):
            Meter(stage).measure(GOOD, 1)
    finally:
        stage.close()


@pytest.mark.usefixtures("untouched")
def test_a_forking_benchmark_is_measured_and_leaves_nothing(fake_proc):
    stage = Stage(fake_config(fake_proc, "fork"))
    try:
        assert stage.run(GOOD, 1.0, 0).value > 200
    finally:
        stage.close()


@pytest.mark.usefixtures("untouched")
def test_who_else_changes_a_parameter_stops_the_tuning(fake_proc):
    stage = Stage(fake_config(fake_proc, "meddle"))
    try:
        with pytest.raises(ChangedElsewhere, match=r"vm.swappiness is '77'"):
            stage.run(GOOD, 1.0, 0)
    finally:
        stage.close()


@pytest.mark.usefixtures("untouched")
def test_an_unknown_parameter_is_named_with_the_nearest(fake_proc):
    space = [{"param": "vm.swapiness", "type": "int", "min": 0, "max": 100}]
    with pytest.raises(ConfigError, match=r"vm.swapiness does not exist.*vm.swappiness"):
        Stage(fake_config(fake_proc, action_space=space)).open()


@pytest.mark.usefixtures("untouched")
def test_a_dangerous_parameter_needs_the_flag(fake_proc):
    space = [{"param": "kernel.panic", "type": "int", "min": 0, "max": 100}]
    with pytest.raises(ConfigError, match=r"kernel\.panic"):
        Stage(fake_config(fake_proc, action_space=space)).open()
    settings = fake_settings(fake_proc, action_space=space)
    stage = Stage(SysctlConfig.model_validate({**settings, "allow_dangerous": True}))
    stage.open()
    stage.close()


@pytest.mark.usefixtures("untouched")
def test_what_is_out_of_range_or_breaks_a_constraint_is_refused_before_anything_runs(fake_proc):
    rule = {"left": "vm.swappiness", "relation": ">", "right": 100}
    stage = Stage(fake_config(fake_proc, constraints=[rule]))
    try:
        stage.open()
        for bad in ({**GOOD, "vm.page-cluster": "9"}, {**GOOD, "vm.swappiness": "90"}):
            with pytest.raises(Refused):
                stage.run(bad, 1.0, 0)
        assert stage.busy == 0
        stage.run(None, 1.0, 0)  # the default is allowed, whatever the constraints
    finally:
        stage.close()


def test_a_missing_program_is_found_out_before_the_machine_is_taken(fake_proc, own_state):
    stage = Stage(fake_config(fake_proc, benchmark_command=["nonesuch-program", "{seconds}"]))
    with pytest.raises(UserError, match="no program 'nonesuch-program'"):
        stage.open()
    assert not own_state.exists()


def test_a_stage_is_shared_and_the_last_user_closes_it(fake_proc):
    config = fake_config(fake_proc)
    one, other = Stage.shared(config), Stage.shared(config)
    assert one is other
    one.run(GOOD, 1.0, 0)
    one.release()
    assert fake_proc.values()["vm.swappiness"] == "150"
    other.release()
    assert fake_proc.values()["vm.swappiness"] == "60"
    assert Stage.shared(config) is not one


def test_the_default_point_stands_for_the_default_also_where_it_is_out_of_range(fake_proc):
    space = [{"param": "vm.swappiness", "type": "int", "min": 100, "max": 200}]
    stage = Stage(fake_config(fake_proc, action_space=space))
    assert stage.values_at(stage.default_point()) == {"vm.swappiness": "60"}
    near = stage.space.nearest_point({"vm.swappiness": "60"}).astype(np.float32)
    assert stage.values_at(near) == {"vm.swappiness": "100"}


def test_a_category_that_is_not_searched_can_be_the_default_too(fake_proc):
    name = "net.ipv4.tcp_congestion_control"
    space = [{"param": name, "type": "categorical", "values": ["bbr", "reno"]}]
    stage = Stage(fake_config(fake_proc, action_space=space))
    point = default_point(stage.space, {name: "cubic"})
    assert stage.values_at(point) == {name: "cubic"}
    for coordinate in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert stage.values_at(np.array([coordinate], np.float32))[name] in ("bbr", "reno")


FIXTURE = """
    import json, os, sys
    mark = sys.argv[1]
    open(mark, "w").close()
    print("ready: " + json.dumps({"namespaces": {}, "mark": mark}), flush=True)
    sys.stdin.read()
    os.remove(mark)
"""


def test_a_fixture_lives_as_long_as_the_stage_and_the_benchmark_knows_of_it(fake_proc, tmp_path):
    script, mark = tmp_path / "fixture.py", tmp_path / "mark"
    script.write_text(textwrap.dedent(FIXTURE))
    look = "import json, os; d = json.loads(os.environ['RLSYS_SYSCTL_NAMESPACES'])"
    look += "; print('speed:', 1 if os.path.exists(d['mark']) else -1)"
    stage = Stage(
        fake_config(
            fake_proc,
            fixture_command=[sys.executable, str(script), str(mark)],
            benchmark_command=[sys.executable, "-c", look, "{seconds}"],
        )
    )
    assert stage.run(GOOD, 1.0, 0).value == 1
    assert mark.exists()
    stage.close()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('no zram here')", r"exit code 1.*no zram here"),
        ("print('ready: nonsense', flush=True)", "must print 'ready:"),
    ],
)
def test_a_fixture_that_does_not_get_ready_is_one_line_and_nothing_was_taken(
    fake_proc, own_state, code, said
):
    stage = Stage(fake_config(fake_proc, fixture_command=[sys.executable, "-c", code]))
    with pytest.raises(UserError, match=said) as caught:
        stage.open()
    assert "\n" not in str(caught.value)
    assert not own_state.exists()


def test_parameters_are_set_in_the_namespaces_of_the_fixture(netns):
    """The real kernel, in a namespace of its own; the machine's own value stays as it is."""
    name = "net.ipv4.tcp_fin_timeout"
    with open("/proc/sys/net/ipv4/tcp_fin_timeout", encoding="utf-8") as file:
        outside = file.read()
    ready = json.dumps({"namespaces": {"only": netns.pid}})
    fixture = f"import sys; print('ready: ' + {ready!r}, flush=True); sys.stdin.read()"
    workload = {
        "workload_name": "real",
        "reward_metric": "speed",
        "benchmark_command": ["echo", "speed: 1"],
        "fixture_command": [sys.executable, "-c", fixture],
        "action_space": [{"param": name, "type": "int", "min": 5, "max": 120}],
    }
    netns.write(name, "44")
    stage = Stage(SysctlConfig.model_validate({"workload": workload}))
    try:
        stage.run({name: "23"}, 1.0, 0)
        assert netns.read(name) == "23"
        assert stage.original == {name: "44"}
        assert stage.present == {name: outside.strip()}
        with open("/proc/sys/net/ipv4/tcp_fin_timeout", encoding="utf-8") as file:
            assert file.read() == outside
    finally:
        stage.close()
    assert netns.read(name) == "44"
