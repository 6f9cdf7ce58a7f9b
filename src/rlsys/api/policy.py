"""A trained policy as a function from an observation to an action; needs only NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsys.errors import UserError, did_you_mean
from rlsys.network import Network, Scorer, Stack
from rlsys.policies import Policy
from rlsys.roles import RolePolicy

Array = NDArray[Any]


@dataclass(frozen=True)
class TrainedPolicy:
    """A callable policy: ``action = policy(observation, mask=None)``.

    It takes one observation, or a batch with one more dimension, and returns one action or one per
    observation. With several roles, pass `role` with an observation of one agent (or a batch), or a
    mapping from role or agent to observations; then the result is such a mapping too.

    Attributes:
        network: one network, or a policy with one per role.
        case: the case that it was trained on.
        seed: of its training.
    """

    network: Policy
    case: str
    seed: int

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of the roles; empty if there is a single policy."""
        return tuple(self.network.networks) if isinstance(self.network, RolePolicy) else ()

    def __call__(
        self,
        observation: ArrayLike | Mapping[str, ArrayLike],
        mask: ArrayLike | Mapping[str, ArrayLike] | None = None,
        *,
        role: str | None = None,
    ) -> Any:
        """Return the action for an observation.

        Args:
            observation: as the environment gives it; an observation of items is (items, features),
                and with padding, column 0 says which items are present.
            mask: bool (n_actions,), or (N, n_actions) for a batch; True = allowed. Required if the
                network was trained with masks.
            role: whose observation it is, if the policy has roles.

        Returns:
            an integer or array as the action space wants it; for a batch, an array (N, ...).

        Raises:
            UserError: another shape than the network takes, NaN, a mask that is missing, not
                wanted or allows nothing, or an unknown role.
        """
        if isinstance(observation, Mapping):
            if not self.roles or role is not None:
                raise UserError(
                    "a mapping of observations is for a policy with roles, without role="
                )
            masks = mask if isinstance(mask, Mapping) else {}
            return {
                name: _act(self._network_of(name), one, masks.get(name))
                for name, one in observation.items()
            }
        if isinstance(mask, Mapping):
            raise UserError("a mapping of masks needs a mapping of observations")
        return _act(self._network_of(role), observation, mask)

    def _network_of(self, role: str | None) -> Network:
        if not isinstance(self.network, RolePolicy):
            if role is not None:
                raise UserError(f"the policy of case {self.case!r} has no roles; leave out role=")
            return self.network
        if role is None:
            raise UserError(f"whose observation is it? give role=, one of {list(self.roles)}")
        # Agents are called ROLE_INDEX (see rlsys.adapters.parallel).
        name, _, index = role.rpartition("_")
        known = role if role in self.roles or not index.isdigit() else name
        if known not in self.roles:
            raise UserError(f"unknown role {role!r}{did_you_mean(role, self.roles)}")
        return self.network.networks[known]

    def __repr__(self) -> str:
        roles = f", roles {', '.join(self.roles)}" if self.roles else ""
        return f"<policy of {self.case}, seed {self.seed}{roles}>"


def _act(network: Network, observation: ArrayLike, mask: ArrayLike | None) -> Any:
    try:
        values = np.asarray(observation, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise UserError(f"the observation is not an array of numbers: {error}") from error
    if np.isnan(values).any():
        raise UserError("the observation contains NaN; the network cannot act on it")
    single = _is_single(network, values)
    batch = values[None] if single else values
    masks = _masks(network, mask, batch, single)
    if len(batch) == 0:
        blank = np.zeros((1, *batch.shape[1:]))
        allowed = None if masks is None else np.ones((1, masks.shape[1]), dtype=bool)
        return network.act(blank, allowed)[:0]
    actions = network.act(batch, masks)
    return actions[0] if single else actions


def _is_single(network: Network, values: Array) -> bool:
    """Return whether this is one observation, not a batch.

    Raises:
        UserError: it is neither.
    """
    if isinstance(network.body, Scorer):
        features = _inputs(network)
        if values.ndim not in (2, 3) or values.shape[-1] != features:
            raise UserError(
                f"the network takes observations of shape (items, {features}), or "
                f"(N, items, {features}) for a batch, not {values.shape}"
            )
        return values.ndim == 2
    wanted = _inputs(network)
    if values.ndim >= 1 and math.prod(values.shape[1:]) == wanted and values.shape != (wanted,):
        return False
    if values.size == wanted:
        return True
    raise UserError(
        f"the network takes observations of {wanted} values, alone or as a batch (N, ...), not "
        f"an array of shape {values.shape}"
    )


def _inputs(network: Network) -> int:
    if isinstance(network.body, Stack):
        return int(network.body.layers[0].weight.shape[1])
    if network.transform is not None:
        return len(network.transform.shift)
    return int(network.body.encoder[0].weight.shape[1])


def _outputs(network: Network, batch: Array) -> int:
    body = network.body
    if isinstance(body, Stack):
        return len(body.layers[-1].bias)
    return int(batch.shape[1]) + (len(body.rest[-1].bias) if body.rest else 0)


def _masks(network: Network, mask: ArrayLike | None, batch: Array, single: bool) -> Array | None:
    if not network.masked:
        if mask is not None:
            raise UserError("the network was trained without action masks; leave out `mask`")
        return None
    if mask is None:
        raise UserError("the network was trained with action masks; pass `mask`")
    masks = np.asarray(mask, dtype=bool)
    outputs = _outputs(network, batch)
    wanted = (outputs,) if single else (len(batch), outputs)
    if masks.shape != wanted:
        raise UserError(f"the mask must have the shape {wanted}, not {masks.shape}")
    masks = masks.reshape(len(batch), outputs)
    if not masks.any(axis=1).all():
        raise UserError("the mask allows no action at all")
    return masks
