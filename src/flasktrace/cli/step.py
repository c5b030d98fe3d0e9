"""``flasktrace step``: walk through a scenario or a saved trace, forward and back."""

from pathlib import Path

import click

from flasktrace.cli.options import ViewOptions, view_options
from flasktrace.cli.recording import (
    RecordOptions,
    RequestsCommand,
    find_scenario,
    play_scenario,
    record_options,
)
from flasktrace.tracer.errors import UsageError

INTERRUPTED = 130


@click.command(cls=RequestsCommand)
@click.argument("target", metavar="SCENARIO|TRACE")
@click.argument("arguments", nargs=-1, metavar="[-- ARGS]", type=click.UNPROCESSED)
@record_options
@view_options
@click.option("--plain", is_flag=True, help="Line by line: for screen readers, pipes, simple terminals.")
@click.option("--live", is_flag=True, help="Hold the running program at each stop, while its clients wait.")
@click.option("--listen", is_flag=True, help="With --live: serve your own browser until you quit.")
@click.option("--quiz", is_flag=True, help="Ask what is called next, before each milestone.")
def command(
    target: str,
    arguments: tuple[str, ...],
    record: RecordOptions,
    view: ViewOptions,
    plain: bool,
    quiz: bool,
    live: bool,
    listen: bool,
) -> int:
    """Step through SCENARIO, which is recorded first, or through TRACE, a saved one.

    Press ? for the keys. With --plain, or where there is no terminal, the same keys are read as lines
    from the standard input.
    """
    from flasktrace.cli.stepping import StepOptions, step_file, step_trace
    from flasktrace.cli.traces import looks_like_trace, open_trace

    options = StepOptions(plain, quiz)
    path = Path(target)
    if live or listen:
        from flasktrace.cli.live_stepping import step_live

        if looks_like_trace(path):
            raise UsageError(f"{path} is a recording: --live runs a scenario; step through it without --live")
        return step_live(target, arguments, record, view, options, listen)
    if looks_like_trace(path):
        if not step_file(path, view, options):
            step_trace(open_trace(path), view, options)
        return 0
    result = play_scenario(find_scenario(target, arguments), record, None, view.values)
    if result.call_count:
        step_trace(result.trace, view, options)
    if result.failure is not None:
        raise result.failure
    return INTERRUPTED if result.was_interrupted else 0
