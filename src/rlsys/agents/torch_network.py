"""The portable network as a torch module: for training, and for conversion back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from rlsys.agents.spaces import decoding_for, image_transform, outputs_for, require_items
from rlsys.errors import UserError
from rlsys.network import Activation, Dense, Network, Scorer, Stack, Transform

ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def hidden_layers(sizes: Sequence[int], activation: str) -> list[nn.Module]:
    """Return layers through `sizes` (inputs first), each followed by `activation`."""
    modules: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        modules += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
    return modules


def dense_layers(modules: Sequence[nn.Module]) -> tuple[Dense, ...]:
    """Return `modules` (linear layers, each perhaps followed by an activation) as arrays.

    Raises:
        UserError: there is another kind of module.
    """
    names: dict[type[nn.Module], Activation] = {nn.ReLU: "relu", nn.Tanh: "tanh"}
    layers: list[Dense] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            weight = module.weight.detach().cpu().numpy().copy()
            layers.append(Dense(weight, module.bias.detach().cpu().numpy().copy()))
        elif type(module) in names and layers and layers[-1].activation == "linear":
            layers[-1] = replace(layers[-1], activation=names[type(module)])
        else:
            raise UserError(
                f"a portable network cannot contain a {type(module).__name__} here; "
                "use linear layers, ReLU and Tanh"
            )
    return tuple(layers)


def _modules(layers: Sequence[Dense]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for layer in layers:
        outputs, inputs = layer.weight.shape
        # The weights come from `layers`; drawing initial ones would advance the global generator.
        linear: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight))
            linear.bias.copy_(torch.from_numpy(layer.bias))
        modules.append(linear)
        if layer.activation != "linear":
            modules.append(ACTIVATIONS[layer.activation]())
    return nn.Sequential(*modules)


class TorchStack(nn.Module):
    """`rlsys.network.Stack` in torch."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(
        self, x: Tensor, present: Tensor | None = None, allowed: Tensor | None = None
    ) -> Tensor:
        """Return outputs (N, outputs) of observations (N, ...)."""
        del present, allowed
        return cast("Tensor", self.layers(x.flatten(1)))

    def body(self) -> Stack:
        """Return the layers as arrays."""
        return Stack(dense_layers(list(self.layers)))


class TorchScorer(nn.Module):
    """`rlsys.network.Scorer` in torch."""

    def __init__(self, encoder: nn.Sequential, scorer: nn.Sequential, rest: nn.Sequential) -> None:
        super().__init__()
        self.encoder = encoder
        self.scorer = scorer
        self.rest = rest

    def forward(self, x: Tensor, present: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Return logits (N, items + rest) of items (N, items, features).

        Args:
            x: the items, transformed.
            present: 1 for an item, 0 for padding, shape (N, items).
            allowed: bool (N, items + rest); the logits of other actions do not matter. If that
                spares more than half of the items, only the others are computed.
        """
        if allowed is not None:
            wanted = allowed[:, : present.shape[1]] | (present != 0)
            if 2 * int(wanted.sum()) < wanted.numel():
                return self._of_some(x, present, wanted)
        code = self.encoder(x)
        context = pooled(code, present)
        joined = torch.cat([code, context.unsqueeze(1).expand_as(code)], dim=-1)
        return self._with_rest(self.scorer(joined).squeeze(-1), context)

    def _of_some(self, x: Tensor, present: Tensor, wanted: Tensor) -> Tensor:
        """Return the same, but 0 for items that are not `wanted`, bool (N, items)."""
        row, _ = wanted.nonzero(as_tuple=True)
        code = self.encoder(x[wanted])
        weight = present[wanted].unsqueeze(-1)
        summed = code.new_zeros(len(x), code.shape[-1]).index_add(0, row, code * weight)
        context = summed / present.sum(dim=1, keepdim=True).clamp(min=1.0)
        scores = self.scorer(torch.cat([code, context[row]], dim=-1)).squeeze(-1)
        logits = x.new_zeros(wanted.shape).masked_scatter(wanted, scores)
        return self._with_rest(logits, context)

    def _with_rest(self, logits: Tensor, context: Tensor) -> Tensor:
        return torch.cat([logits, self.rest(context)], dim=-1) if len(self.rest) else logits

    def body(self) -> Scorer:
        """Return the layers as arrays."""
        return Scorer(
            dense_layers(list(self.encoder)),
            dense_layers(list(self.scorer)),
            dense_layers(list(self.rest)),
        )


def pooled(code: Tensor, present: Tensor) -> Tensor:
    """Return the mean code (N, width) of the present items; zeros if there are none."""
    weights = present.unsqueeze(-1)
    return (code * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def scorer_modules(
    features: int, encoder: Sequence[int], scorer: Sequence[int], rest: int, activation: str
) -> TorchScorer:
    """Return a scorer with fresh weights; `rest` is the number of actions without an item."""
    width = encoder[-1]
    return TorchScorer(
        nn.Sequential(*hidden_layers([features, *encoder], activation)),
        nn.Sequential(*hidden_layers([2 * width, *scorer], activation), nn.Linear(scorer[-1], 1)),
        nn.Sequential(*hidden_layers([width, *scorer], activation), nn.Linear(scorer[-1], rest))
        if rest
        else nn.Sequential(),
    )


def initialise(module: nn.Module, last_gain: float = 0.01) -> None:
    """Set orthogonal weights and zero biases; the last layer of each stack gets `last_gain`."""
    for stack in (m for m in module.modules() if isinstance(m, nn.Sequential)):
        for layer in (m for m in stack if isinstance(m, nn.Linear)):
            gain = last_gain if layer is stack[-1] else float(np.sqrt(2))
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)


class TorchNetwork(nn.Module):
    """A trainable mirror of `rlsys.network.Network`; the observation transform stays fixed.

    Args:
        source: the network to mirror; its layers' values are copied.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, source: Network) -> None:
        super().__init__()
        self._source = source
        body = source.body
        self.body: TorchStack | TorchScorer
        if isinstance(body, Scorer):
            self.body = TorchScorer(
                _modules(body.encoder), _modules(body.scorer), _modules(body.rest)
            )
        else:
            self.body = TorchStack(_modules(body.layers))
        transform = source.transform or Transform(np.zeros(1, np.float32), np.ones(1, np.float32))
        self.register_buffer("shift", torch.from_numpy(transform.shift))
        self.register_buffer("scale", torch.from_numpy(transform.scale))
        self._clip = (transform.low, transform.high)

    def forward(self, observations: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Return the outputs before mask and decoding, as `Network.logits` does.

        Args:
            observations: float32, (N, features) or (N, items, features).
            allowed: bool (N, outputs), if the outputs of other actions do not matter.
        """
        if isinstance(self.body, TorchScorer):
            present = observations[..., 0]
        else:
            present = None
            observations = observations.flatten(1)
        if self._source.transform is not None:
            observations = ((observations - self.shift) * self.scale).clamp(*self._clip)
        return cast("Tensor", self.body(observations, present, allowed))

    def to_network(self, notes: Mapping[str, Any] | None = None) -> Network:
        """Return the portable network with the current weights."""
        return replace(
            self._source,
            body=self.body.body(),
            notes=self._source.notes if notes is None else dict(notes),
        )


def fresh_network(
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    *,
    items: bool = False,
    net_arch: Sequence[int] = (32, 32),
    encoder: Sequence[int] = (32, 32),
    scorer: Sequence[int] = (32,),
    activation: str = "relu",
    masked: bool = False,
    seed: int = 0,
) -> TorchNetwork:
    """Return an untrained network for an environment.

    Args:
        observation_space: of one copy; a stack takes it flattened, and bytes 0..255 as 0..1.
        action_space: of one copy.
        items: whether the observation is a list of items (items, features), for a scorer.
        net_arch: hidden layers of a stack.
        encoder, scorer: hidden layers of a scorer.
        activation: of hidden layers, ``relu`` or ``tanh``.
        masked: whether it acts under action masks.
        seed: seed of the weights.

    Raises:
        UserError: a portable network does not support the spaces.
    """
    outputs = outputs_for(action_space)
    shape = observation_space.shape or ()
    module: TorchStack | TorchScorer
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if items:
            rest = require_items(observation_space, action_space)
            module = scorer_modules(shape[1], encoder, scorer, rest, activation)
        else:
            sizes = [int(np.prod(shape)), *net_arch]
            module = TorchStack(
                nn.Sequential(*hidden_layers(sizes, activation), nn.Linear(sizes[-1], outputs))
            )
        initialise(module)
    transform = None if items else image_transform(observation_space)
    return TorchNetwork(Network(module.body(), decoding_for(action_space), transform, masked))
