"""The exporter: prove or refuse, compare, write the crates, and build and boot them on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rlsys.application import Application
from rlsys.controllers import Array
from rlsys.errors import UserError
from rlsys.exporters import policy_json
from rlsys.exporters.context import Check, ExportContext, ExportReport
from rlsys.network import Network, Scorer
from rlsys_rust_q10.arithmetic.fixed_point import to_float
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.arithmetic.supported import FLASH, check_supported
from rlsys_rust_q10.checks import golden, verify
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.fidelity import compare
from rlsys_rust_q10.checks.vectors import choose
from rlsys_rust_q10.settings import Settings
from rlsys_rust_q10.source import crate
from rlsys_rust_q10.source.golden_tests import golden_test_source
from rlsys_rust_q10.source.policy import library_source
from rlsys_rust_q10.source.weights import flash_bytes, weights_source
from rlsys_rust_q10.source.workload import APPLICATION, check_workload, workload_source
from rlsys_rust_q10.target.toolchain import MissingTool


def export(
    network: Network, directory: Path, context: ExportContext, settings: Settings
) -> ExportReport:
    """Write the crates of `network` and check them.

    Raises:
        UserError: the network cannot be proven safe in fixed point; nothing was written.
        CheckFailed: a Rust test or the program in QEMU differs from the reference.
    """
    policy = prepare(network, context.low, context.high, settings)
    application = context.application
    if application is not None and application.name != APPLICATION:
        application = None
    if application is not None:
        check_workload(policy, application.data)
    fidelity, notes, met = compare(network, policy, context, settings)
    chosen = choose(policy, met, settings.golden_vectors)
    write_crates(policy, directory, context.provenance(), application, chosen.batches)
    checks = [
        _no_overflow(policy),
        fidelity,
        _golden(policy, directory / crate.VECTORS_PATH, chosen.batches, chosen.exact_ties),
        _weights_file(policy, directory, context),
    ]
    if settings.build:
        try:
            built = verify.build(directory, application)
            checks += built.verdicts()
            if settings.run and application is not None:
                controller = FixedPointController(policy)
                checks += verify.run(
                    built, directory, policy, application, controller, settings.time_limit
                )
        except MissingTool as error:
            if not context.optional:
                raise
            notes.append(f"not built or booted: {error}")
    if settings.run and application is None:
        notes.append(
            f"not booted: there is no firmware for the environment {context.environment!r}; "
            "the policy is a library"
        )
    files = tuple(path for path in sorted(directory.rglob("*")) if path.is_file())
    return ExportReport(files, tuple(checks), tuple(notes))


def prepare(
    network: Network, low: Array | None, high: Array | None, settings: Settings
) -> QuantisedPolicy:
    """Return the policy in fixed point.

    Args:
        low, high: bounds of one observation, see `rlsys_rust_q10.arithmetic.fold.fold`.

    Raises:
        UserError: it cannot be proven safe.
    """
    check_supported(network)
    if isinstance(network.body, Scorer) and low is not None and np.ndim(low) == 2:
        items = len(low)
        if items > settings.max_items:
            raise UserError(
                f"an observation has {items} items, but the policy would accept only "
                f"{settings.max_items}; set max_items={items}"
            )
    folded = fold(network, low, high)
    policy = quantise(folded, settings.fractional_bits, settings.kernel, settings.max_items)
    needed = flash_bytes(policy)
    if needed > FLASH:
        raise UserError(
            f"weights and tables need {needed} bytes of flash, but only {FLASH} are available; "
            "train a smaller network"
        )
    return policy


def write_crates(
    policy: QuantisedPolicy,
    directory: Path,
    provenance: Mapping[str, Any],
    application: Application | None,
    batches: list[golden.Batch],
) -> None:
    """Write all crates and the golden vectors into `directory`."""
    sources = {
        "src/lib.rs": library_source(policy, provenance, application is not None),
        "src/weights.rs": weights_source(policy),
        "tests/golden.rs": golden_test_source(policy),
    }
    if application is not None:
        sources["src/workload.rs"] = workload_source(policy, application.data)
    crate.write_sources(directory, application is not None)
    crate.write_policy(directory, sources, application is not None)
    vectors = directory / crate.VECTORS_PATH
    vectors.parent.mkdir(parents=True, exist_ok=True)
    golden.write(vectors, policy, batches)


def _no_overflow(policy: QuantisedPolicy) -> Check:
    tightest = max(policy.layers, key=lambda layer: layer.accumulator_share)
    return {
        "name": "no-overflow",
        "holds": tightest.accumulator_share <= 1.0,
        "figures": {
            "fractional_bits": policy.bits,
            "shape": policy.shape_text,
            "kernels": " ".join(policy.kernels),
            "largest_accumulator_share": tightest.accumulator_share,
            "in_layer": tightest.name,
        },
    }


def _golden(
    policy: QuantisedPolicy, path: Path, batches: list[golden.Batch], exact_ties: int
) -> Check:
    return {
        "name": "golden",
        "holds": golden.equal(golden.read(path, policy.decisions), batches),
        "figures": {
            "vectors": sum(len(batch) for batch in batches),
            "exact_ties": exact_ties,
            "bytes": path.stat().st_size,
        },
    }


def _weights_file(policy: QuantisedPolicy, directory: Path, context: ExportContext) -> Check:
    """Write ``policy_weights.json`` and check that it reads back as the same weights."""
    notes = {
        **context.notes,
        "fractional_bits": policy.bits,
        "kernels": list(policy.kernels),
        "input_low": to_float(policy.span.low, policy.bits).tolist(),
        "input_high": to_float(policy.span.high, policy.bits).tolist(),
        "form": (
            "the network as it was exported to Rust: observed values are clamped to input_low.."
            "input_high first, the observation transform is part of the first layer, and hidden "
            "neurons are scaled by powers of two"
        ),
    }
    report = policy_json.export(policy.shipped, directory, replace(context, notes=notes))
    return next(check for check in report.checks if check["name"] == "json-exact-weights")
