"""What is changed around a program while it is played, and put back: its port, its reach, its reloader."""

import contextlib
import errno
import importlib
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

DEFAULT_PORT = 5000


@contextlib.contextmanager
def loopback_ports(on_port_in_use: Callable[[str, int], None]) -> Iterator[None]:
    """While inside, the default port is any free one, and nothing listens beyond this machine.

    Args:
        on_port_in_use: told the host and the port that the program insists on and cannot have.
    """

    def bind(self: socket.socket, address: Any, /) -> None:
        wanted = _loopback(self.family, address)
        try:
            plain_bind(self, wanted)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and wanted[1]:
                on_port_in_use(str(wanted[0]), wanted[1])
            raise

    plain_bind = socket.socket.bind
    socket.socket.bind = bind  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        del socket.socket.bind


def _loopback(family: int, address: Any) -> Any:
    if family not in (socket.AF_INET, socket.AF_INET6) or type(address) is not tuple or len(address) < 2:
        return address
    host, port = address[0], address[1]
    if host in ("", "0.0.0.0"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return (host, 0 if port == DEFAULT_PORT else port, *address[2:])


@contextlib.contextmanager
def no_reloader() -> Iterator[None]:
    """While inside, a server with a reloader runs here: its child process would not be recorded."""
    try:
        module: Any = importlib.import_module("werkzeug._reloader")
        original = module.run_with_reloader
    except (ImportError, AttributeError):
        yield
        return

    def run_with_reloader(main_func: Callable[[], object], *_: object, **__: object) -> None:
        main_func()

    module.run_with_reloader = run_with_reloader
    try:
        yield
    finally:
        module.run_with_reloader = original


def leave_if_forked(run: Callable[[], object]) -> None:
    """Run a part of the program; a process that it forks and that comes back here ends, as a script's would.

    The trace, the client and the command line are the parent's alone.
    """
    parent = os.getpid()
    try:
        run()
    except BaseException as error:
        if os.getpid() == parent:
            raise
        _leave(error)
    if os.getpid() != parent:
        _leave(None)


def _leave(error: BaseException | None) -> None:
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
