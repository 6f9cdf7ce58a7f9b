"""Settings of the agent `remote`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rlsys_distributed.client.config import Address, Count, Name, Tls


class RemoteSettings(BaseModel):
    """A server learns from processes of this machine that play the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    steps: Count = 100_000
    """Environment steps that the server has taken in when the training ends."""
    server: Address = "localhost:50051"
    """``HOST:PORT`` of a running ``rlsys distributed serve``; also ``--server``."""
    workers: Annotated[int, Field(ge=1, le=256)] = 2
    """Processes that play."""
    num_envs: Annotated[int, Field(ge=1, le=1024)] = 4
    """Copies of the environment in each of them."""
    algorithm: Literal["ppo", "dqn"] = "ppo"
    """How the server learns."""
    algorithm_parameters: dict[str, Any] = Field(default_factory=dict)
    """Settings of the algorithm, those of `distributed-ppo` or `distributed-dqn`."""
    model: Name | None = None
    """How the model's name on the server begins; by default with the environment's name. The rest
    is drawn, so every training has a model of its own."""
    max_traj_length: Count = 256
    """Steps after which a piece of an episode is sent."""
    encoding: Literal["exact", "float16", "int8"] = "exact"
    """How model updates are written: bit for bit, or rounded to 16 or 8 bits."""
    token_file: Path | None = None
    """A file whose first line is the server's token. Without it, ``RLSYS_TOKEN`` counts."""
    tls: Tls | None = None
    """Files for an encrypted connection; null: plain text, which is for this machine only."""
    patience: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    """Seconds without an answer of the server after which the training ends with an error."""
