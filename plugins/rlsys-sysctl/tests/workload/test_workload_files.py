"""The shipped workloads: they load, run what exists, and can express where the kernel begins."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from rlsys_sysctl.benchmarks.net_long_path import STOCK_PARAMETERS
from rlsys_sysctl.workload.workload import load_workload, shipped_workloads

# What Documentation/admin-guide/sysctl and Documentation/networking/ip-sysctl.rst say.
DEFAULTS = {
    "net-long-path": STOCK_PARAMETERS,
    "net-churn": {
        "net.ipv4.ip_local_port_range": "32768 60999",
        "net.ipv4.tcp_tw_reuse": "2",
        "net.ipv4.tcp_timestamps": "1",
    },
    "memory-pressure": {"vm.swappiness": "60", "vm.page-cluster": "3"},
    "dirty-pages": {"vm.dirty_ratio": "20", "vm.dirty_background_ratio": "10"},
}
NAMES = sorted(DEFAULTS)


def test_these_workloads_are_shipped() -> None:
    assert sorted(shipped_workloads()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_kernels_defaults_are_a_point_of_the_space(name: str) -> None:
    workload = load_workload(name)
    assert {one.param for one in workload.action_space} == set(DEFAULTS[name])
    point = workload.space.to_point(DEFAULTS[name])
    assert ((point >= 0) & (point <= 1)).all()
    assert workload.space.to_values(point) == DEFAULTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_exist_in_this_kernel(name: str) -> None:
    for parameter in DEFAULTS[name]:
        assert Path("/proc/sys", *parameter.split(".")).exists()


@pytest.mark.parametrize("name", NAMES)
def test_its_commands_can_be_cut_and_are_understood(name: str) -> None:
    """The options of the commands are parsed by the programs themselves; --help ends them there."""
    workload = load_workload(name)
    assert workload.can_be_cut
    assert workload.workload_name == name
    for command in (workload.benchmark_command, workload.fixture_command):
        if command is None:
            continue
        words = [
            word.format(python=sys.executable, seconds="5", seed="1")
            for word in (*command, "--help")
        ]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if command is workload.benchmark_command:
            assert "--fixture" in done.stdout or workload.fixture_command is None


@pytest.mark.parametrize("name", NAMES)
def test_its_metric_is_named_where_its_benchmark_explains_itself(name: str) -> None:
    module = importlib.import_module(f"rlsys_sysctl.benchmarks.{name.replace('-', '_')}")
    assert f"`{load_workload(name).reward_metric}`" in (module.__doc__ or "")


def test_the_description_of_dirty_pages_promises_nothing() -> None:
    assert "defaults are near the best" in load_workload("dirty-pages").description
