"""Checks that an environment does the same again: by seed, in a batch, after a saved state."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlsys.controllers import action_masks
from rlsys.roles import acting_role
from rlsys.storage.states import load_state, save_state
from rlsys.testing.actions import extreme, other
from rlsys.testing.demands import fail, require
from rlsys.testing.environments.base import EnvironmentChecks
from rlsys.testing.playing import Moment, Player, difference, record
from rlsys.testing.single import single_rows
from rlsys.testing.subject import SEEDS, first_difference

TOLERANCE = 1e-6
"""A sum over a batch may be rounded differently from one over a single copy."""


class RepeatedChecks(EnvironmentChecks):
    """Trajectories are functions of seeds and actions alone."""

    def test_the_same_seed_gives_the_same_episodes(self) -> None:
        """The same seeds and actions give the same trajectory, bit for bit."""
        fault = self.playable().randomness
        require(
            fault is None,
            f"two trajectories with the same seeds and actions differ: {fault}",
            "draw everything random from generators made of the seed of reset, one a copy; no "
            "global generator, no clock, no order of a set",
        )

    def test_a_reset_with_a_seed_begins_anew(self) -> None:
        """What was played before has no influence after a reset with a seed."""
        subject = self.reproducible()
        player = subject.player()
        record(player, subject.steps)
        player.step()
        player.reset()
        fault = first_difference(subject.moments, record(player, subject.steps))
        player.env.close()
        require(
            fault is None,
            f"after a reset with the same seeds the trajectory is another: {fault}",
            "set every variable of the episode and every generator in reset",
        )

    def test_seeds_matter(self) -> None:
        """Different seeds give different episodes."""
        subject = self.playable()
        if not self.seeds_matter:
            pytest.skip("the test class says that nothing is random (seeds_matter = False)")
        beginnings = []
        for seed in range(8):
            player = subject.player([seed])
            player.rngs = [np.random.default_rng(0)]
            beginnings.append(record(player, min(subject.steps, 50)))
            player.env.close()
        require(
            any(first_difference(beginnings[0], other) for other in beginnings[1:]),
            "eight seeds give the same episode",
            "use the seed of reset; if nothing is random, set seeds_matter = False",
        )

    def test_copies_do_not_influence_each_other(self) -> None:
        """A copy in a batch and the same copy alone have the same trajectory."""
        subject = self.reproducible()
        for index, seed in enumerate(SEEDS):
            player = subject.player([seed])
            for step, moment in enumerate(subject.moments, 1):
                fault = difference(moment.row(index), player.step().row(0), TOLERANCE)
                require(
                    fault is None,
                    f"copy {index} of {len(SEEDS)} and the same copy alone differ in step {step}: "
                    f"the {fault}",
                    "seed copy i with the i-th seed, give each copy a generator and variables of "
                    "its own, and let none of them touch another's",
                )
            player.env.close()

    def test_the_adapter_for_one_copy_agrees(self) -> None:
        """Gymnasium's `Env` (or PettingZoo's `ParallelEnv`) gives the trajectory of the batch."""
        subject = self.ending(self.reproducible())
        for ours, theirs in single_rows(subject):
            fault = difference(ours, theirs)
            require(
                fault is None,
                f"the batch and the adapter differ: the {fault}",
                "with num_envs == 1 do exactly what copy 0 of a batch does",
            )

    # --- arrays

    def test_returned_arrays_are_not_changed_later(self) -> None:
        """What was returned stays as it was: callers keep it."""
        player, _ = self.playable().played
        for name, live, copied in player.live:
            require(
                np.array_equal(live, copied, equal_nan=live.dtype.kind == "f"),
                f"the {name} were changed after they had been returned",
                "return a copy (array.copy()), not the environment's own buffer or a view of it",
            )

    def test_actions_are_neither_kept_nor_changed(self) -> None:
        """The caller's array of actions is read in the step and never again, and not written."""
        subject = self.reproducible()
        player = subject.player()
        shared: dict[str | None, NDArray[Any]] = {}
        for step, moment in enumerate(subject.moments, 1):
            given = shared.setdefault(moment.acting, np.empty_like(moment.actions))
            done = player.step(given)
            require(
                np.array_equal(given, done.actions),
                f"step {step} changed the array of actions that it was given",
                "copy the actions before changing them (np.array(actions))",
            )
            role = player.roles.get(moment.acting or "")
            space = role.action_space if role else player.env.single_action_space
            given[...] = other(space, given)
            fault = first_difference([moment], [done])
            require(
                fault is None,
                f"an array of actions that is used again changes the trajectory by step {step}: "
                f"{fault}",
                "copy the actions where they are kept (np.array(actions))",
            )
        player.env.close()

    def test_every_action_of_the_space_is_accepted(self) -> None:
        """The lowest and the highest actions that are allowed can be taken."""
        subject = self.playable()
        for highest in (False, True):
            player = Player(subject.make(2), SEEDS[:2], choose=partial(extreme_of, highest))
            for _ in range(min(subject.steps, 50)):
                try:
                    player.step()
                except Exception as error:  # noqa: BLE001 - an environment may raise anything
                    fail(
                        f"step {player.steps + 1} with the {'highest' if highest else 'lowest'} "
                        f"actions raised {type(error).__name__}: {error}",
                        "accept every action of the space that the mask allows, or narrow them",
                    )
            player.env.close()

    def test_a_saved_state_goes_on_exactly(self, tmp_path: Path) -> None:
        """``set_state`` in a fresh environment continues as if there had been no interruption."""
        subject = self.reproducible()
        player = subject.player()
        offered = [hasattr(player.env, name) for name in ("get_state", "set_state")]
        if not any(offered):
            pytest.skip("it offers no get_state and set_state")
        require(all(offered), "it offers only one of get_state and set_state", "offer both")
        half = max(1, len(subject.moments) // 2)
        while player.steps < half or (player.roles and not _at_begin(player)):
            player.step()
        state = player.env.get_state()
        saved = player.steps
        for _ in range(min(5, len(subject.moments) - saved)):
            player.step()
        try:
            save_state(tmp_path / "state.npz", {"environment": state})
        except TypeError as error:
            fail(
                f"get_state returned what cannot be saved: {error}", "arrays, numbers, text, lists"
            )
        fresh = subject.player([seed + 1000 for seed in SEEDS]).env
        fresh.set_state(load_state(tmp_path / "state.npz")["environment"])
        fault = _goes_on(fresh, subject.moments[saved:])
        for env in (player.env, fresh):
            env.close()
        require(
            fault is None,
            f"after set_state the trajectory is another: {fault}",
            "put all that determines the future into get_state, random generators included, as "
            "copies",
        )


def _at_begin(player: Player) -> bool:
    return acting_role(player.env) == next(iter(player.roles))


def _goes_on(env: Any, moments: list[Moment]) -> str | None:
    """Return in what `env` departs from `moments` when it is given their actions, or None."""
    before = moments[0].observations
    for step, moment in enumerate(moments, 1):
        masks = None if moment.masks is None else action_masks(env)
        after, rewards, terminated, truncated, infos = env.step(moment.actions.copy())
        done = Moment(
            moment.acting, before, masks, moment.actions, after, rewards, terminated, truncated,
            infos,
        )  # fmt: skip
        fault = first_difference([moment], [done])
        if fault:
            return fault.replace("step 1", f"step {step} after it", 1)
        before = np.array(after)
    return None


def extreme_of(highest: bool, space: Any, rng: Any, mask: Any) -> Any:
    """Choose the lowest or the highest action, see `rlsys.testing.playing.Choose`."""
    del rng
    return extreme(space, highest, mask)
