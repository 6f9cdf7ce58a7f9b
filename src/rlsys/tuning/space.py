"""What `rlsys tune` may change: settings of a plan's agents, with the values that are tried."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from rlsys.config.document import parse_yaml
from rlsys.config.plan import Plan
from rlsys.descriptors import AgentSpec, SearchRange
from rlsys.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FORM = "AGENT.KEY=LOW..HIGH, AGENT.KEY=LOW..HIGH:log or AGENT.KEY=a,b,c"


@dataclass(frozen=True)
class Dimension:
    """One setting of one agent, and the values that are tried.

    Attributes:
        values: by label, where they are listed; empty where they lie between `low` and `high`.
        integer: whether only whole numbers are tried.
        log: whether the logarithm is searched evenly.
    """

    agent: str
    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    values: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """``agent.key``, as the study calls it."""
        return f"{self.agent}.{self.key}"

    def describe(self) -> str:
        """Return the range in the form of ``--search``."""
        if self.values is not None:
            return ", ".join(self.values)
        return f"{self.low!r}..{self.high!r}{':log' if self.log else ''}"

    def distribution(self) -> BaseDistribution:
        """Return what a sampler draws from."""
        from optuna import distributions

        if self.values is not None:
            return distributions.CategoricalDistribution(tuple(self.values))
        if self.integer:
            return distributions.IntDistribution(int(self.low), int(self.high), log=self.log)
        return distributions.FloatDistribution(self.low, self.high, log=self.log)

    def value(self, stored: Any) -> Any:
        """Return the setting for what the study stores: a number, or the label of a value."""
        return stored if self.values is None else self.values[stored]

    def stored(self, value: Any) -> Any:
        """Return what the study stores for a setting, or None where the range does not hold it."""
        if self.values is not None:
            return _label(value) if _label(value) in self.values else None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if number and self.low <= value <= self.high else None


def search_space(plan: Plan, texts: Sequence[str]) -> tuple[Dimension, ...]:
    """Return what is searched: `texts`, or else all that the plan's agents propose.

    Args:
        texts: of ``--search``, such as ``ppo.learning_rate=1e-5..1e-2:log``; the agent may be
            left out where one agent alone has the key.

    Raises:
        ConfigError: an unknown agent or key (with the nearest name), a range that is none, or a
            value that the agent does not allow.
    """
    found = []
    if texts:
        for text in texts:
            name, proposal = parse_search(text)
            agent, settings = _agent_of(plan, name, text)
            found.append(_dimension(agent, settings, proposal, f"--search {text}"))
    else:
        for agent, settings in plan.agents:
            found += [
                _dimension(agent, settings, proposal, f"agent {agent.name!r}: search")
                for proposal in agent.search
            ]
    names = [dimension.name for dimension in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"--search: {name!r} is given twice; leave one out")
    if not found:
        agents = ", ".join(agent.name for agent, _ in plan.agents)
        raise ConfigError(f"{agents}: proposes no search; say what to search with --search {FORM}")
    return tuple(found)


def parse_search(text: str) -> tuple[str, SearchRange]:
    """Parse one ``--search``; return the name as it was given, and the range of its last part.

    Raises:
        ConfigError: it does not have the form.
    """
    place = f"--search {text!r}"
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not name or not given:
        raise ConfigError(f"{place}: must have the form {FORM}")
    key = name.rpartition(".")[2]
    try:
        if ".." not in given:
            choices = parse_yaml(f"[{given}]", place).data
            return name, SearchRange(key=key, choices=tuple(choices))
        bounds, _, scale = given.partition(":")
        if scale not in ("", "log"):
            raise ConfigError(f"{place}: after ':' only 'log' is allowed, not {scale!r}")
        low, _, high = bounds.partition("..")
        return name, SearchRange(
            key=key, low=_number(low, place), high=_number(high, place), log=scale == "log"
        )
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from error


def _number(text: str, place: str) -> float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(
            f"{place}: {text!r} is no number; the form is KEY=LOW..HIGH or KEY=a,b,c"
        ) from error


def _agent_of(plan: Plan, name: str, text: str) -> tuple[AgentSpec, BaseModel]:
    place = f"--search {text}"
    agent, _, key = name.removeprefix("agents.").rpartition(".")
    if agent:
        for spec, settings in plan.agents:
            if spec.name == agent:
                return spec, settings
        known = [spec.name for spec, _ in plan.agents]
        raise ConfigError(f"{place}: {agent!r} is none of the agents{did_you_mean(agent, known)}")
    having = [(s, c) for s, c in plan.agents if key in type(c).model_fields]
    if len(having) > 1:
        names = " or ".join(f"{spec.name}.{key}" for spec, _ in having)
        raise ConfigError(f"{place}: several agents have {key!r}; say {names}")
    if having:
        return having[0]
    known = [field for _, settings in plan.agents for field in type(settings).model_fields]
    raise ConfigError(f"{place}: unknown key {key!r}{did_you_mean(key, set(known))}")


def _dimension(
    agent: AgentSpec, settings: BaseModel, proposal: SearchRange, place: str
) -> Dimension:
    key, model = proposal.key, type(settings)
    if key not in model.model_fields:
        hint = did_you_mean(key, model.model_fields)
        raise ConfigError(f"{place}: agent {agent.name!r} has no setting {key!r}{hint}")
    tried = proposal.choices or (proposal.low, proposal.high)
    checked = [_checked(settings, key, value, place) for value in tried]
    if proposal.choices:
        # YAML takes 1e-5 for text; the agent's config knows that it is a number.
        plain = [
            checked_value if isinstance(checked_value, str | int | float) else value
            for value, checked_value in zip(tried, checked, strict=True)
        ]
        return Dimension(agent.name, key, values={_label(value): value for value in plain})
    low, high = checked
    for value in checked:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{place}: {key!r} is no number; list its values as {key}=a,b,c")
    integer = isinstance(low, int) and isinstance(high, int)
    return Dimension(agent.name, key, low, high, proposal.log, integer)


def _checked(settings: BaseModel, key: str, value: Any, place: str) -> Any:
    """Return `value` as the field has it; what it means together with others is checked later."""
    model = type(settings)
    field = model.model_fields[key]
    data = {**settings.model_dump(mode="json"), key: value}
    try:
        model.model_validate(data)
    except ValidationError as error:
        faults = [fault for fault in error.errors() if fault["loc"][:1] == (key,)]
        if faults:
            message = faults[0]["msg"]
            raise ConfigError(
                f"{place}: {key}: {message[:1].lower()}{message[1:]} (got {value!r})"
            ) from error
    allowed: Any = Annotated[field.annotation, field]
    return TypeAdapter(allowed).validate_python(value)


def _label(value: Any) -> str:
    return json.dumps(value)


def trial_config(
    plan: Plan, space: Sequence[Dimension], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the run configuration of one trial, JSON types.

    Args:
        stored: by name of the dimension, as the study stores it.
    """
    config = plan.config.model_dump(mode="json")
    for dimension in space:
        value = dimension.value(stored[dimension.name])
        config["agents"][dimension.agent][dimension.key] = value
    return config


def present_settings(plan: Plan, space: Sequence[Dimension]) -> dict[str, Any] | None:
    """Return the plan's own settings as the study stores them; None where a range lacks one."""
    own = {agent.name: settings.model_dump(mode="json") for agent, settings in plan.agents}
    found = {d.name: d.stored(own[d.agent][d.key]) for d in space}
    return None if any(value is None for value in found.values()) else found


def difference(begun: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return how a search that is resumed differs from the one that was begun, and what to do.

    Args:
        begun: ranges by name, as `Dimension.describe` gives them.
        now: the same, of this time; they differ.
    """
    advice = "; resume with the same --search, or begin another search with another --out"
    for name in {**begun, **now}:
        old, new = begun.get(name), now.get(name)
        if old != new:
            shown = " and ".join(
                (
                    f"was begun with --search {name}={old}" if old else f"did not search {name}",
                    f"is resumed with {new}" if new else "is resumed without it",
                )
            )
            return shown + advice
    raise ValueError("the search spaces are the same")
