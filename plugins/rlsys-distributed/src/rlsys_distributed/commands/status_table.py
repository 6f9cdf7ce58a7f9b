"""A server's status as text."""

from __future__ import annotations

from typing import Any


def status_table(answer: dict[str, Any]) -> str:
    """Return a status as text."""
    lines = [f"{answer['software']}, up {answer['uptime_seconds']:.0f} s"]
    for model in answer["models"]:
        lines.append(
            f"{model['name']}  {model['algorithm']}  {model['state']}  version {model['version']}  "
            f"episodes {model['episodes']}  mean return {model['mean_return']}"
        )
        if model["problem"]:
            lines.append(f"  problem: {model['problem']}")
        lines.append(
            f"  steps: received {model['steps_received']}, learned {model['steps_learned']}, "
            f"waiting {model['steps_waiting']}, too old {model['steps_stale']}, dropped "
            f"{model['steps_dropped']}, bad {model['steps_bad']}; journal "
            f"{model['journal_bytes']} bytes"
        )
        lines += [
            f"  {client['client_id']}: {'connected' if client['connected'] else 'gone'}, "
            f"{client['steps']} steps, heard {client['silent_seconds']:.0f} s ago"
            for client in model["clients"]
        ]
    return "\n".join(lines)
