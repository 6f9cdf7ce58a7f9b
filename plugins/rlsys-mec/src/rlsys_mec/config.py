"""The settings of the environment: users, tasks, radio, server and reward."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rlsys.descriptors import Case

Count = Annotated[int, Field(strict=True, ge=1)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Range = tuple[float, float]


class MecConfig(BaseModel):
    """Users with one task per slot, one uplink band, one edge server.

    If `n_clusters` is null, the server is one queue (flat, phase 1). If it is a number, the CPU is
    divided among that many clusters of users, each with its own queue (hierarchical, phase 2).
    Ranges are [lowest, highest] of uniform distributions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    n_users: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 5
    """Number of users, each with one task per slot."""
    n_clusters: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None
    """Number of clusters of users; null: flat, without coordinator."""
    cluster_room: Annotated[float, Field(ge=1.0, le=1_000.0, allow_inf_nan=False)] = 2.0
    """Maximum members of a cluster, as a multiple of the average (users / clusters)."""
    slots: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 200
    """Slots per episode."""
    view: Literal["local", "global"] = "local"
    """What a user sees: only its own task, or also a summary of all tasks."""
    tentative_plan: bool = False
    """Whether a global view shows the user's part in a plan that the server makes by a rule; see
    `rlsys_mec.plan`."""
    slot_s: Positive | None = None
    """Length of a slot in s; unfinished server work goes first in the next slot. Null: nothing
    carries over, and slots are independent."""

    data_mbit: Range = (16.0, 80.0)
    """Data of a task that must be sent to offload it, Mbit; drawn each slot."""
    cycles_g: Range = (1.5, 3.5)
    """CPU cycles of a task, 10^9; drawn each slot."""
    deadline_s: Range = (1.0, 2.0)
    """Deadline of a task after the start of the slot, s; drawn each slot."""
    distance_m: Range = (10.0, 50.0)
    """Distance of a user from the base station, m; drawn each episode."""
    local_ghz: Range = (0.5, 1.5)
    """Clock of a user's own CPU, GHz; drawn each episode."""

    server_ghz: Positive = 6.0
    """Clock of the server, GHz."""
    server_w: NonNegative = 5.0
    """Power of the server while it executes, W."""
    bandwidth_mhz: Positive = 50.0
    """Uplink band that the offloading users share, MHz."""
    spectrum_floor: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] = 0.0
    """Smallest share of the band for an offloading user; if there are too many users for it, all
    get equal shares."""
    transmit_w: Positive = 0.08
    """Power of a user while it transmits, W."""
    noise_w_per_hz: Positive = 4e-21
    """Spectral density of the noise, W/Hz."""
    carrier_ghz: Positive = 3.5
    """Carrier frequency, GHz; see `rlsys_mec.radio`."""
    path_loss_exponent: Annotated[float, Field(ge=1.0, le=10.0, allow_inf_nan=False)] = 3.19
    """Path-loss exponent of the distance; see `rlsys_mec.radio`."""
    kappa: NonNegative = 1e-27
    """Effective switched capacitance of a user's CPU: energy = kappa f^2 cycles, J with f in Hz."""

    weight_qos: NonNegative = 1.0
    """Reward for a task with QoS 1."""
    weight_energy: NonNegative = 1e-6
    """Cost per J."""
    reference_restarts: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 4
    """Random starts of the search for the reference, in addition to the greedy ones. Used if there
    is no exact optimum: with more than six users or in a hierarchy."""

    @field_validator("data_mbit", "cycles_g", "deadline_s", "distance_m", "local_ghz")
    @classmethod
    def _ordered(cls, value: Range) -> Range:
        low, high = value
        if not 0.0 < low <= high < math.inf:
            raise ValueError(
                f"must be [low, high] with 0 < low <= high, both finite (got {list(value)})"
            )
        return value

    @model_validator(mode="after")
    def _clusters_fit(self) -> Self:
        if self.n_clusters is not None and self.n_clusters > self.n_users:
            raise ValueError(
                f"n_clusters must be <= n_users ({self.n_users}), got {self.n_clusters}: every "
                "cluster needs a user"
            )
        if self.tentative_plan and self.view != "global":
            raise ValueError("tentative_plan is part of the global view; set view to 'global'")
        if self.weight_qos == 0.0 and self.weight_energy == 0.0:
            raise ValueError(
                "weight_qos and weight_energy are both 0: the reward would always be 0"
            )
        return self

    @property
    def members(self) -> int:
        """Return the places in a queue: all users, or the maximum members of a cluster."""
        if self.n_clusters is None:
            return self.n_users
        return min(
            self.n_users - self.n_clusters + 1,
            math.ceil(self.cluster_room * self.n_users / self.n_clusters),
        )

    @property
    def queues(self) -> int:
        """Return the number of queues at the server."""
        return self.n_clusters or 1


def cases(config: MecConfig) -> list[Case]:
    """Return the only case, named after the size of the system."""
    if config.n_clusters is None:
        return [
            Case(
                name=f"{config.n_users}-users",
                config=config,
                summary=f"{config.n_users} users, one queue, {config.view} view",
            )
        ]
    return [
        Case(
            name=f"{config.n_users}-users-{config.n_clusters}-clusters",
            config=config,
            summary=f"{config.n_users} users in {config.n_clusters} clusters, {config.view} view",
        )
    ]
