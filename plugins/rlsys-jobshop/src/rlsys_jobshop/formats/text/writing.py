"""Write a problem as text, or say in one line what the text cannot express.

Names, machine types and dates are left out: the text formats only have numbers.
"""

from __future__ import annotations

from rlsys.errors import UserError
from rlsys_jobshop.formats.text.lines import lines_of
from rlsys_jobshop.formats.text.reading import MODULES, TextFormat, recognise
from rlsys_jobshop.problem import Description, Instance


def write(instance: Instance, form: TextFormat, target: str) -> str:
    """Return the text.

    Args:
        target: name of the file in messages.

    Raises:
        UserError: the format cannot express the problem.
    """
    given = instance.description
    lost = _not_expressible(instance, form)
    if lost:
        raise UserError(
            f"{target}: {lost}, which the format {form!r} cannot express; write a .yaml or .json "
            "file instead"
        )
    text: str = MODULES[form].render(given)
    return text if recognise(lines_of(text)) == form else f"# format: {form}\n{text}"


def _not_expressible(instance: Instance, form: TextFormat) -> str:
    given = instance.description
    if instance.has_calendars:
        number = int(instance.machine_calendar.nonzero()[0][0])
        return f"machine {instance.machine_name(number)} has working hours"
    if instance.has_setups:
        return "there are setup times"
    if instance.available.any():
        number = int(instance.available.nonzero()[0][0])
        return f"machine {instance.machine_name(number)} is not available from the start"
    return _not_expressible_job(given, form)


def _not_expressible_job(given: Description, form: TextFormat) -> str:
    for number, job in enumerate(given.jobs):
        name = f"job {job.name or number}"
        if job.release:
            return f"{name} has a release date"
        if job.due is not None:
            return f"{name} has a due date"
        for index, operation in enumerate(job.operations):
            if any(len(mode.machines) > 1 for mode in operation.modes):
                return f"{name}, operation {index} needs several machines at once"
            if form != "fjs" and len(operation.modes) > 1:
                return f"{name}, operation {index} has alternative machines"
    return ""
