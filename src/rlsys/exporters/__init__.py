"""The built-in exporters, described through the same hook that plugins use.

The command line imports this module at every start, so it contains only descriptions.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlsys.descriptors import ExporterSpec, Requirement
from rlsys.hookspecs import hookimpl

_ONNX = "pip install 'rlsys[onnx]'"


@hookimpl
def rlsys_exporters() -> Sequence[ExporterSpec]:
    """Describe ``json`` and ``onnx``."""
    return [
        ExporterSpec(
            name="json",
            summary="weights as numbers and in Q10 fixed point (policy_weights.json)",
            factory="rlsys.exporters.policy_json:export",
        ),
        ExporterSpec(
            name="onnx",
            summary="ONNX graph from observations and masks to logits and actions (policy.onnx)",
            factory="rlsys.exporters.policy_onnx:export",
            requires=(
                Requirement(name="onnx", fix=_ONNX),
                Requirement(name="onnxruntime", fix=_ONNX),
            ),
        ),
    ]
