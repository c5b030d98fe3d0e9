"""Where our output goes: apart from that of the traced program, and never through links."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO

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


def open_to_write(path: Path) -> BinaryIO:
    """Open a file of ours, new or in place of an old one, with the permissions that the user's umask leaves.

    Raises:
        OSError: it cannot be written, or is a link: whoever has put that there chooses what is overwritten.
    """
    is_device = path.is_absolute() and path.parts[1:2] == ("dev",)  # /dev/stdout is a link
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    if not is_device:
        if path.is_symlink():
            raise OSError(errno.ELOOP, "it is a link")
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        if status.st_nlink > 1 and not is_device:
            # The same file has another name, and is to stay as it is there.
            os.close(descriptor)
            path.unlink()
            descriptor = os.open(path, flags | os.O_EXCL, 0o666)
        os.truncate(descriptor, 0)
    return os.fdopen(descriptor, "wb")
