"""Checks an environment's settings and presets."""

from __future__ import annotations

from pathlib import Path

from rlsys.config.curriculum import (
    agent_settings,
    check_case_settings,
    check_promotion,
    check_starts,
)
from rlsys.config.document import Document, validate
from rlsys.config.plan import RunConfig, planned_export
from rlsys.descriptors import resolve
from rlsys.errors import RlsysError
from rlsys.testing.demands import fail
from rlsys.testing.environments.base import EnvironmentChecks
from rlsys.testing.models import require_closed, require_plain, require_travels
from rlsys.testing.subject import preset_of


class SettingsChecks(EnvironmentChecks):
    """Presets are valid, and settings are plain data."""

    def test_every_preset_is_valid(self) -> None:
        """Each preset is a file in the package, and everything in it is valid."""
        registry, spec = self.registry(), self.described()
        for name in {*spec.presets, "default"}:
            try:
                document = preset_of(spec, name)
                whole = {**(document.data or {}), "plugin": spec.name}
                config = validate(RunConfig, Document(whole, document.source, document.places))
                settings = validate(resolve(spec.config), document.section("environment"))
                cases = resolve(spec.cases)(settings) if spec.cases else [self.subject().case]
                check_starts(cases)
                if config.training.promotion is not None:
                    check_promotion(config.training.promotion, spec, cases)
                for section in ("agents", "other_agents"):
                    for agent in set(getattr(config, section)) & set(registry.agents.entries):
                        _, own = agent_settings(
                            registry.agents.get(agent), document.section(section, agent)
                        )
                        check_case_settings(agent, own, cases)
                for export in set(config.exports) & set(registry.exporters.entries):
                    planned_export(registry, export, document.section("exports", export))
            except RlsysError as error:
                fail(f"preset {name!r}: {error}", "correct the file, or add it to the package")

    def test_settings_are_closed(self) -> None:
        """Unknown settings are rejected, and settings cannot be changed later."""
        require_closed(self.subject().settings)

    def test_settings_survive_json_and_pickle(self) -> None:
        """Settings are the same after a run directory (JSON) and a worker process (pickle)."""
        require_plain(self.subject().settings)
        require_plain(self.subject().case.config)

    def test_settings_travel_to_another_process(self, tmp_path: Path) -> None:
        """A fresh process (spawn) can read the settings."""
        require_travels(self.subject().case.config, self.options(), tmp_path)
