"""What a user writes: every fault is one clear line with its place."""

from __future__ import annotations

import json

import pytest
import yaml
from fake_stage import workload

from rlsys.config.document import validate
from rlsys.errors import ConfigError
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.workload.workload import Workload, load_workload, shipped_workloads


def test_every_shipped_workload_is_sound():
    assert set(shipped_workloads()) == {
        "dirty-pages",
        "memory-pressure",
        "net-churn",
        "net-long-path",
    }
    for name in shipped_workloads():
        found = load_workload(name)
        assert found.workload_name == name
        assert found.can_be_cut
        assert found.description


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_json_and_yaml_are_the_same(tmp_path, suffix):
    path = tmp_path / f"my.{suffix}"
    path.write_text(json.dumps(workload()) if suffix == "json" else yaml.safe_dump(workload()))
    assert load_workload(str(path)) == Workload.model_validate(workload())


def test_a_command_as_one_text_is_split_but_never_by_a_shell():
    text = "bench --name 'two words' ; rm -rf {seconds}"
    found = Workload.model_validate(workload(benchmark_command=text))
    assert found.benchmark_command == (
        "bench", "--name", "two words", ";", "rm", "-rf", "{seconds}",
    )  # fmt: skip
    shell = Workload.model_validate(workload(benchmark_command=text, shell=True))
    assert shell.benchmark_command == (text,)


FAULTS = [
    ({"workload_nam": "x"}, "unknown key.*did you mean 'workload_name'"),
    ({"reward_metric": ""}, "reward_metric"),
    ({"direction": "up"}, "direction"),
    ({"benchmark_command": []}, "benchmark_command"),
    ({"benchmark_command": "unclosed 'quote"}, "cannot be split"),
    ({"workload_name": "../evil"}, "workload_name"),
    ({"state_space": ["cpu_use"]}, "unknown metric 'cpu_use'.*did you mean 'cpu_usage'"),
    ({"state_space": ["cpu_usage", "cpu_usage"]}, "listed twice"),
    ({"action_space": []}, "action_space"),
    (
        {"action_space": [{"param": "vm.swappiness", "type": "int", "min": 9, "max": 1}]},
        "above max",
    ),
    ({"constraints": [{"left": "vm.nothing", "relation": "<", "right": 1}]}, "vm.nothing"),
    ({"shell": True, "benchmark_command": ["a", "b"]}, "one text"),
    ({"training_config": {"benchmark_timeout": -1}}, "benchmark_timeout"),
    ({"training_config": {"n_step": 1}}, "did you mean 'n_steps'"),
]


@pytest.mark.parametrize(("changed", "said"), FAULTS, ids=[said[:20] for _, said in FAULTS])
def test_faults_are_named_with_their_place(tmp_path, changed, said):
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(workload(**changed)))
    with pytest.raises(ConfigError, match=said) as caught:
        load_workload(str(path))
    assert str(path) in str(caught.value)


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'net-churn'"):
        load_workload("net-chrun")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_workload("/nowhere/my.json")


def test_the_resolved_settings_are_complete_and_the_same_again(tmp_path):
    path = tmp_path / "my.json"
    path.write_text(json.dumps(workload()))
    config = validate(SysctlConfig, {"workload": str(path)})
    kept = json.loads(json.dumps(config.model_dump(mode="json")))
    path.unlink()
    assert validate(SysctlConfig, kept) == config


def test_every_shipped_workload_survives_being_kept():
    for name in shipped_workloads():
        config = validate(SysctlConfig, {"workload": name})
        assert validate(SysctlConfig, json.loads(config.model_dump_json())) == config


def test_weights_that_value_nothing_are_refused():
    with pytest.raises(ConfigError, match="nothing counts"):
        validate(
            SysctlConfig,
            {"workload": workload(), "weight_performance": 0, "weight_stability": 0},
        )


def test_namespaced_only_names_what_the_machine_shares():
    with pytest.raises(ConfigError, match=r"vm.swappiness.*whole machine"):
        validate(SysctlConfig, {"workload": workload(), "namespaced_only": True})
    validate(SysctlConfig, {"workload": "net-long-path", "namespaced_only": True})
