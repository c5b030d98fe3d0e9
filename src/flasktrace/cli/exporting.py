"""Writes a trace in one of the export formats."""

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.output import open_to_write
from flasktrace.cli.viewing import catalogue_for, folded_for, write_file
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace

if TYPE_CHECKING:
    from flasktrace.reports.folded import FoldedTrace

DRAWINGS = ("sequence", "svg", "png", "pdf")
"""The drawings among the formats; the last three are of the call graph, as ``dot`` is."""


def export_trace(trace: Trace, format_name: str, output: Path | None, view: ViewOptions) -> None:
    """Write a trace to a file or to stdout.

    Args:
        trace: as recorded.
        format_name: one of :data:`DRAWINGS`, or of ``reports.exports.registry.EXPORTERS``.
        output: the file; None for stdout.
        view: what of the trace.

    Raises:
        UsageError: there is no such format, Graphviz is missing for it, or the file cannot be written.
    """
    from flasktrace.reports.exports.registry import EXPORTERS

    if format_name not in (*EXPORTERS, *DRAWINGS):
        known = ", ".join((*EXPORTERS, *DRAWINGS))
        raise UsageError(f"no export format {format_name!r}: choose one of {known}")
    if output is None and format_name in ("png", "pdf") and sys.stdout.isatty():
        raise UsageError(f"{format_name} is nothing to read in a terminal: write it to a file with -o FILE")
    folded = folded_for(trace, view, catalogue_for(view))
    if folded.notice:
        click.echo(f"flasktrace: {folded.notice}", err=True)
    if format_name in DRAWINGS:
        _write_bytes(_drawn(folded, format_name, view), output)
        return
    with _text_stream(output) as stream:
        EXPORTERS[format_name](folded, stream)


def _drawn(folded: "FoldedTrace", format_name: str, view: ViewOptions) -> bytes:
    from flasktrace.cli.drawing import graph_options, sequence_options
    from flasktrace.reports.callgraph import build_graph, render
    from flasktrace.reports.sequence import draw_sequence

    if format_name == "sequence":
        return draw_sequence(folded, sequence_options(view)).encode("utf-8", "backslashreplace")
    rendered = render(build_graph(folded), format_name, graph_options(view, ""))
    for notice in rendered.notices:
        click.echo(f"flasktrace: {notice}", err=True)
    return rendered.data


def _write_bytes(data: bytes, output: Path | None) -> None:
    if output is not None:
        write_file(output, data)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def _text_stream(output: Path | None) -> Iterator[io.TextIOWrapper]:
    """UTF-8 whatever the terminal's encoding: other programs read it."""
    if output is None:
        sys.stdout.flush()
        stream = _wrapped(sys.stdout.buffer)
        try:
            yield stream
            stream.flush()
        finally:
            with contextlib.suppress(BrokenPipeError):
                stream.detach()
        return
    try:
        with open_to_write(output) as file:
            stream = _wrapped(file)
            yield stream
            stream.flush()
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}; choose another file with -o") from None


def _wrapped(file: BinaryIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="\n")
