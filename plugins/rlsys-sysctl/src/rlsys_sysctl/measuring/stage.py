"""The machine, the fixture and the benchmark of one workload, together, and shared.

The core makes an environment to train in, another one to validate in and others to evaluate, some
of them at the same time.  There is only one machine: what all of them use is opened by the first
that really runs something, and closed, with everything put back, when the last of them is closed.
"""

from __future__ import annotations

import atexit
import json
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import ConfigError, UserError
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import ChangedElsewhere, Machine
from rlsys_sysctl.measuring.fixture import NAMESPACES_VARIABLE, Fixture
from rlsys_sysctl.measuring.meter import Refused, Run, Values
from rlsys_sysctl.measuring.runner import BenchmarkFailed, Command, check_command
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.space import ActionSpace
from rlsys_sysctl.workload.workload import SECONDS

_MARK = np.float32(1e-5)
_open: dict[str, Stage] = {}


class Stage:
    """Runs the benchmark of one workload with given values of its parameters.

    It opens itself at the first run; see the module about who closes it.

    Attributes:
        busy: s, time in which the benchmark ran.
    """

    def __init__(self, config: SysctlConfig) -> None:
        self.config = config
        self.busy = 0.0
        self._users = 0
        self._stack: ExitStack | None = None
        self._machine: Machine | None = None
        self._fixture: Fixture | None = None
        self._command: Command | None = None
        self._read: dict[str, str] | None = None
        self._present: dict[str, str] | None = None

    @classmethod
    def shared(cls, config: SysctlConfig) -> Stage:
        """Return the stage of `config` in this process; `release` it once."""
        key = json.dumps(config.model_dump(mode="json"), sort_keys=True)
        return _open.setdefault(key, cls(config)).used()

    def used(self) -> Stage:
        """Count one more user, who will `release` it."""
        self._users += 1
        return self

    def release(self) -> None:
        """Say that one user needs it no more; the last one closes it."""
        self._users -= 1
        if self._users <= 0:
            self.close()
            for key in [key for key, stage in _open.items() if stage is self]:
                del _open[key]

    @property
    def space(self) -> ActionSpace:
        """The parameters that are tuned."""
        return self.config.workload.space

    @property
    def original(self) -> dict[str, str]:
        """The default configuration: what the machine has when it is not being tuned.

        Raises:
            UserError: a parameter does not exist or cannot be read.
        """
        if self._machine is not None:
            return dict(self._machine.original)
        if self.config.workload.fixture_command is not None and self._has_namespaced():
            # Those of the fixture's namespaces, which need not be those of this process.
            self.open()
            return self.original
        if self._read is None:
            kernel = Kernel(self.config.proc_sys)
            names = self.space.names
            with Machine(names, kernel=kernel, space=self.space, dry_run=True, log=_quiet,
                         allow_dangerous=self.config.allow_dangerous) as machine:  # fmt: skip
                self._read = dict(machine.original)
        return dict(self._read)

    @property
    def present(self) -> dict[str, str]:
        """What this machine itself has, outside of the tuning.

        It is `original`, but for parameters in a fixture's namespaces: those begin with values of
        their own, and whoever applies a result does so here.
        """
        original = self.original  # opens it where there are such namespaces
        return original if self._present is None else dict(self._present)

    def _has_namespaced(self) -> bool:
        return any(name.startswith("net.") for name in self.space.names)

    def default_point(self) -> NDArray[np.float32]:
        """Return the point, shape (d,), that stands for the default configuration.

        Where the present values are not among those that are searched, it is the nearest point
        that could be, a hair beside it: so that no point that a searcher finds stands for the
        default without being it.
        """
        return default_point(self.space, self.original)

    def values_at(self, point: NDArray[np.float32]) -> dict[str, str]:
        """Return the values that a point, shape (d,), stands for."""
        original = self.original
        if np.array_equal(np.asarray(point, np.float32), default_point(self.space, original)):
            return original
        return self.space.to_values(np.asarray(point, np.float32))

    def open(self) -> None:
        """Set up the fixture and take the machine; nothing where that has been done.

        Raises:
            UserError: no permission, another tuner at work, no such program, ...
        """
        if self._stack is not None:
            return
        workload = self.config.workload
        arguments = [_with_python(part) for part in workload.benchmark_command]
        check_command(arguments, shell=workload.shell, run_as=workload.run_as)
        with ExitStack() as stack:
            kernels = [Kernel(self.config.proc_sys)]
            environment: dict[str, str] = {}
            if workload.fixture_command is not None:
                command = [_with_python(part) for part in workload.fixture_command]
                fixture = Fixture.start(command)
                stack.callback(fixture.close)
                self._fixture = fixture
                environment[NAMESPACES_VARIABLE] = fixture.document
                if fixture.namespaces:
                    kernels = [
                        Kernel(self.config.proc_sys, namespace=pid)
                        for pid in fixture.namespaces.values()
                    ]
            machine = stack.enter_context(
                Machine(
                    self.space.names,
                    kernel=kernels,
                    space=self.space,
                    allow_dangerous=self.config.allow_dangerous,
                    log=_tell,
                )
            )
            here = Kernel(self.config.proc_sys)
            self._present = {
                name: here.read(name) if here.exists(name) else value
                for name, value in machine.original.items()
            }
            self._machine = machine
            self._command = Command(
                arguments=arguments,
                metric=workload.reward_metric,
                timeout=workload.training_config.benchmark_timeout,
                shell=workload.shell,
                run_as=workload.run_as,
                environment={**environment, **machine.environment},
                guard=machine.guarding,
            )
            self._stack = stack.pop_all()
        atexit.register(self.close)

    def close(self) -> None:
        """Put everything back as it was; the next run opens it again."""
        stack, self._stack = self._stack, None
        self._machine = self._fixture = self._command = self._read = self._present = None
        if stack is not None:
            atexit.unregister(self.close)
            stack.close()

    def run(self, values: Values | None, fraction: float, seed: int) -> Run:
        """Set `values` and run the benchmark; see `rlsys_sysctl.measuring.Bench`.

        Raises:
            BenchmarkFailed: it gave no number.
            Refused: a constraint is broken or the kernel refuses a value; nothing was changed.
            ChangedElsewhere: somebody else has changed a parameter meanwhile.
        """
        self.open()
        machine, command = self._machine, self._command
        if machine is None or command is None:
            raise RuntimeError("the stage is not open")
        if self._fixture is not None:
            self._fixture.check()
        machine.verify()
        wanted = dict(machine.original) if values is None else dict(values)
        self._refuse(wanted)
        try:
            machine.apply(wanted)
        except ChangedElsewhere:
            raise
        except UserError as error:
            if values is None:
                raise
            raise Refused(str(error)) from error
        begun = time.monotonic()
        try:
            value = command.run(
                {SECONDS: f"{self.config.seconds * fraction:g}", "{seed}": str(seed)}
            )
        except BenchmarkFailed:
            # Looking for what has left its process group takes a while: only where there is cause.
            machine.end_strays()
            raise
        finally:
            ended = time.monotonic()
            self.busy += ended - begun
        machine.verify()
        return Run(value, (begun + ended) / 2.0)

    def _refuse(self, wanted: Mapping[str, str]) -> None:
        if self._machine is None:
            return
        try:
            self.space.check(wanted, self._machine.original)
        except ConfigError as error:
            raise Refused(str(error)) from error


def default_point(space: ActionSpace, original: Mapping[str, str]) -> NDArray[np.float32]:
    """Return the point, shape (d,), that stands for `original`; see `Stage.default_point`."""
    coordinates: list[float] = []
    for name, parameter in space.parameters.items():
        try:
            coordinates += parameter.to_coordinates(original[name])
        except ConfigError:  # not among the values that are searched
            coordinates += _beside(parameter, original[name])
    return np.array(coordinates, dtype=np.float32)


def _beside(parameter: Parameter, value: str) -> list[float]:
    try:
        found = parameter.nearest(value)
    except ConfigError:  # another kind of value: no point is near
        found = [0.5] * parameter.dimension
    first = np.float32(found[0])
    found[0] = float(first - _MARK if first > 0.5 else first + _MARK)
    return found


def _with_python(part: str) -> str:
    return part.replace("{python}", sys.executable)


def _quiet(_: str) -> None:
    """Reading alone is nothing to tell of."""


def _tell(text: str) -> None:
    print(f"rlsys: {text}", file=sys.stderr, flush=True)
