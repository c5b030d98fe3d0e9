"""What is changed around a program while it is played, and put back: its port and its reach.

What the program itself changes in the process, beyond its own objects, is put back as well.
"""

import contextlib
import errno
import ipaddress
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

DEFAULT_PORT = 5000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An address that the program insists on and cannot have."""

    host: str
    port: int
    error: OSError

    def __str__(self) -> str:
        if self.error.errno == errno.EADDRINUSE:
            return (
                f"insists on port {self.port} of {self.host}, which is in use:"
                " stop what uses it, or let the script take the default port"
            )
        return (
            f"cannot listen on port {self.port} of {self.host} ({self.error.strerror}):"
            " let the script take the default host and port"
        )


@contextlib.contextmanager
def loopback_ports(on_bound: Callable[[Refusal | None], None]) -> Iterator[None]:
    """While inside, the default port is any free one, and no server listens beyond this machine.

    Args:
        on_bound: told of each address of a server that is taken (None), or cannot be had.
    """

    def bind(self: socket.socket, address: Any, /) -> None:
        if not _is_servers(self, address):
            plain_bind(self, address)
            return
        wanted = _loopback(self.family, address)
        try:
            plain_bind(self, wanted)
        except OSError as error:
            on_bound(Refusal(str(wanted[0]), address[1], error))
            raise
        on_bound(None)

    def listen(self: socket.socket, *backlog: int) -> None:
        # What looked like a client's: bound to every interface and any port, or not at all.
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM:
            address = self.getsockname()
            if not _is_loopback(self.family, address[0]):
                _forget_address(self)
                plain_bind(self, _loopback(self.family, address))
        plain_listen(self, *backlog)

    changed = socket.socket  # gevent puts a class of its own in its place meanwhile
    plain_bind, plain_listen = changed.bind, changed.listen
    changed.bind, changed.listen = bind, listen  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        for name in ("bind", "listen"):
            with contextlib.suppress(AttributeError):  # the program may have taken it away
                delattr(changed, name)


def _forget_address(sock: socket.socket) -> None:
    """Make the socket a new one under its descriptor: an address cannot be changed."""
    with socket.socket(sock.family, sock.type, sock.proto) as fresh:
        fresh.setblocking(sock.getblocking())
        os.dup2(fresh.fileno(), sock.fileno(), inheritable=os.get_inheritable(sock.fileno()))


def _is_servers(sock: socket.socket, address: Any) -> bool:
    """Whether a socket is about to be a server's: clients bind, if at all, to any port and never share it."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return False
    if type(address) is not tuple or len(address) < 2 or type(address[1]) is not int:
        return False
    return bool(address[1] or sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))


def _loopback(family: int, address: tuple[Any, ...]) -> tuple[Any, ...]:
    host, port = address[0], address[1]
    if not _is_loopback(family, host):
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
    return (host, 0 if port == DEFAULT_PORT else port, *address[2:])


def _is_loopback(family: int, host: Any) -> bool:
    if host in ("localhost", "127.0.0.1", "::1"):
        return True
    if host == "":
        return False  # every interface
    try:
        found = socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
        return all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)
    except (OSError, ValueError, TypeError):
        return True  # no address at all, which the program is to learn from bind()


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """Put back what a program may change, and what shows and writes its trace depends on."""
    streams, trace_function, limit = (sys.stdout, sys.stderr), sys.gettrace(), sys.getrecursionlimit()
    folder = _folder_here()
    umask = os.umask(0)
    os.umask(umask)
    interrupt = signal.getsignal(signal.SIGINT) if _is_main_thread() else None
    try:
        yield
    finally:
        sys.settrace(trace_function)
        sys.setrecursionlimit(limit)
        sys.stdout, sys.stderr = streams
        os.umask(umask)
        if folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(folder)
        if interrupt is not None and signal.getsignal(signal.SIGINT) is not interrupt:
            signal.signal(signal.SIGINT, interrupt)


@contextlib.contextmanager
def own_signals() -> Iterator[None]:
    """While inside, signals are the program's: its alarms and handlers do not go off in what comes after."""
    if not _is_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    if before[signal.SIGINT] is signal.SIG_IGN:
        # In the background of a shell. A script that does not end by itself could not be made to.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        while True:
            try:
                _stop_alarms()
                for number, handler in before.items():
                    if handler is not None and signal.getsignal(number) is not handler:
                        with contextlib.suppress(OSError):
                            signal.signal(number, handler)
                break
            except Exception:
                continue  # of a handler of the program's, called in here once more


def _stop_alarms() -> None:
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
        if hasattr(signal, name):  # Windows has none
            signal.setitimer(getattr(signal, name), 0)


@contextlib.contextmanager
def same_room() -> Iterator[None]:
    """While inside, the program can recurse as deep as if it ran alone: our frames below it do not count."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    plain_get, plain_set = sys.getrecursionlimit, sys.setrecursionlimit

    def getrecursionlimit() -> int:
        return plain_get() - depth

    def setrecursionlimit(limit: int, /) -> None:
        plain_set(limit + depth if limit > 0 else limit)

    plain_set(plain_get() + depth)
    sys.getrecursionlimit, sys.setrecursionlimit = getrecursionlimit, setrecursionlimit
    try:
        yield  # as_it_was() puts the limit itself back: the program may have set another one
    finally:
        sys.getrecursionlimit, sys.setrecursionlimit = plain_get, plain_set


def _folder_here() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None  # the folder is gone


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


Leave = Callable[..., Any]


@contextlib.contextmanager
def on_leaving(note: Callable[[str], None]) -> Iterator[None]:
    """While inside, ``note`` is told before the process ends or is replaced without any clean-up.

    Args:
        note: given the call, as text. A forked child, which has nothing of the recording, never tells it.
    """
    parent = os.getpid()
    originals: dict[str, Leave] = {name: getattr(os, name) for name in ("_exit", "execv", "execve")}

    def noting(name: str, leave: Leave) -> Leave:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if os.getpid() == parent:
                with contextlib.suppress(Exception):
                    note(f"os.{name}()")
            return leave(*arguments, **keywords)

        return call

    for name, leave in originals.items():
        setattr(os, name, noting(name, leave))
    try:
        yield
    finally:
        for name, leave in originals.items():
            setattr(os, name, leave)


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
