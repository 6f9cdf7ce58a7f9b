"""Finds the environment that an ``id`` names, and makes one of it.

What can be wrong here is the user's: a typing error, a module that is elsewhere, a package that is
not installed, arguments that the environment does not take. Each is one line.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
from gymnasium import error as gymnasium_error
from gymnasium.envs.registration import load_env_creator

from rlsys.adapters.existing.settings import PETTINGZOO, GymnasiumSettings
from rlsys.errors import UserError, one_line


def make(settings: GymnasiumSettings, render_mode: str | None = None) -> Any:
    """Make the environment that the settings name: a `gymnasium.Env`, or a PettingZoo one.

    Args:
        render_mode: as in `gymnasium.make`; None: it is not shown.

    Raises:
        UserError: there is no such environment, or it cannot be made like this.
    """
    _search_here()
    wanted = settings.id
    if wanted.startswith(PETTINGZOO):
        return _parallel(settings, render_mode)
    module, colon, name = wanted.rpartition(":")
    if colon:
        loaded = _import(module, wanted)
        if hasattr(loaded, name):
            env = _called(getattr(loaded, name), wanted, settings.kwargs, render_mode)
            return _wrapped(_with_limit(env, settings.max_episode_steps), settings)
        if name not in gymnasium.registry:
            raise UserError(_nothing_called(loaded, module, name))
    return _wrapped(_registered(settings, name, render_mode), settings)


def reward_threshold(env: Any) -> float | None:
    """Return the mean reward from which the environment counts as solved, or None."""
    spec = getattr(env, "spec", None)
    threshold = getattr(spec, "reward_threshold", None)
    return None if threshold is None else float(threshold)


def _search_here() -> None:
    """Let modules of the current directory be found, after everything that is installed."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


def _registered(settings: GymnasiumSettings, name: str, render_mode: str | None) -> Any:
    try:
        return gymnasium.make(
            name,
            max_episode_steps=settings.max_episode_steps,
            render_mode=render_mode,
            disable_env_checker=True,
            **settings.kwargs,
        )
    except gymnasium_error.UnregisteredEnv as error:
        raise UserError(
            f"no environment {name!r} is registered{_near(name, gymnasium.registry)}; if a package "
            f"registers it, name that, too: --set id=PACKAGE:{name}"
        ) from error
    except Exception as error:
        raise _not_made(settings.id, error, _creator(name)) from error


def _parallel(settings: GymnasiumSettings, render_mode: str | None) -> Any:
    name = settings.id.removeprefix(PETTINGZOO)
    loaded = _import(name, settings.id)
    factory = getattr(loaded, "parallel_env", None)
    if factory is None:
        raise UserError(
            f"{settings.id}: the module {name} has no parallel_env, so it is not an environment of "
            "PettingZoo in which all agents act at once; name the module of one"
        )
    return _called(factory, settings.id, settings.kwargs, render_mode)


def _called(factory: Any, wanted: str, kwargs: Mapping[str, Any], render_mode: str | None) -> Any:
    """Call a class or function that makes the environment.

    Raises:
        UserError: it is neither, takes other arguments, or raised an error.
    """
    if not callable(factory):
        raise UserError(
            f"{wanted}: is a {type(factory).__name__}, not a class or function; rlsys makes "
            "several copies, so name what makes a new environment"
        )
    arguments = dict(kwargs)
    if render_mode is not None:
        if not takes(factory, "render_mode"):
            raise UserError(
                f"{wanted}: takes no render_mode, so it cannot be shown; give its constructor the "
                "argument render_mode=None, as Gymnasium's environments have"
            )
        arguments["render_mode"] = render_mode
    try:
        return factory(**arguments)
    except Exception as error:
        raise _not_made(wanted, error, factory) from error


def takes(factory: Callable[..., Any], argument: str) -> bool:
    """Return whether `factory` has a parameter called `argument`, or takes any."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # built in C
        return False
    return any(p.name == argument or p.kind is p.VAR_KEYWORD for p in parameters)


def _with_limit(env: Any, limit: int | None) -> Any:
    if limit is None or not isinstance(env, gymnasium.Env):
        return env
    return gymnasium.wrappers.TimeLimit(env, limit)


def _wrapped(env: Any, settings: GymnasiumSettings) -> Any:
    for item in settings.wrappers:
        for wanted, arguments in ({item: {}} if isinstance(item, str) else item).items():
            module, colon, name = wanted.rpartition(":")
            loaded = _import(module if colon else "gymnasium.wrappers", f"wrapper {wanted}")
            wrapper = getattr(loaded, name, None)
            if not callable(wrapper):
                raise UserError(
                    f"wrapper {wanted}: {loaded.__name__} has none called {name!r}"
                    f"{_near(name, vars(loaded))}; name it, or module:Wrapper"
                )
            try:
                env = wrapper(env, **arguments)
            except Exception as error:
                raise UserError(
                    f"wrapper {wanted}: raised {one_line(error)}; give its arguments as "
                    f"--set 'wrappers=[{{{wanted}: {{NAME: VALUE}}}}]'"
                ) from error
    return env


def _import(module: str, wanted: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if missing == module or module.startswith(f"{missing}."):
            files = (path.stem for path in Path.cwd().glob("*.py"))
            raise UserError(
                f"{wanted}: there is no module {missing!r}, neither installed nor in {Path.cwd()}"
                f"{_near(missing, files)}"
            ) from error
        raise UserError(
            f"{wanted}: the module {module!r} needs {missing!r}, which is missing; install it"
        ) from error
    except Exception as error:
        raise UserError(f"{wanted}: importing {module!r} failed: {one_line(error)}") from error


def _nothing_called(loaded: ModuleType, module: str, name: str) -> str:
    classes = [
        key
        for key, value in vars(loaded).items()
        if inspect.isclass(value)
        and issubclass(value, gymnasium.Env)
        and value is not gymnasium.Env
    ]
    registered = [key for key in gymnasium.registry if key.startswith(name.partition("-")[0][:4])]
    return (
        f"the module {module!r} has no {name!r}, and registers no such id"
        f"{_near(name, [*classes, *registered])}"
        + (f"; its environments: {', '.join(sorted(classes))}" if classes else "")
    )


def _not_made(wanted: str, error: Exception, factory: Callable[..., Any] | None) -> UserError:
    text = f"{wanted}: cannot be made: {one_line(error)}"
    if isinstance(error, TypeError) and factory is not None:
        try:
            known = [p for p in inspect.signature(factory).parameters if p != "render_mode"]
        except (TypeError, ValueError):
            known = []
        if known:
            text += f"; it takes {', '.join(known)} (--set kwargs.NAME=VALUE)"
    return UserError(text)


def _creator(name: str) -> Callable[..., Any] | None:
    """Return the class or function behind a registered id, if it can be imported."""
    entry = gymnasium.registry[name].entry_point if name in gymnasium.registry else None
    if not isinstance(entry, str):
        return entry
    try:
        found: Callable[..., Any] = load_env_creator(entry)
    except Exception:  # noqa: BLE001 - it runs the package's code, whose error is already known
        return None
    return found


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(repr(one) for one in near)}?)" if near else ""
