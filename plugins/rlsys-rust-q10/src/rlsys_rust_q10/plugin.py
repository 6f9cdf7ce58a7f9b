"""What this plugin adds to rlsys; importing it is cheap."""

from __future__ import annotations

from rlsys.descriptors import CommandSpec, ExporterSpec
from rlsys.hookspecs import hookimpl
from rlsys_rust_q10.target.wants import WANTS


@hookimpl
def rlsys_exporters() -> list[ExporterSpec]:
    """Describe ``rust-q10``."""
    return [
        ExporterSpec(
            name="rust-q10",
            summary="fixed-point Rust without allocation, with an overflow proof, tests and boot",
            config="rlsys_rust_q10.settings:Settings",
            factory="rlsys_rust_q10.export:export",
            ready="rlsys_rust_q10.checks.verify:ready",
            wants=WANTS,
        )
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe ``rlsys firmware-env``."""
    return [
        CommandSpec(
            name="firmware-env",
            summary="Print what a shell needs to build an exported firmware by hand.",
            command="rlsys_rust_q10.cli:firmware_env",
        )
    ]
