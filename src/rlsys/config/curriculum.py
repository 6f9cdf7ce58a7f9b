"""Which case starts from which, when a stage ends, and settings that hold for single cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    model_validator,
)

from rlsys.config.document import Document, validate
from rlsys.descriptors import AgentSpec, Case, EnvironmentSpec, resolve
from rlsys.errors import ConfigError, PluginError, did_you_mean
from rlsys.stages import Promotion

CASES = "cases"
"""The key, among an agent's settings, of those that hold for single cases."""

CaseSettings = Mapping[str, Any]
"""An agent's validated settings by case, for the cases that have their own."""


# With a discriminator, a wrong value is one error, not one of each kind.
_Threshold = Annotated[
    Annotated[FiniteFloat, Tag("one")] | Annotated[dict[str, FiniteFloat], Tag("each")],
    Discriminator(lambda value: "each" if isinstance(value, Mapping) else "one"),
]


class PromotionConfig(BaseModel):
    """When a stage ends before the last step of its agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = "reward"
    """What the threshold is compared with: `reward`, or a metric of the environment."""
    threshold: _Threshold | None = None
    """Mean over the validation episodes that ends a stage: one for all stages, or one per case."""
    patience: int | None = Field(default=None, ge=1)
    """Validations in a row without a better network that end a stage."""

    @model_validator(mode="after")
    def _says_something(self) -> PromotionConfig:
        if self.threshold is None and self.patience is None:
            raise ValueError("give a threshold or patience; null promotes by the number of steps")
        return self

    def rule(self, environment: EnvironmentSpec, case: str) -> Promotion:
        """Return the rule that ends the stage `case`."""
        lower = any(m.name == self.metric and m.better == "lower" for m in environment.metrics)
        threshold = self.threshold
        if isinstance(threshold, dict):
            threshold = threshold.get(case)
        return Promotion(self.metric, lower, threshold, self.patience)


def check_promotion(
    promotion: PromotionConfig, environment: EnvironmentSpec, cases: Sequence[Case]
) -> None:
    """Refuse a metric that cannot promote, and thresholds of cases that nothing starts from.

    Raises:
        ConfigError: names the metric or the case, and what is allowed.
    """
    scalar = [m.name for m in environment.metrics if not m.vector and m.better != "neither"]
    if promotion.metric not in ("reward", *scalar):
        raise ConfigError(
            f"training.promotion.metric: {promotion.metric!r} is not a metric with one value per "
            f"episode and a direction{did_you_mean(promotion.metric, ('reward', *scalar))}"
        )
    climbed = {case.start for case in cases if case.start is not None}
    for name in promotion.threshold if isinstance(promotion.threshold, dict) else ():
        if name not in climbed:
            raise ConfigError(
                f"training.promotion.threshold: no case starts from {name!r}, so nothing promotes "
                f"it{did_you_mean(name, climbed)}"
            )


def check_starts(cases: Sequence[Case]) -> None:
    """Check that every case starts from a trained one, and none from itself on some way.

    Raises:
        PluginError: names the case.
    """
    known = {case.name: case for case in cases}
    for case in cases:
        if case.start is None:
            continue
        if case.policy is not None:
            raise PluginError(
                f"case {case.name!r} uses the policy of case {case.policy!r}, so it is not trained "
                f"and cannot start from case {case.start!r}; give it either `policy` or `start`"
            )
        if case.start not in known:
            raise PluginError(
                f"case {case.name!r} starts from unknown case {case.start!r}"
                f"{did_you_mean(case.start, known)}"
            )
        used = known[case.start].policy
        if used is not None:
            raise PluginError(
                f"case {case.name!r} starts from case {case.start!r}, which is not trained: it "
                f"uses the policy of case {used!r}; start from that one"
            )
        way = [case.name]
        while (start := known[way[-1]].start) is not None and start in known:
            way.append(start)
            if start in way[:-1]:
                raise PluginError(
                    f"cases start from one another in a circle: {' <- '.join(way)}; one of them "
                    "must start afresh"
                )


def check_agents(agents: Sequence[AgentSpec], cases: Sequence[Case]) -> None:
    """Refuse agents that cannot start from the network of an earlier case.

    Raises:
        ConfigError: names the agent and the case.
    """
    later = next((case for case in cases if case.start is not None), None)
    for agent in agents:
        if later is not None and not agent.starts_from_network:
            raise ConfigError(
                f"agent {agent.name!r} cannot start from a network, but case {later.name!r} starts "
                f"from that of case {later.start!r}; choose another agent with --agent, or train "
                "every case from scratch with --set training.transfer=false"
            )


def agent_settings(agent: AgentSpec, document: Document) -> tuple[Any, CaseSettings]:
    """Return an agent's settings, and by case those of the cases that have their own.

    Raises:
        ConfigError: a key or value is not allowed; names its place.
    """
    model = resolve(agent.config)
    data = document.data if isinstance(document.data, Mapping) else {}
    if CASES not in data:
        return validate(model, document), {}
    given = document.section(CASES)
    if not isinstance(given.data, Mapping):
        raise ConfigError(
            f"{document.where((CASES,))}agents.{agent.name}.{CASES}: must map cases to settings"
        )
    shared = replace(document, data={key: data[key] for key in data if key != CASES})
    own = {case: validate(model, given.section(case).laid_upon(shared)) for case in given.data}
    return validate(model, shared), own


def check_case_settings(agent: str, settings: CaseSettings, cases: Sequence[Case]) -> None:
    """Refuse settings for cases that are not trained.

    Raises:
        ConfigError: names the case and those that are trained.
    """
    trained = [case.name for case in cases if case.policy is None]
    for name in settings:
        if name not in trained:
            raise ConfigError(
                f"agents.{agent}.{CASES}: no case {name!r} is trained{did_you_mean(name, trained)}"
            )


def dumped_settings(settings: Any, own: CaseSettings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an agent's settings as JSON types; of single cases, the keys that were given."""
    dumped: dict[str, Any] = settings.model_dump(mode="json")
    if own:
        dumped[CASES] = {
            case: {key: own[case].model_dump(mode="json")[key] for key in given[CASES][case] or {}}
            for case in own
        }
    return dumped
