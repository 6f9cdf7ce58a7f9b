"""The page of the plugin rust-q10 says what the plugin does."""

from __future__ import annotations

import re
import tomllib

from pages import ROOT, assert_describes, blocks, read, section, table

PAGE = "plugins/rust-q10.md"


def test_every_setting_is_described():
    from rlsys_rust_q10.settings import Settings

    assert_describes(table(section(read(PAGE), "## Settings"), "key"), "default", Settings)


def test_the_transcript_is_what_qemu_must_print():
    expected = (ROOT / "firmware" / "expected" / "network.txt").read_text(encoding="utf-8")
    assert expected in blocks(read(PAGE), "text")


def test_every_scheduler_of_the_firmware_is_named():
    manifest = (ROOT / "firmware" / "stm32f411" / "Cargo.toml").read_text(encoding="utf-8")
    programs = {program["name"] for program in tomllib.loads(manifest)["bin"]}
    schedulers = {name for name in programs if not name.startswith("rlsys-")}
    assert "edf" in schedulers
    page = section(read(PAGE), "## The firmware")
    assert all(f"`{name}`" in page for name in schedulers)


def test_every_verdict_is_described():
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "plugins/rlsys-rust-q10/src/rlsys_rust_q10").rglob("*.py")
    )
    names = set(re.findall(r'"name": "([a-z-]+)", ?\n? *"holds"', source))
    assert "bit-exact" in names
    rows = table(section(read(PAGE), "## What is checked"), "verdict")
    assert set(rows) >= {f"`rust-q10-{name}`" for name in names}


def test_every_environment_variable_is_described():
    from rlsys_rust_q10.target.toolchain import FORCED

    assert f"`{FORCED}`" in read(PAGE)
