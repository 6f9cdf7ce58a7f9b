"""The loop of a program that is a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rlsys_distributed.client.agent import Agent


def play(
    agent: Agent,
    env: Any,
    *,
    episodes: int,
    seed: int | None = None,
    patience: float = 60.0,
    on_episode: Callable[[int, float], None] = lambda _, __: None,
) -> list[float]:
    """Play episodes with an agent, which sends them to its server.

    Args:
        agent: made with the spaces of `env`.
        env: a `gymnasium.Env`. If the agent's config says `masked`, its masks are those of
            ``action_masks()`` or of ``info["action_mask"]``.
        episodes: how many.
        seed: of the first reset; None: none.
        patience: seconds that an episode waits until the server has taken what came before it. An
            environment can wait, and would otherwise run away from its learner; 0: it does not.
        on_episode: called with the number and the return of every episode.

    Returns:
        The returns of the episodes.
    """
    returns: list[float] = []
    observation, info = env.reset(seed=seed)
    for number in range(episodes):
        trajectory, earned, over = None, 0.0, False
        while not over:
            mask = _mask(agent, env, info)
            trajectory, action = agent.request_for_action(trajectory, observation, mask)
            agent.add_to_trajectory(trajectory, action)
            observation, reward, terminated, truncated, info = env.step(action.act)
            action.update_reward(reward)
            earned += float(reward)
            over = terminated or truncated
        assert trajectory is not None
        agent.mark_end_of_trajectory(
            trajectory,
            action,
            truncated=not terminated,
            last_observation=observation,
            last_mask=_mask(agent, env, info),
        )
        if patience:
            agent.flush(patience)
        returns.append(earned)
        on_episode(number, earned)
        observation, info = env.reset()
    return returns


def _mask(agent: Agent, env: Any, info: Any) -> Any:
    if not agent.config.masked:
        return None
    inside = getattr(env, "unwrapped", env)
    return inside.action_masks() if hasattr(inside, "action_masks") else info["action_mask"]
