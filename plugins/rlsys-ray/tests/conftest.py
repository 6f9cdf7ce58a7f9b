"""What the tests share: the toy plugins, Ray or the reason to skip, and a cluster of two nodes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from rlsys.plugins.requirements import in_ci

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# Ray gives its workers the niceness 15: on a busy machine they would hardly run at all.
os.environ.setdefault("RAY_worker_niceness", "0")

try:
    import ray.rllib  # noqa: F401
except ImportError:
    if in_ci():
        raise
    collect_ignore_glob = ["test_*.py"]
    print("plugins/rlsys-ray is not tested: pip install 'rlsys[ray]'", file=sys.stderr)


@pytest.fixture
def cluster(monkeypatch):
    """Return a cluster of two nodes with one CPU each, on this machine."""
    from ray.cluster_utils import Cluster

    from rlsys_ray.connection import remove

    folder = tempfile.mkdtemp(prefix="rlsys-", dir="/tmp")
    monkeypatch.setenv("RAY_TMPDIR", folder)
    monkeypatch.setenv("TMPDIR", folder)
    node = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "gcs_server_port": 0})
    try:
        cluster.add_node(**node)
        yield cluster
    finally:
        cluster.shutdown()
        remove(Path(folder))
