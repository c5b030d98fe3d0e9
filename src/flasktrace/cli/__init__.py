"""The command line: ``flasktrace``.

A command's module is imported when the command is run, so that ``flasktrace run`` never waits for the
terminal program of ``flasktrace step``, and the traced program starts early.
"""

import errno
import importlib
import os
import sys
from collections.abc import Callable

import click

from flasktrace import __version__

# command -> (module, the command's one line in the overview); the module has an object ``command``.
COMMANDS = {
    "run": ("flasktrace.cli.run", "Record a scenario, then show it."),
    "show": ("flasktrace.cli.show", "Show a saved trace."),
    "step": ("flasktrace.cli.step", "Step through a scenario or a saved trace."),
    "diff": ("flasktrace.cli.diff", "Compare two traces, two engines, or two requests."),
    "export": ("flasktrace.cli.export", "Write a saved trace in another format."),
    "lesson": ("flasktrace.cli.lesson", "Build lessons, and check that they are still true."),
    "check": ("flasktrace.cli.check", "Check a call chain written by hand against a real run."),
    "explain": ("flasktrace.cli.explain", "Tell what a function of the pipeline does."),
    "scenarios": ("flasktrace.cli.scenarios", "List the bundled scenarios."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flasktrace")
def cli() -> None:
    """See how a Flask request really runs: record the call chain, draw it, step through it."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Exit status: 0; 1 a check failed; 2 wrong use or bad input, with one line that says what, why and
    what to do; 130 after Ctrl-C.

    Args:
        arguments: in place of ``sys.argv[1:]``.
    """
    status = guarded(lambda: cli.main(arguments, prog_name="flasktrace", standalone_mode=False))
    if "flasktrace.cli.recording" in sys.modules:  # a program has run: its atexit functions may print
        importlib.import_module("flasktrace.cli.output").rest_to_stderr()
    sys.exit(status)


def guarded(run: Callable[[], object]) -> int:
    """Run a command, turn what goes wrong into one line on stderr, and give the exit status."""
    from flasktrace.tracer.errors import FlasktraceError

    try:
        result = run()
        if sys.stdout is not None:  # as it is where the process was started with it closed
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # not in every click
            click.echo(error.format_message(), err=True)
            return 2
        context = getattr(error, "ctx", None)
        where = f" (see {context.command_path} --help)" if context is not None else ""
        _tell(f"{error.format_message()}{where}")
        return 2
    except FlasktraceError as error:
        _tell(str(error))
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("flasktrace: interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader, `head` say, has seen enough. The last flush at exit would complain again.
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF):
            return _internal_error(error)
        # What is left of the output would be tried, and complained about, once more at exit.
        sys.stdout = None
        _tell(f"cannot write the output: {error.strerror}; send it elsewhere")
        return 2
    except Exception as error:
        return _internal_error(error)


def _internal_error(error: Exception) -> int:
    if os.environ.get("FLASKTRACE_DEBUG"):
        raise error
    what = f"{type(error).__name__}: {error}"[:300]
    _tell(f"internal error: {what}; set FLASKTRACE_DEBUG=1 for the traceback, and report it")
    return 2


def _tell(message: str) -> None:
    """One line, whatever the names of files and the like in it hold."""
    line = "".join(c if c.isprintable() else " " if c == "\n" else "?" for c in message)
    click.echo(f"flasktrace: {line}", err=True)
