"""The agent that rlsys trains: it searches the environment's machine and returns a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optuna import Study

from rlsys.errors import UserError
from rlsys.network import Network
from rlsys.training import Problem, Session
from rlsys.tuning import STUDY_FILE, importances, load_importances, readable_errors
from rlsys_sysctl.agents.proposers import Proposer
from rlsys_sysctl.agents.search import Search
from rlsys_sysctl.agents.settings import SearchSettings
from rlsys_sysctl.agents.store import Store, identity_of
from rlsys_sysctl.measuring.stage import Stage


class Searcher:
    """An agent that looks for the best configuration.

    Args:
        name: of the agent.
        settings: of the search.
        make_proposer: ``make_proposer(seed)`` says where configurations come from.
    """

    def __init__(
        self, name: str, settings: SearchSettings, make_proposer: Callable[[int], Proposer]
    ) -> None:
        self.name = name
        self.settings = settings
        self.make_proposer = make_proposer

    def train(self, problem: Problem, session: Session) -> Network:
        """Search, confirm, and return the policy of the winner, or of the default.

        Raises:
            UserError: another environment than this plugin's, or as `Stage.open` and `Stage.run`.
            Interrupted: the user asked to stop; every trial up to then is kept.
        """
        from rlsys_sysctl.vector_env import SysctlVectorEnv  # late: a dry run needs no environment

        # Later the machine would wait for it with values of the tuning, and a benchmark beside it.
        load_importances()
        env: Any = problem.make_env(1)
        try:
            if not isinstance(env, SysctlVectorEnv):
                raise UserError(
                    f"agent {self.name!r} searches configurations of the environment 'sysctl'; "
                    "choose another with --agent"
                )
            path = session.directory / STUDY_FILE
            with readable_errors(path):
                search = self.begin(env.stage, session, path, importances)
                try:
                    policy = search.run()
                finally:
                    search.store.close()
            # Here the machine is still open: validation need not set it up again.
            total = search.total
            session.boundary(total, total, lambda: policy, search.get_state)
            return policy
        finally:
            env.close()

    def begin(
        self,
        stage: Stage,
        session: Session,
        path: Path | None,
        analyse: Callable[[Study], Mapping[str, float]],
    ) -> Search:
        """Return the search on `stage`, with its trials in the file at `path`; see `Search`."""
        config = stage.config
        return Search(
            self.name,
            self.settings,
            self.make_proposer(session.seed),
            stage,
            session,
            Store(path, config.workload.space, identity_of(config)),
            analyse,
        )
