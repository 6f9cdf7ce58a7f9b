"""`rlsys doctor` fails for what an installed plugin needs, not for extras nobody asked for."""

from __future__ import annotations

import json

import pytest
from program import LAMPS, LAMPS_FILE, dist_info, run_here

from rlsys.plugins import requirements


@pytest.fixture
def bare(monkeypatch):
    """Let every module that an extra brings be missing."""
    monkeypatch.setattr(requirements, "is_met", lambda _: False)
    monkeypatch.setenv("RLSYS_PLUGINS", "")


def checks(*arguments):
    result = run_here(*arguments, "doctor", "--json")
    found = {check["what"]: check for check in json.loads(result.stdout)["checks"]}
    return result.returncode, found


@pytest.mark.usefixtures("bare")
def test_what_comes_with_an_extra_is_not_installed_and_no_fault():
    code, found = checks(*LAMPS)
    assert code == 0
    for what in ("agent ppo", "exporter onnx"):
        assert found[what]["ok"]
        assert found[what]["found"].startswith("not installed: lacks ")
        assert "pip install 'rlsys[" in found[what]["fix"]
    shown = run_here(*LAMPS, "doctor")
    assert shown.returncode == 0
    assert "-    agent ppo: not installed: lacks torch" in shown.stdout
    assert "FIX" not in shown.stdout


PLUGIN = """
from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec

@hookimpl
def rlsys_environments():
    return [EnvironmentSpec(
        name="pump", summary="x", config="lamps:LampsConfig", vector_env="lamps:Lamps",
        agent="{agent}", presets={{"default": "pump:pump.yaml"}})]
"""


@pytest.mark.parametrize(
    ("agent", "preset", "faults"),
    [
        ("ppo", "{}", {"agent ppo"}),
        ("none", "agents: {dqn: {}}", {"agent dqn"}),
        ("none", "exports: [onnx]", {"exporter onnx"}),
        ("none", "exports: {onnx: {optional: true}}", set()),
        ("none", "exports: {json: {}}", set()),
    ],
)
def test_what_an_installed_plugin_names_is_needed(
    bare, tmp_path, monkeypatch, agent, preset, faults
):
    del bare
    import sys

    sys.modules.pop("pump", None)
    (tmp_path / "pump.py").write_text(PLUGIN.format(agent=agent))
    (tmp_path / "pump.yaml").write_text(preset)
    (tmp_path / "lamps.py").write_text(LAMPS_FILE.read_text())
    dist_info(tmp_path, "rlsys-pump", {"pump": "pump"})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("RLSYS_PLUGINS", "pump")
    code, found = checks()
    wrong = {what for what, check in found.items() if not check["ok"]}
    assert wrong == faults
    assert code == (1 if faults else 0)
    assert all("; pump needs it" in found[what]["found"] for what in faults)
