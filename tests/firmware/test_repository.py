"""The repository's own firmware: its tests, its text, its sizes, and the policy that it carries."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from exports import FIRMWARE, MEASURED
from refresh import (
    EXPECTED,
    POLICIES,
    SIZES,
    VECTORS,
    build_product,
    committed_files,
    fresh_export,
    measured,
    printed,
)

from rlsys.network import Network
from rlsys_rtos.application import RtosApplication
from rlsys_rtos.config import RtosConfig
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.transcript import transcript
from rlsys_rust_q10.export import prepare
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.target.cargo import cargo_build, cargo_test
from rlsys_rust_q10.target.elf import read_sections
from rlsys_rust_q10.target.toolchain import host_toolchain, target_toolchain
from rlsys_rust_q10.target.wants import TARGET

REFRESH = "run `python tests/firmware/refresh.py`"


@pytest.mark.slow
def test_the_crates_pass_their_tests_on_this_machine() -> None:
    cargo_test(FIRMWARE, host_toolchain())


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["fmt", "clippy"])
@pytest.mark.parametrize("folder", ["", "stm32f411"])
def test_style(tool: str, folder: str, rust_cache: Path) -> None:
    toolchain = target_toolchain() if folder else host_toolchain()
    program = Path(toolchain.rustc).with_name({"fmt": "rustfmt", "clippy": "cargo-clippy"}[tool])
    if not program.exists():
        component = {"fmt": "rustfmt"}.get(tool, tool)
        pytest.skip(f"no {program.name} beside rustc; `rustup component add {component}` brings it")
    target = ["--target", TARGET] if folder else ["--all-targets"]
    arguments = {
        "fmt": ["fmt", "--all", "--check"],
        "clippy": ["clippy", "--locked", "--quiet", *target, "--", "--deny", "warnings"],
    }
    ended = subprocess.run(
        [toolchain.cargo, *arguments[tool]],
        cwd=FIRMWARE / folder,
        env={
            **os.environ,
            **toolchain.environment,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "CARGO_TARGET_DIR": str(rust_cache / "style" / (folder or "host")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
def test_the_image_for_a_board_is_built_as_well() -> None:
    """With RTT and a tick from SysTick, which QEMU has no use for."""
    image = cargo_build(FIRMWARE, target_toolchain(), ["network"], ["rtt"])["network"]
    plain = build_product("network")
    assert read_sections(image)[".bss"] > read_sections(plain)[".bss"], "no buffer for RTT"


def test_every_policy_is_a_program_and_the_network_runs_by_default() -> None:
    manifest = tomllib.loads((FIRMWARE / "stm32f411/Cargo.toml").read_text(encoding="utf-8"))
    assert manifest["package"]["default-run"] == "network"
    programs = {program["name"] for program in manifest["bin"]}
    assert {name for name in programs if not name.startswith("rlsys-")} == set(POLICIES)


@pytest.fixture(scope="module")
def application() -> RtosApplication:
    return RtosApplication(RtosConfig.model_validate({"taskset": "normal"}), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_the_product_prints_what_is_expected(policy: str, application: RtosApplication) -> None:
    """Expected by the file, and by the Python environment."""
    if policy == "network":
        network = Network.load(MEASURED / "default/policies/normal/seed-0/network.npz")
        space = application._begin().single_observation_space
        quantised = prepare(network, space.low, space.high, Settings())
        trace = application.trace(FixedPointController(quantised))
    else:
        trace = application.trace(application.controllers[policy])
    text = printed(build_product(policy))
    assert text == transcript(application.data, policy, trace)
    assert text == (EXPECTED / f"{policy}.txt").read_text(encoding="utf-8"), REFRESH


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_sizes_are_those_that_are_known(policy: str) -> None:
    """Of a compiler that was never measured, the sizes may differ by a tenth."""
    sizes = measured(policy, build_product(policy))
    known = json.loads(SIZES.read_text(encoding="utf-8"))
    if target_toolchain().version in known:
        assert sizes == known[target_toolchain().version][policy], REFRESH
        return
    for compiler in known.values():
        expected = compiler[policy]
        for name in expected.keys() - {"sections"}:
            assert sizes[name] == pytest.approx(expected[name], rel=0.1), name
        for name, size in expected["sections"].items():
            assert sizes["sections"][name] == pytest.approx(size, rel=0.1, abs=64), name


@pytest.mark.slow
def test_the_budget_of_flash_and_ram_holds_for_every_known_compiler() -> None:
    for compiler in json.loads(SIZES.read_text(encoding="utf-8")).values():
        assert compiler["network"]["inference"] <= 8192
        for sizes in compiler.values():
            assert sizes["sections"][".data"] + sizes["sections"][".bss"] <= 2048


@pytest.mark.slow
def test_the_policy_is_what_the_exporter_writes_today(tmp_path: Path) -> None:
    ended, folder = fresh_export(tmp_path)
    assert ended.code == 0, ended.errors
    ours, fresh = committed_files(FIRMWARE), committed_files(folder)
    assert ours.keys() == fresh.keys(), REFRESH
    # The golden vectors were met by the float policy, whose sums depend on the machine; whether
    # they are right is what the crate's own tests show.
    different = [name for name in fresh if name != VECTORS and ours[name] != fresh[name]]
    assert different == [], REFRESH
