"""Results as Python objects: what a run, a sweep and a comparison have in common."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.api.rows import ResultRow, Verdict, row_of
from rlsys.api.tables import html_of
from rlsys.errors import UserError
from rlsys.evaluation.report import levels_of
from rlsys.evaluation.verdicts import raise_failed_checks
from rlsys.figures.comparison import comparison_figure
from rlsys.figures.sheet import MATPLOTLIB
from rlsys.plugins.requirements import is_met


class Figure:
    """A drawn figure: a file that a notebook shows as a picture.

    Attributes:
        path: the PNG file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Figure({str(self.path)!r})"

    def _repr_png_(self) -> bytes:
        return self.path.read_bytes()


class Outcome:
    """A result: the rows of its document as objects, a table and a figure in a notebook."""

    @property
    def document(self) -> Mapping[str, Any]:
        """The result document, as ``--json`` prints it."""
        raise NotImplementedError

    @property
    def reference(self) -> str | None:
        """The baseline that marks 0 % of the gap to the optimum."""
        raise NotImplementedError

    @property
    def results(self) -> list[ResultRow]:
        """One row per case, controller and metric; empty if nothing was evaluated."""
        return [row_of(ResultRow, row) for row in self.document["results"]]

    @property
    def verdicts(self) -> list[Verdict]:
        """What was checked: better than a baseline, as good as the optimum, exported correctly."""
        return [row_of(Verdict, row) for row in self.document["verdicts"]]

    @property
    def notes(self) -> list[str]:
        """What could not be measured or was skipped, and why."""
        return list(self.document["notes"])

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by name; ``comparison`` is the one that a notebook shows."""
        home = Path(self.document["run"] or "")
        return {
            name: Figure(home / path)
            for name, path in self.document["artefacts"].items()
            if path.endswith(".png")
        }

    def raise_failed_checks(self) -> None:
        """Raise if an export acts differently or a controller beat the optimum.

        Raises:
            CheckFailed: names every failed check, and the report.
        """
        document = self.document
        report = document["artefacts"].get("report")
        hint = f"; see {Path(document['run'] or '', report)}" if report else ""
        raise_failed_checks(document["verdicts"], hint)

    def to_pandas(self) -> Any:
        """Return the results as a `pandas.DataFrame` with one line per row.

        Raises:
            UserError: pandas is missing.
        """
        try:
            import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
        except ImportError as error:
            raise UserError("to_pandas() needs pandas: pip install pandas") from error
        return pandas.DataFrame(self.document["results"])

    def _title(self) -> str:
        document = self.document
        return f"{document['plugin']}, preset {document['preset']}: {document['status']}"

    def _picture(self) -> bytes | None:
        """Return the figure that a notebook shows, as PNG."""
        shown = self.figures.get("comparison") or self.figures.get("sweep")
        return shown.path.read_bytes() if shown is not None and shown.path.exists() else None

    def _repr_html_(self) -> str:
        return html_of(self.document, self.reference, self._title(), self._picture())


class Comparison(Outcome):
    """Several runs, all baselines and the optimum, on the same episodes."""

    def __init__(self, document: Mapping[str, Any], reference: str | None) -> None:
        self._document = document
        self._reference = reference

    @property
    def document(self) -> Mapping[str, Any]:
        """The result document, as ``--json`` prints it."""
        return self._document

    @property
    def reference(self) -> str | None:
        """The baseline that marks 0 % of the gap to the optimum."""
        return self._reference

    def _picture(self) -> bytes | None:
        """Return the figure, drawn now if it was not asked for as a file."""
        if self.figures or not is_met(MATPLOTLIB):
            return super()._picture()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "comparison.png")
            comparison_figure(self.document["results"], path, levels_of(self.document))
            return path.read_bytes()

    def __repr__(self) -> str:
        return f"<Comparison {self._title()}, {len(self.document['results'])} results>"
