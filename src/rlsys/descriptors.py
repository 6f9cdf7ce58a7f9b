"""What hooks return: descriptions, never live objects.

A description is a frozen dataclass whose references to code are ``"module:attribute"`` strings, so
that listing plugins imports neither their dependencies nor ours.  `resolve` follows such a
reference when the thing itself is needed.

They are dataclasses and not pydantic models because building a dozen models costs 0.15 s, which
every ``rlsys --help`` would pay; what a plugin author can get wrong is checked here all the same.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any, Literal

from rlsys.errors import PluginError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_FILE_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_RESOURCE = re.compile(r"[A-Za-z_][\w.]*:[\w./-]+")


def resolve(reference: str) -> Any:
    """Import what `reference` (``"module:attribute"``) names.

    Raises:
        PluginError: the module cannot be imported or has no such attribute.
    """
    module_name, _, attribute = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise PluginError(
            f"cannot import {module_name!r} (needed for {reference!r}): {error}; "
            "run `rlsys doctor` to see what is missing"
        ) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise PluginError(f"module {module_name!r} has no attribute {attribute!r}") from error


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name {name!r} must be lower-case words of letters and digits joined by '-'"
        )


def _check_file_name(name: str) -> None:
    if not _FILE_NAME.fullmatch(name):
        raise ValueError(f"name {name!r} must be lower-case words joined by '-' or '_'")


def _check_reference(reference: str | None) -> None:
    if reference is not None and not _REFERENCE.fullmatch(reference):
        raise ValueError(f"reference {reference!r} must have the form 'package.module:attribute'")


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Something outside the plugin's own code that it needs.

    Attributes:
        name: of the module, of the program for an ``executable``, or what a ``check`` looks for.
        kind: what it is.
        fix: the command that installs it; version 0.1 also accepts its old name `mend`.
        check: ``check() -> bool``, whether it is there; for the kind ``check`` alone.
    """

    name: str
    fix: str = ""
    kind: Literal["module", "executable", "check"] = "module"
    check: str | None = None
    mend: InitVar[str | None] = None

    def __post_init__(self, mend: str | None) -> None:
        if mend is not None:
            warnings.warn(
                f"requirement {self.name!r}: `mend` is now called `fix`; rlsys 0.2 refuses it",
                DeprecationWarning,
                stacklevel=3,
            )
            object.__setattr__(self, "fix", self.fix or mend)
        if not self.fix:
            raise ValueError(f"requirement {self.name!r}: give `fix`, the command that installs it")
        _check_reference(self.check)
        if (self.kind == "check") != (self.check is not None):
            raise ValueError(f"requirement {self.name!r}: `check` belongs to the kind 'check'")


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """One number that an episode ends with, besides its reward.

    Attributes:
        curve: whether ``training_reward.png`` gets a panel for it.
        vector: whether it has one value a part (a machine, a user): an array (num_envs, parts).
    """

    name: str
    summary: str
    better: Literal["higher", "lower", "neither"]
    unit: str = ""
    curve: bool = False
    vector: bool = False

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower", "neither"):
            raise ValueError(
                f"metric {self.name!r}: better must be 'higher', 'lower' or 'neither', "
                f"not {self.better!r}"
            )


@dataclass(frozen=True, kw_only=True)
class ControllerSpec:
    """A baseline: a method that controls the environment without learning.

    Attributes:
        factory: ``factory(config, **options) -> rlsys.controllers.Controller``.
        options: of the factory, with their defaults.
    """

    name: str
    summary: str
    factory: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class OracleSpec:
    """The exact or best-known optimum, where one can be had.

    Attributes:
        factory: ``factory(config) -> rlsys.controllers.Oracle``.
    """

    name: str = "optimum"
    summary: str
    factory: str

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """A figure of the environment's own, drawn at the end of an evaluation.

    Attributes:
        name: of the file, with the case's behind it: ``NAME-CASE.png``.
        first_case_only: whether only the first case is drawn, into ``NAME.png``.
        factory: ``factory(case_name, config, controllers, path) -> None`` writes a PNG to `path`;
            `controllers` maps names to fresh controllers, the learned ones first.
    """

    name: str
    summary: str
    factory: str
    first_case_only: bool = False

    def __post_init__(self) -> None:
        _check_file_name(self.name)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class LearningFigureSpec:
    """A figure ``NAME.png`` of one metric over the training, a panel a case.

    Attributes:
        metric: one of the environment's; of a vector metric every part is drawn.
    """

    name: str
    summary: str
    metric: str

    def __post_init__(self) -> None:
        _check_file_name(self.name)


@dataclass(frozen=True, kw_only=True)
class EnvironmentSpec:
    """A system to be controlled, with everything needed to train on it and to judge the result.

    Attributes:
        config: a frozen pydantic model with ``extra="forbid"``.
        vector_env: ``vector_env(config, num_envs) -> gymnasium.vector.VectorEnv`` with same-step
            autoreset; optional methods: see below.
        presets: YAML files inside packages, ``"package:relative/path"``; the one called
            ``default`` is used when none is named, and is empty where it is not given.
        agent: that a run without any other word uses.
        cases: ``cases(config) -> Sequence[rlsys.descriptors.Case]``; without it there is one.
        learning_figures: metrics over the training, besides ``training_reward.png``.
        reference: the baseline from which the closed share of the gap to the optimum is counted.
        application: ``application(config, seed) -> rlsys.application.Application``, the episode of
            `seed` for a program on a device.
        costly: a step takes seconds on a real system: nothing is played only to gather observations
            for the checks of an export.

    Optional methods of the batched environment: ``action_masks()``, ``get_state()``,
    ``set_state(state)``, and ``fixed_point_observations(fractional_bits)``, which returns the
    present observations (num_envs, ...) in whole multiples of ``2 ** -fractional_bits``, computed
    without floating point as a device without it does.

    Example:
        >>> EnvironmentSpec(
        ...     name="valve",
        ...     summary="keep the level",
        ...     config="valve.config:ValveConfig",
        ...     vector_env="valve.env:ValveVectorEnv",
        ...     agent="ppo",
        ...     presets={"default": "valve:presets/default.yaml"},
        ... ).name
        'valve'
    """

    name: str
    summary: str
    config: str
    vector_env: str
    agent: str
    presets: Mapping[str, str] = field(default_factory=dict)
    cases: str | None = None
    metrics: tuple[MetricSpec, ...] = ()
    baselines: tuple[ControllerSpec, ...] = ()
    oracle: OracleSpec | None = None
    figures: tuple[FigureSpec, ...] = ()
    learning_figures: tuple[LearningFigureSpec, ...] = ()
    reference: str | None = None
    application: str | None = None
    costly: bool = False
    requires: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        for reference in (self.config, self.vector_env, self.cases, self.application):
            _check_reference(reference)
        for name, resource in self.presets.items():
            _check_name(name)
            if not _RESOURCE.fullmatch(resource):
                raise ValueError(f"preset {resource!r} must have the form 'package:relative/path'")
        known = [metric.name for metric in self.metrics]
        for figure in self.learning_figures:
            if figure.metric not in known:
                raise ValueError(f"figure {figure.name!r}: {figure.metric!r} is none of {known}")
        names = [baseline.name for baseline in self.baselines]
        if self.reference is not None and self.reference not in names:
            raise ValueError(f"reference {self.reference!r} is none of the baselines {names}")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that is trained on or evaluated: an instance, a load, a number of users.

    Attributes:
        config: the environment's config model, for this case alone.
        policy: the case whose trained policy is judged here; None: one is trained on this case.
    """

    name: str
    config: Any
    policy: str | None = None
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchRange:
    """The values of one of an agent's settings that `rlsys tune` tries.

    Attributes:
        key: of the agent's config.
        low, high: the lowest and the highest value, where it is a number; floats, or ints where
            only whole numbers are allowed.
        log: whether the logarithm is searched evenly: for what varies over powers of ten.
        choices: all values, where they are listed instead.
    """

    key: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            if self.low is not None or self.high is not None or self.log:
                raise ValueError(f"search of {self.key!r}: choices have no low, high or log")
            return
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(
                f"search of {self.key!r}: low must be < high (got {self.low} and {self.high})"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"search of {self.key!r}: low must be > 0 with log (got {self.low})")


@dataclass(frozen=True, kw_only=True)
class AgentSpec:
    """A way to obtain a controller: a learner, a search, a remote trainer.

    Attributes:
        config: a pydantic model of its settings (``extra="forbid"``).
        factory: ``factory(config) -> rlsys.training.Agent``.
        actions: which action spaces it can act in.
        uses_masks: whether it obeys the environment's action masks.
        starts_from_network: whether it can go on from the network of the agent before it.
        roles: which environments it trains: those without roles (see `rlsys.roles`), those with
            several, or both.
        search: what `rlsys tune` tries where the user names nothing.
    """

    name: str
    summary: str
    config: str
    factory: str
    actions: tuple[Literal["discrete", "multi-discrete", "continuous"], ...]
    uses_masks: bool = False
    needs_oracle: bool = False
    starts_from_network: bool = False
    roles: Literal["none", "several", "both"] = "none"
    search: tuple[SearchRange, ...] = ()
    requires: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.config)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class ExporterSpec:
    """A form in which a trained network leaves rlsys.

    Attributes:
        factory: ``factory(network, directory, context) -> rlsys.exporters.context.ExportReport``;
            with a `config`, its settings are a fourth argument.
        config: a pydantic model of its settings (``extra="forbid"``). Settings called ``build``
            and ``run`` are those of `rlsys export --build` and `--run`.
        ready: ``ready(settings) -> None`` raises `rlsys.errors.UserError` where what the settings
            ask for cannot be done on this machine; called before a long training.
        wants: what only some settings need; `rlsys doctor` reports it and is content without.
    """

    name: str
    summary: str
    factory: str
    config: str | None = None
    ready: str | None = None
    requires: tuple[Requirement, ...] = ()
    wants: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        for reference in (self.factory, self.config, self.ready):
            _check_reference(reference)


@dataclass(frozen=True, kw_only=True)
class ExecutorOption:
    """An option that an executor adds to the commands that run work units.

    What is given for it stands in an environment variable while the command runs, so that the
    agents of the same plugin see it too, in whatever process they train.

    Attributes:
        name: ``cluster`` for the option ``--cluster``.
        variable: the environment variable.
    """

    name: str
    summary: str
    variable: str
    metavar: str = "VALUE"

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True, kw_only=True)
class ExecutorSpec:
    """A place where work units run.

    Attributes:
        factory: ``factory(jobs) -> rlsys.executors.executor.Executor``; `jobs` is how many at a
            time, or None where the user leaves it to the executor.
    """

    name: str
    summary: str
    factory: str
    options: tuple[ExecutorOption, ...] = ()
    requires: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class CommandSpec:
    """A subcommand that a plugin adds to `rlsys`.

    Attributes:
        command: a ``click.Command``.
    """

    name: str
    summary: str
    command: str

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.command)
