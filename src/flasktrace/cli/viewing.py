"""From a trace and the shared options to what is shown: filtered, folded, printed, written to files."""

import contextlib
import functools
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.output import open_to_write
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace

if TYPE_CHECKING:
    from flasktrace.reports.folded import FoldedTrace

TRACE = "trace.flasktrace"


def catalogue_for(view: ViewOptions) -> Catalogue:
    """The explanations in the language asked for, with the user's own on top."""
    if view.annotations is None:
        return _own_catalogue(view.language)
    from flasktrace.scenarios.annotate import load_catalogue

    return load_catalogue(view.language, view.annotations)


@functools.cache
def _own_catalogue(language: str) -> Catalogue:
    from flasktrace.scenarios.annotate import load_catalogue

    return load_catalogue(language)


def filtered(trace: Trace, view: ViewOptions, catalogue: Catalogue) -> Trace:
    """The part of a trace that the shared options ask for, with its phases filled in.

    Raises:
        UsageError: a filter names something that is not in the trace.
    """
    from flasktrace.tracer import query
    from flasktrace.tracer.phases import fill_phases

    fill_phases(trace, catalogue)
    if view.request is not None:
        trace = query.request(trace, view.request)
    if view.thread is not None:
        trace = query.thread(trace, int(view.thread) if view.thread.isdigit() else view.thread)
    if view.phase is not None:
        trace = query.phase(trace, view.phase)
    if view.only:
        trace = query.only(trace, view.only)
    if view.hide:
        trace = query.hide(trace, view.hide)
    if view.callers_of is not None:
        trace = query.callers_of(trace, [view.callers_of])
    if view.depth is not None:
        trace = query.depth(trace, view.depth)
    return trace if view.values else query.no_values(trace)


def open_for(path: Path, view: ViewOptions) -> Trace:
    """Read a trace, or of a long one what a view of a single request needs; not the phases it is in.

    Raises:
        TraceError: it is missing, or no trace.
    """
    from flasktrace.cli.traces import open_trace, trace_path

    path = trace_path(path)
    if view.request is not None and view.phase is None and is_long(path):
        from flasktrace.tracer.excerpt import read_request
        from flasktrace.tracer.paging import TraceFile

        with contextlib.closing(TraceFile(path)) as file:
            trace = read_request(file, view.request)
        if trace is not None:
            return trace
    return open_trace(path)


def left_out_count(trace: Trace, shown: Trace) -> int:
    """How many calls of a trace are not in the part of it that is shown."""
    return trace.unread_count + len(trace.calls) - len(shown.calls)


def folded_for(
    trace: Trace, view: ViewOptions, catalogue: Catalogue, max_steps: int | None = None
) -> "FoldedTrace":
    """Filter and fold a trace.

    Args:
        trace: as recorded.
        view: the shared options.
        catalogue: phases and landmarks.
        max_steps: a drawing's limit; a view that is larger goes up one level and says so.
    """
    from flasktrace.reports.folded import Level
    from flasktrace.reports.folding import FoldOptions, fold

    shown = filtered(trace, view, catalogue)
    options = FoldOptions(Level(view.level), max_steps, filtered_count=left_out_count(trace, shown))
    return fold(shown, catalogue, options)


def folded_in_file(path: Path, view: ViewOptions, catalogue: Catalogue) -> "FoldedTrace | None":
    """Fold a long trace without reading all of it.

    Returns:
        None for a trace that is short, no trace, or wanted in a view that needs all of it.

    Raises:
        TraceError: the file is damaged.
    """
    plain = ViewOptions(level=view.level, language=view.language, annotations=view.annotations)
    is_plain = plain == replace(view, explain=None, resolution=False, times=True, link="local")
    if not is_plain or view.level == "all" or not is_long(path):
        return None
    from flasktrace.reports.folded import Level
    from flasktrace.reports.folding import FoldOptions, fold_outline, outlined_functions
    from flasktrace.tracer.outline import read_outline
    from flasktrace.tracer.paging import TraceFile

    file = TraceFile(path)  # open as long as the process is: values are read when they are printed
    wanted = outlined_functions(file.functions, catalogue, Level(view.level))
    outline = None if wanted is None else read_outline(file, wanted)
    return None if outline is None else fold_outline(outline, catalogue, FoldOptions(Level(view.level)))


def is_long(path: Path) -> bool:
    """Whether a file is a trace that is better not read whole."""
    from flasktrace.tracer.paging import LONG_CALLS, count_calls

    return count_calls(path) > LONG_CALLS


def print_tree(folded: "FoldedTrace", view: ViewOptions, stream: TextIO | None = None) -> None:
    """Print the console tree; on a terminal it fits the width, in a pipe each call is one line."""
    from flasktrace.reports.tree import TreeOptions, default_explain, stream_options, write_tree

    stream = stream or sys.stdout
    fitting = stream_options(stream, shutil.get_terminal_size().columns)
    explain = view.explain
    if explain is None:
        explain = default_explain(folded.level, fitting["width_cells"])  # type: ignore[arg-type]
    options = TreeOptions(
        language=view.language,
        resolution=view.resolution,
        times=view.times,
        explain=explain,
        state=view.state,
        hooks=view.hooks,
        **fitting,  # type: ignore[arg-type]
    )
    write_tree(folded, stream, options)
    if folded.notice:
        click.echo(f"flasktrace: {folded.notice}", err=True)


def make_folder(folder: Path) -> None:
    """Make an output folder.

    Raises:
        UsageError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror}; choose another folder with -o"
        ) from None
    if _is_of_somebody_else(folder):
        raise UsageError(f"will not write to {folder}: it is a link of another user's; choose with -o")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {folder}: no permission; choose another folder with -o")


def _is_of_somebody_else(folder: Path) -> bool:
    """Whether a folder is a link that neither this user nor the system has made."""
    return folder.is_symlink() and hasattr(os, "getuid") and folder.lstat().st_uid not in (os.getuid(), 0)


def write_file(path: Path, data: str | bytes) -> Path:
    """Write one of our files, never through a link that was planted under its name.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with open_to_write(path) as file:
            file.write(data if isinstance(data, bytes) else data.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; choose another folder with -o") from None
    return path
