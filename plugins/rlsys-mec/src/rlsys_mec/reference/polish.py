"""The best shares of the band for one decision and order, by sequential quadratic programming.

With the ends of the tasks as separate variables, the problem is smooth:

    maximise  sum_i w q_i - e P a_i(b_i)
    where     q_i <= 1,  q_i <= 2 - c_i / d_i,  c_k >= a_k(b_k) + s_k,  c_k >= c_{k-1} + s_k,
              sum_i b_i = 1,  b_i >= floor.

The arrival a_i = data / rate(b_i) is convex in the share. So for tasks that end before twice their
deadline this is a convex program, and a local optimum is the optimum. Users beyond that earn no QoS
and have no q.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from rlsys_mec.config import MecConfig
from rlsys_mec.slot import Floats, Situation

LEAST = 1e-5
"""Smallest share of a user; the actions allow about the same."""


def polish(
    config: MecConfig, situation: Situation, order: list[int], timely: list[bool], share: Floats
) -> Floats:
    """Return better shares of the band for one flat copy without backlog.

    Args:
        situation: situation of one copy.
        order: the offloading users in the order of service.
        timely: for each of them, whether it ends before twice its deadline.
        share: (n,) initial share of each of them.

    Returns:
        (n,), with sum 1; the given shares if the solver fails.
    """
    n = len(order)
    data, snr = situation.data[0, order], situation.snr[0, order]
    deadline = situation.deadline[0, order]
    service = situation.cycles[0, order] / config.server_ghz
    counted = np.array(timely, float)
    floor = max(LEAST, min(config.spectrum_floor, 1.0 / n))
    scale = max(config.weight_qos, 1e-12)
    cost = config.weight_energy * config.transmit_w / scale

    def arrivals(b: Floats) -> tuple[Floats, Floats]:
        ratio = snr / b
        speed = config.bandwidth_mhz * b * np.log2(1.0 + ratio)
        gain = config.bandwidth_mhz * (np.log2(1.0 + ratio) - ratio / ((1.0 + ratio) * np.log(2.0)))
        return data / speed, -data * gain / (speed * speed)

    def loss(x: Floats) -> tuple[float, Floats]:
        arrival, slope = arrivals(x[:n])
        value = -float(counted @ x[2 * n :]) + cost * float(arrival.sum())
        return value, np.concatenate([cost * slope, np.zeros(n), -counted])

    eye, zero = np.eye(n), np.zeros((n, n))

    def slack(x: Floats) -> Floats:
        b, c, q = x[:n], x[n : 2 * n], x[2 * n :]
        arrival, _ = arrivals(b)
        return np.concatenate([c - arrival - service, c[1:] - c[:-1] - service[1:],
                               2.0 - c / deadline - q])  # fmt: skip

    def slack_slope(x: Floats) -> Floats:
        _, slope = arrivals(x[:n])
        return np.block([
            [-np.diag(slope), eye, zero],
            [zero[1:], eye[1:] - eye[:-1], zero[1:]],
            [zero, -np.diag(1.0 / deadline), -eye],
        ])  # fmt: skip

    start = np.maximum(share, floor)
    start = floor + (start - floor) * (1.0 - n * floor) / max((start - floor).sum(), 1e-12)
    arrival, _ = arrivals(start)
    total = np.cumsum(service)
    end = total + np.maximum.accumulate(arrival - (total - service))
    begin = np.concatenate([start, end, np.minimum(1.0, 2.0 - end / deadline)])
    constraints: list[dict[str, Any]] = [
        {"type": "ineq", "fun": slack, "jac": slack_slope},
        {"type": "eq", "fun": lambda x: x[:n].sum() - 1.0,
         "jac": lambda _: np.concatenate([np.ones(n), np.zeros(2 * n)])},
    ]  # fmt: skip
    solved = minimize(
        loss,
        begin,
        jac=True,
        method="SLSQP",
        bounds=[(floor, 1.0)] * n + [(0.0, None)] * n + [(None, 1.0)] * n,
        constraints=constraints,
        options={"maxiter": 60, "ftol": 1e-9},
    )
    found: Floats = np.clip(solved.x[:n], floor, 1.0)
    if not np.isfinite(found).all():
        return share
    found /= found.sum()
    return found
