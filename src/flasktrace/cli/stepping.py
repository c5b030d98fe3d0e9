"""From a trace to a walk through it, on the screen or line by line; for ``step`` and ``run --step``."""

import contextlib
import functools
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.viewing import filtered
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace

if TYPE_CHECKING:
    from flasktrace.reports.stepper.app import StepApp
    from flasktrace.reports.stepper.book import Book
    from flasktrace.reports.stepper.plain import Plain
    from flasktrace.reports.stepper.quiz import Quiz
    from flasktrace.reports.stepper.session import Session


@dataclass(frozen=True, slots=True)
class StepOptions:
    """How to step: line by line, and whether to ask what comes next."""

    plain: bool = False
    quiz: bool = False


def is_plain(options: StepOptions) -> bool:
    """Whether to go line by line: asked for, or there is no terminal that can do more."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)  # the screen is drawn on the last one
    is_terminal = all(stream is not None and stream.isatty() for stream in streams)
    return options.plain or not is_terminal or os.environ.get("TERM", "") in ("", "dumb")


def catalogues_for(view: ViewOptions) -> Callable[[str], Catalogue]:
    """Gives the catalogue of a language, loading each once."""
    from flasktrace.scenarios.annotate import load_catalogue

    return functools.cache(lambda language: load_catalogue(language, view.annotations))


def step_trace(trace: Trace, view: ViewOptions, options: StepOptions) -> None:
    """Walk through a trace that is at hand.

    Raises:
        UsageError: a filter names something that is not in the trace, or leaves nothing.
    """
    from flasktrace.reports.stepper.book import MemoryBook

    catalogues = catalogues_for(view)
    shown = filtered(trace, view, catalogues(view.language))
    book = MemoryBook(shown, catalogues(view.language), len(trace.calls) - len(shown.calls))
    step_book(book, catalogues, view, options)


def step_file(path: Path, view: ViewOptions, options: StepOptions) -> bool:
    """Walk through a trace in its file, if it is too long to be read whole and no filter needs all of it.

    Returns:
        False when it is to be read whole.
    """
    from flasktrace.reports.stepper.file_book import FileBook
    from flasktrace.tracer.paging import LONG_CALLS, TraceFile, count_calls

    if path.is_dir():
        path = path / "trace.flasktrace"
    plain_view = ViewOptions(level=view.level, language=view.language, annotations=view.annotations)
    if replace(view, resolution=False) != plain_view or count_calls(path) <= LONG_CALLS:
        return False
    catalogues = catalogues_for(view)
    with contextlib.closing(TraceFile(path)) as file:
        step_book(FileBook(file, catalogues(view.language)), catalogues, view, options)
    return True


def step_book(
    book: "Book", catalogues: Callable[[str], Catalogue], view: ViewOptions, options: StepOptions
) -> None:
    """Walk through a book.

    Raises:
        UsageError: there is nothing in it.
    """
    from flasktrace.reports.folded import Level
    from flasktrace.reports.stepper.session import Session

    if not book.call_count:
        raise UsageError("there is nothing to step through: no call was recorded, or the filter left none")
    session = Session(book, catalogues, Level(view.level), view.language)
    if is_plain(options):
        run_plain(session, options)
    else:
        run_screen(session, options)


def run_screen(session: "Session", options: StepOptions) -> None:
    """The screen, until it is left."""
    from flasktrace.reports.stepper.app import StepApp

    quiz = quiz_for(session) if options.quiz else None
    run_app(StepApp(session, quiz, functools.partial(edit_file, session)))


def run_app(app: "StepApp") -> None:
    """Show a screen until it is left; then tell the score."""
    app.run()
    if app.quiz is not None and app.quiz.asked:
        click.echo(app.quiz.score())
    if app.return_code:  # a failure of ours, which has been shown
        sys.exit(app.return_code)


def run_plain(session: "Session", options: StepOptions) -> None:
    """The dialogue on standard input and output, to its end."""
    plain_dialogue(session, options).run()


def quiz_for(session: "Session", is_live: bool = False) -> "Quiz":
    """A quiz that knows what each engine calls."""
    from flasktrace.reports.stepper.quiz import Quiz
    from flasktrace.scenarios.callers import load_callers

    return Quiz(session, load_callers(), is_live)


def plain_dialogue(session: "Session", options: StepOptions, is_live: bool = False) -> "Plain":
    """The dialogue on standard input and output."""
    from flasktrace.reports.stepper.plain import Plain, writer

    write = writer(sys.stdout)
    is_echoing = sys.stdin is None or not sys.stdin.isatty()

    def ask(prompt: str) -> str | None:
        if sys.stdin is None:
            return None
        if not is_echoing:
            sys.stdout.write(prompt)
            sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return None
        if is_echoing:
            from flasktrace.reports.text import clean

            write(prompt + clean(line.rstrip("\n")))
        return line

    quiz = quiz_for(session, is_live) if options.quiz else None
    return Plain(session, write, ask, quiz, functools.partial(edit_file, session))


def edit_file(session: "Session", path: str, line: int) -> str:
    """Open a file at a line in the user's editor, and wait for it; tell what went wrong, or ""."""
    words = session.words
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command or shutil.which(command[0]) is None:
        return words.no_editor
    try:
        # What is piped in are our commands, not the editor's.
        stdin = None if sys.stdin is not None and sys.stdin.isatty() else subprocess.DEVNULL
        status = subprocess.call([*command, *editor_arguments(command[0], path, line)], stdin=stdin)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return words.editor_failed.format(status=status) if status else ""


def editor_arguments(editor: str, path: str, line: int) -> list[str]:
    """How an editor is told the line: most take ``+LINE``, some ``FILE:LINE``."""
    path = os.path.abspath(path)  # a path that begins with a dash must not become an option
    name = os.path.basename(editor).removesuffix(".exe")
    if name in ("code", "code-insiders", "codium", "cursor"):
        return ["--wait", "--goto", f"{path}:{line}"]
    if name in ("subl", "zed", "hx", "helix"):
        return [f"{path}:{line}"]
    return [f"+{line}", path]
