"""The whole tuning, from Python and from the command line, with real processes on a fake kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from fake_workload import fake_settings, fake_workload
from patience import HANG, eventually

from rlsys.cli.main import cli
from rlsys.errors import ConfigError, UserError
from rlsys_sysctl import optimize
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.optimizing import agent_settings
from rlsys_sysctl.sysctl_d import undo_values
from rlsys_sysctl.workload.workload import TrainingSettings

QUICK = {"seconds": 1.0, "repeats": 2}


def tuned(tree, folder, *, workload=None, **options):
    environment = {**QUICK, "proc_sys": str(tree.root)}
    settings = {"evaluations": 30, "confirm_pairs": 4} if "settings" not in options else {}
    return optimize(
        workload or fake_workload(tree),
        environment=environment,
        out=folder,
        **{"settings": settings, **options},
    )


@pytest.fixture
def finished(fake_proc, tmp_path):
    before = fake_proc.values()
    found = tuned(fake_proc, tmp_path / "run")
    assert fake_proc.values() == before
    return found


def test_it_tunes_confirms_restores_and_writes_the_files(finished, fake_proc):
    assert finished.recommended
    assert finished.low > 0
    assert finished.improvement > 0.5  # the best is 2.4 times the default
    assert finished.best_reward > 1.0
    assert abs(int(finished.best_configuration["vm.swappiness"]) - 150) < 60
    assert finished.original["vm.swappiness"] == fake_proc.values()["vm.swappiness"] == "60"

    folder = finished.directory / "exports" / "sysctl-d" / "fake"
    conf = (folder / "90-rlsys-fake.conf").read_text()
    set_there = dict(re.findall(r"^([a-z.-]+) = (.*)$", conf, re.M))
    assert set_there == dict(finished.best_configuration)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["recommended"]
    assert summary["improvement"] == pytest.approx(finished.improvement)


def test_the_commands_apply_and_undo(finished, fake_proc, tmp_path):
    """A `sysctl` that writes to the fake kernel: what the scripts do, not how they look."""
    program = tmp_path / "bin" / "sysctl"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'name=${2%%=*}; value=${2#*=}; path=$(printf %s "$name" | tr . /)\n'
        f'echo "$value" > {fake_proc.root}/$path\n'
    )
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    folder = finished.directory / "exports" / "sysctl-d" / "fake"
    before = fake_proc.values()
    subprocess.run([folder / "apply.sh"], env=environment, check=True)
    applied = fake_proc.values()
    assert {n: applied[n] for n in finished.best_configuration} == finished.best_configuration
    subprocess.run([folder / "undo.sh"], env=environment, check=True)
    assert fake_proc.values() == before


def test_undo_brings_back_what_the_machine_has_and_not_what_the_namespaces_began_with(
    netns, tmp_path
):
    """The benchmark's namespace begins with other values; of the winner every value is set."""
    keys = ("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_retries2")
    here = {}
    for name in keys:
        with open(f"/proc/sys/{name.replace('.', '/')}", encoding="utf-8") as file:
            here[name] = file.read().strip()
    timeout, retries = keys
    netns.write(timeout, str(int(here[timeout]) + 40))
    netns.write(retries, "3")  # already the best: the tuning does not change it
    ready = json.dumps({"namespaces": {"only": netns.pid}})
    read = "cat /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/net/ipv4/tcp_retries2"
    found = optimize(
        {
            "workload_name": "both",
            "reward_metric": "cost",
            "direction": "lower",
            "benchmark_command": [
                "nsenter", "-t", str(netns.pid), "-n",
                "sh", "-c", f"set -- $({read}); echo cost: $(($1 + 100 * $2))",
            ],
            "fixture_command": [
                sys.executable, "-c", f"print('ready: ' + {ready!r}, flush=True); input()",
            ],
            "action_space": [
                {"param": timeout, "type": "int", "min": 5, "max": 20},
                {"param": retries, "type": "int", "min": 3, "max": 9},
            ],
        },
        agent="grid",
        settings={"levels": 2, "confirm_pairs": 4},
        environment={"repeats": 2},
        out=tmp_path / "run",
    )  # fmt: skip
    assert found.recommended
    assert found.best_configuration == {timeout: "5", retries: "3"}
    folder = tmp_path / "run" / "exports" / "sysctl-d" / "both"
    lines = (folder / "90-rlsys-both.conf").read_text().splitlines()
    assert lines[-2:] == [f"{timeout} = 5", f"{retries} = 3"]
    assert f"# was {retries} = {here[retries]}" in lines
    assert f"# compared with {retries} = 3" in lines
    undo = (folder / "undo.sh").read_text()
    assert {f"sysctl -w {name}={value}" for name, value in here.items()} <= set(undo.splitlines())
    report = (tmp_path / "run" / "exports" / "sysctl-d" / "both" / "rlsys-export.json").read_text()
    assert f"this machine has {here[timeout]}" in report


def test_undo_sets_the_one_of_a_pair_that_was_set(fake_proc):
    """dirty_background_ratio is 0 because its bytes are set: 0 would not bring those back."""
    original = {"vm.dirty_background_ratio": "0", "vm.dirty_ratio": "20", "vm.swappiness": "60"}
    assert undo_values(original, Kernel(fake_proc.root)) == {
        "vm.dirty_background_bytes": "50000000",
        "vm.dirty_ratio": "20",
        "vm.swappiness": "60",
    }


def test_where_the_default_is_not_beaten_there_is_nothing_to_set(fake_proc, tmp_path):
    workload = fake_workload(fake_proc, benchmark_command=["echo", "speed: 100"])
    found = tuned(fake_proc, tmp_path / "run", workload=workload)
    assert not found.recommended
    assert found.best_configuration == found.original
    folder = found.directory / "exports" / "sysctl-d" / "fake"
    conf = (folder / "90-rlsys-fake.conf").read_text()
    assert all(line.startswith("#") for line in conf.splitlines())
    assert "sysctl -w" not in (folder / "apply.sh").read_text()


def test_a_workload_file_and_its_training_config_are_obeyed(fake_proc, tmp_path):
    path = tmp_path / "my.yaml"
    training = {"total_timesteps": 6, "benchmark_timeout": HANG}
    path.write_text(yaml.safe_dump(fake_workload(fake_proc, training_config=training)))
    found = tuned(fake_proc, tmp_path / "run", workload=str(path), agent="random", settings=None)
    config = yaml.safe_load((found.directory / "config.yaml").read_text())
    assert config["agents"]["random"]["evaluations"] == 6


def test_training_config_becomes_settings_of_ppo():
    given = {"total_timesteps": 40, "n_steps": 8, "batch_size": 8, "gamma": 0.5}
    settings = agent_settings("ppo", TrainingSettings.model_validate(given))
    assert settings == {"steps": 40, "n_steps": 8, "batch_size": 8, "gamma": 0.5}
    assert agent_settings("ppo", TrainingSettings())["gamma"] == 0.0


def test_ppo_trains_on_it_and_its_policy_is_confirmed_by_the_export(fake_proc, tmp_path):
    pytest.importorskip("stable_baselines3", reason="pip install 'rlsys[sb3]'")
    before = fake_proc.values()
    found = tuned(fake_proc, tmp_path / "run", agent="ppo", settings={"steps": 8, "net_arch": [4]})
    assert fake_proc.values() == before
    summary = json.loads(next(found.directory.glob("exports/**/summary.json")).read_text())
    assert summary["confirmation"]["pairs"] == 8


def test_bad_input_changes_nothing(fake_proc, tmp_path):
    before = fake_proc.values()
    space = [{"param": "vm.swapiness", "type": "int", "min": 0, "max": 9}]
    cases = [
        (fake_workload(fake_proc, action_space=space), "vm.swappiness"),
        (fake_workload(fake_proc, "silent"), "I print no metric"),
        (fake_workload(fake_proc, "nan"), "finite"),
    ]
    for number, (workload, said) in enumerate(cases):
        with pytest.raises(UserError, match=said):
            tuned(fake_proc, tmp_path / f"{number}", workload=workload)
        assert fake_proc.values() == before
    with pytest.raises(ConfigError, match="unknown key"):
        optimize({**fake_workload(fake_proc), "extra": 1})


def test_a_dry_run_writes_nothing_needs_no_rights_and_shows_every_write(
    fake_proc, tmp_path, own_state, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for path in fake_proc.root.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    before = fake_proc.values()
    found = tuned(fake_proc, tmp_path / "run", dry_run=True)
    assert fake_proc.values() == before
    assert not (tmp_path / "run").exists()
    assert not own_state.exists()
    assert found.original == {n: before[n] for n in ("vm.swappiness", "vm.page-cluster")}
    # The writes, carried out one after another, go through many configurations and lead back.
    state, seen = dict(found.original), set()
    for name, text in found.writes:
        assert state[name] != text
        state[name] = text
        seen.add(tuple(state.items()))
    assert state == found.original
    assert len(seen) > 10


def test_a_dry_run_needs_a_searcher(fake_proc):
    pytest.importorskip("stable_baselines3", reason="pip install 'rlsys[sb3]'")
    with pytest.raises(UserError, match="needs a searcher"):
        optimize(fake_workload(fake_proc), dry_run=True, agent="ppo")


def command_line(*arguments):
    return CliRunner().invoke(cli, ["sysctl", "tune", *map(str, arguments)])


def test_the_command_tells_of_a_dry_run_as_text_and_as_json(tmp_path):
    """On the real kernel: reading alone, so it works for anybody."""
    path = tmp_path / "my.json"
    path.write_text(
        json.dumps(
            {
                "workload_name": "mine",
                "reward_metric": "speed",
                "benchmark_command": "true",
                "action_space": [{"param": "vm.swappiness", "type": "int", "min": 0, "max": 100}],
            }
        )
    )
    with open("/proc/sys/vm/swappiness", encoding="utf-8") as file:
        before = file.read().strip()
    shown = command_line(path, "--dry-run", "--evaluations", 10)
    assert shown.exit_code == 0, shown.output
    assert f"now: vm.swappiness = {before}" in shown.output
    assert "would write: vm.swappiness = " in shown.output
    document = json.loads(command_line(path, "--dry-run", "--evaluations", 10, "--json").stdout)
    assert document["writes"][-1] == ["vm.swappiness", before]
    with open("/proc/sys/vm/swappiness", encoding="utf-8") as file:
        assert file.read().strip() == before


def test_namespaced_only_is_a_flag(tmp_path):
    path = tmp_path / "my.json"
    path.write_text(json.dumps(fake_settings_for_real()))
    shown = command_line(path, "--dry-run", "--namespaced-only")
    assert isinstance(shown.exception, ConfigError)
    assert "whole machine" in str(shown.exception)


def fake_settings_for_real():
    return {
        "workload_name": "mine",
        "reward_metric": "speed",
        "benchmark_command": "true",
        "action_space": [{"param": "vm.swappiness", "type": "int", "min": 0, "max": 100}],
    }


def test_resume_needs_a_directory(tmp_path):
    path = tmp_path / "my.json"
    path.write_text(json.dumps(fake_settings_for_real()))
    shown = command_line(path, "--resume")
    assert isinstance(shown.exception, UserError)
    assert "--out" in str(shown.exception)


def test_a_run_through_the_core_evaluates_and_reports(fake_proc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = fake_proc.values()
    settings = fake_settings(fake_proc)
    file = tmp_path / "run.yaml"
    search = {"optuna": {"evaluations": 20, "confirm_pairs": 4}}
    file.write_text(
        yaml.safe_dump({"environment": settings, "agents": search, "evaluation": {"episodes": 2}})
    )
    arguments = ["run", "sysctl", "--config", str(file), "--out", "run", "--json", "--quiet"]
    shown = CliRunner().invoke(cli, arguments)
    assert shown.exit_code == 0, shown.output
    document = json.loads(shown.stdout)
    rewards = {
        row["controller"]: row["mean"] for row in document["results"] if row["metric"] == "reward"
    }
    assert rewards["optuna"] > rewards["default"]
    assert any("sysctl-d" in name for name in document["artefacts"])
    assert (tmp_path / "run" / "report.md").exists()
    assert fake_proc.values() == before


@pytest.mark.parametrize("signal", ["TERM", "INT", "KILL"])
def test_a_tuning_that_is_ended_leaves_the_machine_as_it_was_and_resumes(
    fake_proc, tmp_path, signal
):
    before = fake_proc.values()
    file = tmp_path / "run.yaml"
    search = {"random": {"evaluations": 30, "confirm_pairs": 4}}
    settings = fake_settings(fake_proc, "hold")
    hold, held = (fake_proc.root.with_suffix(suffix) for suffix in (".hold", ".held"))
    hold.touch()
    file.write_text(yaml.safe_dump({"environment": settings, "agents": search, "seed": 1}))
    command = [sys.executable, "-m", "rlsys.cli.main", "train", "sysctl"]
    arguments = ["--config", str(file), "--out", str(tmp_path / "run"), "--quiet"]
    process = subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE)
    metrics = tmp_path / "run" / "metrics.jsonl"
    assert eventually(lambda: held.exists() or process.poll() is not None)
    assert process.poll() is None, "it ended before it could be ended"
    assert fake_proc.values() != before
    assert metrics.read_text().count('"evaluation"') >= 2
    subprocess.run(["kill", f"-{signal}", str(process.pid)], check=True)
    process.communicate()
    assert process.returncode != 0
    assert eventually(lambda: fake_proc.values() == before)
    hold.unlink()
    again = subprocess.run(
        [*command, *arguments, "--resume"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    numbers = [
        line["evaluation"]
        for line in map(json.loads, metrics.read_text().splitlines())
        if "evaluation" in line
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    assert fake_proc.values() == before
