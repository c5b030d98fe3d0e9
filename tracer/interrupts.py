"""Learns of Ctrl-C without taking the program's own handling of it away.

A server that is interrupted ends its loop and the program goes on, so no exception tells of it. The
interpreter writes the number of each signal to a wake-up descriptor; that is read here, and handlers stay as
they are.
"""

import signal
import socket
import threading
from types import TracebackType
from typing import Self


class InterruptWatch:
    """A context manager; :meth:`has_come` tells whether SIGINT has come since it was entered.

    Outside the main thread, where Python takes no signals, it never has.
    """

    def __init__(self) -> None:
        self._reader: socket.socket | None = None
        self._writer: socket.socket | None = None
        self._seen = b""

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._reader, self._writer = socket.socketpair()
            self._reader.setblocking(False)
            self._writer.setblocking(False)
            self._previous = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        return self

    def has_come(self) -> bool:
        """Whether SIGINT has come."""
        if self._reader is not None:
            try:
                while more := self._reader.recv(256):
                    self._seen += more
            except BlockingIOError:
                pass
        return bytes([signal.SIGINT]) in self._seen

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._reader is None or self._writer is None:
            return
        self.has_come()
        current = signal.set_wakeup_fd(self._previous)
        if current not in (-1, self._writer.fileno()):
            signal.set_wakeup_fd(current)  # the program has set its own meanwhile: that stays
        self._reader.close()
        self._writer.close()
        self._reader = None
