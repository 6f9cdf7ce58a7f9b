"""The global view, feature by feature, compared with loops over users."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlsys_mec.config import MecConfig
from rlsys_mec.summary import SUMMARY
from rlsys_mec.vector_env import MecVectorEnv
from rlsys_mec.views import user_space_width


@pytest.mark.parametrize("clusters", [None, 3])
def test_every_feature_of_every_user(clusters):
    config = MecConfig(n_users=8, n_clusters=clusters, view="global", local_ghz=(0.5, 3.0))
    env = MecVectorEnv(config, 4)
    seen, _ = env.reset(seed=2)
    if clusters:
        seen, *_ = env.step(np.array([[[0.3, -0.4, 1.0]]] * 4))
    features = dict(zip(SUMMARY, np.moveaxis(seen[:, :, -len(SUMMARY) :], 2, 0), strict=True))
    s = env.situation
    longest = config.deadline_s[1]
    for copy in range(4):
        users = []
        for i in range(8):
            queue = int(s.queues.cluster[copy, i])
            speed = config.bandwidth_mhz * math.log2(1 + s.snr[copy, i])
            airtime = s.data[copy, i] / speed / longest
            clock = config.server_ghz * env.cpu[copy, queue]
            service = s.cycles[copy, i] / clock / longest
            local = s.cycles[copy, i] / s.local_ghz[copy, i] / s.deadline[copy, i]
            need = min(1.0, max(0.0, local - 1.0))
            users.append(
                {
                    "queue": queue, "airtime": airtime, "service": service, "need": need,
                    "by_gain": -need / (airtime + service), "by_deadline": s.deadline[copy, i],
                    "by_service": service, "by_airtime": airtime,
                }
            )  # fmt: skip
        for i, own in enumerate(users):
            expected = {
                "mean_data": s.data[copy].mean() / config.data_mbit[1],
                "mean_cycles": s.cycles[copy].mean() / config.cycles_g[1],
                "mean_deadline": s.deadline[copy].mean() / config.deadline_s[1],
                "mean_distance": s.distance[copy].mean() / config.distance_m[1],
                "mean_clock": s.local_ghz[copy].mean() / config.local_ghz[1],
                "airtime": math.log1p(own["airtime"]),
                "service": math.log1p(own["service"]),
                "need": own["need"],
                "all_airtime": math.log1p(sum(u["need"] * u["airtime"] for u in users)),
                "all_service": math.log1p(
                    sum(u["need"] * u["service"] for u in users if u["queue"] == own["queue"])
                ),
            }
            for order in ("gain", "deadline", "service", "airtime"):
                # Equal keys, like those of users without need, do not count.
                first = [u for u in users if u[f"by_{order}"] < own[f"by_{order}"]]
                beside = [u for u in first if u["queue"] == own["queue"]]
                expected[f"airtime_before_by_{order}"] = math.log1p(
                    sum(u["need"] * u["airtime"] for u in first)
                )
                expected[f"service_before_by_{order}"] = math.log1p(
                    sum(u["need"] * u["service"] for u in beside)
                )
            assert expected.keys() == features.keys()
            for name, value in expected.items():
                assert features[name][copy, i] == pytest.approx(value, abs=1e-5), (name, i)


def test_the_local_view_is_only_the_own_task():
    local, summed = MecConfig(view="local"), MecConfig(view="global")
    assert user_space_width(local) == 5
    assert user_space_width(summed) == 5 + len(SUMMARY)
    one, other = MecVectorEnv(local, 2), MecVectorEnv(summed, 2)
    np.testing.assert_array_equal(one.reset(seed=4)[0], other.reset(seed=4)[0][:, :, :5])
    expected = one.situation
    seen = one.observations()
    for column, values in enumerate((expected.data, expected.cycles, expected.deadline,
                                     expected.distance, expected.local_ghz)):  # fmt: skip
        np.testing.assert_array_equal(seen[:, :, column], values.astype(np.float32))
