"""A program that learns from a server: Gymnasium's Lunar Lander, or any other environment.

It needs `pip install 'rlsys[distributed]' 'gymnasium[box2d]'`; `--id CartPole-v1` needs no box2d.
Start the server in another terminal, `rlsys distributed serve --config examples/lunar_lander.yaml`,
and then this, also several times at once with a name each:

    python examples/lunar_lander.py --name lander-1 --episodes 2000

Programs share the model that is named after the environment. Stop the server with Ctrl-C, and look
at what was learned: `rlsys compare gymnasium runs/distributed/ID --set id=ID`.
"""

from __future__ import annotations

import argparse

import gymnasium

from rlsys_distributed.client import Agent, play


def main() -> None:
    """Play, and print the mean return of every hundred episodes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--id", default="LunarLander-v3")
    parser.add_argument("--name", default="lander-1")
    parser.add_argument("--server", default="localhost:50051")
    parser.add_argument("--algorithm", default="PPO")
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="20 episodes, for a try")
    options = parser.parse_args()
    env = gymnasium.make(options.id)
    config = {
        "client_id": options.name,
        "model": options.id,
        "train_server_address": options.server,
        "algorithm_name": options.algorithm,
    }
    returns: list[float] = []

    def told(number: int, earned: float) -> None:
        returns.append(earned)
        if number % 100 == 99:
            print(f"episode {number + 1}: mean return {sum(returns[-100:]) / 100:.1f}", flush=True)

    with Agent(
        config, observation_space=env.observation_space, action_space=env.action_space
    ) as agent:
        play(agent, env, episodes=20 if options.quick else options.episodes, on_episode=told)
        agent.flush()
        print(f"{len(returns)} episodes, version {agent.version}, {agent.statistics}")


if __name__ == "__main__":
    main()
