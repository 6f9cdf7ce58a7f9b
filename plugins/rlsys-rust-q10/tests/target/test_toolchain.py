"""Which compiler is chosen, among installations of scripts that answer like rustc."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from builds import need_target, program
from click.testing import CliRunner

from rlsys_rust_q10.cli import firmware_env
from rlsys_rust_q10.source.crate import FIRMWARE
from rlsys_rust_q10.target import toolchain
from rlsys_rust_q10.target.toolchain import (
    FORCED,
    MissingTool,
    has_host_toolchain,
    has_target_toolchain,
    host_toolchain,
    shell_environment,
    target_toolchain,
)
from rlsys_rust_q10.target.wants import TARGET, WANTS

HOST = "x86_64-unknown-linux-gnu"


class Machine:
    """A machine with its own PATH, on which Rust is installed piece by piece."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "path"
        self.path.mkdir()

    def rustc(self, name: str, version: str = "1.95.0") -> Path:
        """Install a compiler; return its sysroot."""
        sysroot = self.root / name
        compiler = program(
            sysroot / "bin/rustc",
            f'case "$*" in\n'
            f'  "--print sysroot") echo {shlex.quote(str(sysroot))} ;;\n'
            f'  -vV) printf "rustc {version} (abc)\\nhost: {HOST}\\nrelease: {version}\\n" ;;\n'
            f"  *) exit 1 ;;\nesac\n",
        )
        self.link("rustc", compiler)
        return sysroot

    def link(self, name: str, target: Path) -> None:
        (self.path / name).unlink(missing_ok=True)
        (self.path / name).symlink_to(target)

    def tool(self, name: str) -> Path:
        return program(self.path / name, "exit 0\n")


def library(sysroot: Path, crate: str, target: str) -> None:
    folder = sysroot / "lib/rustlib" / target / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"lib{crate}-0123.rlib").touch()


def linker(sysroot: Path) -> None:
    program(sysroot / "lib/rustlib" / HOST / "bin/rust-lld", "")


def source(sysroot: Path) -> None:
    (sysroot / "lib/rustlib/src/rust/library/core").mkdir(parents=True)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(made.path))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    monkeypatch.delenv(FORCED, raising=False)
    monkeypatch.setattr(toolchain, "SYSTEM_PATH", str(tmp_path / "system"))
    return made


def test_rustup_with_the_target_needs_no_more_than_its_own_programs(machine: Machine) -> None:
    sysroot = machine.rustc("rustup")
    library(sysroot, "core", TARGET)
    linker(sysroot)
    cargo = program(sysroot / "bin/cargo", "")
    machine.tool("cargo")  # a proxy, or another installation's
    found = target_toolchain()
    assert (found.cargo, found.version) == (str(cargo), "rustc 1.95.0 (abc)")
    assert dict(found.environment) == {"RUSTC": str(sysroot / "bin/rustc")}
    assert shell_environment(found) == {}
    assert has_target_toolchain()


def test_debian_builds_the_library_itself_and_links_with_lld(machine: Machine) -> None:
    sysroot = machine.rustc("debian", "1.96.0")
    source(sysroot)
    # As the package has it: a link to where nothing is.
    folder = sysroot / "lib/rustlib" / HOST / "bin"
    folder.mkdir(parents=True)
    (folder / "rust-lld").symlink_to("/nowhere/rust-lld")
    cargo = machine.tool("cargo")
    machine.tool("ld.lld")
    found = target_toolchain()
    assert found.cargo == str(cargo)
    assert dict(found.environment) == {
        "RUSTC": str(sysroot / "bin/rustc"),
        "RUSTC_BOOTSTRAP": "1",
        "CARGO_UNSTABLE_BUILD_STD": "core",
        "CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER": "ld.lld",
    }
    assert shell_environment(found).keys() == found.environment.keys() - {"RUSTC"}


def test_the_system_compiler_steps_in_where_rustup_has_no_target(machine: Machine) -> None:
    source(system := machine.rustc("system"))
    linker(system)
    (machine.root / "system/rustc").symlink_to(system / "bin/rustc")
    machine.rustc("rustup")  # now it is the one on PATH
    machine.tool("cargo")
    found = target_toolchain()
    assert found.rustc == str(system / "bin/rustc")
    assert shell_environment(found)["RUSTC"] == found.rustc


def test_rustup_is_found_where_its_folder_is_not_on_path(machine: Machine) -> None:
    sysroot = machine.rustc("rustup")
    library(sysroot, "core", TARGET)
    linker(sysroot)
    program(sysroot / "bin/cargo", "")
    (machine.root / "cargo/bin").mkdir(parents=True)
    (machine.path / "rustc").rename(machine.root / "cargo/bin/rustc")
    found = target_toolchain()
    assert found.rustc == str(sysroot / "bin/rustc")
    assert "RUSTC" in shell_environment(found)


def test_the_user_s_choice_is_the_only_one_tried(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = machine.rustc("chosen")
    other = machine.rustc("other")
    library(other, "core", TARGET)
    linker(other)
    machine.tool("cargo")
    monkeypatch.setenv(FORCED, str(chosen / "bin/rustc"))
    linker(chosen)
    with pytest.raises(MissingTool, match=f"{chosen}.*neither {TARGET} nor its library's source"):
        target_toolchain()
    library(chosen, "core", TARGET)
    assert target_toolchain().rustc == str(chosen / "bin/rustc")


def test_with_nothing_installed_the_message_names_the_packages(machine: Machine) -> None:
    assert machine.path.is_dir()
    with pytest.raises(MissingTool, match=r"no rustc on PATH.*apt-get install rustc-web .* lld"):
        target_toolchain()
    with pytest.raises(MissingTool, match=r"no rustc on PATH.*apt-get install cargo"):
        host_toolchain()
    assert not has_target_toolchain()
    assert not has_host_toolchain()


def test_with_rustup_the_message_names_its_command(machine: Machine) -> None:
    linker(machine.rustc("rustup"))
    machine.tool("rustup")
    with pytest.raises(MissingTool, match=f"install one with: rustup target add {TARGET}$"):
        target_toolchain()


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ("linker", "ld.lld .* is missing"),
        ("cargo", "no cargo"),
        ("version", "1.60.0.* is older than 1.88"),
    ],
)
def test_what_a_compiler_lacks_is_named(machine: Machine, lacks: str, message: str) -> None:
    sysroot = machine.rustc("debian", "1.60.0" if lacks == "version" else "1.96.0")
    source(sysroot)
    if lacks != "linker":
        machine.tool("ld.lld")
    if lacks != "cargo":
        machine.tool("cargo")
    with pytest.raises(MissingTool, match=message):
        target_toolchain()


def test_a_compiler_that_does_not_run_is_passed_over(machine: Machine) -> None:
    program(machine.path / "rustc", "echo 'error: no default toolchain' >&2\nexit 1\n")
    with pytest.raises(MissingTool, match=r"does not run .error: no default toolchain"):
        target_toolchain()
    program(machine.path / "rustc", "echo nonsense\n")
    with pytest.raises(MissingTool, match="is not a rustc"):
        target_toolchain()


def test_tests_on_this_machine_need_its_library_and_a_linker(machine: Machine) -> None:
    sysroot = machine.rustc("rustup")
    machine.tool("cargo")
    with pytest.raises(MissingTool, match="no standard library for " + HOST):
        host_toolchain()
    library(sysroot, "std", HOST)
    with pytest.raises(MissingTool, match="cc, which is missing"):
        host_toolchain()
    machine.tool("cc")
    # Without this, cargo takes the rustdoc of another compiler.
    assert host_toolchain().environment["RUSTDOC"] == str(sysroot / "bin/rustdoc")


def test_what_doctor_checks_exists() -> None:
    checks = [want.check for want in WANTS if want.check is not None]
    assert len(checks) == 2
    for check in checks:
        module, _, name = check.partition(":")
        assert module == toolchain.__name__
        assert isinstance(getattr(toolchain, name)(), bool)


def test_the_oldest_compiler_is_the_one_that_the_crates_ask_for() -> None:
    manifests = sorted(FIRMWARE.glob("*/Cargo.toml"))
    assert manifests
    asked = [
        tuple(map(int, found[1].split(".")))
        for path in manifests
        if (found := re.search(r'^rust-version = "(.+)"$', path.read_text(encoding="utf-8"), re.M))
    ]
    assert max(asked) == toolchain.OLDEST


def test_a_shell_can_take_over_what_the_command_prints(machine: Machine) -> None:
    sysroot = machine.rustc("with blank's")
    source(sysroot)
    machine.tool("cargo")
    machine.tool("ld.lld")
    machine.rustc("with nothing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FORCED, str(sysroot / "bin/rustc"))
        printed = CliRunner().invoke(firmware_env, catch_exceptions=False).output
    shown = subprocess.run(
        ["/bin/sh", "-c", f'{printed}\nprintf \'%s|%s\' "$RUSTC" "$RUSTC_BOOTSTRAP"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"{sysroot}/bin/rustc|1"


def test_where_nothing_is_needed_the_command_prints_a_comment_only(machine: Machine) -> None:
    sysroot = machine.rustc("rustup")
    library(sysroot, "core", TARGET)
    linker(sysroot)
    program(sysroot / "bin/cargo", "")
    assert CliRunner().invoke(firmware_env).output == "# rustc 1.95.0 (abc) needs no variables\n"


def test_this_machine_s_own_compiler_is_found() -> None:
    found = need_target()
    assert re.match(r"rustc \d+\.\d+\.\d+", found.version)
    assert Path(found.rustc).is_file()
