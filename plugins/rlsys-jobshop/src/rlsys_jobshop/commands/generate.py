"""`rlsys jobshop generate`: random instances, one subcommand per kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rlsys.cli.numbers import Count, CountFrom

if TYPE_CHECKING:
    from rlsys_jobshop.problem import Instance

    # Only newer versions of click let a parameter's type say what it converts to.
    _SpanType = click.ParamType[tuple[int, int]]
else:
    _SpanType = click.ParamType

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Span(_SpanType):
    """Two whole numbers such as 3-7, or one for both."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return both, or fail with one line."""
        if isinstance(value, tuple):
            return value
        first, dash, last = str(value).partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else True)):
            self.fail(f"{value!r} must be two whole numbers such as 3-7, or one", param, ctx)
        return int(first), int(last) if dash else int(first)


def _size(jobs: int, machines: int) -> Decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        options = (
            click.option("--jobs", type=CountFrom(min=1), default=jobs, show_default=True,
                         metavar="N"),
            click.option("--machines", type=CountFrom(min=1), default=machines, show_default=True,
                         metavar="N"),
        )  # fmt: skip
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_out = click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
_seed = click.option(
    "--seed", type=CountFrom(min=0), default=0, show_default=True, metavar="N",
    help="Repeats the instance.",
)  # fmt: skip
_durations = click.option(
    "--durations", type=Span(), default="1-99", show_default=True, metavar="A-B",
    help="Shortest and longest; uniform.",
)  # fmt: skip


@click.group("generate")
def generate() -> None:
    """Write a random instance.

    OUT's suffix is its format: .fjs, .yaml or .json, else standard text.
    """


@generate.command("classic")
@_out
@_size(10, 10)
@_durations
@_seed
def classic(out: Path, jobs: int, machines: int, durations: tuple[int, int], seed: int) -> None:
    """Each job visits each machine once, in a random order."""
    import numpy as np

    from rlsys_jobshop.instances import random_classic

    _write(random_classic(jobs, machines, np.random.default_rng(seed), *durations), out)


@generate.command("flexible")
@_out
@_size(10, 6)
@click.option("--operations", type=Span(), default="5-7", show_default=True, metavar="A-B",
              help="Operations per job.")  # fmt: skip
@click.option("--alternatives", type=Span(), default="1-3", show_default=True, metavar="A-B",
              help="Machines that can do an operation.")  # fmt: skip
@click.option("--spread", type=click.FloatRange(0, 1), default=1.0, show_default=True, metavar="X",
              help="0: each of them takes the same time; 1: a time of its own.")  # fmt: skip
@_durations
@_seed
def flexible(
    out: Path,
    jobs: int,
    machines: int,
    operations: tuple[int, int],
    alternatives: tuple[int, int],
    spread: float,
    durations: tuple[int, int],
    seed: int,
) -> None:
    """Operations with alternative machines, as Brandimarte draws them."""
    import numpy as np

    from rlsys_jobshop.instances import random_flexible

    generator = np.random.default_rng(seed)
    _write(
        random_flexible(jobs, machines, operations, alternatives, spread, generator, *durations),
        out,
    )


@generate.command("hurink")
@_out
@_size(10, 10)
@click.option("--kind", type=click.Choice(["edata", "rdata", "vdata"]), default="rdata",
              show_default=True, help="Few, some or many further machines.")  # fmt: skip
@_seed
def hurink(
    out: Path, jobs: int, machines: int, kind: Literal["edata", "rdata", "vdata"], seed: int
) -> None:
    """A classic job shop with further machines for its operations."""
    import numpy as np

    from rlsys_jobshop.instances import random_hurink

    _write(random_hurink(kind, jobs, machines, np.random.default_rng(seed)), out)


@generate.command("taillard")
@_out
@_size(15, 15)
@click.option("--time-seed", type=Count(), required=True, metavar="N", help="1 to 2147483646.")
@click.option("--machine-seed", type=Count(), required=True, metavar="N", help="1 to 2147483646.")
def taillard(out: Path, jobs: int, machines: int, time_seed: int, machine_seed: int) -> None:
    """The instance that Taillard's own generator draws from two seeds."""
    from rlsys_jobshop.instances import taillard as draw

    _write(draw(jobs, machines, time_seed, machine_seed), out)


@generate.command("factory")
@_out
@click.option("--size", type=click.Choice(["toy", "medium", "scaled", "full"]), default="toy",
              show_default=True, help="From 2 machines and 5 jobs to 152 and 500.")  # fmt: skip
@click.option("--jobs", type=CountFrom(min=1), metavar="N", help="Another number of jobs.")
@_seed
def factory(out: Path, size: str, jobs: int | None, seed: int) -> None:
    """A factory with working hours, setups, due dates. OUT must end with .yaml or .json."""
    import dataclasses

    import numpy as np

    from rlsys_jobshop.instances import FACTORY_SIZES
    from rlsys_jobshop.instances import factory as draw
    from rlsys_jobshop.problem import build

    if out.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise click.UsageError(f"{out}: only .yaml and .json can hold a factory")
    chosen = FACTORY_SIZES[size]
    generator = np.random.default_rng(seed)
    if jobs is None:
        description = draw(size, generator)
    else:
        description = draw(dataclasses.replace(chosen, jobs=jobs), generator)
    _write(build(description), out)


def _write(instance: Instance, out: Path) -> None:
    from rlsys_jobshop.formats import write_instance

    write_instance(instance, out)
    click.echo(
        f"{out}: {instance.jobs} jobs, {instance.machines} machines, "
        f"{instance.operations} operations"
    )
