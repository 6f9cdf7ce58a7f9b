"""Checks what an environment returns: spaces, observations, rewards, masks, ends, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlsys.roles import roles_of
from rlsys.testing.contents import container_fault, finite_fault, mask_fault, spaces_fault
from rlsys.testing.demands import require
from rlsys.testing.environments.base import EnvironmentChecks
from rlsys.testing.playing import Moment, final_observations, metrics_of, record
from rlsys.testing.subject import SEEDS, Subject


class ReturnedChecks(EnvironmentChecks):
    """The environment returns what it declares."""

    def test_spaces_are_declared(self) -> None:
        """Copies, spaces and autoreset mode are declared as agents expect them."""
        subject = self.affordable()
        require(subject.unbatched is None, subject.unbatched or "", "see the message")
        env = subject.make(len(SEEDS))
        fault = spaces_fault(env, len(SEEDS))
        env.close()
        require(fault is None, f"{self.environment}: {fault}", "see 'The batched environment'")

    def test_observations_lie_in_their_space(self) -> None:
        """Every observation, also a final one, has the shape, dtype and bounds of its space."""
        subject = self.playable()
        env = subject.make(1)
        roles = {role.name: role for role in roles_of(env)}
        env.close()
        for step, moment in enumerate(subject.moments, 1):
            role = roles.get(moment.acting or "")
            space: Any = role.observation_space if role else env.single_observation_space
            seen = [("the observation before", moment.observations)]
            if not roles and "final_obs" in moment.infos:
                seen.append(("final_obs of", final_observations(moment)))
            for name, batch in seen:
                rows = batch.reshape(-1, *batch.shape[2:]) if role else batch
                fault = container_fault(space, rows)
                require(
                    fault is None,
                    f"{name} step {step} {fault}",
                    "widen the bounds of the space or clip the observation; .astype(np.float32)",
                )

    def test_rewards_and_infos_are_finite(self) -> None:
        """Rewards are float64, ends of episodes are bool, and no number is NaN or infinite."""
        for step, moment in enumerate(self.playable().moments, 1):
            fault = finite_fault(moment)
            require(
                fault is None,
                f"step {step}: {fault}",
                "return rewards (num_envs,) float64 and finite, and terminated and truncated "
                "(num_envs,) bool",
            )

    def test_masks_allow_an_action(self) -> None:
        """Every mask is bool, has one entry per action and allows at least one."""
        subject = self.playable()
        masked = [(step, m.masks) for step, m in enumerate(subject.moments, 1)]
        if masked[0][1] is None:
            pytest.skip("it has no action masks")
        env = subject.make(1)
        for step, masks in masked:
            fault = mask_fault(np.asarray(masks), env.single_action_space, len(SEEDS))
            require(
                fault is None,
                f"the masks before step {step} {fault}",
                "allow at least one action (such as doing nothing) in every state; return a bool "
                "array (num_envs, n_actions)",
            )
        env.close()

    def test_episodes_end_and_the_next_ones_begin(self) -> None:
        """Episodes end, and the step that ends one reports its result and starts the next."""
        fault = self.playable().unending
        require(
            fault is None,
            fault or "",
            "end episodes; in the step that ends one, return the next one's first observation, and "
            "put final_obs, final_info and the masks _final_obs, _final_info of the copies that "
            "ended into infos; rlsys.batched.BatchedEnv does it for you",
        )

    def test_metrics_are_those_declared(self) -> None:
        """An episode ends with exactly the metrics in the description."""
        subject = self.ending(self.playable())
        declared = {metric.name: metric for metric in subject.spec.metrics}
        ends = [m for m in _until_end(subject) if m.done.any()]
        for moment in ends:
            told = metrics_of(moment.infos)
            missing, more = sorted(declared.keys() - told.keys()), sorted(told.keys() - declared)
            require(
                not missing,
                f"final_info lacks the declared metrics {missing}",
                "return them in final_info, or leave out their MetricSpec",
            )
            require(
                not more or subject.collects_infos,
                f"final_info has the metrics {more}, but no MetricSpec declares them",
                "declare them in the EnvironmentSpec, or leave them out",
            )
            for name, values in told.items():
                if name in more:
                    continue
                wanted = 2 if declared[name].vector else 1
                require(
                    values.ndim == wanted,
                    f"metric {name!r} has shape {values.shape}",
                    "return (num_envs,), or (num_envs, parts) with MetricSpec(vector=True)",
                )

    def test_nothing_is_written_to_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Making and playing the environment leaves no file in the working directory."""
        subject = self.playable()
        monkeypatch.chdir(tmp_path)
        player = subject.player()
        record(player, min(subject.steps, 50))
        player.env.close()
        left = sorted(path.name for path in tmp_path.iterdir())
        require(
            not left,
            f"playing it left {', '.join(left)} in the working directory",
            "write nothing, or only to a temporary folder that close() removes",
        )


def _until_end(subject: Subject) -> list[Moment]:
    player = subject.player()
    moments = record(player, subject.longest_episode, more=1)
    player.env.close()
    return moments
