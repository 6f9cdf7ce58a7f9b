"""Every fault is found by exactly one check, whose message says how to fix it.

All faulty plugins go through one pytest process of their own, whose verdicts the tests look at.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import faulty
import pytest

HERE = Path(__file__).parent

# The fault, the check that finds it, what the message says is wrong, and how it is fixed.
ENVIRONMENTS = {
    "RandomRewards": ("the_same_seed_gives_the_same_episodes", "reward is", "generators made from"),
    "RemembersEpisodes": ("a_reset_with_a_seed_begins_anew", "trajectory is different", "in reset"),
    "IgnoresSeeds": ("seeds_matter", "eight seeds", "use the seed of reset"),
    "CopiesLeak": ("copies_do_not_influence_each_other", "same copy alone", "its own generator"),
    "IntSeedsDiffer": ("the_adapter_for_one_copy_agrees", "adapter differ", "copy 0 of a batch"),
    "OutsideItsSpace": ("observations_lie_in_their_space", "has 1.25 at", "clip the observation"),
    "DoublePrecision": ("observations_lie_in_their_space", "dtype float64", "astype(np.float32)"),
    "FlatSpace": ("spaces_are_declared", "observation_space has shape (2,)", "batch_space"),
    "SingleEnv": ("spaces_are_declared", "TimeLimit, a single environment", "see the message"),
    "NanReward": ("rewards_and_infos_are_finite", "rewards are", "finite"),
    "NanMetric": ("rewards_and_infos_are_finite", "['moves'] is", "finite"),
    "ShutMask": ("masks_allow_an_action", "allow no action in copy", "at least one action"),
    "NeverEnds": ("episodes_end_and_the_next_ones_begin", "did not end within", "end episodes"),
    "NoFinalInfo": ("episodes_end_and_the_next_ones_begin", "no 'final_info'", "put final_obs"),
    "NextStepReset": ("episodes_end_and_the_next_ones_begin", "NextStep, not", "next one's first"),
    "UndeclaredMetric": ("metrics_are_those_declared", "['length']", "declare them"),
    "LacksMetric": ("metrics_are_those_declared", "lacks the declared", "return them"),
    "ReturnsItsBuffer": ("returned_arrays_are_not_changed_later", "were changed", "return a copy"),
    "ChangesActions": ("actions_are_neither_kept_nor_changed", "changed the array", "copy the"),
    "KeepsActions": (
        "actions_are_neither_kept_nor_changed",
        "reusing an array",
        "copy the actions",
    ),
    "NarrowerThanItSays": ("every_action_of_the_space_is_accepted", "ZeroDivision", "accept every"),
    "ForgetsTime": ("a_saved_state_goes_on_exactly", "trajectory is different", "from get_state"),
    "LiveState": ("a_saved_state_goes_on_exactly", "trajectory is different", "as copies"),
    "HalfState": ("a_saved_state_goes_on_exactly", "only one of", "implement both"),
    "WritesLog": ("nothing_is_written_to_the_working_directory", "dial.log", "write nothing"),
    "UndecidedBaseline": ("baselines_play_by_the_rules", "different rewards", "in reset(env)"),
    "FractionalBaseline": ("baselines_play_by_the_rules", "dtype float64", "in the action space"),
    "BeatenOracle": ("the_oracle_is_not_beaten", "more than 'optimum'", "correct one of them"),
    "BackwardsOracle": ("the_oracles_values_agree_with_its_actions", "are worth", "highest of"),
    "OpenConfig": ("settings_are_closed", "unknown key", "extra='forbid'"),
    "MutableConfig": ("settings_are_closed", "can be changed", "frozen=True"),
    "RoundedConfig": ("settings_survive_json_and_pickle", "different after JSON", "plain data"),
    "LockedConfig": ("settings_survive_json_and_pickle", "cannot be pickled", "plain data"),
    "MadeConfig": ("settings_travel_to_another_process", "faulty_made", "top level of a module"),
    "MissingPreset": ("every_preset_is_valid", "no-such.yaml", "add it to the package"),
    "WrongPreset": ("every_preset_is_valid", "did you mean 'cost'", "correct the file"),
    "MisplacedPreset": ("every_preset_is_valid", "no case 'nowhere'", "correct the file"),
    "MissingFigure": ("everything_it_names_exists", "no_such_figure", "in the description"),
}
AGENTS = {
    "UnseededAgent": ("the_same_seed_gives_the_same_policy", "different policies", "session.seed"),
    "BeginsAnew": ("an_interrupted_training_goes_on_exactly", "started over", "resumed_state()"),
    "ForgetsGenerator": ("an_interrupted_training_goes_on_exactly", "different", "generators"),
    "GoesOn": ("an_interrupted_training_goes_on_exactly", "asked to stop", "the Interrupted"),
    "WritesBeside": ("it_writes_only_into_its_directory", "climber.log", "session.directory"),
    "ReturnsAnother": ("it_trains_to_the_end", "a policy that differs", "at the last boundary"),
    "Silent": ("it_trains_to_the_end", "never reported", "session.report("),
    "StopsEarly": ("it_trains_to_the_end", "at step 4 of 5", "step >= total"),
    "DeniesMasks": ("the_policy_fits_the_environment", "needs none", "masked=True"),
    "IgnoresMasks": ("it_plays_by_the_rules", "the mask forbids", "action_masks() allows"),
    "CountsFromThree": ("the_policy_fits_the_environment", "outside Discrete(3)", "the decoding"),
    "StartsAfresh": ("it_begins_as_the_network_it_starts_from", "in only", "of session.start"),
    "StartsFromWeights": ("it_begins_as_the_network_it_starts_from", "in only", "their biases"),
    "RefusesStart": ("it_begins_as_the_network_it_starts_from", "somebody else", "=False"),
    "OpenAgentSettings": ("settings_are_closed", "unknown key", "extra='forbid'"),
    "TunesNothing": ("what_tune_tries_is_a_setting", "'widht'", "one of ['rounds', 'width']"),
}
EXPORTERS = {
    "undeclared_file": ("it_reports_the_files_that_it_writes", "build.log", "list them in"),
    "unwritten_file": ("it_reports_the_files_that_it_writes", "README", "leave them out"),
    "writes_elsewhere": ("it_reports_the_files_that_it_writes", "export.log", "that it is given"),
    "dated": ("the_same_network_gives_the_same_bytes", "different made", "leave out times"),
    "nan_figure": ("its_own_checks_hold", "not JSON compliant", "finite Python numbers"),
    "failing_check": ("its_own_checks_hold", "failed", "acts like the network"),
    "changes_weights": ("the_network_is_left_as_it_was", "it changed layers.0.bias", "copies"),
    "loses_everything_around": (
        "what_it_wrote_acts_as_the_network",
        "differ from",
        "normalisation",
    ),
    "refuses_all": ("some_network_can_be_exported", "not on Sundays", "see the messages"),
    "open_export_settings": ("settings_are_closed", "unknown key", "extra='forbid'"),
}
IMPORTS = {"HeavyImport": ("importing_the_plugin_is_cheap", "tensorflow (", "'module:attribute'")}
ALL = {**ENVIRONMENTS, **AGENTS, **EXPORTERS, **IMPORTS}

HEAD = """
from rlsys.testing import AgentConformance, EnvironmentConformance, ExporterConformance
import dial
"""
ENVIRONMENT = """
class Test{fault}(EnvironmentConformance):
    plugin = {plugin!r}
    environment = {name!r}
    steps, longest_episode = 40, 300
    overrides = {overrides!r}
"""
AGENT = """
class Test{fault}(AgentConformance):
    plugin = {plugin!r}
    agent, environment = {name!r}, "dial"
    environment_plugin = {dial!r}
"""
EXPORTER = """
class Test{fault}(ExporterConformance):
    plugin = {plugin!r}
    exporter = {name!r}

    def actions_of(self, directory, network, observations, masks):
        return dial.read(directory).act(observations, masks)
"""
# These start processes: they run where they are to find something, and once where they are not.
DEAR = "cheap or travel"
SPARED = f"not ({DEAR}) or HeavyImport or MadeConfig or CopiesLeak"


def text() -> str:
    """Return a test module with a class for each fault."""
    parts = [HEAD]
    for faults, template in (
        (ENVIRONMENTS, ENVIRONMENT), (AGENTS, AGENT), (EXPORTERS, EXPORTER), (IMPORTS, EXPORTER),
    ):  # fmt: skip
        for fault in faults:
            parts.append(
                template.format(
                    fault=fault,
                    plugin=str(HERE / "heavy.py" if fault in IMPORTS else faulty.__file__),
                    name="text" if fault in IMPORTS else faulty.kebab(fault),
                    dial=str(HERE / "dial.py"),
                    overrides={"cost": 0.125 if fault != "RoundedConfig" else 0.14},
                )
            )
    return "\n".join(parts)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, dict[str, str | None]]:
    """Return by fault and check the message of a failure, or None."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "test_them.py").write_text(text(), encoding="utf-8")
    heavy = folder / "tensorflow" / "__init__.py"
    heavy.parent.mkdir()
    heavy.write_text("", encoding="utf-8")
    path = os.pathsep.join([str(HERE), str(folder)])
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--junitxml=all.xml", "-k", SPARED, "-p",
         "no:cacheprovider", "-p", "no:xdist", "test_them.py"],
        cwd=folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found: dict[str, dict[str, str | None]] = {}
    for case in ElementTree.parse(folder / "all.xml").iter("testcase"):
        check = case.get("name", "").removeprefix("test_").partition("[")[0]
        fault = case.get("classname", "").rpartition("Test")[2]
        bad = next((part for part in case if part.tag in ("failure", "error")), None)
        message = None if bad is None else f"{bad.get('message')}\n{bad.text}"
        mine = found.setdefault(fault, {})
        mine[check] = mine.get(check) or message
    return found


@pytest.mark.parametrize("fault", ALL)
def test_a_fault_is_found_by_its_check_alone_and_the_message_says_what_fixes_it(fault, verdicts):
    check, wrong, cure = ALL[fault]
    failed = {name: told for name, told in verdicts[fault].items() if told is not None}
    assert list(failed) == [check], failed
    assert wrong in failed[check]
    assert "to fix it: " in failed[check]
    assert cure in failed[check].partition("to fix it: ")[2]


def test_every_check_is_proven_to_find_something(verdicts):
    """A check that no fault here can make fail proves nothing."""
    existing = {name for mine in verdicts.values() for name in mine}
    assert {check for check, *_ in ALL.values()} == existing


def test_every_faulty_plugin_is_looked_at(verdicts):
    planted = {*faulty.ENVIRONMENTS, *faulty.AGENTS, *faulty.EXPORTERS}
    # The settings that exist in one process alone are not made in this one.
    assert planted | {"HeavyImport", "MadeConfig"} == set(ALL) == set(verdicts)
