"""What a run does: the resolved configuration, and how its layers are merged.

Layers, weakest first: defaults, preset, file, ``--set``, flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rlsys.adapters.making import EnvMaker, make_env_of
from rlsys.config.curriculum import (
    CaseSettings,
    PromotionConfig,
    agent_settings,
    check_agents,
    check_case_settings,
    check_promotion,
    check_starts,
    dumped_settings,
)
from rlsys.config.document import (
    Document,
    assignment,
    load_resource,
    load_yaml,
    parse_assignment,
    validate,
)
from rlsys.descriptors import AgentSpec, Case, EnvironmentSpec, ExporterSpec, resolve
from rlsys.errors import ConfigError, PluginError, did_you_mean
from rlsys.plugins.registry import Registry
from rlsys.plugins.requirements import check_requirements, in_ci
from rlsys.stages import Promotion


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingConfig(_Section):
    """Checkpoints and validation during training."""

    checkpoint_every: int = Field(default=100_000, ge=0)
    """Environment steps between checkpoints; 0: only at the end and when stopped."""
    keep_periodic: bool = True
    """Whether to keep every periodic checkpoint, in addition to the last and the best."""
    validate_every: int = Field(default=0, ge=0)
    """Environment steps between validations, in addition to those at checkpoints. Rounded up to the
    next point where training can stop. 0: none; 1: at every iteration."""
    validation_episodes: int = Field(default=8, ge=1, le=10_000)
    """Number of episodes on which the best network is chosen; never those of the evaluation."""
    transfer: bool = True
    """Whether a case that names one to start from does so; otherwise every case starts afresh."""
    promotion: PromotionConfig | None = None
    """When a stage ends before the last step of its agent; null: never."""


class PlayingConfig(_Section):
    """How the environment is played, and what is checked meanwhile."""

    copies: int | None = Field(default=None, ge=1, le=100_000)
    """Most copies at a time in validations, evaluations and the checks of exports. By default as
    many as the environment's description says, which is 100 if it says nothing. The copies of a
    training are the agent's setting `num_envs`."""
    longest_episode: int = Field(default=100_000, ge=1)
    """Steps after which an episode counts as one that never ends, which is an error."""
    beyond_bounds: Literal["error", "clip"] = "error"
    """What happens to an observation beyond its bounds: an error, or it is counted and clipped, in
    training as in every export."""
    repeatable: bool = True
    """Whether the same seed and actions must give the same episode. If so, that is checked before
    every training and evaluation."""

    def make_env(self, environment: EnvironmentSpec, config: Any) -> EnvMaker:
        """Return ``make_env(num_envs)`` for a case's settings."""
        return make_env_of(
            environment,
            config,
            longest_episode=self.longest_episode,
            clip=self.beyond_bounds == "clip",
            copies=self.copies or environment.copies,
        )


class EvaluationConfig(_Section):
    """How the result is measured."""

    episodes: int = Field(default=100, ge=1, le=1_000_000)
    """Number of held-out episodes, the same ones for every controller."""
    first_episode: int = Field(default=0, ge=0, le=100_000_000)
    """Number of the first held-out episode; another number gives other episodes."""
    baselines: list[str] | None = None
    """Baselines to compare with; by default all that the environment has."""
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Options of baselines by name, such as ``{round-robin: {quantum: 3}}``."""
    oracle: bool = True
    """Whether to compute the optimum."""


class RunConfig(_Section):
    """Everything that determines a run."""

    plugin: str
    """Name of the environment; if a file sets it, it must match the command line."""
    preset: str = "default"
    """Preset of the environment that the other layers override."""
    environment: dict[str, Any] = Field(default_factory=dict)
    """Settings of the environment; see its plugin's page."""
    agents: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Agents with their settings; each starts from the network of the one before it. Below `cases`
    are settings of an agent that differ for single cases."""
    other_agents: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Settings for other agents, used when ``--agent`` chooses one of them."""
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    playing: PlayingConfig = PlayingConfig()
    exports: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Export formats to write at the end: a list of names, or names with settings. Every format has
    the setting `optional`: if it cannot be exported on this machine, it is skipped with a note."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of the first training."""
    seeds: int = Field(default=1, ge=1, le=1000)
    """Number of trainings, with consecutive seeds."""

    @field_validator("exports", mode="before")
    @classmethod
    def _names_are_enough(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: {} if given is None else given for name, given in value.items()}
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        return value

    def training_seeds(self) -> list[int]:
        """Return the seed of every training."""
        return list(range(self.seed, self.seed + self.seeds))


@dataclass(frozen=True)
class Overrides:
    """What the command line sets, weakest first."""

    preset: str | None = None
    file: str | Path | Mapping[str, Any] | None = None
    """Path of a YAML file, or what such a file contains."""
    assignments: tuple[str | Mapping[str, Any], ...] = ()
    """Texts ``KEY=VALUE`` of ``--set``, or mappings from such keys to values."""
    agents: tuple[str, ...] = ()
    flags: tuple[tuple[str, Any], ...] = ()
    """Pairs of a dotted key and a value, such as ``("evaluation.episodes", 10)``."""


@dataclass(frozen=True)
class PlannedExport:
    """A format to export the policies to.

    Attributes:
        spec: None if no plugin provides the format and it is optional.
        settings: a model of the exporter's config; None if it has none.
        optional: whether to skip it with a note if it cannot be exported on this machine.
    """

    name: str
    spec: ExporterSpec | None
    settings: Any = None
    optional: bool = False


@dataclass(frozen=True)
class Plan:
    """A resolved configuration, with the descriptions that it refers to."""

    config: RunConfig
    environment: EnvironmentSpec
    cases: tuple[Case, ...]
    agents: tuple[tuple[AgentSpec, Any], ...]
    """Pairs of a description and its validated settings."""
    exports: tuple[PlannedExport, ...] = ()
    case_settings: Mapping[str, CaseSettings] = field(default_factory=dict)
    """By agent: its settings for the cases that have their own."""

    @property
    def trained_cases(self) -> tuple[Case, ...]:
        """The cases on which a policy is trained."""
        return tuple(case for case in self.cases if case.policy is None)

    @property
    def controller_name(self) -> str:
        """The names of the agents, joined by ``+``."""
        return "+".join(self.config.agents)

    @property
    def stages(self) -> tuple[Case, ...]:
        """The cases that start from another one, or that another one starts from; lowest first."""
        starts = {self.start(case) for case in self.trained_cases}
        found = (c for c in self.trained_cases if self.start(c) or c.name in starts)
        return tuple(sorted(found, key=self.height))

    def height(self, case: Case) -> int:
        """Return how many stages are below the case: 0 if its training starts afresh."""
        start = self.start(case)
        return 0 if start is None else 1 + self.height(self.case(start))

    def start(self, case: Case) -> str | None:
        """Return the case from whose network the training of `case` starts."""
        return case.start if self.config.training.transfer else None

    def promotion(self, name: str) -> Promotion | None:
        """Return the rule that ends the stage called `name`; None if that case is not a stage.

        The rule of a stage from which no case starts never ends it.
        """
        if all(stage.name != name for stage in self.stages):
            return None
        given = self.config.training.promotion
        if given is None:
            return Promotion()
        rule = given.rule(self.environment, name)
        last = all(stage.start != name for stage in self.stages)
        return replace(rule, threshold=None, patience=None) if last else rule

    def agents_for(self, case: str) -> tuple[tuple[AgentSpec, Any], ...]:
        """Return the agents with the settings that they have on the case called `case`."""
        return tuple(
            (agent, self.case_settings.get(agent.name, {}).get(case, settings))
            for agent, settings in self.agents
        )

    def make_env(self, case: str) -> EnvMaker:
        """Return ``make_env(num_envs)`` for the case called `case`."""
        return self.config.playing.make_env(self.environment, self.case(case).config)

    def case(self, name: str) -> Case:
        """Return the case called `name`."""
        for case in self.cases:
            if case.name == name:
                return case
        raise ConfigError(
            f"unknown case {name!r}{did_you_mean(name, (c.name for c in self.cases))}"
        )


def resolve_plan(registry: Registry, plugin: str, overrides: Overrides) -> Plan:
    """Merge all layers and validate the result.

    Raises:
        UserError: unknown plugin, preset or agent; names the closest match.
        ConfigError: a key or value is not allowed; names its place.
    """
    spec = registry.environments.get(plugin)
    file = _document_of(overrides.file)
    if not isinstance(file.data, dict | None):
        raise ConfigError(f"{file.source}: must map keys to values")
    meant = (file.data or {}).get("plugin", plugin)
    if meant != plugin:
        raise ConfigError(
            f"{file.where(('plugin',))}plugin: is {meant!r}, but the command line names {plugin!r}"
        )
    preset = overrides.preset or (file.data or {}).get("preset", "default")
    if preset not in (*spec.presets, "default"):
        place = "" if overrides.preset else file.where(("preset",))
        hint = did_you_mean(str(preset), spec.presets)
        raise ConfigError(f"{place}{plugin} has no preset {preset!r}{hint}")
    resource = spec.presets.get(preset)
    document = load_resource(resource) if resource else Document({})
    document = _without_agents(document) if (file.data or {}).get("agents") else document
    if file.data:
        document = file.laid_upon(document)
    configured = tuple(_settings_of(document, "agents"))
    assignments = [
        (parts if parts[0] in RunConfig.model_fields else ("environment", *parts), value, place)
        for parts, value, place in assigned(overrides.assignments)
    ]
    for parts, value, place in assignments:
        document = assignment(parts, value, place).laid_upon(document)
    for key, value in (*overrides.flags, ("plugin", plugin), ("preset", preset)):
        # An option is named after the last part of its key.
        option = f"--{key.rpartition('.')[2]}"
        document = assignment(key.split("."), value, option).laid_upon(document)
    chosen = overrides.agents or configured or (_default_agent(spec, document),)
    for parts, value, place in assignments:
        _check_chosen(parts, value, place, chosen)
    if overrides.agents or not (configured and document.data.get("agents")):
        document = _with_agents(document, chosen)
    return plan_of(registry, document)


def _document_of(file: str | Path | Mapping[str, Any] | None) -> Document:
    if isinstance(file, Mapping):
        return Document(plain(file), "config")
    return load_yaml(file) if file else Document({})


def assigned(
    assignments: Sequence[str | Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    """Yield key path, value and place of every assignment; see `Overrides`.

    Raises:
        ConfigError: an empty key, or not ``KEY=VALUE``.
    """
    for given in assignments:
        if isinstance(given, str):
            found = [(*parse_assignment(given), f"--set {given}")]
        else:
            found = [(tuple(str(k).split(".")), plain(v), f"set {k!r}") for k, v in given.items()]
        for parts, value, place in found:
            if not all(parts):
                raise ConfigError(f"{place}: the key must be names joined by '.', such as 'a.b'")
            yield parts, value, place


def _check_chosen(parts: tuple[str, ...], value: Any, place: str, chosen: Sequence[str]) -> None:
    """Refuse settings of an agent that does not train: they do not choose one."""
    if parts[0] != "agents":
        return
    named = parts[1:2] or (tuple(value) if isinstance(value, Mapping) else ())
    for name in named:
        if name not in chosen:
            raise ConfigError(
                f"{place}: agent {name!r} does not train here, {' + '.join(chosen)} does; choose "
                f"it with --agent, or leave out this setting{did_you_mean(str(name), chosen)}"
            )


def plain(value: Any) -> Any:
    """Return what Python code gives as a setting in the types that YAML has."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    # Numbers and arrays of NumPy.
    return value.tolist() if hasattr(value, "tolist") else value


def _default_agent(spec: EnvironmentSpec, document: Document) -> str:
    """Return the agent of an environment, which may depend on its settings."""
    if spec.agent_for is None:
        return spec.agent
    check_requirements(spec.name, spec.requires)
    name: str = resolve(spec.agent_for)(
        validate(resolve(spec.config), document.section("environment"))
    )
    return name


def plan_of(registry: Registry, document: Document) -> Plan:
    """Validate a complete configuration, such as that of a run directory."""
    config = validate(RunConfig, document)
    spec = registry.environments.get(config.plugin)
    settings = validate(resolve(spec.config), document.section("environment"))
    cases = _cases(spec, settings, config.preset)
    agents, case_settings = [], {}
    for name in config.agents:
        agent = registry.agents.get(name)
        shared, own = agent_settings(agent, document.section("agents", name))
        check_case_settings(name, own, cases)
        agents.append((agent, shared))
        case_settings[name] = own
    if config.training.promotion is not None:
        check_promotion(config.training.promotion, spec, cases)
    if config.training.transfer:
        check_agents([agent for agent, _ in agents], cases)
    exports = tuple(
        planned_export(registry, name, document.section("exports", name)) for name in config.exports
    )
    spec = _with_options(spec, config.evaluation)
    # The dumped settings are complete: a file that they refer to is read only once.
    config = config.model_copy(
        update={
            "environment": settings.model_dump(mode="json"),
            "agents": {
                a.name: dumped_settings(s, case_settings[a.name], config.agents[a.name])
                for a, s in agents
            },
            "other_agents": {},
            "exports": {
                export.name: _dumped(export, config.exports[export.name]) for export in exports
            },
        }
    )
    return Plan(config, spec, cases, tuple(agents), exports, case_settings)


def planned_export(registry: Registry, name: str, document: Document) -> PlannedExport:
    """Return the exporter called `name` with its settings from `document`.

    Raises:
        UserError: there is no such exporter, and it is not optional.
        ConfigError: a setting is unknown or not allowed.
    """
    data = document.data if isinstance(document.data, Mapping) else {}
    optional = data.get("optional", False)
    if not isinstance(optional, bool):
        raise ConfigError(
            f"{document.where(('optional',))}exports.{name}.optional: must be true or false, "
            f"not {optional!r}"
        )
    optional = optional and not in_ci()
    if optional and name not in registry.exporters:
        return PlannedExport(name, None, optional=True)
    spec = registry.exporters.get(name)
    own = replace(document, data={key: data[key] for key in data if key != "optional"})
    if spec.config is not None:
        return PlannedExport(name, spec, validate(resolve(spec.config), own), optional)
    for key in own.data:
        raise ConfigError(f"{document.where((key,))}exporter {name!r} has no setting {key!r}")
    return PlannedExport(name, spec, None, optional)


def _dumped(export: PlannedExport, given: Mapping[str, Any]) -> dict[str, Any]:
    # Keep `optional` as given: the file may be read again in CI, where nothing may be skipped.
    settings = {} if export.settings is None else export.settings.model_dump(mode="json")
    return {**given, **settings}


def _with_options(spec: EnvironmentSpec, evaluation: EvaluationConfig) -> EnvironmentSpec:
    """Return the description with the baseline options from the configuration."""
    known = {baseline.name: baseline for baseline in spec.baselines}
    for name in (*(evaluation.baselines or ()), *evaluation.options):
        if name not in known:
            raise ConfigError(f"{spec.name} has no baseline {name!r}{did_you_mean(name, known)}")
    for name, options in evaluation.options.items():
        allowed = known[name].options
        for key in options:
            if key not in allowed:
                raise ConfigError(
                    f"baseline {name!r} has no option {key!r}{did_you_mean(key, allowed)}"
                )
        known[name] = replace(known[name], options={**allowed, **options})
    return replace(spec, baselines=tuple(known.values()))


def _cases(spec: EnvironmentSpec, settings: BaseModel, preset: str) -> tuple[Case, ...]:
    if spec.cases is None:
        return (Case(name=preset, config=settings),)
    cases: Sequence[Case] = resolve(spec.cases)(settings)
    names = [case.name for case in cases]
    for case in cases:
        if names.count(case.name) > 1:
            raise ConfigError(f"two cases are called {case.name!r}; give them different names")
        if not re.fullmatch(r"[\w.+-]{1,100}", case.name) or case.name.startswith("."):
            raise ConfigError(
                f"case name {case.name!r} is not usable as a file name: use letters, digits, '_', "
                "'.', '+' and '-'"
            )
        if case.policy is not None and case.policy not in names:
            raise PluginError(
                f"case {case.name!r} uses the policy of unknown case {case.policy!r}"
                f"{did_you_mean(case.policy, names)}"
            )
    check_starts(cases)
    return tuple(cases)


def _without_agents(document: Document) -> Document:
    data = {key: value for key, value in document.data.items() if key != "agents"}
    places = {path: place for path, place in document.places.items() if path[:1] != ("agents",)}
    return Document(data, document.source, places)


def _with_agents(document: Document, names: Sequence[str]) -> Document:
    """Keep only the named agents, with their settings from the document."""
    own, others = _settings_of(document, "agents"), _settings_of(document, "other_agents")
    kept = {name: {**(others.get(name) or {}), **(own.get(name) or {})} for name in names}
    return Document({**document.data, "agents": kept}, document.source, document.places)


def _settings_of(document: Document, key: str) -> dict[str, Any]:
    settings = document.data.get(key) or {}
    if not isinstance(settings, dict):
        raise ConfigError(f"{document.where((key,))}{key}: must map names to settings")
    return settings
