"""What is averaged over the episodes that end in training."""

from __future__ import annotations

import numpy as np

from rlsys.rollout import EpisodeMeter


def test_scalars_and_the_parts_of_vectors_are_averaged_over_episodes():
    meter = EpisodeMeter(3, ("hits", "load"))
    done = np.array([True, False, True])
    infos = {
        "final_info": {
            "hits": np.array([2.0, 99.0, 4.0]),
            "load": np.array([[1.0, 10.0], [99.0, 99.0], [3.0, 20.0]]),
        }
    }
    meter.update(np.array([1.0, 1.0, 5.0]), done, infos)
    assert meter.flush() == {
        "reward": 3.0, "hits": 3.0, "load[0]": 2.0, "load[1]": 15.0, "episodes": 2.0,
    }  # fmt: skip
    assert meter.flush() == {}


def test_the_state_goes_on_in_the_middle_of_episodes():
    first, second = EpisodeMeter(2, ("load",)), EpisodeMeter(2, ("load",))
    first.update(np.array([1.0, 2.0]), np.zeros(2, bool), {})
    second.set_state(first.get_state())
    infos = {"final_info": {"load": np.ones((2, 1))}}
    for meter in (first, second):
        meter.update(np.array([0.5, 0.5]), np.array([True, True]), infos)
    assert first.flush() == second.flush() == {"reward": 2.0, "load[0]": 1.0, "episodes": 2.0}
