"""What each extra is for, in seconds: a job that needs just what it brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from environments import ROOT, Environment

TOY = ROOT / "tests" / "toy"
LAMPS = ("--plugin-file", str(TOY / "lamps.py"))
BOUNDED = (*LAMPS, "--plugin-file", str(ROOT / "tests" / "packaging" / "bounded.py"))
RELAY = ("--plugin-file", str(TOY / "relay.py"))
SIGNS = ("--plugin-file", str(ROOT / "tests" / "tuning" / "signs.py"))

TINY_RTOS = (
    "--preset", "normal", "--steps", "1024", "--episodes", "2",
    "--set", "agents.maskable-ppo.n_steps=16", "--set", "agents.maskable-ppo.n_epochs=1",
    "--set", "agents.self-labelling.rounds=1", "--set", "agents.self-labelling.episodes=16",
    "--set", "agents.self-labelling.keep=4", "--set", "training.validation_episodes=1",
)  # fmt: skip
TINY_RUST = (
    "--set", "exports.rust-q10.run=false", "--set", "exports.rust-q10.observations=1000",
    "--set", "exports.rust-q10.golden_vectors=100", "--set", "exports.rust-q10.episodes=1",
)  # fmt: skip
TINY_JOBSHOP = (
    "--episodes", "2",
    "--set", "agents.self-labelling.rounds=2", "--set", "agents.self-labelling.episodes=16",
    "--set", "agents.self-labelling.keep=4", "--set", "agents.self-labelling.instances=2",
    "--set", "training.validation_episodes=1",
)  # fmt: skip
TINY_MEC = ("--preset", "phase1", "--steps", "256", "--episodes", "2",
            "--set", "training.validation_episodes=1")  # fmt: skip

PLUGINS = ("distributed", "jobshop", "mec", "ray", "rtos", "rust-q10", "sysctl")
LEARN_LIVE = """
import signal, subprocess, sys
from rlsys_distributed.client import Agent

served = [sys.executable, "-m", "rlsys.cli.main", "distributed", "serve", "--port", "0"]
server = subprocess.Popen(served, stdout=subprocess.PIPE, text=True)
address = server.stdout.readline().split()[2].rstrip(",")
agent = Agent(
    {"client_id": "p", "train_server_address": address, "first_model_timeout": 300,
     "observation_space": {"box": {"shape": [1]}}, "action_space": {"discrete": {"n": 2}},
     "algorithm_parameters": {"n_steps": 64, "batch_size": 32}}
)
while agent.version < 3:
    trajectory = None
    for step in range(8):
        trajectory, action = agent.request_for_action(trajectory, [step / 8])
        agent.add_to_trajectory(trajectory, action)
        action.update_reward(float(action.act))
    agent.mark_end_of_trajectory(trajectory, action)
    assert agent.flush(300)
agent.close()
server.send_signal(signal.SIGINT)
assert server.wait() == 0
print("learned")
"""


def core(env: Environment) -> None:
    out = trained(env, *LAMPS, "train", "lamps")
    env.rlsys(*LAMPS, "export", out, "--to", "json")
    assert list((out / "exports" / "json").rglob("policy_weights.json"))
    assert env.python("import importlib.util as u; print(u.find_spec('torch'))") == "None\n"


def trained(env: Environment, *command: str) -> Path:
    """Train; return the run directory, which holds the network that must come out of it."""
    out = env.work / "run"
    env.rlsys(*command, "--out", out)
    assert list(out.rglob("network.npz"))
    return out


def gym(env: Environment) -> None:
    trained(env, *RELAY, "train", "relay")


def sb3(env: Environment) -> None:
    trained(env, *RELAY, "train", "relay", "--agent", "mappo", "--steps", "512",
            "--set", "training.validation_episodes=1")  # fmt: skip


def figures(env: Environment) -> None:
    assert list((trained(env, *LAMPS, "run", "lamps") / "figures").glob("*.png"))


def tune(env: Environment) -> None:
    env.rlsys(*SIGNS, "tune", "signs", "--trials", "2", "--out", env.work / "search")
    assert (env.work / "search" / "best.yaml").exists()


def onnx(env: Environment) -> None:
    out = trained(env, *LAMPS, "train", "lamps")
    env.rlsys(*LAMPS, "export", out, "--to", "onnx")
    assert list((out / "exports" / "onnx").rglob("policy.onnx"))


def pettingzoo(env: Environment) -> None:
    env.python(
        f"import sys; sys.path.insert(0, {str(TOY)!r})\n"
        "from pettingzoo.test import parallel_api_test\n"
        "from relay import Relay, RelayConfig\n"
        "from rlsys.adapters.parallel import RoleParallelEnv\n"
        "parallel_api_test(RoleParallelEnv(Relay(RelayConfig(), 1)), num_cycles=8)\n"
    )


def watch(env: Environment) -> None:
    beads = (*LAMPS, "--plugin-file", str(TOY / "beads.py"))
    out = trained(env, *beads, "train", "beads", "--steps", "96")
    env.rlsys(*beads, "watch", out, "--video", env.work / "videos")
    assert list((env.work / "videos").glob("*.mp4"))


def rust_q10(env: Environment) -> None:
    out = trained(env, *BOUNDED, "train", "bounded")
    few = (word.replace("exports.rust-q10.", "") for word in TINY_RUST)
    env.rlsys(*BOUNDED, "export", out, "--to", "rust-q10", *few)
    assert list((out / "exports" / "rust-q10").rglob("Cargo.toml"))


def rtos(env: Environment) -> None:
    out = trained(env, "run", "rtos", *TINY_RTOS, *TINY_RUST)
    assert (out / "exports" / "rust-q10" / "normal" / "stm32f411" / "memory.x").exists()
    assert list((out / "figures").glob("*.png"))


def jobshop(env: Environment) -> None:
    solved = env.rlsys("jobshop", "solve", "ft06", "--search", "cp-sat", "--json").stdout
    assert json.loads(solved)["measures"]["makespan"] == 55
    assert (trained(env, "run", "jobshop", *TINY_JOBSHOP) / "report.md").exists()


def mec(env: Environment) -> None:
    assert (trained(env, "run", "mec", *TINY_MEC) / "report.md").exists()


def sysctl(env: Environment) -> None:
    # Nothing may be written to this machine's kernel: a dry run is all of a tuning but the writes.
    said = env.rlsys("sysctl", "tune", "net-long-path", "--dry-run").stdout
    assert "would write: " in said


def ray(env: Environment) -> None:
    trained(env, *LAMPS, "train", "lamps", "--executor", "ray")


def distributed(env: Environment) -> None:
    assert "learned" in env.python(LEARN_LIVE)
    assert "distributed-ppo" in env.rlsys("evaluate", "runs/distributed/p").stdout


def everything(env: Environment) -> None:
    listed = json.loads(env.rlsys("plugins", "--json").stdout)["plugins"]
    assert {row["name"]: row["status"] for row in listed if row["status"] != "active"} == {}
    assert set(PLUGINS) <= {row["name"] for row in listed}
    out = trained(env, "run", "rtos", *TINY_RTOS, *TINY_RUST, "--set", "exports.onnx={}")
    assert list((out / "exports" / "onnx").rglob("policy.onnx"))


CORE = {"rlsys"}
JOBS: dict[str, tuple[set[str], Callable[[Environment], None]]] = {
    "gym": (CORE, gym),
    "sb3": (CORE, sb3),
    "figures": (CORE, figures),
    "tune": (CORE, tune),
    "onnx": (CORE, onnx),
    "pettingzoo": (CORE, pettingzoo),
    "watch": (CORE, watch),
    "rust-q10": (CORE | {"rlsys-rust-q10"}, rust_q10),
    "rtos": (CORE | {"rlsys-rtos", "rlsys-rust-q10"}, rtos),
    "jobshop": (CORE | {"rlsys-jobshop"}, jobshop),
    "mec": (CORE | {"rlsys-mec"}, mec),
    "sysctl": (CORE | {"rlsys-sysctl"}, sysctl),
    "ray": (CORE | {"rlsys-ray"}, ray),
    "distributed": (CORE | {"rlsys-distributed"}, distributed),
    "all": (
        CORE | {f"rlsys-{name}" for name in PLUGINS},
        everything,
    ),
}
"""An extra, what it brings of ours, and the job that shows it works."""
