"""The exporter keeps the contract; other tests check what it compiles to."""

from __future__ import annotations

from rlsys.testing import ExporterConformance


class TestRustQ10(ExporterConformance):
    plugin = "rlsys_rust_q10.plugin"
    exporter = "rust-q10"
    settings = {"observations": 300, "golden_vectors": 100, "episodes": 2}  # noqa: RUF012
