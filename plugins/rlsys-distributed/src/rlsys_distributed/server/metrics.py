"""The server's numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from rlsys.errors import UserError
from rlsys_distributed.v1 import trainer_pb2 as pb

Status = Callable[[], pb.StatusResponse]

COUNTERS = {
    "steps_received": "Steps that programs have sent and that were kept.",
    "steps_learned": "Steps that were learned from.",
    "steps_stale": "Steps left out because their version was too old.",
    "steps_dropped": "Steps refused because the learner was behind.",
    "steps_bad": "Steps refused because something was wrong with them.",
    "episodes": "Whole episodes that were learned from.",
}
GAUGES = {
    "steps_waiting": "Steps that are acknowledged and not yet taken by the learner.",
    "journal_bytes": "Size of the journal.",
    "version": "Number of the newest version of the model.",
    "mean_return": "Mean return of the last 100 episodes.",
}


class StatusCollector:
    """Turns a server's status into metrics whenever Prometheus asks.

    Args:
        status: returns the status; called in the thread of Prometheus' request.
    """

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics; those of models have the label ``model``."""
        status = self._status()
        yield GaugeMetricFamily("rlsys_uptime_seconds", "Since the start.", status.uptime_seconds)
        yield CounterMetricFamily(
            "rlsys_refused_calls", "Calls refused with a status code.", status.refused_calls
        )
        for kind, names in ((CounterMetricFamily, COUNTERS), (GaugeMetricFamily, GAUGES)):
            for name, help_text in names.items():
                family: Any = kind(f"rlsys_{name}", help_text, labels=["model"])
                for model in status.models:
                    family.add_metric([model.name], getattr(model, name))
                yield family
        connected = GaugeMetricFamily(
            "rlsys_programs_connected", "Programs with an open connection.", labels=["model"]
        )
        learning = GaugeMetricFamily(
            "rlsys_learning", "1 while the model's learner works, else 0.", labels=["model"]
        )
        for model in status.models:
            connected.add_metric([model.name], sum(one.connected for one in model.clients))
            learning.add_metric([model.name], float(model.state == "learning"))
        yield connected
        yield learning


def serve_metrics(host: str, port: int, status: Status) -> tuple[int, Callable[[], None]]:
    """Serve the metrics over HTTP; return the port, and what ends it.

    Raises:
        UserError: the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(StatusCollector(status))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise UserError(
            f"metrics_port {port}: cannot listen on {host}: {error.strerror}; choose another one"
        ) from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return int(server.server_port), end
