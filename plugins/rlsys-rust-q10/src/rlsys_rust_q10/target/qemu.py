"""Boot a firmware image in QEMU and see how it ends.

QEMU has no STM32F411; its ``netduinoplus2`` is an STM32F405, a Cortex-M4 with FPU whose flash and
RAM begin at the same addresses.  ``-icount shift=10`` lets every instruction take 1024 ns of
virtual time, so that a run is deterministic and SysTick, which runs at the machine's 168 MHz,
counts instructions.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from rlsys.errors import CheckFailed, UserError
from rlsys_rust_q10.target.process import Finished, run_group
from rlsys_rust_q10.target.toolchain import MissingTool
from rlsys_rust_q10.target.wants import QEMU, QEMU_PACKAGES

MACHINE = "netduinoplus2"
OPTIONS = (
    *("-M", MACHINE),
    "-nographic",
    *("-semihosting-config", "enable=on,target=native"),
    *("-icount", "shift=10"),
)

TICKS_PER_INSTRUCTION = 172.032
"""SysTick counts at 168 MHz; an instruction takes 2**10 ns."""


def check_qemu() -> str:
    """Return the path of QEMU.

    Raises:
        MissingTool: there is none.
    """
    program = shutil.which(QEMU)
    if program is None:
        raise MissingTool(f"{QEMU} is missing; install it with: {QEMU_PACKAGES}")
    return program


def boot(image: Path, directory: Path, time_limit: float) -> str:
    """Boot `image` and return what it printed, once it has ended with success.

    Args:
        image: an ELF file.
        directory: where QEMU runs; semihosting opens files relative to it.
        time_limit: seconds after which QEMU is killed.

    Raises:
        MissingTool: there is no QEMU.
        UserError: QEMU itself refuses.
        CheckFailed: the image did not end in time, or ended with failure.
    """
    program = check_qemu()
    with tempfile.TemporaryDirectory(prefix="rlsys-qemu-") as scratch:
        ended = run_group(
            [program, *OPTIONS, "-kernel", str(image.resolve())],
            directory=directory,
            scratch=Path(scratch),
            time_limit=time_limit,
        )
    if ended.code == 0:
        return ended.output
    if ended.code is None:
        raise CheckFailed(
            f"the image {image.name} did not end within {time_limit:g} seconds in QEMU, which was "
            f"stopped; its last line: {_last_line(ended.output)!r}"
        )
    # QEMU names itself in front of its own complaints; the image's last words have no such name.
    if ended.errors.startswith(f"{QEMU}:"):
        raise UserError(f"QEMU cannot boot {image.name}: {_first_lines(ended.errors)}")
    raise CheckFailed(
        f"the image {image.name} ended with failure in QEMU (exit code {ended.code}): "
        f"{_last_of(ended)}"
    )


def _last_of(ended: Finished) -> str:
    return "; ".join(filter(None, (_last_line(ended.output), _first_lines(ended.errors))))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _first_lines(text: str) -> str:
    """Return the beginning of what went wrong; of a fault, QEMU goes on to print all registers."""
    return " ".join(text.strip().splitlines()[:2])
