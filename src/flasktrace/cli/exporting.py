"""Writes a trace in one of the export formats."""

import sys
from pathlib import Path

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.viewing import catalogue_for, filtered
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import Trace


def export_trace(trace: Trace, format_name: str, output: Path | None, view: ViewOptions) -> None:
    """Write a trace to a file or to stdout.

    Raises:
        UsageError: there is no such format, or the file cannot be written.
    """
    from flasktrace.reports.exports.json_export import write_json

    if format_name != "json":
        raise UsageError(f"no export format {format_name!r}: choose json")
    shown = filtered(trace, view, catalogue_for(view))
    if output is None:
        write_json(shown, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8", newline="\n") as stream:
            write_json(shown, stream)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}; choose another file with -o") from None
