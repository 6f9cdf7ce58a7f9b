"""From a production file to a description."""

from __future__ import annotations

from rlsys_jobshop.formats.production.hours.horizon import check_finite, lay_out
from rlsys_jobshop.formats.production.jobs import read_jobs
from rlsys_jobshop.formats.production.machines import Machines
from rlsys_jobshop.formats.production.setup_times import setup_tables
from rlsys_jobshop.formats.production.source import Source
from rlsys_jobshop.formats.production.times import Times
from rlsys_jobshop.problem import Description


def read(text: str, name: str, source: str) -> Description:
    """Return the problem of a YAML or JSON text.

    Args:
        text: the content of the file.
        name: of the instance, if the file gives none.
        source: name of the file in messages.

    Raises:
        UserError: it is malformed or contradicts itself; one line with file, line and key.
    """
    file = Source(text, source)
    given = file.problem
    times = Times(file)
    machines = Machines(file, times)
    setups = setup_tables(file, times)
    jobs = read_jobs(file, times, machines)

    def describe(until: int) -> Description:
        return Description(
            name=given.name or name,
            jobs=jobs,
            machines=machines.laid_out(until),
            types=machines.types,
            families=tuple(given.families),
            setups=setups,
            important_weight=given.important_weight,
            clock=times.clock,
            source=source,
            notes=given.notes,
        )

    description = lay_out(describe, jobs, machines.endless, times.clock, source)
    check_finite(description)
    return description
