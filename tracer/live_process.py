"""The watcher's side of a live walk: starts the process that plays the scenario, and hears from it."""

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe
from typing import Any, Self

from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.live_messages import Done, LetGo

DESCRIPTOR = "FLASKTRACE_LIVE"
"""The environment variable that tells the process which descriptor its end of the pipe is."""


class LiveProcess:
    """A process that plays a scenario, and what it says; a context manager that leaves nothing behind.

    Args:
        command: of the process; it must call :func:`connection_of_parent` first.
        job: what it is to play, sent as the first message.
        on_message: called in a thread of its own when a message has come; None to only queue them.

    Raises:
        UsageError: this system cannot hand a pipe to another process.
    """

    def __init__(
        self, command: Sequence[str], job: object, on_message: Callable[[], object] | None = None
    ) -> None:
        if os.name != "posix":
            raise UsageError("--live is not possible on this system; step without it")
        self.messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.on_message = on_message
        self._connection: Connection[Any, Any]
        self._connection, theirs = Pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close())
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=(theirs.fileno(),),
            env=os.environ | {DESCRIPTOR: str(theirs.fileno())},
            start_new_session=True,  # Ctrl-C and a closed window are ours to handle
        )
        theirs.close()
        self.send(job)
        self._reader = threading.Thread(target=self._read, name="flasktrace live", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, message: object) -> None:
        """Tell the process something; one that has ended hears nothing."""
        with contextlib.suppress(OSError, ValueError):
            self._connection.send(message)

    def finish(self, timeout_s: float) -> None:
        """Let the requests finish, and wait for the process; what takes too long is ended."""
        self.send(LetGo())
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def close(self) -> None:
        """End the process if it is still there, and close the pipe."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._connection.close()
        self._output.close()

    def output(self) -> str:
        """What the program has printed so far."""
        if self._output.closed:
            return ""
        self._output.seek(0)
        return self._output.read().decode("utf-8", errors="replace")

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._tell(self._connection.recv())
        # Without a word of its own it was killed, or has left by os._exit().
        self._tell(Done("the program's process has ended", "", False, []))

    def _tell(self, message: object) -> None:
        self.messages.put(message)
        if self.on_message is not None:
            self.on_message()


def connection_of_parent() -> "Connection[Any, Any]":
    """The pipe to the watcher, in the process that it started; the program's own children get none of it.

    Raises:
        UsageError: this process was not started so.
    """
    text = os.environ.pop(DESCRIPTOR, "")
    if not text.isdecimal():
        raise UsageError("this is a part of `flasktrace step --live`; run that")
    os.set_inheritable(int(text), False)
    return Connection(int(text))


def python_command(module: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", module]
