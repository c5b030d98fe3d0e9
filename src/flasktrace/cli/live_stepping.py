"""``flasktrace step --live``: the program runs in a process of its own, held at each stop of the walk."""

import contextlib
import functools
import queue
import sys
import time
from typing import TYPE_CHECKING

import click

from flasktrace.cli.live_child import Job
from flasktrace.cli.options import ViewOptions
from flasktrace.cli.recording import RecordOptions, find_scenario
from flasktrace.cli.stepping import (
    StepOptions,
    catalogues_for,
    edit_file,
    is_plain,
    plain_dialogue,
    quiz_for,
    run_app,
)
from flasktrace.tracer.errors import ScenarioError, UsageError
from flasktrace.tracer.live_process import LiveProcess, python_command

if TYPE_CHECKING:
    from flasktrace.reports.stepper.live_session import Live, LiveSession

INTERRUPTED = 130
_WAIT_S = 1.0  # for a thread, before another one that is held is turned to


def step_live(
    target: str,
    arguments: tuple[str, ...],
    record: RecordOptions,
    view: ViewOptions,
    options: StepOptions,
    is_listening: bool,
) -> int:
    """Run a scenario and walk it live; the exit status.

    Raises:
        UsageError: an option asks for a part of the calls only.
        ScenarioError: there is no such scenario, or it failed.
    """
    from flasktrace.reports.stepper.live_session import Live

    if filters := _filters(view):
        raise UsageError(f"--live shows all that runs, without {filters}: record it, and step through that")
    find_scenario(target, arguments)  # a wrong name is told at once
    job = Job(target, arguments, record, view.level, is_listening, view.values)
    with LiveProcess(python_command("flasktrace.cli.live_child"), job) as process:
        live = Live(process)
        was_interrupted = False
        try:
            _walk(live, process, view, options)
        except KeyboardInterrupt:
            was_interrupted = True
        finally:
            _finish(live, process, record.timeout_s)
    _report(live)
    return INTERRUPTED if was_interrupted else 0


def _filters(view: ViewOptions) -> str:
    """The options that pick a part of what was recorded; a live walk knows no whole."""
    names = ("only", "hide", "callers_of", "depth", "phase", "request", "thread")
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(view, name) not in (None, ())]
    return " and ".join(given)


def _walk(live: "Live", process: LiveProcess, view: ViewOptions, options: StepOptions) -> None:
    from flasktrace.reports.folded import Level
    from flasktrace.reports.stepper.live_session import live_session

    while not live.held and live.done is None:
        live.hear(process.messages.get())
    session = live_session(live, catalogues_for(view), Level(view.level), view.language)
    if session is None:
        return
    if is_plain(options):
        _walk_plain(session, process, options)
    else:
        _walk_on_screen(session, process, options)


def _walk_plain(session: "LiveSession", process: LiveProcess, options: StepOptions) -> None:
    words, live = session.words, session.live
    has_told = [False]
    plain = plain_dialogue(session, options, is_live=True)

    def tell_address() -> None:
        if live.address and not has_told[0]:
            has_told[0] = True
            plain.write(words.live_serving.format(address=live.address))

    def settle() -> None:
        tell_address()
        until_s = time.monotonic() + _WAIT_S
        while live.waits:
            with contextlib.suppress(queue.Empty):
                session.hear(process.messages.get(timeout=_WAIT_S))
            if live.waits and live.held and time.monotonic() > until_s:
                session.choose_thread(next(iter(live.held)))
            tell_address()
        if live.done is not None:
            plain.write(words.live_done)

    plain.settle = settle
    settle()
    plain.run()


def _walk_on_screen(session: "LiveSession", process: LiveProcess, options: StepOptions) -> None:
    from flasktrace.reports.stepper.live_app import LiveApp

    quiz = quiz_for(session, is_live=True) if options.quiz else None
    app = LiveApp(session, quiz, functools.partial(edit_file, session))
    process.on_message = app.wake
    try:
        run_app(app)
    finally:
        process.on_message = None


def _finish(live: "Live", process: LiveProcess, timeout_s: float) -> None:
    """Let the requests finish, and hear the program's last words; then show what it has printed."""
    live.let_go()
    process.finish(timeout_s)
    while not process.messages.empty():
        live.hear(process.messages.get())
    sys.stderr.write(process.output())


def _report(live: "Live") -> None:
    done = live.done
    if done is None:
        return
    for method, target, status, error in done.answers:
        click.echo(f"{method} {target} {status or error}", err=True)
    sys.stderr.write(done.program_traceback)
    if done.failure:
        raise ScenarioError(done.failure)
