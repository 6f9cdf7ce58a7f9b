"""What hooks return: descriptions, never live objects.

A description is a frozen dataclass that refers to code by ``"module:attribute"`` strings.  So
listing plugins imports neither their dependencies nor ours.  `resolve` imports the object when it
is needed.

These are dataclasses, not pydantic models: building a dozen models takes 0.15 s, which every
``rlsys --help`` would pay.  Mistakes that a plugin author can make are still checked here.
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
    """Import the object that `reference` (``"module:attribute"``) names.

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
        name: name of the module or ``executable``, or what a ``check`` looks for.
        kind: a Python module, an executable, or anything that a ``check`` can find.
        fix: the command that installs it; version 0.1 also accepts the old name `mend`.
        check: ``check() -> bool``, whether it is present; only for the kind ``check``.
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
            raise ValueError(
                f"requirement {self.name!r}: the kind 'check' needs `check`; no other kind takes it"
            )


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """One number measured per episode, in addition to its reward.

    Attributes:
        curve: whether ``training_reward.png`` gets a panel for it.
        vector: whether it has one value per part (a machine, a user): an array (num_envs, parts).
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
        options: the factory's options with their defaults.
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
    """The exact or best-known optimum, if one can be computed.

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
    """A figure specific to the environment, drawn at the end of an evaluation.

    Attributes:
        name: first part of the file name ``NAME-CASE.png``.
        first_case_only: whether to draw only the first case, into ``NAME.png``.
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
    """A figure ``NAME.png`` of one metric over the training, with one panel per case.

    Attributes:
        metric: one of the environment's metrics; every part of a vector metric is drawn.
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
            autoreset; see below for its optional methods.
        env: in place of `vector_env`: ``env(config) -> gymnasium.Env``, a class or function that
            makes a single environment, or a parallel one of PettingZoo. rlsys translates its
            spaces and steps its copies; if `config` has the field ``processes`` and that is more
            than 0, in so many processes. Metrics come from the info of an episode's last step.
        spaces: in place of both: ``spaces(config) -> rlsys.training.Spaces``, for a system that
            cannot be played here. An agent then learns from what it is told, and says itself how
            well a network does (`rlsys.training.Session.judge`).
        presets: YAML files inside packages, ``"package:relative/path"``. The preset ``default`` is
            used when the user names none; it is empty if it is not listed.
        agent: the agent that a run uses by default.
        agent_for: ``agent_for(config) -> str``, if the default agent depends on the settings.
        cases: ``cases(config) -> Sequence[rlsys.descriptors.Case]``; without it there is one case.
        learning_figures: metrics over the training, in addition to ``training_reward.png``.
        reference: the baseline that marks 0 % of the gap to the optimum.
        application: ``application(config, seed) -> rlsys.application.Application``, the episode of
            `seed` for a program on a device.
        copies: most copies to play at a time outside of training; a user can change it.
        costly: whether a step takes seconds on a real system. Then nothing is played just for a
            check.

    Optional methods of the batched environment: ``action_masks()``, ``get_state()``,
    ``set_state(state)``, and ``fixed_point_observations(fractional_bits)``. The last one returns
    the current observations (num_envs, ...) in whole multiples of ``2 ** -fractional_bits``,
    computed without floating point, as on a device that has none. The attribute ``items = True``
    declares that an observation (items, features) is a list of items (see `rlsys.network`).

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
    vector_env: str | None = None
    env: str | None = None
    spaces: str | None = None
    agent: str
    agent_for: str | None = None
    presets: Mapping[str, str] = field(default_factory=dict)
    cases: str | None = None
    metrics: tuple[MetricSpec, ...] = ()
    baselines: tuple[ControllerSpec, ...] = ()
    oracle: OracleSpec | None = None
    figures: tuple[FigureSpec, ...] = ()
    learning_figures: tuple[LearningFigureSpec, ...] = ()
    reference: str | None = None
    application: str | None = None
    copies: int = 100
    costly: bool = False
    requires: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        if sum(way is not None for way in (self.vector_env, self.env, self.spaces)) != 1:
            raise ValueError(
                f"environment {self.name!r}: give either `vector_env`, a batched environment, or "
                "`env`, a single one, or `spaces` of a system that cannot be played here"
            )
        for name in ("config", "vector_env", "env", "spaces", "agent_for", "cases", "application"):
            _check_reference(getattr(self, name))
        for name, resource in self.presets.items():
            _check_name(name)
            if not _RESOURCE.fullmatch(resource):
                raise ValueError(f"preset {resource!r} must have the form 'package:relative/path'")
        known = [metric.name for metric in self.metrics]
        for figure in self.learning_figures:
            if figure.metric not in known:
                raise ValueError(
                    f"figure {figure.name!r}: unknown metric {figure.metric!r}; known: {known}"
                )
        names = [baseline.name for baseline in self.baselines]
        if self.reference is not None and self.reference not in names:
            raise ValueError(f"reference {self.reference!r} is not one of the baselines {names}")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One variant to train on or evaluate: an instance, a load, a number of users.

    Attributes:
        config: the environment's config model for this case.
        policy: the case whose trained policy is evaluated here; None: one is trained on this case.
        start: the case whose trained policy the training of this case starts from; None: it starts
            afresh.
    """

    name: str
    config: Any
    policy: str | None = None
    start: str | None = None
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchRange:
    """The values that `rlsys tune` tries for one of an agent's settings.

    Attributes:
        key: name of the setting in the agent's config.
        low, high: lowest and highest value of a number; ints if only whole numbers are allowed,
            else floats.
        log: whether to search on a logarithmic scale, for values that span powers of ten.
        choices: the list of all values, instead of `low` and `high`.
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
class AgentOption:
    """An option of the commands that train, short for one of an agent's settings.

    Attributes:
        name: ``server`` for the option ``--server``.
        setting: key of the setting in the agent's config.
    """

    name: str
    summary: str
    setting: str
    metavar: str = "VALUE"

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True, kw_only=True)
class AgentSpec:
    """Produces a controller: a learner, a search, a remote trainer.

    Attributes:
        config: a pydantic model of its settings (``extra="forbid"``).
        factory: ``factory(config) -> rlsys.training.Agent``.
        actions: the action spaces it supports.
        uses_masks: whether it respects the environment's action masks.
        starts_from_network: whether it can continue from the network of the agent before it, or of
            an earlier case.
        roles: which environments it trains: those without roles (see `rlsys.roles`), those with
            several, or both.
        search: what `rlsys tune` searches by default.
        options: short forms of settings that nearly every training with this agent needs.
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
    options: tuple[AgentOption, ...] = ()
    requires: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_reference(self.config)
        _check_reference(self.factory)


@dataclass(frozen=True, kw_only=True)
class ExporterSpec:
    """A format in which trained networks can be exported.

    Attributes:
        factory: ``factory(network, directory, context) -> rlsys.exporters.context.ExportReport``;
            with a `config`, its settings are a fourth argument.
        config: a pydantic model of its settings (``extra="forbid"``). `rlsys export --build` and
            `--run` turn on the settings ``build`` and ``run``.
        ready: ``ready(settings) -> None`` raises `rlsys.errors.UserError` if this machine cannot
            do what the settings ask for; called before a long training.
        wants: what only some settings need; `rlsys doctor` reports it if missing, but not as an
            error.
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

    While the command runs, an environment variable has the value that the user gave. So agents of
    the same plugin see it too, in whatever process they train.

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
        factory: ``factory(jobs) -> rlsys.executors.executor.Executor``; `jobs` is how many units
            run at a time, or None if the user leaves it to the executor.
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
