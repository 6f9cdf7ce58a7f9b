"""Checks that the files an exporter writes can be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from rlsys.config.document import Document, validate
from rlsys.descriptors import ExporterSpec, resolve
from rlsys.errors import CheckFailed, ConfigError, UserError
from rlsys.exporters.checking import same_actions
from rlsys.exporters.context import ExportContext, ExportReport
from rlsys.exporters.folder import export_network
from rlsys.network import Network
from rlsys.storage.folders import files_below
from rlsys.testing.demands import fail, require, require_installed
from rlsys.testing.exporters.networks import KINDS, observation_shape, observed
from rlsys.testing.models import require_closed, require_plain
from rlsys.testing.plugin import PluginConformance

every_kind = pytest.mark.parametrize("kind", KINDS)


class ExporterConformance(PluginConformance):
    """Derive a test class from this and name the exporter: it inherits all checks as tests.

    Networks of all kinds are exported: with one action or several, continuous actions, masks,
    normalised observations, scorers. An exporter may refuse a kind (`rlsys.errors.UserError`). Then
    the checks with it are skipped and show its message.

    Attributes:
        plugin: entry module of the plugin, or path of a plugin file.
        exporter: name in its description.
        settings: settings of the exporter.

    Example::

        class TestCArray(ExporterConformance):
            plugin = "rlsys_valve.plugin"
            exporter = "c-array"

            def actions_of(self, directory, network, observations, masks):
                return run_compiled(directory / "policy.c", observations)
    """

    exporter: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}

    def actions_of(
        self,
        directory: Path,
        network: Network,
        observations: NDArray[Any],
        masks: NDArray[np.bool_] | None,
    ) -> Any:
        """Run what was exported and return its actions; None: there is nothing to run.

        Args:
            directory: the folder of the export.
            network: the original, to find out its kind.
            observations: (N, features) or (N, items, features), float32.
            masks: bool (N, outputs), or None.
        """
        del directory, network, observations, masks

    def context(self, network: Network) -> ExportContext:
        """Return the exporter's context; override this to add more."""
        observations, masks = observed(network)
        shape = observation_shape(network)
        return ExportContext(
            observations=observations,
            masks=masks,
            low=np.full(shape, -1.0, np.float32),
            high=np.ones(shape, np.float32),
            environment="conformance",
            case="one",
        )

    def network(self, kind: str) -> Network:
        """Return the network of a kind; override this if the exporter needs special ones."""
        return KINDS[kind]()

    def described(self) -> ExporterSpec:
        """Return the exporter's description."""
        return self.registry().exporters.get(self.exporter)

    @classmethod
    def validated(cls) -> Any:
        """Return the exporter's settings as a model, or None if it has none."""
        config = cls.registry().exporters.get(cls.exporter).config
        if config is None:
            return None
        try:
            return validate(resolve(config), Document(dict(cls.settings), "settings"))
        except ConfigError as error:
            fail(f"the settings to test with are not valid: {error}", "correct them")

    def require_installed(self) -> None:
        """Skip if a requirement of the exporter is missing; in CI, fail."""
        spec = self.described()
        require_installed(f"exporter {spec.name!r}", spec.requires)

    def written(self, kind: str, directory: Path) -> tuple[Network, ExportReport]:
        """Let the exporter itself write to an empty folder; skips if it refuses the kind."""
        self.require_installed()
        spec, network = self.described(), self.network(kind)
        directory.mkdir(parents=True)
        more = () if spec.config is None else (self.validated(),)
        try:
            return network, resolve(spec.factory)(network, directory, self.context(network), *more)
        except UserError as error:
            pytest.skip(f"it refuses this kind: {error}")

    def test_settings_are_closed(self) -> None:
        """Unknown settings are rejected, and settings cannot be changed later."""
        require_closed(self._settings())

    def test_settings_survive_json_and_pickle(self) -> None:
        """Settings are the same after a run directory (JSON) and a worker process (pickle)."""
        require_plain(self._settings())

    def test_some_network_can_be_exported(self, tmp_path: Path) -> None:
        """The exporter accepts at least one kind of network."""
        self.require_installed()
        refusals = []
        for kind in KINDS:
            try:
                self.written(kind, tmp_path / kind)
            except pytest.skip.Exception as refusal:
                refusals.append(f"{kind}: {refusal}")
            else:
                return
        fail(f"it refuses every network: {'; '.join(refusals)}", "see the messages")

    @every_kind
    def test_it_reports_the_files_that_it_writes(
        self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The report lists exactly the files in the folder, and there are none elsewhere."""
        here, beside = tmp_path / "here", tmp_path / "exports"
        here.mkdir()
        target = beside / "mine"
        monkeypatch.chdir(here)
        _, report = self.written(kind, target)
        written = {path.relative_to(target).as_posix() for path in files_below(target)}
        told = {_relative(path, target) for path in report.files}
        for names, fault, fix in (
            (written - told, "wrote but does not report", "list them in ExportReport(files=...)"),
            (told - written, "reports but did not write", "leave them out of the report"),
        ):
            require(not names, f"it {fault} {', '.join(sorted(names))}", fix)
        left = [*here.iterdir(), *(path for path in beside.iterdir() if path.name != "mine")]
        require(
            not left,
            f"it left {', '.join(sorted(path.name for path in left))} outside its folder",
            "write only to the folder that it is given",
        )

    @every_kind
    def test_its_own_checks_hold(self, kind: str, tmp_path: Path) -> None:
        """The exporter's own checks are well formed and hold, so that rlsys keeps the export."""
        network, report = self.written(kind, tmp_path / "alone")
        for check in report.checks:
            told = isinstance(check, Mapping) and check.keys() >= {"name", "holds", "figures"}
            require(
                told and isinstance(check["holds"], bool | np.bool_),
                f"it reports a check as {check!r}",
                'use {"name": text, "holds": bool, "figures": {name: number or text}}',
            )
            try:
                json.dumps(dict(check["figures"]), allow_nan=False)
            except (TypeError, ValueError) as error:
                fail(f"figures of {check['name']!r}: {error}", "use finite Python numbers and text")
        try:
            export_network(
                network, self.described(), tmp_path / "kept", self.context(network),
                self.validated(),
            )  # fmt: skip
        except CheckFailed as error:
            fail(str(error), "export what acts like the network, or raise UserError first")
        require(files_below(tmp_path / "kept"), "it wrote nothing", "write at least one file")

    @every_kind
    def test_the_same_network_gives_the_same_bytes(self, kind: str, tmp_path: Path) -> None:
        """Exporting again writes the same bytes: they contain no time, path or random number."""
        self.written(kind, tmp_path / "one")
        self.written(kind, tmp_path / "another" / "folder")
        ours, theirs = _contents(tmp_path / "one"), _contents(tmp_path / "another" / "folder")
        apart = sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n))
        require(
            not apart,
            f"exporting the same network twice gives different {', '.join(apart)}",
            "leave out times, paths and random numbers, and sort what has no fixed order",
        )

    @every_kind
    def test_the_network_is_left_as_it_was(self, kind: str, tmp_path: Path) -> None:
        """Exporting a network does not change it."""
        network, _ = self.written(kind, tmp_path / "out")
        (_, ours), (_, theirs) = network.parts(), self.network(kind).parts()
        changed = [name for name in theirs if not np.array_equal(ours[name], theirs[name])]
        require(
            not changed, f"it changed {', '.join(changed)} of the network", "change only copies"
        )

    @every_kind
    def test_what_it_wrote_acts_as_the_network(self, kind: str, tmp_path: Path) -> None:
        """The export chooses the same actions as the network, except in ties within rounding."""
        self.written(kind, tmp_path / "out")
        network = self.network(kind)
        observations, masks = observed(network)
        actions = self.actions_of(tmp_path / "out", network, observations, masks)
        if actions is None:
            pytest.skip("nothing to run: override actions_of to check the actions")
        logits = network.logits(observations)
        verdict = same_actions(
            "conformance", network, observations, masks, logits, np.asarray(actions)
        )
        figures = verdict["figures"]
        require(
            verdict["holds"],
            f"{figures['different_actions']} of {len(observations)} actions differ from the "
            "network's",
            "export normalisation, mask and decoding with the weights, or refuse such networks",
        )

    def _settings(self) -> Any:
        settings = self.validated()
        if settings is None:
            pytest.skip("it has no settings")
        return settings


def _relative(path: Path, target: Path) -> str:
    try:
        return Path(path).resolve().relative_to(target.resolve()).as_posix()
    except ValueError:
        return str(path)


def _contents(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in files_below(directory)}
