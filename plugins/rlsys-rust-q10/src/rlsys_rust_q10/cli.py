"""`rlsys firmware-env`: the compiler that rlsys found, for a user who builds by hand."""

from __future__ import annotations

import shlex

import click


@click.command("firmware-env")
def firmware_env() -> None:
    """Print what a shell needs to build an exported firmware by hand.

    \b
    cd EXPORT/stm32f411
    (eval "$(rlsys firmware-env)" && cargo run --release)

    The parentheses keep the variables out of a later `cargo test` for this machine.
    """
    from rlsys_rust_q10.target.toolchain import shell_environment, target_toolchain

    toolchain = target_toolchain()
    needed = shell_environment(toolchain)
    click.echo(f"# {toolchain.version}" + ("" if needed else " needs no variables"))
    for name, value in needed.items():
        click.echo(f"export {name}={shlex.quote(value)}")
