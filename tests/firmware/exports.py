"""Export a policy for a workload and see what the checks say."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rlsys.exporters.context import ExportContext, ExportReport
from rlsys.exporters.folder import export_network
from rlsys.network import Network
from rlsys_rtos.application import RtosApplication
from rlsys_rtos.config import RtosConfig
from rlsys_rtos.vector_env import RtosVectorEnv
from rlsys_rust_q10.plugin import rlsys_exporters
from rlsys_rust_q10.settings import Settings

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "docs" / "measured"
FIRMWARE = ROOT / "firmware"

QUICK = {"observations": 2000, "episodes": 2, "time_limit": 600}
"""Settings under which the share of equal actions, which other tests judge, takes no time.

A boot may take as long as it does on a busy machine.
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def figures(self) -> dict[str, dict[str, Any]]:
        """The figures of each verdict by name; all verdicts hold."""
        verdicts = json.loads(self.output)["verdicts"]
        assert all(verdict["holds"] for verdict in verdicts)
        return {verdict["name"]: verdict["figures"] for verdict in verdicts}


def rlsys(*arguments: object) -> Ended:
    """Run a command of rlsys in this process."""
    from rlsys.cli.main import main

    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), errors.getvalue())


def export_measured(preset: str, case: str, seed: int, out: Path, **settings: object) -> Ended:
    """Export a policy of docs/measured, build it and boot it."""
    chosen = [f"--set={name}={value}" for name, value in {**QUICK, **settings}.items()]
    return rlsys(
        *("export", MEASURED / preset, "--to", "rust-q10", "--case", case, "--seed", seed),
        *("--out", out, "--run", "--json", *chosen),
    )


def export_here(
    network: Network, config: RtosConfig, directory: Path, seed: int = 0, **settings: object
) -> ExportReport:
    """Export `network` as the scheduler of an episode of `config`."""

    def make_env(num_envs: int) -> RtosVectorEnv:
        return RtosVectorEnv(config, num_envs)

    env = make_env(1)
    space = env.single_observation_space
    context = ExportContext(
        low=np.asarray(space.low),
        high=np.asarray(space.high),
        environment="rtos",
        case="test",
        make_env=make_env,
        episodes=range(1000, 1002),
        application=RtosApplication(config, seed),
    )
    (spec,) = rlsys_exporters()
    chosen = Settings.model_validate({**QUICK, "golden_vectors": 1000, **settings})
    return export_network(network, spec, directory, context, chosen)


def bit_exact(report: ExportReport) -> dict[str, Any]:
    """The figures of the verdict that QEMU gave."""
    (figures,) = [c["figures"] for c in report.checks if c["name"].endswith("bit-exact")]
    return dict(figures)
