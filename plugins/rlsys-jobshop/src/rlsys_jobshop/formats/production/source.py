"""A production file with its lines, for messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rlsys.config import Document, format_path, validate
from rlsys.errors import ConfigError, UserError, did_you_mean
from rlsys_jobshop.formats.json_text import KeyPath
from rlsys_jobshop.formats.production.sections import Problem
from rlsys_jobshop.formats.production.yaml_text import parse


class Source:
    """The document of a file; says where a key stands.

    Attributes:
        problem: the validated content.
    """

    def __init__(self, text: str, name: str) -> None:
        """Read a file.

        Raises:
            UserError: not YAML or JSON, an unknown key, or a value that is not allowed; the first
                fault, with file, line and key.
        """
        self._document: Document = parse(text, name)
        try:
            self.problem = validate(Problem, self._document)
        except ConfigError as error:
            faults = [line for line in str(error).splitlines() if line.startswith(name)]
            # A key that is missing is often one that is misspelt.
            first, *others = sorted(faults, key=lambda fault: ": unknown key" not in fault)
            more = f" (and {len(others)} more)" if others else ""
            raise UserError(first + more) from error

    def wrong(self, path: KeyPath, what: str) -> UserError:
        """Return the error ``file: line n: key: what``."""
        return UserError(f"{self._document.where(path)}{format_path(path)}: {what}")

    def line(self, path: KeyPath) -> str:
        """Return ``line n``, or "" if it is not known."""
        return self._document.places.get(path, "").rpartition(": ")[2]

    def differ(self, names: Iterable[str], path: KeyPath, key: str | None = None) -> None:
        """Check that no name occurs twice in the list at `path`.

        Args:
            names: of the items, in order; "" is no name.
            path: of the list.
            key: of the name within an item; None: the items are the names.

        Raises:
            UserError: one does.
        """
        seen: dict[str, int] = {}
        for number, name in enumerate(names):
            if name and name in seen:
                here = (*path, number) if key is None else (*path, number, key)
                raise self.wrong(here, f"the name {name!r} is given twice; names must differ")
            seen[name] = number

    def known(self, name: str, names: Sequence[str], path: KeyPath, kind: str) -> int:
        """Return the position of a name among `names`.

        Raises:
            UserError: it is not there.
        """
        if name not in names:
            raise self.wrong(path, f"there is no {kind} {name!r}{did_you_mean(name, names)}")
        return names.index(name)

    def known_keys(
        self, keys: Iterable[str], names: Sequence[str], path: KeyPath, kind: str
    ) -> None:
        """Check the keys of the mapping at `path`.

        Raises:
            UserError: one is not among `names`.
        """
        for key in keys:
            self.known(key, names, (*path, key), kind)
