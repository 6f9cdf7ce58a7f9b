"""How many steps per second a server takes in, and whether its memory stays flat.

    python benchmarks/distributed_intake.py [--steps 10000000] [--clients 8]

Nothing is trained: what stands for the learner takes records and says that they are saved. All else
is as it always is: every trajectory of 64 steps is parsed, checked, put into the journal, and
acknowledged. Programs and server share this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil

from rlsys_distributed.server.server import Server
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerStub
from rlsys_distributed.wire.calls import CHANNEL_OPTIONS, metadata
from rlsys_distributed.wire.parts import parts_of
from rlsys_distributed.wire.spaces import Box, Discrete, to_space
from rlsys_distributed.wire.tensors import to_tensor

STEPS, WINDOW = 64, 64


def serve(home: str, told: Any) -> None:
    """Run a server whose models have no learners; every 0.2 s all records count as saved."""

    async def run() -> None:
        config = ServerConfig(port=0, backlog={"steps": 1_000_000})
        server = Server(config, Path(home))
        told.put(await server.start())
        while True:
            await asyncio.sleep(0.2)
            for model in server.registry.models.values():
                model.most_waiting = config.backlog.steps
                model.last_version = max(1, model.last_version)
                model.waiting.taken(model.journal.next)
                model.saved(model.journal.next)
                async with model.changed:
                    model.changed.notify_all()

    asyncio.run(run())


def send(address: str, number: int, trajectories: int, done: Any) -> None:
    """Send trajectories as fast as they are acknowledged."""
    drawn = np.random.default_rng(number)
    told = pb.Trajectory(
        ending=pb.TERMINATED,
        observations=to_tensor(drawn.normal(size=(STEPS, 8)).astype(np.float32)),
        actions=to_tensor(drawn.integers(0, 4, size=STEPS)),
        rewards=to_tensor(drawn.normal(size=STEPS)),
        log_probabilities=to_tensor(np.full(STEPS, -1.4, np.float32)),
        versions=[pb.VersionRun(version=1, steps=STEPS)],
    )
    room = threading.Semaphore(WINDOW)
    with grpc.insecure_channel(address, CHANNEL_OPTIONS) as channel:
        stub = TrainerStub(channel)
        session = stub.Register(
            pb.RegisterRequest(
                client_id=f"client-{number}",
                instance=number.to_bytes(16, "little"),
                observation=to_space(Box((8,))),
                action=to_space(Discrete(4)),
            ),
            metadata=metadata(None),
        ).session

        def parts() -> Any:
            for sequence in range(1, trajectories + 1):
                room.acquire()
                told.sequence = told.episode = sequence
                yield from parts_of(told.SerializeToString())

        acknowledged = refused = 0
        for answer in stub.Trajectories(parts(), metadata=metadata(None, session)):
            refused += len(answer.refusals)
            for _ in range(answer.sequence - acknowledged):
                room.release()
            acknowledged = answer.sequence
    done.put((acknowledged * STEPS, refused))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    told, done = context.Queue(), context.Queue()
    each = -(-options.steps // (STEPS * options.clients))
    with tempfile.TemporaryDirectory() as home:
        server = context.Process(target=serve, args=(home, told), daemon=True)
        server.start()
        address = told.get()
        memory = psutil.Process(server.pid)
        clients = [
            context.Process(target=send, args=(address, number, each, done))
            for number in range(options.clients)
        ]
        begun = time.perf_counter()
        for client in clients:
            client.start()
        sizes = []
        while any(client.is_alive() for client in clients):
            sizes.append(memory.memory_info().rss / 1e6)
            time.sleep(0.5)
        taken = time.perf_counter() - begun
        found = [done.get() for _ in clients]
        server.kill()
    steps, refused = (sum(column) for column in zip(*found, strict=True))
    third = max(1, len(sizes) // 3)
    print(f"{steps:,} steps from {options.clients} programs in {taken:.1f} s, {refused} refused")
    print(f"{steps / taken:,.0f} steps per second")
    print(
        f"memory of the server: {np.mean(sizes[third : 2 * third]):.0f} MB in the second third, "
        f"{np.mean(sizes[-third:]):.0f} MB in the last, at most {max(sizes):.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
