"""``flask trace``: inside a user's project, the app that ``flask run`` would serve, traced.

Flask imports this module for each of its commands, so it imports nothing that takes time.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flasktrace.cli.options import ViewOptions, page_options, view_options

if TYPE_CHECKING:
    from flasktrace.tracer.program import Program

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


@click.command("trace", short_help="Trace a request through this app.")
@click.argument("words", nargs=-1, metavar="[METHOD] URL")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header to send.")
@click.option("-d", "--data", multiple=True, metavar="DATA", help="A body to send; several are one form.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Also record this module or distribution.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Do not record it.")
@click.option("--timeout", "timeout_s", default=10.0, metavar="SECONDS", help="For the answer.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write files there too.")
@page_options
@view_options
@click.pass_context
def command(
    ctx: click.Context, /, words: tuple[str, ...], output: Path | None, view: ViewOptions, **record: Any
) -> None:
    """Send a request to this app and show every step of it: `flask trace /users/1`.

    The app is the one that `flask run` serves (FLASK_APP, or --app before the command).
    """
    from flasktrace.cli import guarded

    ctx.exit(guarded(lambda: _trace(ctx, words, output, view, record)))


def _trace(
    ctx: click.Context, words: tuple[str, ...], output: Path | None, view: ViewOptions, given: dict[str, Any]
) -> int:
    from flasktrace.cli.drawing import write_drawings
    from flasktrace.cli.recording import RecordOptions, play_scenario
    from flasktrace.cli.viewing import TRACE, folding_of, make_folder, print_tree
    from flasktrace.tracer.program import Scenario
    from flasktrace.tracer.requests import parse_request

    data = given.pop("data")
    body = "&".join(data) if data else None
    request = parse_request(_line(words, body is not None), list(given.pop("headers")), body)
    record = RecordOptions(engine="installed", requests=(request,), **given)
    if output is not None:
        make_folder(output)
    trace_path = output / TRACE if output is not None else None
    scenario = Scenario("flask", name="app", make_program=lambda: _program_of(ctx))
    result = play_scenario(scenario, record, trace_path, view.values)
    if result.call_count and view.page:
        from flasktrace.cli.paging import write_page_file

        folder = output or Path("app-trace")
        make_folder(folder)
        click.echo(f"wrote {write_page_file(result.trace, view, folder, 'app')}")
    elif result.call_count:
        folding = folding_of(result.trace, view)
        print_tree(folding(), view)
        if output is not None and trace_path is not None:
            for path in (trace_path, *write_drawings(folding, view, output, "app")):
                click.echo(f"wrote {path}")
    if result.failure is not None:
        raise result.failure
    return 0


def _line(words: tuple[str, ...], has_body: bool) -> str:
    if not 1 <= len(words) <= 2:
        raise click.UsageError("say what to request: flask trace /path, or flask trace POST /path")
    if len(words) == 2:
        return " ".join(words)
    # 'GET /path' may come as one word.
    if words[0].partition(" ")[0].upper() in _METHODS:
        return words[0]
    return f"{'POST' if has_body else 'GET'} {words[0]}"


def _program_of(ctx: click.Context) -> "Program":
    """The app as Flask's own command line finds it; loading it is a part of what is recorded."""
    from flask.cli import ScriptInfo

    from flasktrace.tracer.errors import ScenarioError
    from flasktrace.tracer.program import Program

    info = ctx.ensure_object(ScriptInfo)
    namespace: dict[str, Any] = {}

    def run() -> None:
        try:
            namespace["app"] = info.load_app()
        except click.ClickException as error:
            raise ScenarioError(error.format_message()) from None
        # Flask's command line makes app.run() do nothing, so that a script is loaded and not run.
        os.environ.pop("FLASK_RUN_FROM_CLI", None)

    return Program(namespace, run, "app")
