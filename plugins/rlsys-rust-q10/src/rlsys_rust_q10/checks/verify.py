"""Prove an export on its target: build it, boot it, and compare every number."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rlsys.application import Application
from rlsys.errors import CheckFailed
from rlsys.exporters.context import Check
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.compare import (
    Recorder,
    compare_network,
    compare_schedule,
    compare_text,
    compare_vectors,
    inference_cost,
    instructions,
)
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.device_files import Tick, read_answers, read_trace
from rlsys_rust_q10.checks.golden import FILE, read
from rlsys_rust_q10.checks.transcript import transcript
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.target.cargo import cargo_build, cargo_test
from rlsys_rust_q10.target.elf import Sizes, read_sizes
from rlsys_rust_q10.target.qemu import MACHINE, boot, check_qemu
from rlsys_rust_q10.target.toolchain import host_toolchain, target_toolchain

CHECK = "rlsys-check"
NETWORK = "network"
"""The scheduler that runs the network, and the name of its image, which is the product."""


@dataclass(frozen=True)
class Built:
    """An export that compiles and passes its own tests on this machine.

    Attributes:
        host_rustc, target_rustc: versions of the compilers; target_rustc is empty without images.
        images: ELF files for the microcontroller by name; empty without an application.
    """

    host_rustc: str
    target_rustc: str = ""
    images: Mapping[str, bytes] = field(default_factory=dict)

    def verdicts(self) -> list[Check]:
        """Return what building it has shown."""
        figures = {"compiler": self.host_rustc}
        return [{"name": "host-tests", "holds": True, "figures": figures}]

    @property
    def sizes(self) -> Sizes:
        """Return the sizes of the product's image."""
        return read_sizes(self.images[NETWORK])


def ready(settings: Settings) -> None:
    """Check before a long training whether this machine can do what `settings` ask for.

    Raises:
        MissingTool: naming the command that installs what is missing.
    """
    if settings.build or settings.run:
        host_toolchain()
    if settings.run:
        target_toolchain()
        check_qemu()


def build(directory: Path, application: Application | None) -> Built:
    """Run the export's own tests on this machine, and build its images if it has any.

    Args:
        directory: the export.
        application: None if the export is only a crate.

    Raises:
        MissingTool: no compiler is installed.
        CheckFailed: a test fails.
        UserError: it cannot be compiled.
    """
    host = host_toolchain()
    target = None if application is None else target_toolchain()
    cargo_test(directory, host)
    if target is None:
        return Built(host.version)
    images = cargo_build(directory, target, [NETWORK, CHECK])
    return Built(host.version, target.version, images)


def run(
    built: Built,
    directory: Path,
    policy: QuantisedPolicy,
    application: Application,
    controller: FixedPointController,
    time_limit: float,
) -> list[Check]:
    """Boot the images in QEMU and compare everything they do with Python.

    This compares the logits and action of every golden vector with `policy`; every tick of the
    application, under `controller` and under each classical controller, with `Application.trace`;
    and the text that the product prints.

    Args:
        built: what `build` returned.
        directory: the export.
        time_limit: seconds for each boot.

    Returns:
        The verdict ``bit-exact``, which holds, with the cost on the target.

    Raises:
        MissingTool: QEMU is not installed.
        CheckFailed: the first difference, or an image that does not end as it should.
    """
    batches = read(directory / "policy" / "golden" / FILE, policy.decisions)
    recorder = Recorder(controller)
    trace = application.trace(recorder)
    with tempfile.TemporaryDirectory(prefix="rlsys-firmware-") as scratch:
        folder = Path(scratch)
        for name, image in built.images.items():
            (folder / name).write_bytes(image)
        (folder / FILE).write_bytes((directory / "policy" / "golden" / FILE).read_bytes())
        boot(folder / CHECK, folder, time_limit)
        answers = read_answers(folder, batches)
        device = read_trace(folder)
        printed = boot(folder / NETWORK, folder, time_limit)
    controllers = application.controllers
    _same_policies([NETWORK, *controllers], device)
    compare_network(device[NETWORK], trace, recorder)
    compare_vectors(policy, batches, answers)
    for name, classical in controllers.items():
        compare_schedule(name, device[name], application.trace(classical))
    compare_text(printed, transcript(application.data, NETWORK, trace))
    sizes = built.sizes
    figures: dict[str, float | str] = {
        "target": f"stm32f411 in QEMU ({MACHINE})",
        "golden_vectors": sum(len(batch) for batch in batches),
        "ticks": len(trace.actions),
        **inference_cost(batches, answers),
        "instructions_observe": _most(device[NETWORK], "observe_ticks"),
        **{
            f"instructions_{name}": _most(device[name], "decide_ticks")
            for name in ("edf", "table")
            if name in device
        },
        "flash_inference": sizes.inference,
        "flash_text": sizes.text,
        "flash_total": sizes.flash,
        "static_ram": sizes.static_ram,
        "compiler": built.target_rustc,
    }
    return [{"name": "bit-exact", "holds": True, "figures": figures}]


def _same_policies(expected: Sequence[str], device: Mapping[str, Sequence[Tick]]) -> None:
    if set(expected) != set(device):
        raise CheckFailed(
            f"QEMU ran the workload under {', '.join(sorted(device))}; it must under "
            f"{', '.join(sorted(expected))}"
        )


def _most(ticks: Sequence[Tick], column: str) -> int:
    return int(instructions(np.array([getattr(tick, column) for tick in ticks])).max())
