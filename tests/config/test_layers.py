"""Defaults < preset < file < ``--set`` < flags, and what names an agent."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from program import LAMPS_FILE

from rlsys.api.request import Request
from rlsys.errors import ConfigError, UserError
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry


@pytest.fixture(scope="module")
def registry():
    return Registry(PluginManager(PluginOptions(files=(str(LAMPS_FILE),), only=())))


@pytest.fixture
def plan(registry, tmp_path):
    """Return a function that resolves layers; `text` is the content of the file."""

    def resolve(text=None, **layers):
        file = None
        if text is not None:
            file = tmp_path / "my.yaml"
            file.write_text(text)
        return Request(plugin="lamps", config=file, **layers).plan(registry)

    return resolve


# What each layer says of the number of held-out episodes, weakest first.
LAYERS = {
    "file": {"text": "evaluation: {episodes: 7}"},
    "set": {"set": ("evaluation.episodes=8",)},
    "flag": {"episodes": 9},
}


@pytest.mark.parametrize(
    "present",
    [c for n in range(4) for c in itertools.combinations(LAYERS, n)],
    ids=lambda c: "+".join(c) or "none",
)
def test_the_strongest_layer_that_says_something_wins(plan, present):
    expected = {(): 100, "file": 7, "set": 8, "flag": 9}[present[-1] if present else ()]
    layers = {key: value for name in present for key, value in LAYERS[name].items()}
    assert plan(**layers).config.evaluation.episodes == expected


def test_a_preset_is_stronger_than_a_default_and_weaker_than_a_file(plan):
    assert plan().config.environment["noise"] == 0.2
    assert plan(preset="two-rooms").config.environment["noise"] == 0.1
    assert plan("environment: {noise: 0.3}").config.environment["noise"] == 0.3
    assert plan("environment: {rooms: [shed]}").config.environment["noise"] == 0.2


def test_a_file_may_name_the_preset_and_a_flag_overrules_it(plan):
    assert [c.name for c in plan("preset: two-rooms").cases] == ["hall", "attic"]
    assert plan("preset: two-rooms", preset="default").config.preset == "default"


def test_later_assignments_win(plan):
    settings = plan(set=("noise=0.4", "environment.noise=0.5")).config.environment
    assert settings["noise"] == 0.5


def test_numbers_may_be_written_with_an_exponent(plan):
    given = ("agents.hill-climbing.steps=1e3", "agents.hill-climbing.width=5e-1", "rooms=['1e3']")
    config = plan(set=given).config
    settings = config.agents["hill-climbing"]
    assert (settings["steps"], settings["width"]) == (1000, 0.5)
    assert isinstance(settings["steps"], int)
    assert config.environment["rooms"] == ["1e3"]
    for wrong in ("1.5", "1.5e0", "1e-3"):
        with pytest.raises(ConfigError, match="steps: input should be a valid integer"):
            plan(set=(f"agents.hill-climbing.steps={wrong}",))


def test_a_bare_key_is_one_of_the_environment(plan):
    assert plan(set=("rooms=[a, b]",)).config.environment["rooms"] == ["a", "b"]


def test_the_agents_of_a_file_replace_those_of_the_preset(plan):
    pipeline = "agents: {maskable-ppo: {steps: 5000}, self-labelling: {}}"
    assert list(plan(pipeline).config.agents) == ["maskable-ppo", "self-labelling"]
    assert list(plan("seed: 1").config.agents) == ["hill-climbing"]


def test_an_agent_that_is_picked_keeps_the_settings_written_for_it(plan):
    picked = plan("agents: {ppo: {gamma: 0.5}, dqn: {gamma: 0.6}}", agent=("dqn",))
    assert list(picked.config.agents) == ["dqn"]
    assert picked.config.agents["dqn"]["gamma"] == 0.6
    both = plan(agent=("hill-climbing", "self-labelling"))
    assert list(both.config.agents) == ["hill-climbing", "self-labelling"]
    assert both.config.agents["hill-climbing"]["width"] == 0.4


def test_a_preset_can_have_settings_for_agents_that_it_does_not_choose(plan):
    others = "agents: {ppo: {gamma: 0.5}}\nother_agents: {dqn: {gamma: 0.6, learning_rate: 0.01}}"
    assert list(plan(others).config.agents) == ["ppo"]
    assert plan(others).config.other_agents == {}
    picked = plan(others, agent=("dqn",), set=("agents.dqn.learning_rate=0.02",))
    assert picked.config.agents["dqn"]["gamma"] == 0.6
    assert picked.config.agents["dqn"]["learning_rate"] == 0.02
    with pytest.raises(ConfigError, match="other_agents: must map names to settings"):
        plan("other_agents: [dqn]", agent=("dqn",))


def test_without_agents_the_recommended_one_is_taken(plan):
    assert list(plan(preset="two-rooms").config.agents) == ["hill-climbing"]


def test_the_resolved_configuration_resolves_to_itself(plan, registry):
    from rlsys.config.document import Document
    from rlsys.config.plan import plan_of

    config = plan(preset="two-rooms", set=("noise=0.5",)).config
    again = plan_of(registry, Document(config.model_dump(mode="json"))).config
    assert again == config


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"preset": "two-room"}, r"lamps has no preset 'two-room' \(did you mean 'two-rooms'\?"),
        ({"text": "preset: 3"}, r"my.yaml:1: lamps has no preset 3 "),
        (
            {"text": "plugin: pumps"},
            r"my.yaml:1: plugin: is 'pumps', but the command line names 'lamps'",
        ),
        ({"agent": ("dqm",)}, r"unknown agent 'dqm' \(did you mean 'dqn'\?"),
        ({"text": "agents: [ppo]", "agent": ("ppo",)}, r"my.yaml:1: agents: must map names"),
        ({"text": "agents: [ppo]"}, r"my.yaml:1: agents: must map names to settings"),
        ({"text": "exports: [jsn]"}, r"unknown exporter 'jsn' \(did you mean 'json'\?"),
        (
            {"text": "evaluation: {baselines: [always-of]}"},
            r"lamps has no baseline 'always-of' \(did you mean 'always-on'\?",
        ),
        ({"text": "seed: 1\nsede: 2"}, r"my.yaml:2: sede: unknown key \(did you mean 'seed'\?"),
        ({"text": "environment: {nois: 1}"}, r"my.yaml:1: nois: unknown key .*'noise'"),
        ({"text": "- 1"}, r"my.yaml: must map keys to values"),
        ({"set": ("noise",)}, r"--set 'noise': must be key=value"),
        ({"set": ("noise=2",)}, r"^--set noise=2: noise: .*less than or equal to 1"),
        ({"set": ("nois=0",)}, r"^--set nois=0: nois: unknown key .*'noise'"),
        (
            {"set": ("agents.hill-climbing.width=0",)},
            r"^--set agents.hill-climbing.width=0: width: .*greater than 0",
        ),
        (
            {"set": ("agents.ppo.gamma=0.5",)},
            r"^--set agents.ppo.gamma=0.5: agent 'ppo' does not train here, hill-climbing does; "
            r"choose it with --agent",
        ),
        (
            {"set": ("agents={ppo: {}}",), "agent": ("dqn",)},
            r"agent 'ppo' does not train here, dqn does",
        ),
        ({"episodes": 0}, r"^--episodes: evaluation.episodes: .*greater than or equal to 1"),
        ({"seeds": 0}, r"^--seeds: seeds: .*greater than or equal to 1 \(got 0\)"),
        ({"seed": -1}, r"^--seed: seed: .*greater than or equal to 0 \(got -1\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(map(str, value.values())),
)
def test_what_is_not_allowed_is_refused_in_one_line(plan, layers, message):
    with pytest.raises(UserError, match=message) as caught:
        plan(**layers)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rooms", "message"),
    [
        ("[a, a]", "two cases are called 'a'"),
        ("['../up']", "not usable as a file name"),
        ("['']", "not usable"),
    ],
)
def test_case_names_become_folders_and_must_be_fit_for_it(plan, rooms, message):
    with pytest.raises(ConfigError, match=message):
        plan(f"environment: {{rooms: {rooms}}}")


def test_unknown_environment(registry):
    with pytest.raises(UserError, match=r"unknown environment 'lamp' \(did you mean 'lamps'"):
        Request(plugin="lamp").plan(registry)


def test_an_environment_without_presets_has_an_empty_default(registry, monkeypatch):
    entry = registry.environments.entries["lamps"]
    bare = replace(entry, spec=replace(entry.spec, presets={}))
    monkeypatch.setitem(registry.environments.entries, "lamps", bare)
    config = Request(plugin="lamps").plan(registry).config
    assert list(config.agents) == [entry.spec.agent]
    assert config.preset == "default"
    with pytest.raises(ConfigError, match="no preset 'other'"):
        Request(plugin="lamps", preset="other").plan(registry)
