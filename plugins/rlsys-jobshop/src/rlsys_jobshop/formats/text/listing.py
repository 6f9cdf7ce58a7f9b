"""What the text formats have in common, and from which number a file counts its machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rlsys.errors import UserError
from rlsys_jobshop.formats.text.lines import fault
from rlsys_jobshop.problem import Description, Job, Machine, Mode, Operation


@dataclass(frozen=True)
class Step:
    """An operation as the file has it.

    Attributes:
        line: where it stands.
        choices: machine, as the file counts them, and duration.
    """

    line: int
    choices: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Listing:
    """The jobs of a file, before it is known whether machines count from 0 or from 1."""

    machines: int
    jobs: list[list[Step]]
    job_lines: list[int]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_classic(self) -> bool:
        """Whether every job visits every machine once."""
        return all(
            len(job) == self.machines
            and len({step.choices[0][0] for step in job}) == self.machines
            and all(len(step.choices) == 1 for step in job)
            for job in self.jobs
        )


def first_machine(listing: Listing, source: str, default: int, given: int | None) -> int:
    """Return the number of the first machine in the file, 0 or 1.

    With m machines, a file that has a machine 0 counts from 0, and one that has a machine m counts
    from 1. If it has neither, a machine is idle and `default` decides.

    Args:
        default: what the format prescribes.
        given: what the user says; it beats the rule.

    Raises:
        UserError: a number fits neither way of counting, or not the given one.
    """
    least, most = (0, listing.machines) if given is None else (given, given + listing.machines - 1)
    zero: str | None = None
    last: str | None = None
    for job, index, line, machine in _machines(listing):
        place = f"job {job}, operation {index}"
        if not least <= machine <= most:
            allowed = f"0 to {most - 1} or 1 to {most}" if given is None else f"{least} to {most}"
            raise fault(
                source,
                line,
                f"{place}: machine",
                f"{machine} is not among the {listing.machines} machines, which count {allowed}",
            )
        if machine == 0:
            zero = zero or f"line {line}"
        if machine == listing.machines:
            last = last or f"line {line}"
    if given is not None:
        return given
    if zero and last:
        raise UserError(
            f"{source}: machine: 0 ({zero}) and {listing.machines} ({last}) cannot both be among "
            f"{listing.machines} machines; correct the header or the numbers"
        )
    return 0 if zero else 1 if last else default


def describe(listing: Listing, first: int, name: str, source: str) -> Description:
    """Return the problem, with machines counted from 0."""
    jobs = tuple(
        Job(tuple(_operation(step, first) for step in steps), where=f"line {line}")
        for steps, line in zip(listing.jobs, listing.job_lines, strict=True)
    )
    machines = (Machine(),) * listing.machines
    return Description(name, jobs, machines, source=source, notes=listing.notes)


def _operation(step: Step, first: int) -> Operation:
    modes = tuple(Mode(duration, (machine - first,)) for machine, duration in step.choices)
    return Operation(modes, where=f"line {step.line}")


def _machines(listing: Listing) -> Iterator[tuple[int, int, int, int]]:
    for job, steps in enumerate(listing.jobs):
        for index, step in enumerate(steps):
            for machine, _ in step.choices:
                yield job, index, step.line, machine
