"""``flasktrace diff``: what differs between two traces, two engines, or two requests."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import ViewOptions, view_options
from flasktrace.cli.recording import RecordOptions, RequestsCommand, record_options
from flasktrace.tracer.errors import UsageError

if TYPE_CHECKING:
    from flasktrace.reports.diff import Change, TraceDiff
    from flasktrace.tracer.model import Trace

Side = tuple[str, "Trace"]

_HOW = (
    "name a second trace or scenario, or say what to compare: --engines, --requests 1 2,"
    " or two requests with -r 'GET /a' -r 'GET /b'"
)


@click.command(cls=RequestsCommand)
@click.argument("left", metavar="A")
@click.argument("right", metavar="[B]", required=False)
@click.option("--engines", is_flag=True, help="A on the bundled engine against A on the installed one.")
@click.option(
    "--requests",
    "request_ids",
    nargs=2,
    type=click.IntRange(1),
    metavar="M N",
    help="Request M of the trace A against request N.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "svg", "columns", "json", "markdown"]),
    default="text",
    show_default=True,
    help="svg: one sequence diagram of both; columns: side by side; markdown: a table of what changed.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there.")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 when they differ.")
@record_options
@view_options
def command(
    left: str,
    right: str | None,
    engines: bool,
    request_ids: tuple[int, int] | None,
    format_name: str,
    output: Path | None,
    exit_code: bool,
    record: RecordOptions,
    view: ViewOptions,
) -> int:
    """Compare A with B, call by call: each a saved trace, or a scenario to record now.

    With A alone: its two engines (--engines), two of its requests (--requests), or two requests that are
    sent to a run each (-r twice), as 200 against 404.
    """
    if right is not None:
        if engines or request_ids:
            raise UsageError("--engines and --requests compare A with itself: leave B out")
        sides = [(each, _trace_of(each, record, view)) for each in (left, right)]
    elif engines:
        sides = _both_engines(left, record, view)
    elif request_ids:
        sides = _requests_of(_trace_of(left, record, view), request_ids)
    elif len(record.requests) == 2:
        sides = _two_requests(left, record, view)
    else:
        raise UsageError(f"{left} alone is nothing to compare: {_HOW}")
    diff = _compared(sides, view)
    _write(diff, format_name, output, view)
    return 1 if exit_code and diff.is_different else 0


def _trace_of(target: str, record: RecordOptions, view: ViewOptions) -> "Trace":
    from flasktrace.cli.traces import looks_like_trace, open_trace

    if looks_like_trace(Path(target)):
        return open_trace(Path(target))
    return _recorded(target, record, view)


def _recorded(target: str, record: RecordOptions, view: ViewOptions) -> "Trace":
    from flasktrace.cli.recording_apart import record_apart

    if sys.stderr.isatty():
        what = "; ".join(str(request) for request in record.requests)
        click.echo(f"recording {target} ({record.engine}) {what}".rstrip(), err=True)
    return record_apart(target, record, view.values)


def _both_engines(target: str, record: RecordOptions, view: ViewOptions) -> list[Side]:
    sides = []
    for engine in ("bundled", "installed"):
        trace = _recorded(target, replace(record, engine=engine), view)
        sides.append((f"{target} on Flask {trace.metadata.flask_version} ({engine})", trace))
    return sides


def _two_requests(target: str, record: RecordOptions, view: ViewOptions) -> list[Side]:
    """Each in a run of its own: what only an app's first request does would look like a difference."""
    from flasktrace.tracer import query

    sides = []
    for request in record.requests:
        trace = _recorded(target, replace(record, requests=(request,)), view)
        sides.append((_request_name(trace, 1), query.request(trace, 1)))
    return sides


def _requests_of(trace: "Trace", request_ids: tuple[int, int]) -> list[Side]:
    from flasktrace.tracer import query

    return [(_request_name(trace, number), query.request(trace, number)) for number in request_ids]


def _request_name(trace: "Trace", number: int) -> str:
    for request in trace.requests:
        if request.id == number:
            status = f" → {request.status}" if request.status else ""
            return f"{request.method} {request.target}{status}"
    return f"request {number}"


def _compared(sides: list[Side], view: ViewOptions) -> "TraceDiff":
    from flasktrace.cli.viewing import catalogue_for, folded_for
    from flasktrace.reports.diff import compare

    catalogue = catalogue_for(view)
    (left_name, left), (right_name, right) = (
        (name, folded_for(trace, view, catalogue)) for name, trace in sides
    )
    return compare(left, right, left_name, right_name)


def _write(diff: "TraceDiff", format_name: str, output: Path | None, view: ViewOptions) -> None:
    import io

    from flasktrace.cli.viewing import write_file
    from flasktrace.reports import diff as writers

    stream = io.StringIO()
    if format_name == "json":
        writers.write_diff_json(diff, stream)
    elif format_name == "svg":
        writers.write_diff_sequence(diff, stream, view.language)
    elif format_name == "columns":
        writers.write_diff_svg(diff, stream, view.language)
    elif format_name == "markdown":
        writers.write_diff_markdown(diff, stream, view.language)
    elif output is None and _is_coloured():
        writers.write_diff_text(diff, stream, view.language, _coloured)
    else:
        writers.write_diff_text(diff, stream, view.language)
    if output is not None:
        write_file(output, stream.getvalue())
    else:
        click.echo(stream.getvalue(), nl=False, color=True)


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _coloured(line: str, change: "Change") -> str:
    colours = {"added": "green", "removed": "red", "moved": "cyan", "outcome": "yellow"}
    colour = colours.get(change.value, "blue" if change.value != "same" else None)
    return click.style(line, fg=colour) if colour else line
