"""Names of a stranger's file, made fit for a figure."""

from __future__ import annotations

from rlsys_jobshop.problem import Instance

LONGEST = 80


def shown(name: str) -> str:
    """Return a name on one line, without characters that cannot be printed, at most `LONGEST`."""
    text = "".join(letter if letter.isprintable() else " " for letter in name)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def job_label(instance: Instance, job: int) -> str:
    """Return the name of a job, else its number."""
    return shown(instance.job_name(job)) or str(job)


def machine_label(instance: Instance, machine: int) -> str:
    """Return the name of a machine, else its number."""
    return shown(instance.machine_name(machine)) or str(machine)


def type_label(instance: Instance, number: int) -> str:
    """Return the name of a machine type; of the only one without a name, "machines"."""
    types = instance.description.types
    return shown(types[number]) or str(number) if types else "machines"


def operation_name(instance: Instance, operation: int) -> str:
    """Return the name of an operation, numbered through; "" if it has none."""
    job = int(instance.job_of[operation])
    index = operation - int(instance.job_first[job])
    return shown(instance.description.jobs[job].operations[index].name)
