"""The published policies are bit-exact, fast enough and small enough on the target."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from exports import MEASURED, bit_exact, export_here, export_measured

from rlsys.network import Network
from rlsys_rtos.config import RtosConfig
from rlsys_rust_q10.checks import verify
from rlsys_rust_q10.target.toolchain import target_toolchain

MOST_NARROW, MOST_WIDE = 3500, 6800
"""Instructions of one inference, 24-32-32-7, with 16 and with 32 bits."""
MOST_FLASH, MOST_RAM = 8192, 2048


@pytest.mark.slow
@pytest.mark.parametrize("case", ["normal", "stressed"])
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in (1, 2))]
)
def test_a_trained_policy_is_bit_exact_and_within_its_budget(
    case: str, seed: int, tmp_path: Path
) -> None:
    ended = export_measured("default", case, seed, tmp_path)
    assert ended.code == 0, ended.errors
    assert ended.figures["rust-q10-no-overflow"]["kernels"] == "narrow narrow narrow"
    figures = ended.figures["rust-q10-bit-exact"]
    assert figures["golden_vectors"] >= 10_000
    assert figures["ticks"] == 300
    assert 0 < figures["instructions"] <= MOST_NARROW
    assert 0 < figures["flash_inference"] <= MOST_FLASH
    assert figures["static_ram"] <= MOST_RAM
    assert 0 < figures["instructions_table"] < figures["instructions_edf"] < figures["instructions"]
    network = Network.load(MEASURED / f"default/policies/{case}/seed-{seed}/network.npz")
    assert figures["flash_inference"] > 2 * network.parameters()


@pytest.mark.slow
def test_with_32_bits_it_is_as_exact_and_within_its_own_budget(tmp_path: Path) -> None:
    ended = export_measured("default", "stressed", 0, tmp_path, kernel="wide")
    assert ended.code == 0, ended.errors
    assert ended.figures["rust-q10-no-overflow"]["kernels"] == "wide wide wide"
    figures = ended.figures["rust-q10-bit-exact"]
    assert MOST_NARROW < figures["instructions"] <= MOST_WIDE


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "case"), [("full", "normal"), ("general", "general")])
def test_the_other_observations_are_built_on_the_target_as_well(
    preset: str, case: str, tmp_path: Path
) -> None:
    """For `general`, the episode is held out: a taskset that was never trained on."""
    ended = export_measured(preset, case, 0, tmp_path, golden_vectors=2000)
    assert ended.code == 0, ended.errors
    figures = ended.figures["rust-q10-bit-exact"]
    assert figures["golden_vectors"] >= 2000
    assert figures["ticks"] >= 60
    assert figures["instructions_observe"] > 0


@pytest.mark.slow
def test_a_general_policy_schedules_a_taskset_of_the_user_s(tmp_path: Path) -> None:
    """The built-in `stressed`, observed by task: a different number of tasks, different periods."""
    network = Network.load(MEASURED / "general/policies/general/seed-0/network.npz")
    config = RtosConfig.model_validate({"taskset": "stressed", "observation": "items"})
    report = export_here(network, config, tmp_path / "export", run=True)
    assert bit_exact(report)["ticks"] == 300


@pytest.mark.slow
def test_late_releases_and_short_executions_happen_on_the_target_as_well(tmp_path: Path) -> None:
    """A taskset whose jobs come late and end early, as the environment drew them."""
    tasks = [
        {"period": 5, "wcet": 2, "bcet": 1, "jitter": 1},
        {"period": 8, "wcet": 3, "deadline": 6, "offset": 3},
        {"period": 20, "wcet": 6, "bcet": 2, "jitter": 4, "offset": 1},
    ]
    config = RtosConfig.model_validate(
        {"taskset": {"name": "random", "tasks": tasks, "horizon": 170}}
    )
    network = Network.load(MEASURED / "default/policies/normal/seed-0/network.npz")
    first, *rest = network.body.layers
    # The policy of six tasks with the inputs and outputs of three.
    keep = np.r_[0:12]
    small = type(first)(first.weight[:, keep], first.bias, first.activation)
    last = rest[-1]
    outputs = type(last)(last.weight[[0, 1, 2, 6]], last.bias[[0, 1, 2, 6]], last.activation)
    cut = Network(type(network.body)((small, *rest[:-1], outputs)), masked=True)
    for seed in (1, 2):
        report = export_here(cut, config, tmp_path / str(seed), seed=seed, run=True)
        assert bit_exact(report)["ticks"] == 170


@pytest.mark.slow
def test_the_compiler_of_the_system_gives_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there are two compilers, the policy is bit-exact and within its budget with both."""
    system = shutil.which("rustc", path="/usr/bin")
    if system is None or target_toolchain().rustc == system:
        pytest.skip("there is only one compiler; apt-get install rustc-web adds another")
    monkeypatch.setenv("RLSYS_RUSTC", system)
    monkeypatch.setattr(verify, "cargo_test", lambda *_: None)  # the other compiler's job
    ended = export_measured("default", "normal", 0, tmp_path)
    assert ended.code == 0, ended.errors
    figures = ended.figures["rust-q10-bit-exact"]
    assert figures["compiler"] == target_toolchain().version
    assert figures["instructions"] <= MOST_NARROW
    assert figures["flash_inference"] <= MOST_FLASH
