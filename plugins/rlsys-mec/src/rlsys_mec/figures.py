"""The edge schedule view: what happens to every user's task in one slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rlsys.controllers import Controller
from rlsys.errors import UserError
from rlsys.figures import COLOURS, GREY, sheet
from rlsys.roles import RoleController
from rlsys.seeds import evaluation_seeds
from rlsys_mec.config import MecConfig
from rlsys_mec.slot import Outcome, Sent, Situation, value
from rlsys_mec.vector_env import MecVectorEnv

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 40


@dataclass(frozen=True)
class PlayedSlot:
    """A slot of one copy and its outcome; arrays as in `rlsys_mec.slot`, with B = 1."""

    situation: Situation
    sent: Sent
    outcome: Outcome
    reward: float


def record(config: MecConfig, controller: Controller, seed: int, slot: int = 0) -> PlayedSlot:
    """Play an episode with `controller` and return the given slot, counted from 0.

    Raises:
        ValueError: a negative slot.
    """
    if slot < 0:
        raise ValueError(f"slot must be >= 0 (got {slot})")
    env = MecVectorEnv(config, 1)
    driven: Any = env  # it has the interface of a vector environment
    observations, _ = env.reset(seed=seed)
    controller.reset(driven)
    sent: Sent | None = None
    situation = env.situation
    for _ in range(slot + 1):
        situation = env.situation
        for _ in env.roles:
            sent = env.sent or sent
            observations, *_ = env.step(controller.act(driven, observations))
    assert sent is not None  # the users decide in every slot
    assert env.outcome is not None  # and every slot is carried out
    return PlayedSlot(situation, sent, env.outcome, float(value(config, env.outcome)[0]))


def draw(played: PlayedSlot, title: str, axes: Axes) -> None:
    """Draw one row per user: sending, waiting and execution at the server, or local execution.

    Rows are grouped by queue. A tick marks the deadline, a cross a missed deadline. With more
    than `MOST_ROWS` users, the offloading ones come first and the rest is omitted.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    offload, outcome = played.sent.offload[0], played.outcome
    cluster = played.situation.queues.cluster[0]
    rows = np.lexsort((outcome.delay[0], ~offload, cluster))
    if len(rows) > MOST_ROWS:
        rows = np.lexsort((outcome.delay[0], cluster, ~offload))[:MOST_ROWS]
    deadline = played.situation.deadline[0]
    for y, user in enumerate(rows):
        end = outcome.delay[0, user]
        if offload[user]:
            arrival, start = played.sent.arrival[0, user], outcome.start[0, user]
            axes.barh(y, arrival, color=COLOURS[5], height=0.6)
            axes.barh(y, start - arrival, left=arrival, color="#e4e4e4", height=0.25)
            axes.barh(y, end - start, left=start, color=COLOURS[0], height=0.6)
        else:
            axes.barh(y, end, color="#ffffff", edgecolor=GREY, hatch="////", height=0.6)
        missed = end > deadline[user]
        axes.plot(
            deadline[user], y, "X" if missed else "|", color=COLOURS[1] if missed else "black",
            markersize=7 if missed else 14,
        )  # fmt: skip
        axes.annotate(f"{outcome.qos[0, user]:.2f}", (1.0, y), (4, 0), va="center", fontsize=8,
                      xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                      annotation_clip=False)  # fmt: skip
    several = played.situation.queues.members.shape[1] > 1
    names = [f"user {u}" + (f" (cluster {cluster[u]})" if several else "") for u in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.08 * max(outcome.delay[0, rows].max(), deadline[rows].max()))
    axes.set_xlabel("time after the start of the slot (s); at the right: QoS")
    left_out = f", {len(offload) - len(rows)} users not shown" if len(rows) < len(offload) else ""
    axes.set_title(f"{title}: reward {played.reward:.2f}{left_out}")
    axes.figure.legend(
        handles=[
            Patch(color=COLOURS[5], label="transmission"),
            Patch(color="#e4e4e4", label="waits at the server"),
            Patch(color=COLOURS[0], label="execution at the server"),
            Patch(facecolor="white", edgecolor=GREY, hatch="////", label="local execution"),
            Line2D([], [], marker="|", color="black", linestyle="", label="deadline"),
            Line2D([], [], marker="X", color=COLOURS[1], linestyle="", label="missed"),
        ],
        loc="outside lower center", ncols=3,
    )  # fmt: skip


def edge_schedule_view(
    case: str, config: MecConfig, controllers: Mapping[str, Controller], path: Path
) -> None:
    """Draw the first slot of the first held-out episode: a learned policy, or the first controller.

    Raises:
        UserError: there is nothing to draw, or the file cannot be written.
    """
    learned = [name for name, one in controllers.items() if isinstance(one, RoleController)]
    chosen = (learned or list(controllers))[:1]
    if not chosen:
        raise UserError(f"{case}: no controller to draw")
    (seed,) = evaluation_seeds(1)
    played = record(config, controllers[chosen[0]], seed)
    rows = min(config.n_users, MOST_ROWS)
    with sheet(path, 8.0, 1.8 + 0.3 * rows) as figure:
        draw(played, f"{case}: {chosen[0]}", figure.subplots())
