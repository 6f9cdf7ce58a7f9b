"""Trained policies, with what each chooses from: of a run directory, or of a network file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rlsys.errors import UserError
from rlsys.network import Network
from rlsys_jobshop.simulator import Candidates

PLUGIN = "jobshop"


class Trained(NamedTuple):
    """A policy.

    Attributes:
        network: scores candidates.
        candidates: what it was trained to choose from.
    """

    network: Network
    candidates: Candidates = "active"


def trained(policy: str | Path, case: str | None = None, seed: int | None = None) -> Trained:
    """Return the policy of a run directory or a network file.

    A network file does not say what it chooses from; it is taken to be the conflict set, which is
    also the default of trainings.

    Args:
        policy: the run directory or the file.
        case: needed if a run has several trained policies, such as the stages of a curriculum.
        seed: of the training in the run; None: the first.

    Raises:
        UserError: there is none, the run is of another plugin, or its policy has several roles.
    """
    path = Path(policy)
    if path.is_file():
        if case is not None:
            raise UserError(f"{path}: is one network, so there is no case {case!r} in it")
        return Trained(Network.load(path))
    import rlsys

    run = rlsys.load(path)
    if run.config["plugin"] != PLUGIN:
        raise UserError(f"{path}: is a run of {run.config['plugin']}, not of {PLUGIN}")
    network = run.policy(case, seed=seed).network
    if not isinstance(network, Network):
        raise UserError(f"{path}: its policy has several roles; a job shop needs one network")
    return Trained(network, run.config["environment"]["candidates"])
