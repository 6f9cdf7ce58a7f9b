"""The server's configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Algorithm = Literal["ppo", "dqn"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limits(_Section):
    """What a client may ask of the server."""

    clients: Count = 1000
    """Most programs connected at a time."""
    models: Count = 100
    """Most models."""
    trajectory_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = 64 << 20
    """Most bytes of one trajectory."""
    trajectory_steps: Count = 100_000
    """Most steps of one trajectory."""
    window: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Most trajectories of a client that are sent and not yet acknowledged."""
    registrations_per_minute: Count = 600
    """Most registrations per minute and network address; others get RESOURCE_EXHAUSTED."""


class Backlog(_Section):
    """What happens when a learner is slower than its programs."""

    steps: Count = 8192
    """Most steps per model that are acknowledged and not yet taken by the learner; for PPO at most
    n_steps."""
    policy: Literal["wait", "drop"] = "wait"
    """``wait``: the senders wait, and drop their oldest when their own buffer is full. ``drop``:
    what comes then is refused, with a counter."""
    journal_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 40)] = 1 << 30
    """Size of a model's journal at which the learner is asked for a checkpoint, after which it
    shrinks; at twice that size, senders wait."""


class TlsFiles(_Section):
    """Files for encrypted connections."""

    cert: Path
    """The server's certificate chain."""
    key: Path
    """Its private key."""
    client_ca: Path | None = None
    """Authorities that sign the certificates of clients, which must then have one (mutual TLS)."""


class ModelConfig(_Section):
    """A model that is known before a client asks for it."""

    algorithm: Algorithm | None = None
    """By default that of the server."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the algorithm; they override those below `settings` of the server."""


class ServerConfig(_Section):
    """The settings of ``rlsys distributed serve``."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 50_051
    """Port to listen on; 0: any free one, which is printed."""
    algorithm: Algorithm = "ppo"
    """For clients that name none."""
    settings: dict[Algorithm, dict[str, Any]] = Field(default_factory=dict)
    """Settings by algorithm, for all models."""
    models: dict[Name, ModelConfig] = Field(default_factory=dict)
    """Models by name."""
    checkpoint_every: Count = 20_000
    """Steps learned between two checkpoints. After a kill, the journal has what came since."""
    limits: Limits = Limits()
    """What a client may ask for."""
    backlog: Backlog = Backlog()
    """What happens when a learner is behind."""
    sync: bool = False
    """Whether the journal is written to the disk before it is acknowledged: only then does a power
    cut lose nothing. A killed process loses nothing either way."""
    token_file: Path | None = None
    """A file whose first line every client must know. Without it, ``RLSYS_TOKEN`` counts."""
    tls: TlsFiles | None = None
    """Files for encrypted connections; null: plain text."""
    plain_text: bool = False
    """Whether plain text is allowed on other addresses than this machine's own."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """Port on which Prometheus can read the server's numbers, at the same host; null: none."""
    learner_host: str = "127.0.0.1"
    """Address of this machine at which learners reach the server, in plain text. An executor that
    runs them on other machines needs one that these can reach."""
    executor: str = "local"
    """Where learners run."""
    executor_options: dict[str, str] = Field(default_factory=dict)
    """Options of the executor, such as ``ray_address``."""

    @model_validator(mode="after")
    def _plain_text_stays_here(self) -> Self:
        if self.tls is None and not self.plain_text and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host} can be reached from other machines: give `tls`, or allow plain "
                "text with `plain_text: true` (--plain-text)"
            )
        if self.learner_host in ("0.0.0.0", "::"):
            raise ValueError(
                f"learner_host {self.learner_host} is not an address to call; give the one of this "
                "machine that the learners' machines reach"
            )
        if not self.plain_text and not is_loopback(self.learner_host):
            raise ValueError(
                f"learner_host {self.learner_host} can be reached from other machines, and what "
                "learners and server say to each other is not encrypted: allow it with "
                "`plain_text: true` (--plain-text), on a network that you trust"
            )
        return self


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
