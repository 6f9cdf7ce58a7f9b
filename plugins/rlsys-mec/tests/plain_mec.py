"""The same dynamics as they are often written: one dictionary per agent, loops, plain numbers.

The tests compare the batched environment with it, and the benchmark measures it. It shares only
the settings with the plugin and, in a hierarchy, the grouping of users into clusters.
"""

from __future__ import annotations

import math

MASK = (1 << 64) - 1


class PlainStream:
    """SplitMix64 with Python's integers."""

    def __init__(self, state):
        self.state = int(state)

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        bits = self.state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        return ((bits ^ (bits >> 31)) >> 11) / 2.0**53

    def between(self, limits, count):
        low, high = limits
        return [low + (high - low) * self.uniform() for _ in range(count)]


class PlainMec:
    """One copy. Actions and observations are dictionaries by agent, ``ROLE_INDEX``.

    Args:
        config: a `MecConfig` with the local view.
        stream: a `PlainStream`.
        clusters: ``clusters(distances, clocks) -> cluster of every user``; None if flat.
    """

    def __init__(self, config, stream, clusters=None):
        self.config = config
        self.stream = stream
        self.clusters = clusters

    def reset(self):
        c = self.config
        self.slot = 0
        distances = self.stream.between(c.distance_m, c.n_users)
        clocks = self.stream.between(c.local_ghz, c.n_users)
        labels = self.clusters(distances, clocks) if self.clusters else [0] * c.n_users
        self.queues = [[] for _ in range(c.n_clusters or 1)]
        self.users = {}
        for index, (distance, clock, label) in enumerate(
            zip(distances, clocks, labels, strict=True)
        ):
            loss = 32.4 + 20 * math.log10(c.carrier_ghz)
            loss += 10 * c.path_loss_exponent * math.log10(distance)
            self.users[f"ue_{index}"] = {
                "distance": distance,
                "clock": clock,
                "cluster": int(label),
                "gain": 10 ** (-loss / 10),
            }
            self.queues[int(label)].append(f"ue_{index}")
        self.backlog = [0.0] * len(self.queues)
        self.ratio = [0.0] * len(self.queues)
        self.draw()
        return self.observe()

    def draw(self):
        c = self.config
        for key, limits in (
            ("data", c.data_mbit), ("cycles", c.cycles_g), ("deadline", c.deadline_s)
        ):  # fmt: skip
            values = self.stream.between(limits, c.n_users)
            for user, drawn in zip(self.users.values(), values, strict=True):
                user[key] = drawn
        self.cpu = [1.0 / len(self.queues)] * len(self.queues)
        self.turn = "ue" if c.n_clusters is None else "coordinator"

    def step(self, actions):
        """Return observations, rewards, whether the episode has ended, and the tasks' outcome."""
        reward, ended, told = 0.0, False, {}
        if self.turn == "coordinator":
            weights = [math.exp(x) for x in actions["coordinator_0"]]
            self.cpu = [w / sum(weights) for w in weights]
            self.turn = "ue"
        elif self.turn == "ue":
            self.send(actions)
            self.turn = "server" if self.config.n_clusters is None else "cluster_sched"
        else:
            reward, told = self.execute(actions)
            self.slot += 1
            ended = self.slot == self.config.slots
            self.draw()
        observations = {} if ended else self.observe()
        return observations, dict.fromkeys(actions, reward), ended, told

    def send(self, actions):
        c = self.config
        senders = [name for name in self.users if actions[name][0] > 0]
        total = sum(math.exp(actions[name][1]) for name in senders)
        floor = min(c.spectrum_floor, 1.0 / max(len(senders), 1))
        for name, user in self.users.items():
            user["offload"] = name in senders
            user["share"], user["arrival"] = 0.0, 0.0
            if user["offload"]:
                soft = math.exp(actions[name][1]) / total
                user["share"] = floor + (1.0 - len(senders) * floor) * soft
                band = user["share"] * c.bandwidth_mhz * 1e6
                snr = c.transmit_w * user["gain"] / (band * c.noise_w_per_hz)
                user["arrival"] = user["data"] * 1e6 / (band * math.log2(1.0 + snr))

    def execute(self, actions):
        c = self.config
        role = "server" if c.n_clusters is None else "cluster_sched"
        told = {}
        for number, queue in enumerate(self.queues):
            priorities = actions[f"{role}_{number}"]
            clock = c.server_ghz * self.cpu[number]
            now = self.backlog[number] / clock
            left = max(0.0, self.backlog[number] - clock * (c.slot_s or 0.0))
            order = sorted(range(len(queue)), key=lambda place, p=priorities: -p[place])
            for name in (queue[place] for place in order):
                user = self.users[name]
                if not user["offload"]:
                    continue
                start = max(user["arrival"], now)
                now = start + user["cycles"] / clock
                if c.slot_s is not None:
                    left += clock * min(user["cycles"] / clock, max(0.0, now - c.slot_s))
                energy = c.transmit_w * user["arrival"]
                energy += c.server_w * user["cycles"] / c.server_ghz
                told[name] = {"start": start, "delay": now, "energy": energy}
            self.backlog[number] = 0.0 if c.slot_s is None else left
            offloaded = sum(self.users[name]["offload"] for name in queue)
            self.ratio[number] = offloaded / len(queue)
        reward = 0.0
        for name, user in self.users.items():
            if not user["offload"]:
                told[name] = {
                    "start": 0.0,
                    "delay": user["cycles"] / user["clock"],
                    "energy": c.kappa * (user["clock"] * 1e9) ** 2 * user["cycles"] * 1e9,
                }
            late = told[name]["delay"] / user["deadline"]
            told[name]["qos"] = 1.0 if late <= 1.0 else max(0.0, 2.0 - late)
            reward += c.weight_qos * told[name]["qos"] - c.weight_energy * told[name]["energy"]
        return reward, told

    def observe(self):
        return getattr(self, f"observe_{self.turn}")()

    def observe_coordinator(self):
        c = self.config
        average = c.n_users / len(self.queues)
        rows = []
        for number, queue in enumerate(self.queues):
            members = [self.users[name] for name in queue]
            row = [sum(u["cycles"] for u in members) / average / c.cycles_g[1]]
            for key, limits in (
                ("deadline", c.deadline_s), ("distance", c.distance_m), ("clock", c.local_ghz)
            ):  # fmt: skip
                row.append(sum(u[key] for u in members) / len(members) / limits[1])
            row.append(self.ratio[number])
            if c.slot_s is not None:
                row.append(self.wait(self.backlog[number] / (c.server_ghz / len(self.queues))))
            rows.append(row)
        return {"coordinator_0": rows}

    def observe_ue(self):
        c = self.config
        seen = {}
        for name, user in self.users.items():
            keys = ("data", "cycles", "deadline", "distance", "clock")
            seen[name] = [user[key] for key in keys]
            if c.n_clusters is not None:
                seen[name].append(c.server_ghz * self.cpu[user["cluster"]])
            if c.slot_s is not None:
                most = 10 * c.deadline_s[1] * c.server_ghz
                seen[name].append(min(self.backlog[user["cluster"]], most))
        return seen

    def observe_server(self):
        rows = []
        for user in self.users.values():
            *task, offload, share = self.row(user)
            rows.append([offload, *task, share])
        if self.config.slot_s is not None:
            wait = self.wait(self.backlog[0] / self.config.server_ghz)
            rows = [[*row, wait] for row in rows]
        return {"server_0": rows}

    def observe_cluster_sched(self):
        c = self.config
        seen = {}
        for number, queue in enumerate(self.queues):
            clock = c.server_ghz * self.cpu[number]
            rows = []
            for name in queue:
                user = self.users[name]
                row = [1.0, *self.row(user)]
                row[2] = self.wait(user["cycles"] / clock)
                if c.slot_s is not None:
                    row.append(self.wait(self.backlog[number] / clock))
                rows.append(row)
            empty = [0.0] * (7 + (c.slot_s is not None))
            seen[f"cluster_sched_{number}"] = rows + [empty] * (c.members - len(rows))
        return seen

    def row(self, user):
        c = self.config
        return [
            user["data"] / c.data_mbit[1],
            user["cycles"] / c.cycles_g[1],
            user["deadline"] / c.deadline_s[1],
            user["distance"] / c.distance_m[1],
            float(user["offload"]),
            user["share"],
        ]

    def wait(self, seconds):
        return min(seconds / self.config.deadline_s[1], 10.0)
