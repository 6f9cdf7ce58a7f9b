"""The original values on disk: from before the first change until after the last is undone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlsys.errors import UserError
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.names import canonical
from rlsys_sysctl.machine.netns import Namespace, NamespaceGone, own_namespace
from rlsys_sysctl.machine.settling import Settled, Target, settle
from rlsys_sysctl.machine.state import check_owner, remove_state, write_state

_FORMAT = "rlsys-sysctl.journal/1"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Entries:
    """What a journal says.

    Attributes:
        boot: which boot of the machine it was written in.
        pid: the tuner.
        started: when, s since the epoch.
        values: the original value of each parameter in each place.
    """

    boot: str
    pid: int
    started: float
    values: Mapping[tuple[Place, str], str]

    @property
    def this_boot(self) -> bool:
        """Whether the machine has not been restarted since."""
        return self.boot == boot_id()


class Journal:
    """The journal in a folder.

    Args:
        folder: the state folder, see `rlsys_sysctl.machine.state`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.json"

    def write(self, values: Mapping[tuple[Place, str], str]) -> None:
        """Bring the original `values` to the disk.

        Raises:
            UserError: the disk is full or cannot be written.
        """
        document = {
            "format": _FORMAT,
            "boot": boot_id(),
            "pid": os.getpid(),
            "started": time.time(),
            "entries": [
                {"name": name, "original": original, **asdict(place)}
                for (place, name), original in values.items()
            ],
        }
        try:
            write_state(self.path, json.dumps(document, indent=1) + "\n")
        except OSError as error:
            raise UserError(
                f"{self.path}: the original values cannot be kept: {error.strerror}; "
                "nothing was changed"
            ) from error

    def read(self) -> Entries | None:
        """Return what the journal says, or None where there is none.

        Raises:
            UserError: it is damaged, of another version, or of a user who is not to be trusted.
        """
        try:
            check_owner(self.path, self.path.stat().st_uid)
            document = json.loads(self.path.read_text(encoding="utf-8"))
            return _entries(document)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.path}: no journal that this version reads ({error}); look at the values "
                "in it, and remove it with `rlsys sysctl restore --discard`"
            ) from error

    def remove(self) -> None:
        """Forget the values: everything is as it was."""
        remove_state(self.path)


def boot_id() -> str:
    """Return what is different after each start of the machine."""
    return _BOOT.read_text(encoding="ascii").strip()


def targets_of(entries: Entries, kernel: type[Kernel] = Kernel) -> dict[Target, str]:
    """Return the original value of each parameter that may still have another one.

    After a restart of the machine, the first process's network namespace takes the place of the
    initial one; the other namespaces are gone with their processes.
    """
    initial = None if entries.this_boot else own_namespace()
    wanted = {}
    for (place, name), original in entries.values.items():
        home = place
        if not entries.this_boot and place.namespace is not None:
            if not (place.namespace.initial and initial is not None and initial.initial):
                continue
            home = Place(place.root, initial)
        wanted[Target(name, home, kernel.at(home))] = original
    return wanted


def restore(entries: Entries, kernel: type[Kernel] = Kernel) -> tuple[Settled, list[str]]:
    """Put back the values of a journal.

    Returns:
        What became of them, and a line for each parameter that was not as it had been.
    """
    wanted = targets_of(entries, kernel)
    settled = settle(wanted, lambda _target, _text: None)
    lines = [
        f"{target}: {found!r} -> {wanted[target]!r}"
        for target, found in settled.found.items()
        if found != wanted[target] and target not in settled.problems
    ]
    lines += [f"{target}: nothing to put back, {why}" for target, why in settled.gone.items()]
    lines += [f"{target}: NOT put back: {why}" for target, why in settled.problems.items()]
    return settled, lines


def differing(entries: Entries, kernel: type[Kernel] = Kernel) -> list[str]:
    """Return a line for each parameter that is not what the journal says; nothing is written."""
    lines = []
    for target, original in targets_of(entries, kernel).items():
        try:
            now = target.kernel.read(target.name)
        except NamespaceGone:
            continue
        if now != original:
            lines.append(f"{target} is {now!r} where it was {original!r}")
    return lines


def _entries(document: Any) -> Entries:
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']!r}")
    values = {}
    for entry in document["entries"]:
        namespace = None if entry["namespace"] is None else Namespace(**entry["namespace"])
        place = Place(str(entry["root"]), namespace)
        values[place, canonical(entry["name"])] = str(entry["original"])
    return Entries(str(document["boot"]), int(document["pid"]), float(document["started"]), values)
