"""Compares the adapters for one copy with the batch that they wrap, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rlsys.testing.playing import metrics_of
from rlsys.testing.subject import SEEDS, Subject

SEED = SEEDS[0]
Row = dict[str, Any]


def single_rows(subject: Subject) -> Iterator[tuple[Row, Row]]:
    """Yield what copy 0 of a batch and the adapter return, in each step of the same episodes."""
    env = subject.make(1)
    env.close()
    return _role_rows(subject) if getattr(env, "roles", ()) else _plain_rows(subject)


def _plain_rows(subject: Subject) -> Iterator[tuple[Row, Row]]:
    from rlsys.adapters.single import SingleEnv

    player, adapted = subject.player([SEED]), SingleEnv(subject.make(1))
    seen, _ = adapted.reset(seed=SEED)
    yield {"observation": player.observations[0]}, {"observation": seen}
    for _ in subject.moments:
        moment = player.step()
        seen, reward, terminated, truncated, info = adapted.step(moment.actions[0])
        ours = moment.row(0)
        theirs = {
            "observation": seen,
            "reward": reward,
            "terminated": terminated,
            "truncated": truncated,
        }
        if moment.done[0]:
            theirs |= {f"metric {name}": info.get(name) for name in metrics_of(moment.infos)}
            ours["observation"] = ours["final_obs"]
        yield {name: ours[name] for name in theirs}, theirs
        if moment.done[0]:
            seen, _ = adapted.reset()
            yield {"observation": moment.after[0]}, {"observation": seen}
    player.env.close()
    adapted.close()


def _role_rows(subject: Subject) -> Iterator[tuple[Row, Row]]:
    pytest.importorskip("pettingzoo", reason="pip install 'rlsys[pettingzoo]' to check the adapter")
    from rlsys.adapters.parallel import RoleParallelEnv

    player, adapted = subject.player([SEED]), RoleParallelEnv(subject.make(1))
    seen, _ = adapted.reset(seed=SEED)
    for _ in subject.moments:
        members = [f"{adapted.vector_env.acting}_{i}" for i in range(player.observations.shape[1])]
        yield (
            {f"observation of {name}": player.observations[0][i] for i, name in enumerate(members)},
            {f"observation of {name}": seen[name] for name in members},
        )
        moment = player.step()
        actions = {name: moment.actions[0][i] for i, name in enumerate(members)}
        seen, rewards, terminated, truncated, infos = adapted.step(actions)
        first = members[0]
        ours = moment.row(0)
        theirs: Row = {
            "reward": rewards[first],
            "terminated": terminated[first],
            "truncated": truncated[first],
        }
        if moment.done[0]:
            told = infos[first]
            theirs |= {f"metric {name}": told.get(name) for name in metrics_of(moment.infos)}
        yield {name: ours[name] for name in theirs}, theirs
        if moment.done[0]:
            seen, _ = adapted.reset()
    player.env.close()
    adapted.close()
