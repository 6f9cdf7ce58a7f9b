"""`rlsys sysctl`: put the machine back at any later time, and see whether that is needed."""

from __future__ import annotations

import time
from pathlib import Path

import click

from rlsys.errors import UserError
from rlsys_sysctl.machine.journal import Journal, differing, restore
from rlsys_sysctl.machine.lock import Lock, holder
from rlsys_sysctl.machine.state import default_state, write_state
from rlsys_sysctl.machine.watchdog import account


@click.group("sysctl")
def group() -> None:
    """Tune kernel parameters, and put the machine back."""


@group.command("restore")
@click.option(
    "--discard",
    is_flag=True,
    help="Forget the old values instead: what the machine has now is what you want.",
)
def restore_command(discard: bool) -> None:
    """Put back the values that a tuner which was cut off has left changed.

    It needs the rights of that tuner, and works at any later time, also after a restart.
    """
    folder = default_state()
    if not folder.exists():
        click.echo("nothing to put back: no tuner has been at work")
        return
    lock = Lock(folder)
    lock.acquire()
    try:
        click.echo(_discard(folder) if discard else _restore(folder))
    finally:
        lock.release()


def _discard(folder: Path) -> str:
    journal = Journal(folder)
    kept = journal.path.with_name("discarded.json")
    if not journal.path.exists():
        return "nothing to forget: no values are waiting to be put back"
    journal.path.replace(kept)
    journal.remove()
    return f"the old values are forgotten; a copy is in {kept}"


def _restore(folder: Path) -> str:
    journal = Journal(folder)
    entries = journal.read()
    if entries is None:
        return "nothing to put back: no tuner has left anything"
    settled, lines = restore(entries)
    write_state(folder / "last-restore.txt", account("rlsys sysctl restore", lines))
    if settled.problems:
        raise UserError("\n".join([*lines, f"the old values stay in {journal.path}; use sudo?"]))
    journal.remove()
    since = "" if entries.this_boot else " (the machine has been restarted since)"
    head = f"put back what the tuner (process {entries.pid}) had left{since}:"
    return (
        "\n".join([head, *(f"  {line}" for line in lines)])
        if lines
        else (f"everything is as it was before the tuner (process {entries.pid}){since}")
    )


@group.command("status")
def status_command() -> None:
    """Tell whether a tuner is at work, and whether values are waiting to be put back."""
    folder = default_state()
    click.echo(f"state: {folder}")
    process = holder(folder)
    click.echo("no tuner is at work" if process is None else f"at work: process {process}")
    entries = Journal(folder).read()
    if entries is None:
        click.echo("no values are waiting to be put back")
    else:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entries.started))
        click.echo(f"original values kept since {when}:")
        for (_place, name), original in entries.values.items():
            click.echo(f"  {name} = {original}")
        changed = differing(entries)
        click.echo("different now:" if changed else "none of them is different now")
        for line in changed:
            click.echo(f"  {line}")
        if process is None:
            click.echo("put them back with `rlsys sysctl restore`")
    last = folder / "last-restore.txt"
    if last.exists():
        click.echo("last put back: " + last.read_text(encoding="utf-8").rstrip())
