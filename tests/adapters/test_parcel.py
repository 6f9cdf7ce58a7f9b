"""What is packed here is unpacked in another process, with the plugin files that it needs."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from rlsys.adapters.making import make_env_of
from rlsys.adapters.parcel import pack, portable_error
from rlsys.errors import UserError
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry

PLUGIN = """
import gymnasium
import numpy as np
from pydantic import BaseModel
from rlsys import hookimpl
from rlsys.descriptors import EnvironmentSpec

@hookimpl
def rlsys_environments():
    return [EnvironmentSpec(name="twice", summary="", config="twice:Config", env="twice:Twice",
                            agent="ppo")]

class Config(BaseModel):
    factor: float = 2.0

class Twice(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-9.0, 9.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, config):
        self.factor = config.factor

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.array([self.factor], np.float32), {}

    def step(self, action):
        return np.array([self.factor * action], np.float32), 1.0, False, False, {}
"""
UNPACK = """
import pickle, sys
parcel = pickle.load(open(sys.argv[1], "rb"))
env = parcel.unpack()(3)
print(env.reset(seed=0)[0].ravel().tolist())
print(env.step([1, 0, 1])[0].ravel().tolist())
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """Return the description in the plugin file; a file is loaded once per process."""
    file = tmp_path_factory.mktemp("plugin") / "twice.py"
    file.write_text(PLUGIN)
    registry = Registry(PluginManager(PluginOptions(files=(str(file),))))
    return registry.environments.get("twice")


def test_environments_of_a_plugin_file_are_made_in_another_process(spec, tmp_path):
    config = sys.modules["twice"].Config(factor=4.0)
    (tmp_path / "parcel").write_bytes(pickle.dumps(make_env_of(spec, config).packed()))
    done = subprocess.run(
        [sys.executable, "-c", UNPACK, tmp_path / "parcel"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[4.0, 4.0, 4.0]\n[4.0, 0.0, 4.0]\n", done.stderr


def test_what_cannot_be_packed_is_said(spec):

    class Here(sys.modules["twice"].Config):
        pass

    maker = make_env_of(spec, Here())
    with pytest.raises(UserError, match="'twice' cannot be sent to another process"):
        maker.packed()


def test_modules_that_an_import_finds_need_no_file():
    assert pack(1, ["json", "rlsys.errors", "__main__"]).files == {}


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one}{two}")


def test_errors_survive_with_their_traceback():
    for error, kind in ((ValueError("x"), ValueError), (Odd(1, 2), RuntimeError)):
        try:
            raise error
        except Exception as raised:  # noqa: BLE001
            again = pickle.loads(pickle.dumps(portable_error(raised)))
        assert type(again) is kind
        assert str(error) in str(again)
    assert portable_error(UserError("mine")).args == ("mine",)
