"""A server in a thread, and a learner that is a test: fast, because nothing is trained."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from rlsys.network import Decoding, Dense, Network, Stack
from rlsys_distributed.server.server import Server
from rlsys_distributed.server.settings import ServerConfig
from rlsys_distributed.v1 import learner_pb2 as lb
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.v1.learner_pb2_grpc import LearningStub
from rlsys_distributed.v1.trainer_pb2_grpc import TrainerStub
from rlsys_distributed.wire.calls import CHANNEL_OPTIONS, metadata
from rlsys_distributed.wire.model import softmax, version_of
from rlsys_distributed.wire.parts import Assembler, parts_of
from rlsys_distributed.wire.spaces import Box, Discrete, to_space
from rlsys_distributed.wire.tensors import to_tensor

WAIT = 60.0
"""Seconds that a test waits for an event; no test needs more than a fraction, on any machine."""


def eventually(condition: Callable[[], object]) -> bool:
    """Wait until something is so; return whether it came about."""
    waiting = threading.Event()
    for _ in range(int(WAIT * 50)):
        if condition():
            return True
        waiting.wait(0.02)
    return False


class RunningServer:
    """A server in a thread of its own; it has no learners.

    Args:
        home: its directory.
        settings: of `ServerConfig`; the port is any free one.
    """

    def __init__(self, home: Path, **settings: Any) -> None:
        self.home = home
        self.config = ServerConfig(port=settings.pop("port", 0), **settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.server, self.address = self.call(self._start())

    async def _start(self) -> tuple[Server, str]:
        server = Server(self.config, self.home)
        return server, await server.start()

    def call(self, coroutine: Any) -> Any:
        """Run a coroutine in the server's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT)

    def learner(self, model: str) -> FakeLearner:
        """Return a learner of a model."""
        token = self.server.learners.token
        return FakeLearner(f"127.0.0.1:{self.server.inner_port}", token, model)

    def status(self, model: str) -> pb.ModelStatus:
        """Return the status of a model."""
        (found,) = (m for m in self.server.front.status().models if m.name == model)
        return found

    def stop(self) -> None:
        """Stop it, with everything saved."""
        self.call(self.server.stop())
        self._end()

    def kill(self) -> None:
        """Cut all connections without saving anything, as a killed server does."""
        self.call(self.server._server.stop(grace=None))
        self.server._held.close()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT)


class FakeLearner:
    """Says what a learner says."""

    def __init__(self, address: str, token: str, model: str) -> None:
        self.model = model
        self._metadata = metadata(token)
        self._channel = grpc.insecure_channel(address, CHANNEL_OPTIONS)
        self._stub = LearningStub(self._channel)

    def attach(self, next_record: int = 1) -> lb.AttachResponse:
        return self._stub.Attach(
            lb.AttachRequest(model=self.model, next_record=next_record), metadata=self._metadata
        )

    def publish(
        self,
        number: int,
        network: Network | None = None,
        exploration: pb.Exploration | None = None,
    ) -> Network:
        """Send out a version of the model; without a network, one that is drawn."""
        network = network or policy(number)
        version = version_of(number, network, exploration or softmax())
        state = lb.ModelState(
            model=self.model,
            version=number,
            header=version.layout.header,
            tensors=version.layout.messages(),
            data=version.data,
            exploration=version.exploration,
        )
        self._stub.Publish(parts_of(state.SerializeToString()), metadata=self._metadata)
        return network

    def records(self, count: int, first: int = 1) -> list[lb.JournalRecord]:
        """Take `count` records."""
        call = self._stub.Records(
            lb.RecordsRequest(model=self.model, first_record=first),
            metadata=self._metadata,
            timeout=WAIT,
        )
        assembler, found = Assembler(1 << 30), []
        for part in call:
            message = assembler.take(part)
            if message is not None:
                found.append(lb.JournalRecord.FromString(message))
                if len(found) == count:
                    break
        call.cancel()
        return found

    def report(self, *, taken: int = 1, saved: int = 1) -> lb.ReportResponse:
        return self._stub.Report(
            lb.ReportRequest(model=self.model, taken_record=taken, saved_record=saved),
            metadata=self._metadata,
        )


class RawClient:
    """A client that says exactly what a test tells it to."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._channel = grpc.insecure_channel(address, CHANNEL_OPTIONS)
        self.stub = TrainerStub(self._channel)
        self._token = token
        self.session = ""

    def register(self, **fields: Any) -> pb.RegisterResponse:
        given = {
            "client_id": "raw",
            "instance": bytes(range(16)),
            "observation": to_space(Box((4,))),
            "action": to_space(Discrete(2)),
            **fields,
        }
        answer = self.stub.Register(pb.RegisterRequest(**given), metadata=metadata(self._token))
        self.session = answer.session
        return answer

    def send(self, *trajectories: pb.Trajectory | bytes) -> list[pb.Acknowledgement]:
        """Send trajectories in one call, and return all acknowledgements."""
        messages = [t if isinstance(t, bytes) else t.SerializeToString() for t in trajectories]
        return list(
            self.stub.Trajectories(
                (part for message in messages for part in parts_of(message)),
                metadata=metadata(self._token, self.session),
                timeout=WAIT,
            )
        )

    def close(self) -> None:
        self._channel.close()


def policy(seed: int, outputs: int = 2) -> Network:
    """Return a small network of four inputs."""
    drawn = np.random.default_rng(seed)
    return Network(
        Stack(
            (
                Dense(drawn.normal(size=(8, 4)), drawn.normal(size=8), "tanh"),
                Dense(drawn.normal(size=(outputs, 8)), drawn.normal(size=outputs)),
            )
        ),
        Decoding("argmax"),
    )


def trajectory(sequence: int, steps: int = 3, **fields: Any) -> pb.Trajectory:
    """Return a trajectory for `RawClient`'s spaces; `fields` replace what it has."""
    drawn = np.random.default_rng(sequence)
    told = pb.Trajectory(
        sequence=sequence,
        episode=sequence,
        ending=pb.TERMINATED,
        observations=to_tensor(drawn.normal(size=(steps, 4)).astype(np.float32)),
        actions=to_tensor(drawn.integers(0, 2, size=steps)),
        rewards=to_tensor(np.arange(steps, dtype=np.float64) + sequence),
        log_probabilities=to_tensor(np.full(steps, -0.5, np.float32)),
        versions=[pb.VersionRun(version=1, steps=steps)],
    )
    for name, value in fields.items():
        told.ClearField(name)
        if isinstance(value, pb.Tensor):
            getattr(told, name).CopyFrom(value)
        elif isinstance(value, list):
            getattr(told, name).extend(value)
        elif value is not None:
            setattr(told, name, value)
    return told
