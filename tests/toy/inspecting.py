"""A plugin whose exporter fails the checks that its settings name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import ExporterSpec
from rlsys.errors import CheckFailed, UserError
from rlsys.exporters.context import ExportReport


class Settings(BaseModel):
    """What the exporter does.

    Attributes:
        failing: names of checks that fail; each figure is how many actions are wrong.
        only: fail only on this case; empty: on all.
        raises: message of a `CheckFailed` that it raises; empty: none.
        refuses: message of a `UserError` that it raises; empty: none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    failing: dict[str, int] = {}
    only: str = ""
    raises: str = ""
    refuses: str = ""


def export(_network, directory, context, settings):
    (directory / "copy.txt").write_text("a copy")
    if context.case != settings.only and settings.only:
        return ExportReport((), ())
    if settings.raises:
        raise CheckFailed(settings.raises)
    if settings.refuses:
        raise UserError(settings.refuses)
    checks = [{"name": "readable", "holds": True, "figures": {"files": 1}}]
    for name, wrong in settings.failing.items():
        checks.append({"name": name, "holds": False, "figures": {"wrong_actions": wrong}})
    return ExportReport((), checks, ["inspected"])


@hookimpl
def rlsys_exporters():
    return [
        ExporterSpec(
            name="inspected",
            summary="fails what it is told to",
            factory="inspecting:export",
            config="inspecting:Settings",
        )
    ]
