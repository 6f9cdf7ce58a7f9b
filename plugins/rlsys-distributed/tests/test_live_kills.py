"""However often a server is killed, every acknowledged step is in its learner or its journal."""

from __future__ import annotations

import random

import pytest
from live_server import LIMIT, LiveServer, SignProgram, until

from rlsys.storage.states import load_state
from rlsys_distributed.server.journal import Journal
from rlsys_distributed.v1 import learner_pb2 as lb

SETTINGS = {
    "settings": {"ppo": {"n_steps": 256, "batch_size": 128, "n_epochs": 2, "net_arch": [16]}},
    "checkpoint_every": 1000,
    "limits": {"registrations_per_minute": 10_000},
}


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.full)])
def test_what_was_acknowledged_is_in_the_learner_or_the_journal(tmp_path, kills):
    drawn = random.Random(kills)
    home = tmp_path / "home"
    server = LiveServer(home, **SETTINGS)
    program = SignProgram(server.address, "p", first_model_timeout=LIMIT)
    agent = program.agent
    for _ in range(kills):
        # At least one new version, and then any moment of the next updates.
        seen, acknowledged = agent.version, agent.statistics.acknowledged
        until(lambda v=seen: agent.version != v)
        until(lambda n=acknowledged: agent.statistics.acknowledged != n)
        program._stopping.wait(drawn.uniform(0.0, 1.5))
        server.kill()
        count = len(program.returns)
        until(lambda n=count: len(program.returns) >= n + 5)  # it goes on acting
        server = LiveServer(home, port=server.port, **SETTINGS)
    program.stop()
    agent.close(LIMIT)
    server.stop()
    statistics = agent.statistics
    assert statistics.connections == kills + 1
    assert statistics.acknowledged == statistics.sent
    (state,) = home.glob("p/policies/*/seed-0/checkpoints/*/last/state.npz")
    saved = load_state(state)["agent"]
    journal = Journal(home / ".server" / "p" / "journal")
    waiting = sum(
        int(lb.JournalRecord.FromString(record).trajectory.rewards.shape[0])
        for _, record in journal.read(saved["next_record"])
    )
    refused = sum(statistics.refused.values())
    told = SignProgram.STEPS * (statistics.acknowledged - refused)
    assert told == saved["learned"] + saved["stale"] + waiting
