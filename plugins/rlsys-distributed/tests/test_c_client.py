"""The C and C++ client is built, installed and found, and learns from a server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from c_client import CLIENT, run
from live_server import LIMIT, LiveServer

EXAMPLE = Path(__file__).parents[3] / "examples" / "cartpole-cpp"
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("algorithm", ["PPO", "DQN"])
def test_the_example_finds_the_library_and_learns(prefix, tmp_path, algorithm):
    run("cmake", "-S", EXAMPLE, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "build")
    server = LiveServer(
        tmp_path / "home",
        settings={
            "ppo": {"n_steps": 256, "batch_size": 128, "n_epochs": 4, "max_lag": 1},
            "dqn": {"learning_starts": 100, "exploration_steps": 500, "publish_every": 200},
        },
        backlog={"steps": 300},  # the program waits for its learner, however fast it is
    )
    config = json.loads((EXAMPLE / "client.json").read_text(encoding="utf-8"))
    config |= {"train_server_address": server.address, "first_model_timeout": LIMIT}
    config["algorithm_name"] = algorithm
    config["type"] = "onpolicy" if algorithm == "PPO" else "offpolicy"
    (tmp_path / "client.json").write_text(json.dumps(config))
    said = run(tmp_path / "build" / "cartpole", tmp_path / "client.json", "200")
    server.stop()
    (episode, version) = re.findall(r"episode (\d+), version (\d+)", said)[-1]
    assert episode == "200"
    assert int(version) >= 3
    (log,) = (tmp_path / "home" / config["client_id"]).glob("metrics.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["step"] > 1000


@pytest.mark.full
@pytest.mark.parametrize("sanitizer", ["", "address,undefined", "thread"])
def test_the_librarys_own_tests(prefix, tmp_path, sanitizer):  # noqa: ARG001 - is it there?
    kind = "Debug" if sanitizer else "Release"
    run(
        "cmake", "-S", CLIENT, "-B", tmp_path, "-DRLSYS_BUILD_TESTS=ON",
        f"-DRLSYS_SANITIZE={sanitizer}", f"-DCMAKE_BUILD_TYPE={kind}",
    )  # fmt: skip
    run("cmake", "--build", tmp_path, "-j2")
    said = run("ctest", "--test-dir", tmp_path, "--output-on-failure")
    assert "100% tests passed" in said
