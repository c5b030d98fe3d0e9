"""The client of a live walk: all requests at once, each with all the time that a person takes."""

import _thread
import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flasktrace.tracer.client import Address, Driver, Latch, address_of
from flasktrace.tracer.model import Request
from flasktrace.tracer.requests import PlannedRequest

PATIENCE_S = 1_000_000.0  # eleven days
_POLL_S = 0.002
UNKNOWN = "?"
"""The method of a request of somebody else's, until the program has read it."""


@dataclass(slots=True)
class PatientDriver(Driver):
    """Sends the requests together, and waits as long as their threads are held.

    Args:
        before_stop: called between the last answer and the stopping of the server; it may wait. It is
            given what tells whether the program has ended meanwhile.
    """

    before_stop: Callable[[Callable[[], bool]], object] = lambda has_ended: None
    _sockets: list[socket.socket] = field(default_factory=list)
    _expects_others: bool = False  # than the planned requests, which have their numbers by then

    def request_of_port(self, port: int, time_ns: int) -> int | None:
        """As the first of its name, but by the port alone: the events' clock stands still now and then.

        A port that none of ours was sent from is that of somebody else's client, a browser say.
        """
        noted = self._ports.get(port)
        if noted:
            return noted[-1][1]
        if not self._expects_others:
            return None
        number = len(self.requests) + 1
        self.requests.append(Request(number, UNKNOWN, ""))
        self._ports[port] = [(time_ns, number)]
        return number

    def name_request(self, number: int, method: str, target: str) -> bool:
        """Say what somebody else's request asks for, once that is seen; tell whether it was not known."""
        if self.requests[number - 1].method != UNKNOWN:
            return False
        self.requests[number - 1] = Request(number, method, target)
        return True

    def end(self) -> None:
        """Called when the program has ended: no answer will come any more."""
        self._program_ended.set()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        # Not super(): this class is made anew by its decorator.
        Driver.end(self)

    def _drive(self) -> None:
        self._ready.wait()
        if self._server is None:
            return
        address = address_of(self._server)
        try:
            self._send_together(self.plan(self._server), address)
            self.before_stop(lambda: self._program_ended.is_set)
        finally:
            self._expects_others = False
            self._join_workers()
            self._stop_server()

    def _send_together(self, requests: Sequence[PlannedRequest], address: Address) -> None:
        done: list[Latch] = []
        for planned in requests:
            if self._program_ended.is_set:
                break
            number = len(self.requests) + 1
            latch = Latch()
            done.append(latch)
            _thread.start_new_thread(self._send_one, (planned, address, latch))
            # One after the other they get their numbers and their sockets.
            while len(self.requests) < number and not latch.is_set:
                time.sleep(_POLL_S)
            if self._socket is not None:
                self._sockets.append(self._socket)
        self._expects_others = True
        for latch in done:
            latch.wait()

    def _send_one(self, planned: PlannedRequest, address: Address, done: Latch) -> None:
        self.on_thread()
        try:
            self._send(planned, address)
        finally:
            done.set()

    def _join_workers(self) -> None:
        for worker in tuple(self.workers):
            while worker.is_alive() and not self._program_ended.is_set:
                time.sleep(_POLL_S)
