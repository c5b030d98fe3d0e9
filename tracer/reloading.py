"""Following a reloader into its child processes: the parent's side.

With a reloader the program that is started only watches over a child, which runs the same program again,
serves, and exits with status 3 when a file has changed. Here that child is started as
:mod:`tracer.reloaded`, which records; the requests still come from this process, as the children inherit the
listening socket. Between two requests the child is given the time to look at its files.
"""

import contextlib
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flasktrace.tracer.forks import ForkWatch
from flasktrace.tracer.program import Scenario
from flasktrace.tracer.scope import ScopeOptions

LOOK, LOOKED = b"?", b"!"
_POLL_S = 0.02
_FD = "WERKZEUG_SERVER_FD"


@dataclass(frozen=True, slots=True)
class Job:
    """What a child needs to run the program and record it.

    Attributes:
        scenario: the program.
        engine: ``bundled`` or ``installed``.
        recorder: the recorder's engine.
        scope, with_values, with_state: as the parent records.
        mask: further names of secrets.
        link: the path of the socket that the parent listens at.
    """

    scenario: Scenario
    engine: str
    recorder: str
    scope: ScopeOptions
    with_values: bool
    with_state: bool
    mask: tuple[str, ...]
    link: str = ""


def can_follow() -> bool:
    """Whether a child can inherit the listening socket, and be talked to."""
    return hasattr(socket, "AF_UNIX") and hasattr(signal, "SIGTERM")


class ListeningSocket:
    """In place of a server, for the client: the socket that the children inherit."""

    def __init__(self, descriptor: int) -> None:
        self.socket = socket.socket(fileno=os.dup(descriptor))


class ReloaderChildren:
    """The children of one reloader, one after the other.

    :meth:`followed` is the program's thread's; :meth:`settle` and :meth:`stop` are the client's.

    Args:
        job: what the children are to do.
        forks: where they are joined to the call that starts them.
        on_serve: told when requests may be sent, with a stand-in for the server.
        timeout_s: how long a child may take to start and to look at its files.
    """

    def __init__(
        self, job: Job, forks: ForkWatch, on_serve: Callable[[ListeningSocket], None], timeout_s: float
    ) -> None:
        self._job, self._forks, self._on_serve, self._timeout_s = job, forks, on_serve, timeout_s
        self._listener: socket.socket | None = None
        self._link: socket.socket | None = None
        self._server: ListeningSocket | None = None
        self._folder = Path()

    @contextlib.contextmanager
    def followed(self, reloader: Any) -> Iterator[None]:
        """While inside, the children of ``werkzeug._reloader`` are recorded."""
        original, on_terminate = reloader._get_args_for_reloading, signal.getsignal(signal.SIGTERM)

        def _get_args_for_reloading() -> list[str]:
            return self._command(original())

        self._folder = Path(tempfile.mkdtemp(prefix="flasktrace-reloader-"))
        address = str(self._folder / "link")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._listener.settimeout(_POLL_S)
        (self._folder / "job").write_bytes(pickle.dumps((self._job, address)))
        reloader._get_args_for_reloading = _get_args_for_reloading
        try:
            yield
        finally:
            reloader._get_args_for_reloading = original
            signal.signal(signal.SIGTERM, on_terminate)
            listener, self._listener = self._listener, None
            listener.close()
            if self._server is not None:
                self._server.socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self, plain: list[str]) -> list[str]:
        """The command that starts a child, in place of the program's own."""
        report = self._forks.for_process()
        descriptor = os.environ.get(_FD, "")
        if report is None or not descriptor.isdecimal():
            return plain
        if self._server is None:
            self._server = ListeningSocket(int(descriptor))
            self._on_serve(self._server)
        # -P: the folder we are in is put in front by the child itself, as for any scenario.
        module = "flasktrace.tracer.reloaded"
        return [sys.executable, "-P", "-m", module, str(self._folder / "job"), str(report)]

    def settle(self) -> None:
        """Return when the child has looked at its files, or another one has that was started for a change.

        A request that is sent now meets a child that will notice what the request changes.
        """
        deadline_s = time.monotonic() + self._timeout_s
        while self._listener is not None and time.monotonic() < deadline_s:
            if self._ask(deadline_s):
                return

    def _ask(self, deadline_s: float) -> bool:
        with contextlib.suppress(OSError):
            if self._link is None:
                if (listener := self._listener) is None:
                    return False
                self._link, _ = listener.accept()
            self._link.settimeout(max(deadline_s - time.monotonic(), _POLL_S))
            self._link.sendall(LOOK)
            if self._link.recv(1) == LOOKED:
                return True
        self._hang_up()
        return False

    def stop(self) -> None:
        """End the child, as a signal would; the parent's program then ends too."""
        self._hang_up()

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None
