"""``flasktrace run``: record a scenario, then show it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import ViewOptions, page_options, view_options
from flasktrace.cli.recording import (
    RecordOptions,
    RequestsCommand,
    find_scenario,
    play_scenario,
    record_options,
)
from flasktrace.tracer.errors import UsageError

if TYPE_CHECKING:
    from flasktrace.tracer.play import PlayResult

INTERRUPTED = 130


@click.command(cls=RequestsCommand)
@click.argument("target", metavar="SCENARIO")
@click.argument("arguments", nargs=-1, metavar="[-- ARGS]", type=click.UNPROCESSED)
@record_options
@page_options
@view_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write the files there.")
@click.option("--no-files", is_flag=True, help="Print the tree only.")
@click.option("--step", is_flag=True, help="Step through it afterwards, in place of the tree.")
@click.option("--plain", is_flag=True, help="With --step: line by line.")
@click.option("--quiz", is_flag=True, help="With --step: ask what is called next.")
def command(
    target: str,
    arguments: tuple[str, ...],
    record: RecordOptions,
    view: ViewOptions,
    output: Path | None,
    no_files: bool,
    step: bool,
    plain: bool,
    quiz: bool,
) -> int:
    """Run SCENARIO, send it requests, record every call, and show what happened.

    SCENARIO is the path of a script, the name of a bundled scenario, or package.module:app. The script
    needs nothing special: a plain Flask program that ends with app.run() runs as it stands.
    """
    from flasktrace.cli.viewing import TRACE, make_folder

    if (plain or quiz) and not step:
        raise UsageError(f"{'--plain' if plain else '--quiz'} is for a walk: add --step")
    scenario = find_scenario(target, arguments)
    folder = output or Path(f"{scenario.shown_name}-trace")
    trace_path = None
    if not no_files:
        make_folder(folder)
        trace_path = folder / TRACE
    result = play_scenario(scenario, record, trace_path, view.values)
    if result.call_count and step:
        from flasktrace.cli.stepping import StepOptions, step_trace

        step_trace(result.trace, view, StepOptions(plain, quiz))
    elif result.call_count:
        _show(result, view, folder, scenario.shown_name, trace_path)
    if result.failure is not None:
        raise result.failure
    return INTERRUPTED if result.was_interrupted else 0


def _show(result: "PlayResult", view: ViewOptions, folder: Path, name: str, trace_path: Path | None) -> None:
    from flasktrace.cli.drawing import write_drawings
    from flasktrace.cli.viewing import folding_in_file, folding_of, make_folder, print_tree

    if view.page:
        from flasktrace.cli.paging import write_page_file

        make_folder(folder)
        page = write_page_file(result.trace, view, folder, name)
        for path in (trace_path, page):
            if path is not None:
                click.echo(f"wrote {path}")
        return
    if result.held is None and trace_path is not None:
        folding = folding_in_file(trace_path, view)
    else:
        folding = folding_of(result.trace, view)
    print_tree(folding(), view)
    if trace_path is None:
        return
    click.echo("")
    for path in (trace_path, *write_drawings(folding, view, folder, name)):
        click.echo(f"wrote {path}")
