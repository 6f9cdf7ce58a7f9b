"""If Ray is missing or Gymnasium does not fit, `doctor` says which environment to make."""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import json

import pytest
from program import run_here

from rlsys_ray import installed


def agent_check():
    done = run_here("doctor", "--json")
    (check,) = (c for c in json.loads(done.stdout)["checks"] if c["what"] == "agent rllib-ppo")
    return check


def test_what_is_installed_here_fits():
    assert installed.demanded_gymnasium() == metadata.version("gymnasium")
    assert agent_check()["ok"]


def test_another_gymnasium_is_reported(monkeypatch):
    real = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "1.3.0" if name == "gymnasium" else real(name)
    )
    check = agent_check()
    assert not check["ok"]
    assert "the exact version of gymnasium that it requires" in check["found"]
    assert "ray-env/bin/pip install 'rlsys[ray]' gymnasium==1.2.2" in check["fix"]


@pytest.mark.parametrize("what", ["executor ray", "agent rllib-ppo"])
def test_a_missing_ray_is_reported(monkeypatch, what):
    real_find, real_requires = importlib.util.find_spec, metadata.requires

    def requires(name):
        if name == "ray":
            raise metadata.PackageNotFoundError(name)
        return real_requires(name)

    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "ray" else real_find(name, *a)
    )
    monkeypatch.setattr(metadata, "requires", requires)
    done = run_here("doctor", "--json")
    (check,) = (c for c in json.loads(done.stdout)["checks"] if c["what"] == what)
    assert not check["ok"]
    assert "ray" in check["found"]
    assert "python3 -m venv ray-env" in check["fix"]


def test_the_environment_to_make_has_the_gymnasium_that_ray_requires():
    from rlsys_ray.plugin import rlsys_agents

    for requirement in rlsys_agents()[0].requires:
        assert f"gymnasium=={installed.demanded_gymnasium()}" in requirement.fix
