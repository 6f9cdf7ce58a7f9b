"""Refuses networks that cannot be exported in fixed point, before any arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsys.errors import UserError
from rlsys.network import Dense, Network, Scorer

FLASH = 512 * 1024
"""Bytes of flash on the target, which the weights alone must not exceed."""


def check_supported(network: Network) -> None:
    """Refuse what cannot be exported.

    Raises:
        UserError: there are no layers, layers or action groups do not fit together, a decoding
            lacks its bounds, or the weights exceed the flash.
    """
    body = network.body
    if isinstance(body, Scorer):
        _check_scorer(body, network)
    else:
        if not body.layers:
            raise UserError("the network has no layers; train a policy first")
        _check_chain("layers", body.layers, None)
        _check_decoding(network, body.layers[-1].weight.shape[0])
    smallest = 2 * network.parameters()
    if smallest > FLASH:
        raise UserError(
            f"the network has {network.parameters()} parameters, at least {smallest} bytes; "
            f"the flash has {FLASH}: train a smaller network"
        )


def _check_scorer(body: Scorer, network: Network) -> None:
    if not body.scorer:
        raise UserError("the network has no scorer layers; train a policy first")
    if network.decoding.kind != "argmax":
        raise UserError(
            f"a network with one logit per item decides by argmax, not by "
            f"{network.decoding.kind!r}; export it with another exporter"
        )
    _check_start(network)
    code = None
    if body.encoder:
        _check_chain("encoder", body.encoder, None)
        code = body.encoder[-1].weight.shape[0]
    joined = body.scorer[0].weight.shape[1]
    code = joined // 2 if code is None else code
    _check_chain("scorer", body.scorer, 2 * code)
    if body.scorer[-1].weight.shape[0] != 1:
        raise UserError(
            f"the last scorer layer has {body.scorer[-1].weight.shape[0]} outputs; an item has one "
            "logit"
        )
    if body.rest:
        _check_chain("rest", body.rest, code)


def _check_chain(role: str, layers: Sequence[Dense], inputs: int | None) -> None:
    for index, layer in enumerate(layers):
        outputs, width = layer.weight.shape
        if inputs is not None and width != inputs:
            raise UserError(
                f"network layer {role}[{index}] takes {width} values and gets {inputs}; "
                "the network file is inconsistent"
            )
        if not outputs or not width:
            raise UserError(f"network layer {role}[{index}] is empty ({outputs} x {width})")
        inputs = outputs


def _check_decoding(network: Network, outputs: int) -> None:
    decoding = network.decoding
    if decoding.kind == "argmax":
        _check_start(network)
    elif decoding.kind == "multi-argmax":
        if sum(decoding.sizes) != outputs or min(decoding.sizes, default=0) < 1:
            raise UserError(f"action groups of {list(decoding.sizes)} do not fit {outputs} outputs")
    else:
        _check_continuous(network, outputs)


def _check_start(network: Network) -> None:
    start = network.decoding.start
    if not 0 <= start < 2**31:
        raise UserError(
            f"actions counted from {start} do not fit an unsigned index on the target; "
            "let the environment's Discrete space start at 0"
        )


def _check_continuous(network: Network, outputs: int) -> None:
    decoding = network.decoding
    if network.masked:
        raise UserError(f"a network with continuous actions ({decoding.kind}) cannot be masked")
    for name, bound in (("low", decoding.low), ("high", decoding.high)):
        if bound is None or not np.isfinite(bound).all():
            raise UserError(
                f"the actions have no finite bound {name!r}; fixed point needs it: give the "
                "environment's action space finite bounds"
            )
        if np.size(bound) not in (1, outputs):
            raise UserError(f"{np.size(bound)} action bounds {name!r} do not fit {outputs} outputs")
