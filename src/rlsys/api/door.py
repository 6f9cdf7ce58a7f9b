"""The functions that a Python program or a notebook calls: the commands, without a shell.

Every keyword has the name of the command's option. Progress is shown on a terminal and in a
notebook; `progress` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from rlsys.api.job import run_request, train_request
from rlsys.api.judging import compare_request, evaluate_request
from rlsys.api.outcome import Comparison, Outcome
from rlsys.api.progress import reporter_for
from rlsys.api.request import Request, Settings, names, settings, whole
from rlsys.api.runs import Run, Series
from rlsys.errors import UserError
from rlsys.plugins.manager import PluginOptions
from rlsys.plugins.workplace import Workplace

Files = str | Path | Sequence[str | Path] | None
Several = Settings | Sequence[Settings] | None
AnyOutcome = TypeVar("AnyOutcome", bound=Outcome)


@overload
def run(
    plugin: str,
    *,
    preset: str | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    set: Several = None,
    agent: str | Sequence[str] | None = None,
    steps: float | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    episodes: float | None = None,
    no_oracle: bool = False,
    sweep: None = None,
    jobs: int | None = None,
    executor: str = "local",
    out: str | Path | None = None,
    resume: bool = False,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
    progress: bool | None = None,
    **executor_options: str,
) -> Run: ...


@overload
def run(plugin: str, *, sweep: str, **keywords: Any) -> Series: ...


def run(
    plugin: str,
    *,
    preset: str | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    set: Several = None,
    agent: str | Sequence[str] | None = None,
    steps: float | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    episodes: float | None = None,
    no_oracle: bool = False,
    sweep: str | None = None,
    jobs: int | None = None,
    executor: str = "local",
    out: str | Path | None = None,
    resume: bool = False,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
    progress: bool | None = None,
    **executor_options: str,
) -> Run | Series:
    """Train, compare with baselines and optimum, draw, report and export.

    Args:
        plugin: the environment.
        preset: of the environment; None: ``default``.
        config: path of a YAML file that overrides the preset, or what such a file contains.
        set: settings: a mapping whose keys are nested or joined by dots, or texts ``KEY=VALUE``. A
            key that is not one of a run is one of the environment.
        agent: the agents to train instead of the preset's, each starting from the one before.
        steps: environment steps of the first agent.
        seed: of the first training.
        seeds: number of trainings, with consecutive seeds.
        episodes: held-out episodes per controller.
        no_oracle: do not compute the optimum.
        sweep: ``KEY=RANGE``: one run for every value of a setting.
        jobs: trainings at a time, each in its own process. A script then needs
            ``if __name__ == "__main__":`` around what it does.
        executor: where trainings run.
        out: the run directory; None: a new one below ``runs``.
        resume: continue the run in `out`, or the newest unfinished one. With more `steps`, a
            finished run trains on.
        plugin_file: Python files to load as plugins.
        no_plugin: plugins to leave out.
        progress: whether to show it; None: on a terminal and in a notebook.
        executor_options: options that an executor adds.

    Returns:
        a `Run`; with `sweep`, a `rlsys.api.Series`.

    Raises:
        UserError: bad input, or something is missing; one line says what to do.
        Interrupted: Ctrl-C; everything is saved, and `resume` continues.
        CheckFailed: an export acts differently, or a policy beats the optimum; the run is
            complete, and `load` returns it.
    """
    work = _workplace(plugin_file, no_plugin, progress)
    request = Request(
        plugin=plugin, preset=preset, config=config, set=settings(set), agent=names(agent),
        steps=whole(steps, "steps"), seed=seed, seeds=seeds, episodes=whole(episodes, "episodes"),
        no_oracle=no_oracle, jobs=jobs, executor=executor, executor_options=executor_options,
        out=_path(out), resume=resume, sweep=sweep,
    )  # fmt: skip
    return _checked(run_request(work, request, request.command("run", work.options)))


def train(
    plugin: str,
    *,
    preset: str | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    set: Several = None,
    agent: str | Sequence[str] | None = None,
    steps: float | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    jobs: int | None = None,
    executor: str = "local",
    out: str | Path | None = None,
    resume: bool = False,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
    progress: bool | None = None,
    **executor_options: str,
) -> Run:
    """Only train; the arguments are those of `run`.

    Raises:
        UserError: as `run`.
        Interrupted: as `run`.
    """
    work = _workplace(plugin_file, no_plugin, progress)
    request = Request(
        plugin=plugin, preset=preset, config=config, set=settings(set), agent=names(agent),
        steps=whole(steps, "steps"), seed=seed, seeds=seeds, jobs=jobs, executor=executor,
        executor_options=executor_options, out=_path(out), resume=resume,
    )  # fmt: skip
    return train_request(work, request, request.command("train", work.options))


def evaluate(
    run: Run | str | Path,
    *,
    episodes: float | None = None,
    first_episode: float | None = None,
    no_oracle: bool = False,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
    progress: bool | None = None,
) -> Run:
    """Evaluate the policies of a run again, and rewrite its figures and report.

    Args:
        run: a `Run`, or its directory.
        first_episode: number of the first held-out episode.

    Raises:
        UserError: not a run directory, or a training that has not finished.
        CheckFailed: as `run`.
    """
    work = _workplace(plugin_file, no_plugin, progress, run)
    given = {
        "episodes": whole(episodes, "episodes"),
        "first_episode": whole(first_episode, "first_episode"),
        "oracle": False if no_oracle else None,
    }
    return _checked(evaluate_request(work, _directory(run), given))


def compare(
    plugin: str,
    *runs: Run | str | Path,
    preset: str | None = None,
    config: str | Path | Mapping[str, Any] | None = None,
    set: Several = None,
    episodes: float | None = None,
    no_oracle: bool = False,
    out: str | Path | None = None,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Compare runs, all baselines and the optimum on the same episodes.

    Args:
        plugin: the environment.
        runs: `Run` objects or directories; without any, the baselines are compared.
        out: also draw the comparison into this PNG.

    Raises:
        UserError: a run of another plugin, or without a policy for the preset's cases.
        CheckFailed: a policy beats the optimum.
    """
    work = _workplace(plugin_file, no_plugin, progress, *runs)
    request = Request(
        plugin=plugin, preset=preset, config=config, set=settings(set),
        episodes=whole(episodes, "episodes"), no_oracle=no_oracle, out=_path(out),
    )  # fmt: skip
    return _checked(compare_request(work, request, [_directory(one) for one in runs]))


def load(
    path: str | Path,
    *,
    plugin_file: Files = None,
    no_plugin: str | Sequence[str] | None = None,
) -> Run:
    """Return the run in a directory, whatever its status.

    Raises:
        UserError: there is none.
    """
    home = Path(path)
    if not (home / "manifest.json").exists() and (home / "points").is_dir():
        raise UserError(
            f"{home}: a sweep, not a run: load one of {home / 'points'}, or use "
            "rlsys.api.Series for all of them"
        )
    return Run(home, _workplace(plugin_file, no_plugin, None))


def _workplace(
    plugin_file: Files,
    no_plugin: str | Sequence[str] | None,
    progress: bool | None,
    *runs: Run | str | Path,
) -> Workplace:
    """Return a new workplace, or that of a run with this call's progress."""
    files = [plugin_file] if isinstance(plugin_file, str | Path) else list(plugin_file or ())
    options = PluginOptions.from_environment(names(no_plugin), map(str, files))
    if not files and no_plugin is None:
        for one in runs:
            if isinstance(one, Run):
                options = one.plugins
                break
    return Workplace(options, reporter=reporter_for(progress))


def _checked(outcome: AnyOutcome) -> AnyOutcome:
    outcome.raise_failed_checks()
    return outcome


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _directory(given: Run | str | Path) -> Path:
    return given.path if isinstance(given, Run) else Path(given)
