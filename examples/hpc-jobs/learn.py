"""A batch scheduler that learns: a learning server decides which waiting job is next.

    rlsys distributed serve --config server.yaml
    python learn.py [trace.swf] --episodes 3000

Every episode is a window of the first part of the trace. `judge.py` measures what was learned on
the rest of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cluster import ClusterError, Job, measure
from compare import TRACE
from decisions import FEATURES, ITEMS, LENGTH, Episode, WindowError, episodes
from swf import SwfError, machine_size, read, usable

from rlsys_distributed.client import Agent

SCALE = 0.01
"""Of the rewards: a slowdown of 100 is an episode's reward of -1."""


def play(agent: Agent, jobs: Sequence[Job], processors: int) -> float:
    """Let the agent schedule a window of jobs; return the mean bounded slowdown."""
    episode = Episode(jobs, processors)
    trajectory = action = None
    while (decision := episode.next()) is not None:
        if action is not None:
            action.update_reward(SCALE * decision.reward)
        trajectory, action = agent.request_for_action(
            trajectory, decision.observation, decision.mask
        )
        agent.add_to_trajectory(trajectory, action)
        episode.act(action.act)
    if trajectory is not None and action is not None:
        action.update_reward(SCALE * episode.reward)
        agent.mark_end_of_trajectory(trajectory, action)
    return measure(episode.schedule()).slowdown


def main(arguments: Sequence[str] | None = None) -> int:
    """Schedule windows until there have been enough; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="learn.py", description="Schedule windows of a trace and learn from it."
    )
    parser.add_argument("trace", type=Path, nargs="?", default=TRACE, help=".swf or .swf.gz")
    parser.add_argument("--server", default="localhost:50051", help="default %(default)s")
    parser.add_argument("--name", default="cluster-1", help="of this program (%(default)s)")
    parser.add_argument("--jobs", type=int, default=LENGTH, help="per window (%(default)s)")
    parser.add_argument("--episodes", type=int, default=3000, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the windows (%(default)s)")
    given = parser.parse_args(arguments)
    config = {
        "client_id": given.name,
        "model": "hpc-jobs",
        "train_server_address": given.server,
        "observation_space": {"box": {"shape": [ITEMS, len(FEATURES)], "low": 0, "high": 1}},
        "action_space": {"discrete": {"n": ITEMS}},
        "items": True,
        "masked": True,
    }
    try:
        trace = read(given.trace)
        processors = machine_size(trace)
        jobs, _ = usable(trace, processors)
        windows = episodes(jobs, given.jobs, given.seed)
        with Agent(config) as agent:
            recent: list[float] = []
            for number in range(given.episodes):
                recent.append(play(agent, next(windows), processors))
                if number % 100 == 99:
                    mean = sum(recent[-100:]) / 100
                    print(f"{number + 1} windows: mean slowdown {mean:.1f}", flush=True)
            agent.flush()
            print(f"version {agent.version}, {agent.statistics}")
    except (SwfError, WindowError, ClusterError) as error:
        print(f"learn.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
