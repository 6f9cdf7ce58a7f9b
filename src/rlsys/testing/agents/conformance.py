"""Checks what runs, checkpoints, resuming and exports require of an agent."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rlsys.config.document import Document, validate
from rlsys.descriptors import AgentSpec, resolve
from rlsys.errors import ConfigError, Interrupted, UserError
from rlsys.network import Network
from rlsys.policies import Policy, controller_of, load_policy
from rlsys.roles import roles_of
from rlsys.testing.agents.starting import one_sided, share_alike
from rlsys.testing.agents.training import Training, action_faults, networks_of, same_policy
from rlsys.testing.demands import fail, require, require_installed
from rlsys.testing.models import require_closed, require_plain, require_travels
from rlsys.testing.playing import Player
from rlsys.testing.plugin import PluginConformance
from rlsys.testing.subject import SEEDS, Subject
from rlsys.training import NETWORK_FILE, checkpoint_step

STATE = (
    "put everything that determines the rest of the training into the state passed to boundary(), "
    "including the environment's get_state() and random generators, and restore it from "
    "resumed_state()"
)

BEGIN = (
    "begin with all of session.start (layers with their biases, observation transform), or say "
    "starts_from_network=False"
)
ALIKE = 0.9
"""An agent has begun as a network if it still acts like it in this share of the states."""
SIDES = (False, True)


class AgentConformance(PluginConformance):
    """Derive a test class from this, naming agent and environment; it inherits all checks as tests.

    The agent is trained four or five times, so choose settings with which a training takes about a
    second and has several boundaries.

    Attributes:
        plugin: entry module of the agent's plugin, or path of a plugin file.
        agent: name in its description.
        environment: name of an environment that it can be trained in.
        environment_plugin: the plugin with the environment, if different.
        preset, overrides: for the environment, see `rlsys.testing.EnvironmentConformance`.
        settings: settings of the agent, to make the training short.

    Example::

        class TestHillClimbing(AgentConformance):
            plugin = "rlsys_valve.plugin"
            agent = "hill-climbing"
            environment = "valve"
            settings = {"steps": 64}
    """

    agent: ClassVar[str]
    environment: ClassVar[str]
    preset: ClassVar[str | None] = None
    overrides: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}

    def described(self) -> AgentSpec:
        """Return the agent's description."""
        return self.registry().agents.get(self.agent)

    @classmethod
    def validated(cls) -> Any:
        """Return the agent's settings as a model."""
        model = resolve(cls.registry().agents.get(cls.agent).config)
        try:
            return validate(model, Document(dict(cls.settings), "settings"))
        except ConfigError as error:
            fail(f"the settings to test with are not valid: {error}", "correct them")

    def training(self, directory: Path, **changes: Any) -> Training:
        """Return a training that has not started; skips if a requirement is missing."""
        registry, spec = self.registry(), self.described()
        require_installed(f"agent {spec.name!r}", spec.requires)
        if registry.environments.get(self.environment).costly:
            pytest.skip("costly: the steps of the environment take seconds on a real system")
        subject = Subject.of(registry, self.environment, self.preset, self.overrides)
        return Training(subject, spec, self.validated(), directory, **changes)

    def trained(self) -> tuple[Training, Policy]:
        """Return a finished training and its policy; trained once for all checks."""
        known: tuple[Training, Policy] | None = type(self).__dict__.get("_trained")
        if known is None:
            # Removed when the process ends: the checks of the class share it.
            folder = tempfile.TemporaryDirectory(prefix="rlsys-conformance-")
            training = self.training(Path(folder.name))
            known = training, training.run()
            setattr(type(self), "_trained", known)  # noqa: B010 - not a setting of the class
            setattr(type(self), "_folder", folder)  # noqa: B010
        return known

    def reproducible(self, folder: Path) -> tuple[Training, Policy]:
        """Return the result of `trained`; skips if a second training ends differently."""
        training, policy = self.trained()
        again: Policy | None = type(self).__dict__.get("_again")
        if again is None:
            again = self.training(folder / "again").run()
            setattr(type(self), "_again", again)  # noqa: B010
        if not same_policy(policy, again):
            pytest.skip("meaningless until test_the_same_seed_gives_the_same_policy passes")
        return training, policy

    def test_settings_are_closed(self) -> None:
        """Unknown settings are rejected, and settings cannot be changed later."""
        require_closed(self.validated())

    def test_settings_survive_json_and_pickle(self) -> None:
        """Settings are the same after a run directory (JSON) and a worker process (pickle)."""
        require_plain(self.validated())

    def test_settings_travel_to_another_process(self, tmp_path: Path) -> None:
        """A fresh process (spawn) can read the settings."""
        require_travels(self.validated(), self.options(), tmp_path)

    def test_what_tune_tries_is_a_setting(self) -> None:
        """Every key of `search` is one of the agent's settings."""
        spec = self.described()
        known = resolve(spec.config).model_fields
        for search in spec.search:
            require(
                search.key in known,
                f"search names {search.key!r}, which is not a setting of {spec.name!r}",
                f"use one of {sorted(known)}",
            )

    def test_it_trains_to_the_end(self) -> None:
        """It reports progress, and its last boundary is at the end, with the policy it returns."""
        training, policy = self.trained()
        reported = [line for line in training.lines if "validation_reward" not in line]
        require(reported, "it never reported progress", "call session.report(step, total, metrics)")
        step = checkpoint_step(training.directory)
        total = int(training.lines[-1]["total"])
        require(
            step is not None and step >= total,
            f"its last boundary is at step {step} of {total}",
            "call session.boundary(step, total, network, state) with step >= total at the end",
        )
        kept = load_policy(training.directory / "last" / NETWORK_FILE)
        require(
            same_policy(kept, policy),
            "it returned a policy that differs from that of its last boundary",
            "return what network() makes at the last boundary",
        )

    def test_the_policy_fits_the_environment(self) -> None:
        """The policy is finite, and its actions are in the action space and allowed by masks."""
        training, policy = self.trained()
        policy.check_finite()
        env = training.subject.make(len(SEEDS))
        wanted = {role.name for role in roles_of(env)} or {""}
        require(
            set(networks_of(policy)) == wanted,
            f"it returned networks for the roles {sorted(networks_of(policy))}, but the "
            f"environment has {sorted(wanted)}",
            "return a RolePolicy with one network per role, or a Network if there are no roles",
        )
        masked = training.masked and self.described().uses_masks
        require(
            not masked or all(network.masked for network in networks_of(policy).values()),
            "it learned with masks, but its network says that it needs none",
            "return Network(..., masked=True), so that nobody runs it without them",
        )
        controller = controller_of(policy)
        observations, _ = env.reset(seed=list(SEEDS))
        controller.reset(env)
        for step in range(1, 31):
            actions = controller.act(env, observations)
            faults = action_faults(env, actions, masked)
            require(
                not faults,
                f"in step {step} an action of its policy {(faults or [''])[0]}",
                "give the network the decoding of the action space (kind, start, sizes, bounds)",
            )
            observations, *_ = env.step(actions)
        env.close()

    def test_it_plays_by_the_rules(self) -> None:
        """During training, every action is in the action space and allowed by the mask."""
        training, _ = self.trained()
        require(
            not training.faults,
            f"an action that it played in training {(training.faults or [''])[0]}",
            "clip continuous actions; with uses_masks=True, choose only what action_masks() allows",
        )

    def test_the_same_seed_gives_the_same_policy(self, tmp_path: Path) -> None:
        """Training again with the same seed gives the same policy, bit for bit."""
        _, policy = self.trained()
        again = self.training(tmp_path / "again").run()
        setattr(type(self), "_again", again)  # noqa: B010 - saves `reproducible` a training
        require(
            same_policy(policy, again),
            "two trainings with the same seed end with different policies",
            "draw everything random from generators made of session.seed",
        )

    def test_an_interrupted_training_goes_on_exactly(self, tmp_path: Path) -> None:
        """Stopped at a boundary and resumed, it ends as if it had never been stopped."""
        whole, policy = self.reproducible(tmp_path)
        if whole.boundaries < 2:
            pytest.skip("it has only one boundary; choose settings with more")
        part = tmp_path / "part"
        try:
            self.training(part, stop_after=max(1, whole.boundaries // 2)).run()
        except Interrupted:
            pass
        else:
            fail(
                "it continued to the end although it was asked to stop",
                "do not catch the Interrupted that session.boundary raises",
            )
        resumed = self.training(part, resume=True)
        ended = resumed.run()
        require(
            resumed.boundaries < whole.boundaries,
            "when resumed, it started over",
            "continue from session.resumed_state() if that is not None",
        )
        env = resumed.subject.make(1)
        env.close()
        equal = same_policy(policy, ended)
        if not (equal or hasattr(env, "get_state")):
            pytest.skip(f"not possible: {self.environment!r} has no get_state")
        require(equal, "when resumed, it ends with a different policy", STATE)

    def test_it_begins_as_the_network_it_starts_from(self, tmp_path: Path) -> None:
        """If it can start from a network, it acts like that one at its first boundary."""
        spec = self.described()
        if not spec.starts_from_network:
            pytest.skip("it does not start from a network")
        training, policy = self.trained()
        sides = [one_sided(policy, last) if isinstance(policy, Network) else None for last in SIDES]
        known = [side for side in sides if side is not None]
        if not known:
            pytest.skip("not possible for networks of several roles, or that score items")
        player = Player(training.subject.make(len(SEEDS)), SEEDS)
        moments = [player.step() for _ in range(30)]
        player.env.close()
        fresh = self._at_first_boundary(tmp_path / "fresh", None)
        start = min(known, key=lambda side: share_alike(fresh, side, moments))
        if share_alike(fresh, start, moments) >= ALIKE:
            pytest.skip("a fresh network acts like any other here: hardly anything can be chosen")
        try:
            begun = self._at_first_boundary(tmp_path / "begun", start)
        except UserError as error:
            fail(f"it refuses a network of the shape it makes itself: {error}", BEGIN)
        share = share_alike(begun, start, moments)
        require(
            share >= ALIKE,
            f"at its first boundary it acts like the network it started from in only {share:.0%} "
            "of the states",
            BEGIN,
        )

    def _at_first_boundary(self, directory: Path, start: Network | None) -> Any:
        """Return the policy that a training has at its first boundary."""
        with suppress(Interrupted):
            self.training(directory, stop_after=1, start=start).run()
        return load_policy(directory / "last" / NETWORK_FILE)

    def test_it_writes_only_into_its_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A training leaves no files in the working directory or next to its own directory."""
        here, beside = tmp_path / "here", tmp_path / "runs"
        here.mkdir()
        training = self.training(beside / "mine")
        monkeypatch.chdir(here)
        training.run()
        left = [*here.iterdir(), *(path for path in beside.iterdir() if path.name != "mine")]
        require(
            not left,
            f"it left {', '.join(sorted(path.name for path in left))} outside session.directory",
            "write only below session.directory, or to a temporary folder that is removed",
        )
