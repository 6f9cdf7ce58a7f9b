"""The generated crate: rustc and rustfmt accept it, and a changed weight is found."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from builds import need_host
from drawn_networks import dense

from rlsys.errors import CheckFailed
from rlsys.exporters.context import ExportContext
from rlsys.network import Decoding, Network, Scorer, Stack, Transform
from rlsys_rust_q10.export import export, prepare
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.source import crate
from rlsys_rust_q10.source.weights import flash_bytes, padded_weight, quads, words
from rlsys_rust_q10.target.cargo import cargo_test


def rng():
    return np.random.default_rng(11)


def stack(
    *activations, gains=(1.5, 1.5, 1.5), outputs=3, decoding=None, transform=False, masked=False
):
    random = rng()
    widths = (5, 9, 6, 7)[: len(activations)]
    layers, inputs = [], 5
    for width, activation, gain in zip(widths, activations, gains, strict=False):
        layers.append(dense(random, width, inputs, activation, gain))
        inputs = width
    layers.append(dense(random, outputs, inputs))
    scale = np.array([0.5, -1.0, 0.0, 2.0, 1.5])
    folded = Transform(np.linspace(-1, 1, 5), scale, -2.0, 1.5) if transform else None
    return Network(Stack(tuple(layers)), decoding or Decoding(), folded, masked)


def scorer(encoder=True, rest=True, activation="relu", gain=1.5, masked=True):
    random = rng()
    code = 6 if encoder else 5
    return Network(
        Scorer(
            (dense(random, 6, 5, activation, gain),) if encoder else (),
            (dense(random, 7, 2 * code, activation, gain), dense(random, 1, 7)),
            (dense(random, 2, code),) if rest else (),
        ),
        masked=masked,
    )


BOUNDS = np.array([-0.3, -0.7, 0.0]), np.array([0.3, 0.9, 1e3])
CASES = {
    # name: network, settings, kernels that must occur
    "relu": (stack("relu", "relu", masked=True), {}, {"narrow"}),
    "linear": (stack("linear"), {"kernel": "wide"}, {"wide"}),
    "tanh": (stack("tanh", "relu", outputs=4, transform=True), {}, {"narrow"}),
    "mixed": (
        stack("tanh", "tanh", "relu", gains=(30.0, 200.0, 1.5)),
        {"fractional_bits": 12},
        {"narrow", "wide", "wide64"},
    ),
    "many-bits": (stack("tanh", gains=(30.0,)), {"fractional_bits": 20}, {"wide64"}),
    "few-bits": (stack("tanh", decoding=Decoding(start=2)), {"fractional_bits": 4}, {"narrow"}),
    "groups": (
        stack("relu", outputs=7, decoding=Decoding("multi-argmax", sizes=(3, 4)), masked=True),
        {},
        {"narrow"},
    ),
    "one-group": (stack("relu", decoding=Decoding("multi-argmax", sizes=(3,))), {}, {"narrow"}),
    "clip": (stack("relu", decoding=Decoding("clip", low=BOUNDS[0], high=BOUNDS[1])), {}, set()),
    "squash": (stack("relu", decoding=Decoding("tanh", low=BOUNDS[0], high=BOUNDS[1])), {}, set()),
    "scorer": (scorer(), {}, {"narrow"}),
    "scorer-wide": (scorer(activation="tanh"), {"kernel": "wide"}, {"wide"}),
    "scorer-mixed": (
        scorer(activation="tanh", gain=60.0),
        {"fractional_bits": 11},
        {"narrow", "wide"},
    ),
    "scorer-narrow-code": (scorer(gain=9.0), {"fractional_bits": 12}, {"narrow", "wide64"}),
    "scorer-plain": (scorer(encoder=False, rest=False, masked=False), {}, {"narrow"}),
}


def exported(name, directory):
    network, options, _ = CASES[name]
    settings = Settings(observations=500, golden_vectors=500, max_items=9, **options)
    low, high = -np.ones(5), np.ones(5)
    if isinstance(network.body, Scorer):
        low, high = np.tile(low, (4, 1)), np.tile(high, (4, 1))
        low[:, 0] = 0
    directory.mkdir()
    export(network, directory, ExportContext(low=low, high=high, environment="toy"), settings)
    return prepare(network, low, high, settings)


@pytest.mark.parametrize("name", CASES)
def test_cargo_test_passes_on_the_host(name, tmp_path, rust_cache):
    toolchain = need_host()
    assert rust_cache.is_absolute()
    policy = exported(name, tmp_path / name)
    assert set(policy.kernels) >= CASES[name][2]
    cargo_test(tmp_path / name, toolchain)


def test_rustfmt_would_change_nothing(tmp_path):
    if shutil.which("rustfmt") is None:
        pytest.skip("rustfmt is missing; install it with: rustup component add rustfmt")
    for name in CASES:
        exported(name, tmp_path / name)
        files = [tmp_path / name / "policy" / f for f in ("src/lib.rs", "tests/golden.rs")]
        done = subprocess.run(
            ["rustfmt", "--check", "--edition", "2021", *map(str, files)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}{done.stderr}"


def test_a_changed_weight_is_found_and_the_vector_named(tmp_path, rust_cache):
    toolchain = need_host()
    assert rust_cache.is_absolute()
    directory = tmp_path / "broken"
    exported("relu", directory)
    path = directory / "policy/src/weights.rs"
    text = path.read_text(encoding="utf-8")
    place = text.index("LAYERS_1_WEIGHTS")
    number = re.compile(r"Quad\(\[(-?\d+)").search(text, place)
    changed = str(int(number[1]) + 1)
    path.write_text(text[: number.start(1)] + changed + text[number.end(1) :], encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"logits of vector \d+"):
        cargo_test(directory, toolchain)


def test_a_changed_expectation_is_found(tmp_path, rust_cache):
    toolchain = need_host()
    assert rust_cache.is_absolute()
    directory = tmp_path / "broken"
    exported("scorer", directory)
    path = directory / crate.VECTORS_PATH
    content = bytearray(path.read_bytes())
    content[-4] ^= 1  # the action of the last vector
    path.write_bytes(content)
    with pytest.raises(CheckFailed, match=r"action of vector \d+"):
        cargo_test(directory, toolchain)


def test_the_order_of_weights_is_that_of_the_kernels():
    weight = np.arange(8 * 12).reshape(8, 12)
    narrow, wide = quads(weight).reshape(-1, 4), words(weight).ravel()
    for group in range(2):
        for column in range(3):
            for row in range(4):
                quad = narrow[(group * 3 + column) * 4 + row]
                assert quad.tolist() == weight[4 * group + row, 4 * column :][:4].tolist()
        for column in range(12):
            for row in range(4):
                assert wide[(group * 12 + column) * 4 + row] == weight[4 * group + row, column]


def test_code_and_context_are_padded_each():
    policy = prepare(scorer(), np.tile([0, -1.0, -1, -1, -1], (4, 1)), np.ones((4, 5)), Settings())
    first = policy.groups["scorer"][0]
    padded = padded_weight(first, 2)
    assert padded.shape == (8, 16)
    assert np.array_equal(padded[:7, :6], first.weight[:, :6])
    assert np.array_equal(padded[:7, 8:14], first.weight[:, 6:])
    assert not padded[7:].any()
    assert not padded[:, 6:8].any()
    assert not padded[:, 14:].any()


@pytest.mark.parametrize("name", ["relu", "mixed", "squash", "scorer"])
def test_flash_is_what_the_arrays_take(name, tmp_path):
    policy = exported(name, tmp_path / name)
    text = (tmp_path / name / "policy/src/weights.rs").read_text(encoding="utf-8")
    sizes = {"Quad": 8, "i32": 4, "i16": 2}
    arrays = re.findall(r"pub static \w+: \[(\w+); (\d+)\]", text)
    assert flash_bytes(policy) == sum(sizes[kind] * int(count) for kind, count in arrays)


def workload(**changes):
    """Return data of the application, for five actions over two observed values."""
    task = {"name": "T1", "period": 10, "deadline": 9, "wcet": 2, "offset": 1}
    return {
        "case": 'two "tasks"',
        "tasks": [task, {**task, "name": "T2", "period": 4, "deadline": 4}],
        "horizon": 30,
        "capacity": 3,
        "observation": "basic",
        "idle": "always-allowed",
        "jobs": None,
        "table": [0, 1, -1],
        "table_note": "",
        **changes,
    }


class Fake:
    name = "rtos-scheduler"
    controllers: dict = {}  # noqa: RUF012

    def __init__(self, data):
        self.data = data


def scheduler(kind, masked):
    random = rng()
    if kind == "items":
        body = Scorer((dense(random, 4, 21),), (dense(random, 1, 8),), (dense(random, 1, 4),))
        return Network(body, masked=masked), np.tile(np.r_[0, -np.ones(20)], (3, 1))
    inputs = 12 if kind == "basic" else 18
    return Network(Stack((dense(random, 4, inputs),)), masked=masked), np.zeros(inputs)


@pytest.mark.parametrize(
    ("kind", "masked", "changes"),
    [
        ("basic", True, {}),
        ("full", False, {"table": None, "table_note": "too large for the exact optimum"}),
        ("items", True, {"jobs": [[[1, 1], [11, 2]], []], "idle": "masked-while-ready"}),
        ("items", False, {}),
    ],
)
def test_a_scheduler_compiles_with_its_workload(kind, masked, changes, tmp_path, rust_cache):
    toolchain = need_host()
    assert rust_cache.is_absolute()
    network, low = scheduler(kind, masked)
    data = workload(observation=kind, **changes)
    context = ExportContext(low=low, high=np.ones(low.shape), application=Fake(data))
    directory = tmp_path / "export"
    directory.mkdir()
    export(network, directory, context, Settings(observations=100, golden_vectors=100))
    assert (directory / "stm32f411/memory.x").is_file()
    assert (directory / "stm32f411/.cargo/config.toml").is_file()
    assert not list(directory.rglob("target"))
    cargo_test(directory, toolchain)
    if shutil.which("rustfmt") is not None:
        source = str(directory / "policy/src/lib.rs")
        subprocess.run(["rustfmt", "--check", "--edition", "2021", source], check=True)


def test_an_environment_without_firmware_gets_the_library_alone(tmp_path):
    exported("relu", tmp_path / "export")
    names = {path.name for path in (tmp_path / "export").iterdir()}
    assert names == {"Cargo.toml", "Cargo.lock", "q10", "policy", "policy_weights.json"}
    lock = (tmp_path / "export/Cargo.lock").read_text(encoding="utf-8")
    assert re.findall(r'name = "(\w+)"', lock) == ["policy", "q10"]
