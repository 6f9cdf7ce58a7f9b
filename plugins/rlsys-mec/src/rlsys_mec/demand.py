"""How much band and server time tasks would take, and how much they need it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlsys_mec.clusters import along
from rlsys_mec.config import MecConfig
from rlsys_mec.radio import rate
from rlsys_mec.slot import Floats, Situation, local_delay, quality


class Demand(NamedTuple):
    """What tasks would take and need, all (B, N).

    Attributes:
        airtime: time to send alone over the whole band, s.
        service: execution time on the clock of the user's queue, s.
        need: 1 minus the QoS of local execution.
        claim: need per airtime and service.
    """

    airtime: Floats
    service: Floats
    need: Floats
    claim: Floats


def demand(config: MecConfig, situation: Situation, cpu: Floats) -> Demand:
    """Return what every user's task would take; `cpu` (B, K) are shares of the clock."""
    airtime = situation.data / rate(config, np.ones_like(situation.data), situation.snr)
    service = situation.cycles / along(config.server_ghz * cpu, situation.queues.cluster)
    need = 1.0 - quality(local_delay(situation), situation.deadline)
    return Demand(airtime, service, need, need / (airtime + service))
