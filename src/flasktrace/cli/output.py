"""Keeps our output apart from that of the traced program, whatever it does with its streams."""

import contextlib
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any, TextIO

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """While inside, what the program prints goes to stderr, so that a pipe gets our views and nothing else.

    That is done with the descriptor, as the program's own child processes print too. Streams that the
    program closes or replaces are there again afterwards.
    """
    if not _is_real(sys.stdout, _STDOUT) or not _is_real(sys.stderr, _STDERR):
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    stdout, stderr = sys.stdout, sys.stderr
    modes = [_mode_of(stream) for stream in (stdout, stderr)]
    with contextlib.suppress(OSError, ValueError):
        stdout.flush()
    kept = [os.dup(descriptor) for descriptor in (_STDOUT, _STDERR)]
    os.dup2(_STDERR, _STDOUT)
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(line_buffering=True)  # in step with what is printed to stderr
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            stdout.flush()
        for descriptor, copy in zip((_STDOUT, _STDERR), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        sys.stdout = _as_before(stdout, _STDOUT, modes[0])
        sys.stderr = _as_before(stderr, _STDERR, modes[1])


def rest_to_stderr() -> None:
    """Our last line is out: what comes now is the program's, from its ``atexit`` functions say."""
    if _is_real(sys.stdout, _STDOUT) and _is_real(sys.stderr, _STDERR):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(_STDERR, _STDOUT)


def _is_real(stream: Any, descriptor: int) -> bool:
    """Whether a stream is there, open, and that of the process; tests and hosts put others there."""
    try:
        return bool(stream.fileno() == descriptor and os.fstat(descriptor))
    except (AttributeError, OSError, ValueError):
        return False


def _mode_of(stream: TextIO) -> dict[str, Any]:
    return {
        "encoding": stream.encoding,
        "errors": stream.errors,
        "line_buffering": bool(getattr(stream, "line_buffering", False)),
    }


def _as_before(stream: TextIO, descriptor: int, mode: dict[str, Any]) -> TextIO:
    if stream.closed:
        raw = open(descriptor, "wb", closefd=False)  # noqa: SIM115, lives as long as the process
        return TextIOWrapper(raw, **mode)
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(**mode)
    return stream
