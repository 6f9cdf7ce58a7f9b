"""Checks that an environment is repeatable: by seed, in a batch, and from a saved state."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlsys.adapters.actions import extreme, other
from rlsys.controllers import action_masks
from rlsys.roles import acting_role
from rlsys.storage.states import load_state, save_state
from rlsys.testing.demands import fail, require
from rlsys.testing.environments.base import EnvironmentChecks
from rlsys.testing.playing import Moment, Player, difference, record
from rlsys.testing.single import single_rows
from rlsys.testing.subject import SEEDS, first_difference

TOLERANCE = 1e-6
"""A sum over a batch may be rounded differently from a sum over a single copy."""


class RepeatedChecks(EnvironmentChecks):
    """Trajectories depend only on seeds and actions."""

    def test_the_same_seed_gives_the_same_episodes(self) -> None:
        """The same seeds and actions give the same trajectory, bit for bit."""
        fault = self.playable().randomness
        require(
            fault is None,
            f"two trajectories with the same seeds and actions differ: {fault}",
            "draw all random numbers from generators made from the seed of reset, one per copy; do "
            "not use a global generator, the clock or the order of a set",
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
            f"after a reset with the same seeds, the trajectory is different: {fault}",
            "in reset, set every variable of the episode and every generator",
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
                    "seed copy i with the i-th seed, and give each copy its own generator and "
                    "variables, which no other copy uses",
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
        """Returned arrays are not changed later, because callers keep them."""
        player, _ = self.playable().played
        for name, live, copied in player.live:
            require(
                np.array_equal(live, copied, equal_nan=live.dtype.kind == "f"),
                f"the {name} were changed after they were returned",
                "return a copy (array.copy()), not the environment's own buffer or a view of it",
            )

    def test_actions_are_neither_kept_nor_changed(self) -> None:
        """The caller's array of actions is not changed, and not read after the step."""
        subject = self.reproducible()
        player = subject.player()
        shared: dict[str | None, NDArray[Any]] = {}
        for step, moment in enumerate(subject.moments, 1):
            given = shared.setdefault(moment.acting, np.empty_like(moment.actions))
            done = player.step(given)
            require(
                np.array_equal(given, done.actions),
                f"step {step} changed the array of actions passed to it",
                "copy the actions before changing them (np.array(actions))",
            )
            role = player.roles.get(moment.acting or "")
            space = role.action_space if role else player.env.single_action_space
            given[...] = other(space, given)
            fault = first_difference([moment], [done])
            require(
                fault is None,
                f"reusing an array of actions changes the trajectory in step {step}: {fault}",
                "copy the actions that are kept (np.array(actions))",
            )
        player.env.close()

    def test_every_action_of_the_space_is_accepted(self) -> None:
        """The lowest and the highest allowed actions are accepted."""
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
                        "accept every action in the action space that the mask allows, or narrow "
                        "the space or the mask",
                    )
            player.env.close()

    def test_a_saved_state_goes_on_exactly(self, tmp_path: Path) -> None:
        """After ``set_state``, a fresh environment continues as if it had not been interrupted."""
        subject = self.reproducible()
        player = subject.player()
        offered = [hasattr(player.env, name) for name in ("get_state", "set_state")]
        if not any(offered):
            pytest.skip("it has no get_state and set_state")
        require(all(offered), "it has only one of get_state and set_state", "implement both")
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
                f"get_state returned something that cannot be saved: {error}",
                "return only arrays, numbers, text, lists and mappings",
            )
        fresh = subject.player([seed + 1000 for seed in SEEDS]).env
        fresh.set_state(load_state(tmp_path / "state.npz")["environment"])
        fault = _goes_on(fresh, subject.moments[saved:])
        for env in (player.env, fresh):
            env.close()
        require(
            fault is None,
            f"after set_state, the trajectory is different: {fault}",
            "return everything that determines the future from get_state, including random "
            "generators, as copies",
        )


def _at_begin(player: Player) -> bool:
    return acting_role(player.env) == next(iter(player.roles))


def _goes_on(env: Any, moments: list[Moment]) -> str | None:
    """Return how `env` differs from `moments` when it gets the same actions, or None."""
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
    """Choose the lowest or the highest action; see `rlsys.testing.playing.Choose`."""
    del rng
    return extreme(space, highest, mask)
