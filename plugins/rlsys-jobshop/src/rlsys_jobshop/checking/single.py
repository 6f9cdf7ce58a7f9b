"""The rules that look at one operation alone: its times, working hours, release, availability."""

from __future__ import annotations

from rlsys_jobshop.checking.placing import Placed
from rlsys_jobshop.checking.shop import Shop
from rlsys_jobshop.checking.violation import Kind, Violation


def check_alone(shop: Shop, placed: Placed) -> list[Violation]:
    """Return what is wrong with one operation, whatever the others do.

    An operation that starts before 0 lies in no calendar: its duration and hours are not looked at.
    """
    found: list[Violation] = []
    start, end = placed.start, placed.end

    def report(kind: Kind, text: str, machine: int | None = None) -> None:
        who = shop.operation_text(placed.operation)
        found.append(Violation(kind, f"{who}: {text}", placed.job, placed.index, machine))

    for field, time in (("start", start), ("end", end)):
        if time is not None and time < 0:
            report(Kind.NEGATIVE, f"its {field} is {time}; times begin at 0")
    if start is not None and end is not None and end < start:
        report(
            Kind.REVERSED,
            f"ends at {shop.time_text(end)}, before its start at {shop.time_text(start)}",
        )
    if start is None:
        return found
    release = shop.release[placed.job]
    if start < release and release > 0:
        report(
            Kind.RELEASE,
            f"starts at {shop.time_text(start)}; its job is released at {shop.time_text(release)}",
        )
    for machine in placed.machines:
        available = shop.available[machine]
        if start < available and available > 0:
            report(
                Kind.AVAILABILITY,
                f"starts at {shop.time_text(start)}; {shop.machine_text(machine)} is available "
                f"from {shop.time_text(available)}",
                machine,
            )
    if start >= 0 and placed.machines:
        for text, where in _closed(shop, placed, start):
            report(Kind.HOURS, text, where)
        if end is not None and end >= start and placed.mode is not None:
            wrong = _wrong_end(shop, placed, start, end, shop.duration[placed.mode])
            if wrong:
                report(Kind.DURATION, wrong)
    return found


def _closed(shop: Shop, placed: Placed, start: int) -> list[tuple[str, int | None]]:
    """Return why the work cannot begin at `start`, and on which machine.

    How long it works is known from the mode. Without one it is what the entry says.
    """
    if placed.mode is not None:
        work = shop.duration[placed.mode]
    else:
        work = 0 if placed.end is None else max(0, placed.end - start)
    interruptible = shop.interruptible[placed.operation]
    found: list[tuple[str, int | None]] = []
    for machine in placed.machines:
        hours = shop.hours(machine)
        if not (hours.is_open(start) or (work == 0 and hours.is_open_or_closing(start))):
            text = f"starts at {shop.time_text(start)} {_while_closed(shop, machine, start)}"
            found.append((text, machine))
        elif not interruptible and not hours.is_open_throughout(start, start + work):
            text = (
                f"works from {shop.time_text(start)} to {shop.time_text(start + work)} "
                f"{_while_closed(shop, machine, start)}; it is not interruptible"
            )
            found.append((text, machine))
    if found:
        return found
    common = shop.common(placed.machines)
    if work == 0 and not common.is_open_or_closing(start):
        text = (
            f"starts at {shop.time_text(start)}, when one machine closes as another opens; "
            f"{shop.machines_text(placed.machines)} must be open together"
        )
        found.append((text, None))
    elif interruptible and placed.mode is not None and common.end_of(start, work) is None:
        text = (
            f"starts at {shop.time_text(start)}; its {work} of work never end, as only "
            f"{common.total - common.until(start)} of open time are left on "
            f"{shop.machines_text(placed.machines)}"
        )
        found.append((text, None))
    return found


def _wrong_end(shop: Shop, placed: Placed, start: int, end: int, duration: int) -> str:
    """Return why the operation cannot end when it says, or an empty text."""
    if shop.interruptible[placed.operation] and duration > 0:
        required = shop.common(placed.machines).end_of(start, duration)
    else:
        required = start + duration
    if required is None or end == required:
        return ""
    return (
        f"runs from {shop.time_text(start)} to {shop.time_text(end)}; {duration} of work from "
        f"there end at {shop.time_text(required)}"
    )


def _while_closed(shop: Shop, machine: int, time: int) -> str:
    begin, end = shop.hours(machine).closed_after(time)
    until = "for good" if end is None else f"to {shop.time_text(end)}"
    return f"while {shop.machine_text(machine)} is closed from {shop.time_text(begin)} {until}"
