"""Reading traces that a user names: the SQLite file, or the JSON export."""

import os
from pathlib import Path

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import Trace


def looks_like_trace(path: Path) -> bool:
    """Whether an argument that may also name a scenario means a saved trace."""
    try:
        if (path / "trace.flasktrace").is_file() or path.suffix == ".flasktrace":
            return True
        if not path.is_file() or path.suffix in (".py", ".pyw"):
            return False
        with path.open("rb") as stream:
            return stream.read(16).lstrip().startswith((b"SQLite format 3", b"{"))
    except OSError:
        return False


def open_trace(path: Path) -> Trace:
    """Read a trace.

    Raises:
        TraceError: it is missing, or no trace.
    """
    path = trace_path(path)
    if _is_json(path):
        from flasktrace.reports.exports.json_export import read_json

        try:
            with path.open(encoding="utf-8", errors="replace") as stream:
                return read_json(stream)
        except TraceError as error:
            raise TraceError(f"cannot read {path}: {error}") from None
    from flasktrace.tracer.store import read_trace

    return read_trace(path)


def trace_path(path: Path) -> Path:
    """The file that is meant by a path, which may be a folder that `flasktrace run` wrote.

    Raises:
        TraceError: it cannot be looked at.
    """
    try:
        if path.is_dir() and (path / "trace.flasktrace").is_file():
            return path / "trace.flasktrace"
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}") from None
    return path


def _is_json(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(64).lstrip()[:1] == b"{"
    except OSError as error:
        raise TraceError(f"cannot read {os.fspath(path)}: {error.strerror}") from None
