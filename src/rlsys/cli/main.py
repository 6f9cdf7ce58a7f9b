"""The `rlsys` command: its subcommands, and how errors are reported."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import Any

import click

from rlsys import __version__
from rlsys.cli.built_in import BUILT_IN
from rlsys.errors import ExitCode, Interrupted, RlsysError, UserError, did_you_mean
from rlsys.plugins.manager import PluginOptions
from rlsys.plugins.workplace import Workplace


class PluginGroup(click.Group):
    """The built-in commands, then those of plugins; each is imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*BUILT_IN, *_work(ctx).registry.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in BUILT_IN:
            return _command(importlib.import_module(f"rlsys.cli.commands.{cmd_name}").command)
        commands = _work(ctx).registry.commands
        if cmd_name not in commands.entries:
            return None
        from rlsys.descriptors import resolve

        return _command(resolve(commands.get(cmd_name).command))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        # The user may run a built-in command to find out what is wrong with plugins: load none.
        known = name in BUILT_IN or name.startswith("-")
        if not known and name not in self.list_commands(ctx):
            hint = did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"unknown command {name!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(BUILT_IN.items()))
        commands = _work(ctx).registry.commands
        added = [(name, commands.get(name).summary) for name in commands]
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)


def _command(found: Any) -> click.Command:
    if not isinstance(found, click.Command):
        raise UserError(
            f"{found!r} is not a click.Command; correct `command` in the plugin's CommandSpec"
        )
    return found


def _work(ctx: click.Context) -> Workplace:
    if ctx.obj is None:
        params = ctx.params
        ctx.obj = _workplace(params.get("no_plugin") or (), params.get("plugin_file") or ())
    work: Workplace = ctx.obj
    return work


def _workplace(no_plugin: tuple[str, ...], plugin_file: tuple[str, ...]) -> Workplace:
    return Workplace(PluginOptions.from_environment(no_plugin, plugin_file), taken=BUILT_IN)


@click.group(
    cls=PluginGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok; 1 wrong input or configuration, or a missing tool; 2 wrong usage; "
    "3 a check failed; 4 a bug; 130 interrupted, with everything saved.",
)
@click.option(
    "--no-plugin", multiple=True, metavar="NAME", is_eager=True, help="Leave a plugin out."
)
@click.option(
    "--plugin-file", multiple=True, metavar="FILE", is_eager=True, help="Load a plugin from a file."
)
@click.version_option(__version__, prog_name="rlsys")
@click.pass_context
def cli(ctx: click.Context, no_plugin: tuple[str, ...], plugin_file: tuple[str, ...]) -> None:
    """Train, prove and ship learned controllers for computer systems."""
    ctx.obj = ctx.obj or _workplace(no_plugin, plugin_file)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a code of `rlsys.errors.ExitCode`."""
    # Networks here are small: more than one thread only slows them down.  NumPy reads this when it
    # is first imported, which happens after this line.  A value set by the user is kept.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Outside training, a SIGTERM acts like Ctrl-C, so that the run gets the right status.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # Without standalone mode click returns the code of ctx.exit().
        code = cli.main(args=arguments, prog_name="rlsys", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else ExitCode.OK)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; everything saved so far is kept, and --resume continues")
        sys.exit(ExitCode.INTERRUPTED)
    except Interrupted as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except RlsysError as error:
        if os.environ.get("RLSYS_TRACEBACK"):
            traceback.print_exc()
        for line in str(error).splitlines():
            _say(f"error: {line}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has exited, as `head` does.
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except Exception:  # noqa: BLE001 - last resort, with the traceback shown
        traceback.print_exc()
        _say("this is a bug in rlsys or a plugin; please report it with the lines above")
        sys.exit(ExitCode.BUG)


def _say(text: str) -> None:
    click.echo(f"rlsys: {text}", err=True)


if __name__ == "__main__":
    main()
