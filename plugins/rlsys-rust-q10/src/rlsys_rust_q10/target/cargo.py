"""Compile an exported project, in the user's cache and never in the project's own folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rlsys.errors import CheckFailed, UserError
from rlsys_rust_q10.target.process import Finished, run_group
from rlsys_rust_q10.target.stage import SOURCES, TARGET_DIRECTORY, staged
from rlsys_rust_q10.target.toolchain import Toolchain
from rlsys_rust_q10.target.wants import TARGET

TIME_LIMIT = 900.0
"""Seconds for one call of cargo; the first one also fetches crates and may compile `core`."""
FIRMWARE = "stm32f411"
SHOWN = 15
"""Lines of cargo's that an error message repeats."""


def cargo_test(project: Path, toolchain: Toolchain) -> None:
    """Run the tests of all crates of the workspace `project` on this machine.

    Raises:
        CheckFailed: a test fails; the message holds what it says.
        UserError: it does not compile, or crates cannot be fetched.
    """
    with staged(project, toolchain) as stage:
        compiled = _cargo(["test", "--no-run"], stage / SOURCES, stage, toolchain)
        if compiled.code != 0:
            raise _failure(compiled, project)
        tested = _cargo(["test"], stage / SOURCES, stage, toolchain)
        if tested.code != 0:
            raise CheckFailed(
                f"{project}: `cargo test` fails on this machine:\n{_tail(tested.output)}"
            )


def cargo_build(
    project: Path,
    toolchain: Toolchain,
    images: Sequence[str],
    features: Sequence[str] = (),
) -> dict[str, bytes]:
    """Build the firmware of `project` for the microcontroller, optimised.

    Args:
        project: the folder with ``stm32f411/`` in it.
        images: names of its binaries.
        features: of the crate, besides its default ones.

    Returns:
        The ELF files by name.

    Raises:
        UserError: it does not compile, or crates cannot be fetched.
    """
    names = [option for image in images for option in ("--bin", image)]
    with staged(project, toolchain) as stage:
        arguments = ["build", "--release", "--target", TARGET, *names]
        if features:
            arguments += ["--features", ",".join(features)]
        built = _cargo(arguments, stage / SOURCES / FIRMWARE, stage, toolchain)
        if built.code != 0:
            raise _failure(built, project / FIRMWARE)
        folder = stage / TARGET_DIRECTORY / TARGET / "release"
        return {image: (folder / image).read_bytes() for image in images}


def _cargo(
    arguments: Sequence[str], directory: Path, stage: Path, toolchain: Toolchain
) -> Finished:
    environment = {
        **toolchain.environment,
        "CARGO_TARGET_DIR": str(stage / TARGET_DIRECTORY),
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(_flags(stage, toolchain)),
        "CARGO_TERM_COLOR": "never",
        # The lines that an error message has room for are to say what failed, not where in std.
        "RUST_BACKTRACE": "0",
    }
    subcommand, *rest = arguments
    with tempfile.TemporaryDirectory(prefix="rlsys-cargo-") as scratch:
        return run_group(
            [toolchain.cargo, subcommand, "--quiet", "--locked", *rest],
            directory=directory,
            scratch=Path(scratch),
            time_limit=TIME_LIMIT,
            environment=environment,
        )


def _flags(stage: Path, toolchain: Toolchain) -> list[str]:
    """Return rustc's flags: no path of this machine in an image, whose size would depend on it."""
    registry = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    library = Path(toolchain.rustc).parent.parent / "lib/rustlib/src/rust"
    places = {stage / SOURCES: "firmware", registry: "cargo", library: "rust"}
    return [f"--remap-path-prefix={place}={name}" for place, name in places.items()]


def _failure(ended: Finished, where: Path) -> UserError:
    if ended.code is None:
        return UserError(
            f"{where}: cargo did not end within {TIME_LIMIT:g} seconds and was stopped; its last "
            f"lines:\n{_tail(ended.errors)}"
        )
    fetching = any(
        word in ended.errors for word in ("failed to download", "failed to get", "spurious network")
    )
    remedy = (
        "the crates it needs must be fetched once: connect to the network and start this again"
        if fetching
        else 'run `cargo build` there yourself, after `eval "$(rlsys firmware-env)"`, to see more'
    )
    return UserError(f"{where}: cargo fails; {remedy}:\n{_tail(ended.errors)}")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-SHOWN:])
