"""`rlsys watch` shows the episodes that were evaluated, or says in one line why it cannot."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from program import LAMPS, refused, run_here

pytest.importorskip("gymnasium", reason="pip install 'rlsys[gym]'")

TOY = Path(__file__).parents[1] / "toy"
BEADS = (*LAMPS, "--plugin-file", TOY / "beads.py")


@pytest.fixture(scope="module", params=["beads", "one-bead"])
def beads(request, tmp_path_factory):
    """Return a run on a batched environment, and one on a single environment."""
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    path = tmp_path_factory.mktemp("beads") / "run"
    options = ("--steps", "960", "--episodes", "4", "--seed", "3", "--quiet", "--out", path)
    made = run_here(*BEADS, "run", request.param, *options)
    assert made.returncode == 0, made.stderr
    return path


def evaluated(path) -> list[float]:
    with (path / "evaluation" / "episodes.csv").open() as file:
        return [float(row["reward"]) for row in csv.DictReader(file) if row["kind"] == "learned"]


def test_text_is_printed_frame_by_frame_with_the_reward_that_was_evaluated(beads):
    shown = run_here(*BEADS, "watch", beads, "--episode", "1", "--episodes", "2")
    assert shown.returncode == 0, shown.stderr
    frames = [line for line in shown.stdout.splitlines() if set(line) <= {"-", "o"}]
    assert all(line.count("o") == 1 and len(line) == 5 for line in frames)
    said = [line for line in shown.stdout.splitlines() if "reward" in line]
    steps = [int(line.rpartition(", ")[2].split()[0]) for line in said]
    assert sum(steps) == len(frames)
    rewards = evaluated(beads)
    assert [line.rpartition(",")[0] for line in said] == [
        f"default, episode {n}: reward {rewards[n]:.2f}" for n in (1, 2)
    ]


def test_a_video_is_recorded_with_a_frame_per_step(beads, tmp_path):
    pytest.importorskip("moviepy", reason="pip install 'rlsys[watch]'")
    import imageio.v3 as imageio

    shown = run_here(*BEADS, "watch", beads, "--episode", "2", "--video", tmp_path / "v", "--json")
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    (file,) = document["artefacts"].values()
    assert file == str(tmp_path / "v" / "default-episode-2.mp4")
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["default-episode-2.mp4"]
    frames = imageio.imread(file)
    (note,) = document["notes"]
    steps = int(note.rpartition(", ")[2].split()[0])
    # The first frame and one after every step; the last shows the episode, not the next one.
    assert len(frames) == steps + 1


def test_what_cannot_render_says_so(tmp_path):
    made = run_here(*BEADS, "train", "bare-beads", "--steps", "96", "--out", tmp_path / "run")
    assert made.returncode == 0, made.stderr
    line = refused(*BEADS, "watch", tmp_path / "run")
    assert "bare-beads cannot be shown: beads:make_bare takes no `render_mode`" in line


@pytest.mark.parametrize(
    ("modes", "options", "message"),
    [
        ("[rgb_array]", (), "this needs human or ansi; record a video with --video DIR"),
        ("[ansi]", ("--video", "v"), "has the render modes ['ansi'], but this needs rgb_array"),
        ("[]", (), "has the render modes [], but this needs human or ansi"),
    ],
)
def test_modes_that_an_environment_lacks(tmp_path, monkeypatch, modes, options, message):
    from rlsys.plugins import requirements

    monkeypatch.setattr(requirements, "is_met", lambda _: True)
    made = run_here(*BEADS, "train", "beads", "--set", f"modes={modes}", "--steps", "96",
                    "--out", tmp_path / "run")  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert message in refused(*BEADS, "watch", tmp_path / "run", *options)


def test_without_moviepy_one_line_says_which_to_install(beads, tmp_path, monkeypatch):
    from rlsys.plugins import requirements

    monkeypatch.setattr(requirements, "is_met", lambda need: need.name != "moviepy")
    line = refused(*BEADS, "watch", beads, "--video", tmp_path / "v")
    assert line.endswith("'moviepy', which is missing; install it with: pip install 'rlsys[watch]'")
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize("name", ["ByMethod", "ByInfo", "ByObservation"])
def test_masks_of_existing_environments_are_obeyed(name):
    """The environment itself refuses what its mask forbids."""
    import numpy as np

    from rlsys.adapters.existing import rlsys_environments
    from rlsys.adapters.existing.settings import GymnasiumSettings
    from rlsys.adapters.making import single_env_of
    from rlsys.api import TrainedPolicy
    from rlsys.api.watching import _mask, _play
    from rlsys.network import Dense, Network, Stack

    (spec,) = rlsys_environments()
    env = single_env_of(spec, GymnasiumSettings(id=f"single_envs:{name}"), None)
    layer = Dense(np.random.default_rng(0).normal(size=(4, 3)), np.zeros(4))
    policy = TrainedPolicy(Network(Stack((layer,)), masked=True), "c", 0)
    for seed in range(5):
        _, length = _play(env, lambda: _mask(env), policy, seed, None)
        assert length > 1


def test_several_roles_are_refused(tmp_path):
    relay = ("--plugin-file", TOY / "relay.py")
    made = run_here(*relay, "train", "relay", "--out", tmp_path / "run")
    assert made.returncode == 0, made.stderr
    assert "only environments with one agent can be watched" in refused(
        *relay, "watch", tmp_path / "run"
    )
