"""What a user asks for, in the words of the command line: one object from there to the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rlsys.config.plan import Overrides, Plan, plain, resolve_plan
from rlsys.errors import ConfigError, UserError
from rlsys.plugins.manager import PluginOptions
from rlsys.plugins.registry import Registry

Settings = str | Mapping[str, Any]
"""One ``KEY=VALUE``, or a mapping from keys (nested, or joined by dots) to values."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A training or comparison that a user asks for.

    Every attribute is named after its option; None: the configuration decides.

    Attributes:
        plugin: the environment.
        config: path of a YAML file that overrides the preset, or what such a file contains.
        set: settings, weakest first.
        agent: agents to train, each starting from the one before.
        steps: environment steps of the first agent.
        executor_options: options that executors add, by name, such as ``{"ray_address": "auto"}``.
        out: the run directory.
        sweep: ``KEY=RANGE``, for one run per value of a setting.

    Raises:
        ConfigError: a number that must be whole is not.
    """

    plugin: str
    preset: str | None = None
    config: str | Path | Mapping[str, Any] | None = None
    set: tuple[Settings, ...] = ()
    agent: tuple[str, ...] = ()
    steps: int | None = None
    seed: int | None = None
    seeds: int | None = None
    episodes: int | None = None
    no_oracle: bool = False
    jobs: int | None = None
    executor: str = "local"
    executor_options: Mapping[str, str] = field(default_factory=dict)
    out: Path | None = None
    resume: bool = False
    sweep: str | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "seed", "seeds", "episodes", "jobs"):
            object.__setattr__(self, name, whole(getattr(self, name), name))
        if self.jobs is not None and self.jobs < 1:
            raise ConfigError(f"jobs: must be at least 1, not {self.jobs}")

    def overrides(self) -> Overrides:
        """Return the configuration layers, without the steps."""
        flags = {
            "seed": self.seed,
            "seeds": self.seeds,
            "evaluation.episodes": self.episodes,
            "evaluation.oracle": False if self.no_oracle else None,
        }
        given = tuple((key, value) for key, value in flags.items() if value is not None)
        return Overrides(self.preset, self.config, self.set, self.agent, given)

    def plan(self, registry: Registry) -> Plan:
        """Return what to do.

        Raises:
            UserError: unknown names; the first agent does not count in steps.
            ConfigError: a key or value is not allowed.
        """
        layers = self.overrides()
        plan = resolve_plan(registry, self.plugin, layers)
        if self.steps is None:
            return plan
        spec, config = plan.agents[0]
        if "steps" not in type(config).model_fields:
            raise UserError(f"agent {spec.name!r} has no setting 'steps'; leave out --steps")
        flags = (*layers.flags, (f"agents.{spec.name}.steps", self.steps))
        return resolve_plan(registry, self.plugin, replace(layers, flags=flags))

    def at_point(self, assignment: str, out: Path) -> Request:
        """Return the request of one point of the sweep."""
        return replace(self, set=(*self.set, assignment), out=out, resume=out.exists(), sweep=None)

    def command(self, verb: str, options: PluginOptions) -> list[str]:
        """Return the command line that asks for the same."""
        words = ["rlsys"]
        for flag, values in (("--no-plugin", options.blocked), ("--plugin-file", options.files)):
            for value in values:
                words += [flag, value]
        words += [verb, self.plugin]
        agents = self.agent
        if isinstance(self.config, Mapping):
            words += [part for text in _texts("", plain(self.config)) for part in ("--set", text)]
            agents = agents or tuple(self.config.get("agents") or ())
        given: dict[str, Any] = {
            "preset": self.preset,
            "config": None if isinstance(self.config, Mapping) else self.config,
            "set": [text for one in self.set for text in _assignments(one)],
            "agent": agents,
            "steps": self.steps,
            "seed": self.seed,
            "seeds": self.seeds,
            "episodes": self.episodes,
            "jobs": self.jobs,
            "executor": None if self.executor == "local" else self.executor,
            **self.executor_options,
            "out": self.out,
            "sweep": self.sweep,
        }
        for name, value in given.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if one is not None:
                    words += [f"--{name.replace('_', '-')}", str(one)]
        words += ["--no-oracle"] * self.no_oracle + ["--resume"] * self.resume
        return words


def whole(value: Any, name: str) -> int | None:
    """Return a number without fraction as an int, such as ``1e5``; None stays None.

    Raises:
        ConfigError: it has a fraction, or is not a number.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    plain_value = plain(value)  # NumPy's numbers
    if isinstance(plain_value, int) and not isinstance(plain_value, bool):
        return plain_value
    if isinstance(plain_value, float) and plain_value.is_integer():
        return int(plain_value)
    raise ConfigError(f"{name}: must be a whole number, not {value!r}")


def names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def settings(given: Settings | Sequence[Settings] | None) -> tuple[Settings, ...]:
    """Return one value of ``set`` or several as a tuple."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str | Mapping) else tuple(given)


def _assignments(given: Settings) -> Iterator[str]:
    """Yield the values of ``--set`` that say the same."""
    if isinstance(given, str):
        yield given
        return
    yield from _texts("", plain(given))


def _texts(prefix: str, value: Any) -> Iterator[str]:
    import json

    # Nested keys may have dots of their own; those are written as one value.
    if isinstance(value, Mapping) and value and not any("." in key for key in value if prefix):
        for key, inner in value.items():
            yield from _texts(f"{prefix}.{key}" if prefix else key, inner)
    else:
        # JSON is YAML.
        yield f"{prefix}={json.dumps(value, default=str)}"
