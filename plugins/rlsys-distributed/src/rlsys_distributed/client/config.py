"""What a program says about itself: the keys of RL4Sys's client file, and some more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import grpc
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from rlsys.config import Document, load_yaml, validate
from rlsys.errors import UserError
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.secrets import read_pem, token_of
from rlsys_distributed.wire.spaces import Box, Discrete, Space, of_json

_LOG = logging.getLogger("rlsys.distributed")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Count = Annotated[int, Field(ge=1, le=10_000_000)]


def _with_port(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError(f"must be HOST:PORT, such as localhost:50051 (got {value!r})")
    return value


Address = Annotated[str, AfterValidator(_with_port)]
"""``HOST:PORT``."""

WITHOUT_MEANING = {
    "act_limit": "the bounds of the action space say it",
    "connection_timeout_seconds": "a connection is tried until it is there",
    "request_timeout_seconds": "nothing waits for a request",
    "enable_compression": "model updates are always compressed",
    "debug": 'set the level of the logger "rlsys.distributed"',
    "log_level": 'set the level of the logger "rlsys.distributed"',
}
"""Keys of RL4Sys's client files that decide nothing here, with the reason."""

PARAMETERS = {
    "clip_ratio": "clip_range",
    "lam": "gae_lambda",
    "pi_lr": "learning_rate",
    "lr": "learning_rate",
    "q_lr": "learning_rate",
    "train_pi_iters": "n_epochs",
    "hidden_sizes": "net_arch",
    "buf_size": "buffer_size",
}
"""RL4Sys's names of settings that have others here."""

PARAMETERS_WITHOUT_MEANING = {
    "vf_lr": "one optimiser trains policy and value",
    "train_v_iters": "policy and value are trained together: train_pi_iters counts",
    "traj_per_epoch": "an update takes n_steps steps, however many trajectories they are",
    "seed": "programs run at their own pace, so no training repeats another; `seed` of the client "
    "is that of its draws",
    "input_size": "the observation space says it",
    "act_dim": "the action space says it",
}


class Tls(BaseModel):
    """Files for an encrypted connection."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ca: Path | None = None
    """Certificates of authorities that are trusted; by default the system's."""
    cert: Path | None = None
    """The client's own certificate, for mutual TLS."""
    key: Path | None = None
    """Its private key."""

    def credentials(self) -> grpc.ChannelCredentials:
        """Return what gRPC needs.

        Raises:
            UserError: a file cannot be read or is of another kind, or half of `cert` and `key`.
        """
        if (self.cert is None) != (self.key is None):
            raise UserError("tls.cert and tls.key: give both or neither")
        read = {
            name: read_pem(getattr(self, name), f"tls.{name}") for name in ("ca", "key", "cert")
        }
        return grpc.ssl_channel_credentials(read["ca"], read["key"], read["cert"])


class ClientConfig(BaseModel):
    """The settings of a client."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True
    )

    client_id: Name
    """Who this program is. At most one living program has the id."""
    train_server_address: Address = "localhost:50051"
    """``HOST:PORT`` of the server."""
    model: Name | None = None
    """The model that decides; programs that give the same name share it. Default: client_id."""
    algorithm_name: str = ""
    """``PPO`` or ``DQN``; by default what the server prefers."""
    algorithm_parameters: dict[str, Any] = Field(default_factory=dict)
    """Settings of the algorithm. ``input_size`` and ``act_dim`` describe the spaces where
    `observation_space` and `action_space` do not."""
    type: Literal["onpolicy", "offpolicy", ""] = ""
    """Kind of the algorithm; only checked against it."""
    observation_space: dict[str, Any] | None = None
    """For example ``{box: {shape: [8]}}`` or ``{discrete: {n: 16}}``."""
    action_space: dict[str, Any] | None = None
    """For example ``{discrete: {n: 4, start: 0}}``, ``{multi_discrete: {n: [3, 2]}}`` or ``{box:
    {shape: [2], low: -1, high: 1}}``."""
    masked: bool = False
    """Whether every request comes with a mask of allowed actions."""
    items: bool = False
    """Whether an observation (items, features) is a list of items."""
    max_traj_length: Count = 1000
    """Steps after which a trajectory is sent although its episode goes on."""
    send_frequency: Count = 1
    """Number of completed trajectories that are sent together."""
    explore: bool = True
    """Whether to try actions; otherwise the program only acts, and nothing is sent."""
    seed: int | None = None
    """Of the draws; by default another one in every process."""
    buffer_trajectories: Count = 1000
    """Most trajectories kept while the server cannot take them; then the oldest are dropped."""
    first_model_timeout: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    """Seconds that the first request waits for a model. After that, actions are drawn at random."""
    encoding: Literal["exact", "float16", "int8"] = "exact"
    """How model updates are written: bit for bit, or rounded to 16 or 8 bits."""
    token: str | None = Field(default=None, repr=False)
    """What the server asks for; better in a file."""
    token_file: Path | None = None
    """A file whose first line is the token. Without both, the variable ``RLSYS_TOKEN`` counts."""
    tls: Tls | None = None
    """Files for an encrypted connection; null: plain text, which is for this machine only."""

    @field_validator("algorithm_name")
    @classmethod
    def _known(cls, value: str) -> str:
        if value.lower() not in ("", "ppo", "dqn"):
            raise ValueError(f"must be PPO or DQN (got {value!r})")
        return value.lower()

    def spaces(self) -> tuple[Box, Space]:
        """Return what is observed and what is done.

        Raises:
            UserError: neither the spaces nor the sizes are given, or they contradict each other.
        """
        sizes = self.algorithm_parameters
        observation = self._space("observation_space", "input_size", lambda n: Box((n,)))
        action = self._space("action_space", "act_dim", Discrete)
        if isinstance(observation, Box):
            if "input_size" in sizes and observation.size != sizes["input_size"]:
                raise UserError(
                    f"algorithm_parameters.input_size is {sizes['input_size']!r}, but "
                    f"observation_space has {observation.size} values; leave one out"
                )
            return observation, action
        raise UserError(
            f"observation_space must be a box, not {observation}: write Discrete observations as "
            "one value per number, 1 for the one that holds"
        )

    def _space(self, name: str, size: str, make: Any) -> Space:
        given = getattr(self, name)
        parameters = self.algorithm_parameters
        try:
            if given is not None:
                return of_json(given, name)
            if size not in parameters:
                raise UserError(
                    f"{name} is missing; give it, or algorithm_parameters.{size}, or spaces of "
                    "Gymnasium to Agent()"
                )
            value = parameters[size]
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UserError(
                    f"algorithm_parameters.{size} must be a whole number of at least 1, not "
                    f"{value!r}"
                )
            space: Space = make(value)
            return space
        except WireError as error:
            raise UserError(str(error)) from error

    def settings(self) -> dict[str, Any]:
        """Return the algorithm's settings under their names here; warns of what has no meaning."""
        found: dict[str, Any] = {}
        for key, value in self.algorithm_parameters.items():
            reason = PARAMETERS_WITHOUT_MEANING.get(key)
            if reason is None:
                found[PARAMETERS.get(key, key)] = value
            elif key not in ("input_size", "act_dim"):
                _LOG.warning("algorithm_parameters.%s has no meaning here: %s", key, reason)
        return found

    def secret(self) -> str | None:
        """Return the token, or None.

        Raises:
            UserError: the file cannot be read.
        """
        return self.token if self.token is not None else token_of(self.token_file)


def read_config(given: str | Path | Mapping[str, Any]) -> ClientConfig:
    """Read a client's configuration.

    Args:
        given: path of a JSON or YAML file, or what such a file contains.

    Raises:
        UserError: a file that cannot be read, an unknown key or a wrong value; one line says where.
    """
    if isinstance(given, Mapping):
        document = Document(dict(given), "config")
    else:
        document = load_yaml(Path(given))
    if not isinstance(document.data, dict):
        raise UserError(f"{document.source}: must map keys to values")
    for key, reason in WITHOUT_MEANING.items():
        if key in document.data:
            _LOG.warning("%s: %s has no meaning here: %s", document.source, key, reason)
            del document.data[key]
    config: ClientConfig = validate(ClientConfig, document)
    kinds = {"ppo": "onpolicy", "dqn": "offpolicy"}
    wanted = kinds.get(config.algorithm_name, config.type)
    if config.type and config.type != wanted:
        raise UserError(
            f"{document.source}: type is {config.type!r}, but {config.algorithm_name} is {wanted}"
        )
    return config
