"""Names of a stranger's file, made fit for a figure."""

from __future__ import annotations

from rlsys_jobshop.problem import Instance

LONGEST = 80


def shown(name: str, longest: int = LONGEST) -> str:
    """Return a name on one line, without what cannot be printed, at most `longest` characters."""
    text = "".join(letter if letter.isprintable() else " " for letter in name)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def job_label(instance: Instance, job: int) -> str:
    """Return the name of a job, else its number."""
    return shown(instance.job_name(job)) or str(job)


def machine_label(instance: Instance, machine: int, longest: int = LONGEST) -> str:
    """Return the name of a machine, else its number."""
    return shown(instance.machine_name(machine), longest) or str(machine)


def type_label(instance: Instance, number: int) -> str:
    """Return the name of a machine type; of the only one without a name, "machines"."""
    types = instance.description.types
    return shown(types[number]) or str(number) if types else "machines"


def operation_name(instance: Instance, operation: int) -> str:
    """Return the name of an operation, numbered through; "" if it has none."""
    job = int(instance.job_of[operation])
    index = operation - int(instance.job_first[job])
    return shown(instance.description.jobs[job].operations[index].name)
