"""What the front knows about the programs of one model."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from rlsys_distributed.v1 import trainer_pb2 as pb

_MOST_REMEMBERED = 10_000


@dataclass
class Client:
    """One process of a program.

    Attributes:
        client_id, instance: who it is.
        session: the current one; an older one is refused.
        acknowledged: every trajectory up to this number is in the journal or was refused.
        early: trajectories that came before one with a smaller number.
        calls: streams that are open.
        heard: when it last said something, by `time.monotonic`.
        steps: received from it since the start of the server.
        refusals: what it has not been told yet.
    """

    client_id: str
    instance: bytes
    session: str
    software: str = ""
    encoding: int = pb.EXACT
    acknowledged: int = 0
    early: dict[int, pb.Trajectory] = field(default_factory=dict)
    calls: int = 0
    heard: float = field(default_factory=time.monotonic)
    steps: int = 0
    refusals: list[pb.Refusal] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        """Whether it has a stream open."""
        return self.calls > 0

    @property
    def silent_seconds(self) -> float:
        """Since it last said something."""
        return time.monotonic() - self.heard


class Acknowledged:
    """Up to which trajectory each instance is acknowledged, as far as that is remembered."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[bytes, int] = OrderedDict()

    def of(self, instance: bytes) -> int:
        """Return the number; 0 for an instance that is not known."""
        return self._numbers.get(instance, 0)

    def note(self, instance: bytes, number: int) -> None:
        """Remember a number; the instances that were silent for longest are forgotten."""
        self._numbers[instance] = max(number, self.of(instance))
        self._numbers.move_to_end(instance)
        while len(self._numbers) > _MOST_REMEMBERED:
            self._numbers.popitem(last=False)

    def as_json(self) -> dict[str, int]:
        """Return what is kept on disk."""
        return {instance.hex(): number for instance, number in self._numbers.items()}

    def restore(self, kept: dict[str, int]) -> None:
        """Take what was kept on disk."""
        for instance, number in kept.items():
            self.note(bytes.fromhex(instance), number)
