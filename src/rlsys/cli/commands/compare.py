"""`rlsys compare`: compare runs, all baselines and the optimum on the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rlsys.cli.options import (
    config_options,
    evaluation_options,
    json_option,
    pass_work,
    quiet_option,
    reporting,
)
from rlsys.plugins.workplace import Workplace


@click.command("compare")
@click.argument("plugin")
@click.argument("runs", nargs=-1, metavar="[RUN]...", type=click.Path(path_type=Path))
@config_options
@evaluation_options
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Also draw a figure, as PNG."
)
@json_option
@quiet_option
@pass_work
def command(
    work: Workplace, /, runs: tuple[Path, ...], as_json: bool, quiet: bool, **asked: Any
) -> None:
    """Compare RUNs, baselines and the optimum on the cases of PLUGIN's preset.

    Each run is compared on the cases that it has a policy for. Without a RUN, the baselines are
    compared with the optimum.
    """
    from rlsys.api import Request, compare_request
    from rlsys.cli.result_table import show

    show(compare_request(reporting(work, quiet), Request(**asked), runs), as_json)
