"""A run directory as a Python object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlsys.api.exporting import export_request
from rlsys.api.outcome import Outcome
from rlsys.api.policy import TrainedPolicy
from rlsys.api.request import Settings
from rlsys.api.request import settings as as_settings
from rlsys.config.plan import Plan, plan_of
from rlsys.errors import RlsysError, UserError, did_you_mean
from rlsys.evaluation.report import result_document
from rlsys.evaluation.verdicts import raise_failed_checks
from rlsys.plugins.manager import PluginOptions
from rlsys.plugins.workplace import Workplace
from rlsys.policies import load_policy
from rlsys.training import NETWORK_FILE
from rlsys.workflow.exported import Exported
from rlsys.workflow.run_directory import RunDirectory, Status


class Run(Outcome):
    """What a training and its evaluation left behind; `rlsys.run` and `rlsys.load` return it.

    In a notebook it shows its table and the comparison figure.

    Args:
        path: the run directory.
        work: the plugins; loaded when first needed, which policies do not.

    Raises:
        UserError: this is not a run directory.
    """

    def __init__(self, path: str | Path, work: Workplace | None = None) -> None:
        self._directory = RunDirectory.open(Path(path))
        self._work = work or Workplace()

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._directory.path

    @property
    def plugins(self) -> PluginOptions:
        """Which plugins it works with."""
        return self._work.options

    @property
    def status(self) -> Status:
        """``running``, ``complete``, ``failed`` or ``interrupted``, as of now."""
        return RunDirectory.open(self.path).status

    @property
    def config(self) -> dict[str, Any]:
        """The resolved configuration: every setting that determined the run."""
        return dict(self._directory.config().data)

    @property
    def seeds(self) -> list[int]:
        """Seeds of the trainings."""
        config = self.config
        return list(range(config["seed"], config["seed"] + config["seeds"]))

    @property
    def cases(self) -> list[str]:
        """The cases that have a trained policy."""
        folders = (self.path / "policies").glob("*")
        return sorted(folder.name for folder in folders if folder.is_dir())

    @property
    def document(self) -> Mapping[str, Any]:
        """The result document; without results if the run was not evaluated."""
        kept = self.path / "result.json"
        if not kept.exists():
            return self.unevaluated()
        document: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        # The directory may have been moved since.
        return {**document, "run": str(self.path)}

    def unevaluated(self) -> dict[str, Any]:
        """Return the document of a run without results, as `rlsys train --json` prints it."""
        return result_document(
            plugin=self.config["plugin"],
            preset=self.config["preset"],
            run=str(self.path),
            status=self.status,
            seeds=self.seeds,
            evaluation=None,
        )

    @property
    def reference(self) -> str | None:
        """The baseline that marks 0 % of the gap to the optimum; None if the plugin is missing."""
        environments = self._work.registry.environments
        plugin = self.config["plugin"]
        return environments.get(plugin).reference if plugin in environments else None

    def plan(self) -> Plan:
        """Return the configuration with the descriptions that it refers to.

        Raises:
            UserError: the plugin is not installed, or does not accept the configuration.
        """
        return plan_of(self._work.registry, self._directory.config())

    def metrics(self) -> list[dict[str, Any]]:
        """Return what the trainings reported, one mapping per report."""
        return self._directory.metrics()

    def policy(self, case: str | None = None, *, seed: int | None = None) -> TrainedPolicy:
        """Return a trained policy: ``action = policy(observation, mask=None)``.

        Args:
            case: needed if there are several.
            seed: of the training; None: the first.

        Raises:
            UserError: an unknown case or seed, or a training that has not finished.
        """
        trained = self.cases
        if case is None:
            if len(trained) != 1:
                raise UserError(f"{self.path}: name the case, one of {trained}")
            case = trained[0]
        if case not in trained:
            case = self._case_of_policy(case)
        seeds = self.seeds
        chosen = seeds[0] if seed is None else seed
        if chosen not in seeds:
            raise UserError(f"seed {chosen} was not trained; choose one of {seeds}")
        file = self._directory.policy_directory(case, chosen) / NETWORK_FILE
        if not file.exists():
            raise UserError(
                f"{self.path}: the training of case {case!r}, seed {chosen}, has not finished; "
                "continue it with --resume"
            )
        return TrainedPolicy(load_policy(file), case, chosen)

    def _case_of_policy(self, case: str) -> str:
        """Return the trained case whose policy plays `case`."""
        unknown = UserError(
            f"{self.path}: no policy for case {case!r}{did_you_mean(case, self.cases)}"
        )
        try:
            known = {one.name: one.policy for one in self.plan().cases}
        except RlsysError:  # the plugin is not here to say which cases share a policy
            raise unknown from None
        policy = known.get(case)
        if policy is None:
            raise unknown
        return policy

    def export(
        self,
        *to: str,
        case: str | Sequence[str] | None = None,
        seed: int | None = None,
        out: str | Path | None = None,
        set: Settings | Sequence[Settings] | None = None,
        build: bool = False,
        run: bool = False,
    ) -> Exported:
        """Write trained policies in other formats, and check that they act the same.

        Args:
            to: the formats, such as ``"onnx"``.
            case: only these trained cases; None: all.
            seed: training seed; None: the first.
            out: folder to write; None: ``exports`` in the run directory.
            set: settings of the exporter; with several formats, keys ``FORMAT.KEY``.
            build: compile the exported code, if the format can.
            run: run it on its target and compare, if the format can.

        Returns:
            what was written, the checks (all hold) and notes.

        Raises:
            UserError: an unknown format, case, seed or setting; the exporter cannot do it.
            CheckFailed: the exported policy acts differently.
        """
        done = export_request(
            self._work, self.path, to, case=case, seed=seed, out=None if out is None else Path(out),
            set=as_settings(set), flags={"build": build, "run": run},
        )  # fmt: skip
        raise_failed_checks(verdict.row() for one in done for verdict in one.verdicts)
        return Exported(
            [file for one in done for file in one.files],
            [verdict for one in done for verdict in one.verdicts],
            [note for one in done for note in one.notes],
        )

    def __repr__(self) -> str:
        config = self.config
        results = len(self.document["results"])
        return (
            f"<Run {config['plugin']}, preset {config['preset']}: {self.status}, "
            f"{f'{results} results' if results else 'not evaluated'}, {str(self.path)!r}>"
        )


class Series(Outcome):
    """A sweep: one run per value of a setting, and one result in which every point is a case."""

    def __init__(self, path: str | Path, work: Workplace | None = None) -> None:
        self.path = Path(path)
        self._work = work or Workplace()

    @property
    def document(self) -> Mapping[str, Any]:
        """The merged result document."""
        document: dict[str, Any] = json.loads(
            (self.path / "result.json").read_text(encoding="utf-8")
        )
        return {**document, "run": str(self.path)}

    @property
    def points(self) -> dict[Any, Run]:
        """The runs by value of the setting, in the order of the sweep."""
        rows = self.document["results"]
        folders = {row["point"]["value"]: row["case"].partition("/")[0] for row in rows}
        return {
            value: Run(self.path / "points" / folder, self._work)
            for value, folder in folders.items()
        }

    @property
    def reference(self) -> str | None:
        """The baseline that marks 0 % of the gap to the optimum; None if the plugin is missing."""
        environments = self._work.registry.environments
        plugin = self.document["plugin"]
        return environments.get(plugin).reference if plugin in environments else None

    def __repr__(self) -> str:
        return f"<Series {self._title()}, {len(self.points)} points, {str(self.path)!r}>"
