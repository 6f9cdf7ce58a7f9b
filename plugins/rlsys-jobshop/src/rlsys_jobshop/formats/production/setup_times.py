"""Tables of setup times from a production file."""

from __future__ import annotations

from collections.abc import Mapping

from rlsys_jobshop.formats.json_text import KeyPath
from rlsys_jobshop.formats.production.sections import SetupSection
from rlsys_jobshop.formats.production.source import Source
from rlsys_jobshop.formats.production.times import Times
from rlsys_jobshop.formats.production.values import Amount
from rlsys_jobshop.problem import Setups


def setup_tables(source: Source, times: Times) -> tuple[Setups, ...]:
    """Return the tables, in the order of the file.

    A time that is not given is 0 from a family to itself, ``otherwise`` between other families,
    and without ``otherwise`` an error. Without ``first``, the first setup of a machine takes no
    time.

    Raises:
        UserError: a family is unknown, or a time is missing.
    """
    return tuple(
        _Table(source, times, i, given).read() for i, given in enumerate(source.problem.setups)
    )


class _Table:
    def __init__(self, source: Source, times: Times, number: int, given: SetupSection) -> None:
        self._source, self._times, self._given = source, times, given
        self._path: KeyPath = ("setups", number)
        self._families = source.problem.families

    def read(self) -> Setups:
        if not self._families:
            raise self._source.wrong(self._path, "needs `families`, the names of the families")
        between, first = self._given.between, self._given.first
        path: KeyPath = (*self._path, "between")
        self._source.known_keys(between, self._families, path, "setup family")
        rows = [self._row(between.get(a, {}), (*path, a), own=a) for a in self._families]
        if first is None:
            return Setups(rows, [0] * len(self._families))
        return Setups(rows, self._row(first, (*self._path, "first")))

    def _row(self, given: Mapping[str, Amount], path: KeyPath, own: str = "") -> list[int]:
        self._source.known_keys(given, self._families, path, "setup family")
        row = []
        for family in self._families:
            time = given.get(family, self._given.otherwise)
            if family == own and family not in given:
                row.append(0)
            elif time is None:
                raise self._source.wrong(
                    path, f"{family!r} is missing; give its time, or `otherwise` for all others"
                )
            else:
                key = (*path, family) if family in given else (*self._path, "otherwise")
                row.append(self._times.units(time, key))
        return row
