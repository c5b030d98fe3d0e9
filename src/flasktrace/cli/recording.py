"""The options and steps of every command that records: ``run``, ``step``, ``check``, ``diff``."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flasktrace.cli.output import stdout_to_stderr
from flasktrace.tracer.errors import ScenarioError

if TYPE_CHECKING:
    from flasktrace.tracer.play import PlayResult
    from flasktrace.tracer.program import Scenario
    from flasktrace.tracer.requests import PlannedRequest

Command = TypeVar("Command", bound=Callable[..., Any])
_SEPARATOR = "\x00"  # no command line has it


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """How a scenario is recorded; see the command line's help for each."""

    engine: str = "bundled"
    requests: tuple["PlannedRequest", ...] = ()
    timeout_s: float = 10.0
    limit: int = 1_000_000
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    reloader: bool = False


class RequestsCommand(click.Command):
    """A command with ``-r``, ``-H`` and ``-d``, where a header or body belongs to the request before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join each ``-H`` and ``-d`` to its ``-r`` before click sees them."""
        return super().parse_args(ctx, join_requests(args))


_SHORT = {"-r": "r", "-H": "H", "-d": "d", "--header": "H", "--data": "d"}


def join_requests(arguments: Sequence[str]) -> list[str]:
    """Put what belongs to one request into one ``-r`` value; see :func:`split_request`."""
    rest: list[str] = []
    requests: list[list[str]] = []
    early: list[str] = []  # -H and -d before the first -r
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument == "--":
            rest += [argument, *remaining]
            break
        option, value = _request_option(argument, remaining)
        if value is None:
            rest.append(argument)
        elif option == "r":
            requests.append([value, *early])
            early = []
        else:
            (requests[-1] if requests else early).append(option + value)
    if early:
        raise click.UsageError("-H and -d say more about a request: give one with -r 'GET /path'")
    return [part for request in requests for part in ("-r", _SEPARATOR.join(request))] + rest


def _request_option(argument: str, remaining: list[str]) -> tuple[str, str | None]:
    if argument in _SHORT:
        if not remaining:
            raise click.UsageError(f"{argument} needs a value")
        return _SHORT[argument], remaining.pop(0)
    for long in ("--header=", "--data="):
        if argument.startswith(long):
            return _SHORT[long[:-1]], argument[len(long) :]
    if argument[:2] in _SHORT and not argument.startswith("--"):
        return _SHORT[argument[:2]], argument[2:]
    return "", None


def split_request(joined: str) -> "PlannedRequest":
    """Read one ``-r`` value that :func:`join_requests` made.

    Raises:
        UsageError: the request or a header is malformed.
    """
    from flasktrace.tracer.requests import parse_request

    line, *more = joined.split(_SEPARATOR)
    bodies = [part[1:] for part in more if part[0] == "d"]
    headers = [part[1:] for part in more if part[0] == "H"]
    # As curl does: several -d are the fields of one form.
    return parse_request(line, headers, "&".join(bodies) if bodies else None)


MAX_TIMEOUT_S = 86_400.0


def _a_number(ctx: click.Context, option: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is no time.")
    return value


_OPTIONS = [
    click.option(
        "--engine",
        type=click.Choice(["bundled", "installed"]),
        default="bundled",
        show_default=True,
        help="The bundled Flask 1.1, or the Flask that is installed.",
    ),
    click.option(
        "-r",
        "requests",
        multiple=True,
        metavar="'METHOD /PATH'",
        help="A request to send; may be given again. Else the script's REQUESTS, else each plain route.",
    ),
    click.option(
        "-H",
        "--header",
        "headers_",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A header of the -r before it.",
    ),
    click.option(
        "-d", "--data", "data_", multiple=True, metavar="DATA", help="The body of the -r before it."
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0.1, MAX_TIMEOUT_S),
        callback=_a_number,
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="For the server to start, and for each answer.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(1),
        default=1_000_000,
        show_default=True,
        metavar="N",
        help="Keep so many calls; what is dropped is counted.",
    ),
    click.option(
        "--include", multiple=True, metavar="PATTERN", help="Also record this module, path or distribution."
    ),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Do not record it."),
    click.option(
        "--reloader",
        is_flag=True,
        help="Let a reloader start its child process, and record that too; else one process serves.",
    ),
    click.option("--mask", multiple=True, metavar="REGEX", help="Further names whose values are secret."),
]


def record_options(command: Command) -> Command:
    """Add the recording options to a :class:`RequestsCommand`; it takes them as one argument, ``record``."""

    @functools.wraps(command)
    def with_record(*args: Any, **kwargs: Any) -> Any:
        # -H and -d are in the -r values by now; they are declared for the help text.
        kwargs.pop("headers_")
        kwargs.pop("data_")
        names = ("engine", "timeout_s", "limit", "include", "exclude", "mask", "reloader")
        record = RecordOptions(
            **{name: kwargs.pop(name) for name in names},
            requests=tuple(split_request(joined) for joined in kwargs.pop("requests")),
        )
        return command(*args, record=record, **kwargs)

    decorated: Any = with_record
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    result: Command = decorated
    return result


def find_scenario(target: str, arguments: Sequence[str] = ()) -> "Scenario":
    """What a SCENARIO argument names: a script, a bundled scenario, or ``package.module:app``.

    Raises:
        ScenarioError: none of these.
    """
    from flasktrace.scenarios.catalog import find_scenario as find_bundled
    from flasktrace.scenarios.catalog import list_scenarios
    from flasktrace.tracer.program import Scenario

    bundled = find_bundled(target)
    if bundled is not None and not Path(target).is_file():
        return Scenario(str(bundled.path), bundled.name, tuple(arguments))
    scenario = Scenario(target, arguments=tuple(arguments))
    if scenario.is_script or scenario.is_folder or ":" in target:
        return scenario
    import difflib

    near = difflib.get_close_matches(target, [each.name for each in list_scenarios()], 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ScenarioError(
        f"no scenario {target!r}: {hint}give the path of a script, package.module:app, "
        "or a name that `flasktrace scenarios` lists"
    )


def play_scenario(
    scenario: "Scenario", record: RecordOptions, trace_path: Path | None, with_values: bool = True
) -> "PlayResult":
    """Record a scenario; a failure of the program's own is printed as its own.

    Raises:
        ScenarioError: nothing could be run.
        TraceError: the trace's file cannot be written.
    """
    from flasktrace.tracer.play import PlayOptions, play
    from flasktrace.tracer.scope import ScopeOptions

    options = PlayOptions(
        engine=record.engine,
        requests=record.requests,
        trace_path=trace_path,
        timeout_s=record.timeout_s,
        limit=record.limit,
        with_values=with_values,
        scope=ScopeOptions(include=record.include, exclude=record.exclude),
        mask=record.mask,
        follow_reloader=record.reloader,
        say=lambda message: click.echo(f"flasktrace: {message}", err=True),
    )
    with stdout_to_stderr():
        result = play(scenario, options)
    if result.program_traceback:
        click.echo(result.program_traceback, err=True, nl=False)
    return result
