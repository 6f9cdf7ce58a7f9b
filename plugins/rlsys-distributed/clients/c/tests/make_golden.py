"""Write numbers that the C++ tests are compared with, made by NumPy and the Python client's code.

Run with `plugins/rlsys-distributed/src` on PYTHONPATH:

    python plugins/rlsys-distributed/clients/c/tests/make_golden.py

`networks.json` has networks, observations and what `rlsys.network` makes of them. `updates.json`
has two versions of a model, and each update from one to the other with what is held after it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.network import Decoding, Dense, InputClip, Network, Scorer, Stack, Transform
from rlsys_distributed.v1 import trainer_pb2 as pb
from rlsys_distributed.wire.model import Version, softmax, version_of
from rlsys_distributed.wire.updates import Release, difference, whole

GOLDEN = Path(__file__).parent / "golden"
RANDOM = np.random.default_rng(20_240)
OBSERVATIONS = 6


def dense(inputs: int, outputs: int, activation: Any) -> Dense:
    """Return a layer of random numbers."""
    weight = RANDOM.normal(0.0, 1.5 / np.sqrt(inputs), (outputs, inputs))
    return Dense(weight, RANDOM.normal(0.0, 0.3, outputs), activation)


def networks() -> dict[str, tuple[Network, NDArray[Any], NDArray[np.bool_] | None]]:
    """Return networks of every shape with observations and masks."""
    found: dict[str, tuple[Network, NDArray[Any], NDArray[np.bool_] | None]] = {}
    start = Decoding("argmax", start=-3)
    small = Stack((dense(4, 17, "tanh"), dense(17, 33, "tanh"), dense(33, 5, "linear")))
    found["stack tanh"] = (Network(small, start), RANDOM.normal(0, 2, (OBSERVATIONS, 4)), None)

    masks = RANDOM.random((OBSERVATIONS, 6)) < 0.5
    masks[:, 2] = True
    relu = Stack((dense(3, 40, "relu"), dense(40, 6, "linear")))
    transform = Transform(RANDOM.normal(0, 1, 3), RANDOM.uniform(0.5, 2, 3), -1.5, 1.5)
    clip = InputClip(np.array([-1.0, -np.inf, 0.0]), np.array([1.0, 0.5, np.inf]))
    found["stack masked"] = (
        Network(relu, transform=transform, masked=True, input_clip=clip),
        RANDOM.normal(0, 2, (OBSERVATIONS, 3)),
        masks,
    )

    groups = Decoding("multi-argmax", sizes=(3, 2, 4))
    found["stack groups"] = (
        Network(Stack((dense(5, 9, "linear"),)), groups),
        RANDOM.normal(0, 1, (OBSERVATIONS, 5)),
        None,
    )
    for kind in ("clip", "tanh"):
        bounds = Decoding(kind, low=np.array([-1.0, 0.0]), high=np.array([1.0, 5.0]))
        body = Stack((dense(4, 8, "tanh"), dense(8, 2, "linear")))
        found[f"stack {kind}"] = (
            Network(body, bounds),
            RANDOM.normal(0, 3, (OBSERVATIONS, 4)),
            None,
        )

    items = RANDOM.normal(0, 1, (OBSERVATIONS, 5, 3))
    items[..., 0] = RANDOM.random((OBSERVATIONS, 5)) < 0.7
    items[0, :, 0] = 0.0
    scorer = Scorer(
        (dense(3, 8, "relu"), dense(8, 6, "tanh")),
        (dense(12, 7, "relu"), dense(7, 1, "linear")),
        (dense(6, 2, "linear"),),
    )
    masks = np.ones((OBSERVATIONS, 7), bool)
    masks[:, :5] = items[..., 0] > 0
    transform = Transform(RANDOM.normal(0, 1, 3), RANDOM.uniform(0.5, 2, 3))
    found["scorer rest"] = (Network(scorer, transform=transform, masked=True), items, masks)
    plain = Scorer((dense(3, 4, "tanh"),), (dense(8, 1, "linear"),))
    found["scorer plain"] = (Network(plain), items, None)
    return found


def data_of(version: Version) -> str:
    """Return a version's bytes as text."""
    return base64.b64encode(version.data).decode()


def tensors_of(version: Version) -> list[dict[str, Any]]:
    """Return what a version's tensors are called and how large they are."""
    return [
        {"name": one.name, "type": int(one.type), "shape": list(one.shape)}
        for one in version.layout.messages()
    ]


def rounded(values: NDArray[Any]) -> list[Any]:
    """Return numbers with as many digits as float32 needs."""
    return [float(f"{value:.9g}") for value in np.asarray(values, np.float64).ravel()]


def network_cases() -> list[dict[str, Any]]:
    """Return `networks.json`."""
    cases = []
    for name, (network, observations, masks) in networks().items():
        observations = observations.astype(np.float32)
        version = version_of(1, network, softmax())
        actions = network.act(observations, masks)
        cases.append(
            {
                "name": name,
                "header": version.layout.header,
                "tensors": tensors_of(version),
                "data": data_of(version),
                "items": observations.shape[1] if observations.ndim == 3 else 1,
                "observations": [rounded(one) for one in observations],
                "masks": None if masks is None else masks.astype(int).tolist(),
                "outputs": [rounded(one) for one in network.logits(observations)],
                "actions": [rounded(one) for one in actions],
            }
        )
    return cases


def update_cases() -> dict[str, Any]:
    """Return `updates.json`."""
    layers = (dense(4, 6, "tanh"), dense(6, 3, "linear"))
    changed = tuple(
        Dense(
            one.weight + RANDOM.normal(0, 0.01, one.weight.shape), one.bias * 1.01, one.activation
        )
        for one in layers
    )
    transform = Transform(np.zeros(4), np.ones(4), -5.0, 5.0)
    later = Transform(np.zeros(4), np.full(4, 1.1), -4.0, 4.0)
    old = version_of(7, Network(Stack(layers), transform=transform), softmax())
    new = version_of(8, Network(Stack(changed), transform=later), softmax())
    releases: dict[str, Release] = {"whole": whole(new, b"i" * 16)}
    for name, encoding in (("exact", pb.EXACT), ("float16", pb.FLOAT16), ("int8", pb.INT8)):
        releases[name] = difference(old, new, b"i" * 16, encoding)
    return {
        "header": old.layout.header,
        "tensors": tensors_of(old),
        "old": data_of(old),
        "updates": [
            {
                "name": name,
                "message": base64.b64encode(release.update.SerializeToString()).decode(),
                "held": data_of(release.held),
            }
            for name, release in releases.items()
        ],
    }


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, content in (("networks", network_cases()), ("updates", update_cases())):
        text = json.dumps(content, indent=None, separators=(",", ":"))
        (GOLDEN / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
