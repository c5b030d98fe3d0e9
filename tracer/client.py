"""The client's side of a played scenario: sends the requests over a real socket, from an untraced thread.

The thread is a bare one (``_thread``), as hooks for new threads, ``threading.enumerate`` and the program's
own bookkeeping must not see it.
"""

import _thread
import contextlib
import http.client
import signal
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flasktrace.tracer.model import Request
from flasktrace.tracer.requests import PlannedRequest

_LAST_STEPS_S = 0.5  # for what the server's thread still does when the answer has come
_MAIN_IDENT = threading.main_thread().ident  # asked now: under gevent it is no thread's later


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request as it came over the wire; ``error`` says why there is none."""

    request: PlannedRequest
    status: int | None = None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    family: int
    address: tuple[Any, ...]
    is_tls: bool = False


class Latch:
    """A flag to wait for, made of a bare lock: it works in threads that ``threading`` does not know."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self.is_set = False

    def set(self) -> None:
        """Let everybody through."""
        if not self.is_set:
            self.is_set = True
            self._lock.release()

    def wait(self, timeout_s: float = -1) -> bool:
        """Wait until it is set; tell whether it is."""
        if self._lock.acquire(timeout=timeout_s):
            self._lock.release()
        return self.is_set


@dataclass(slots=True)
class Driver:
    """Waits for the server, sends the requests one after the other, and stops the server.

    Args:
        plan: gives the requests once the server listens; it may raise what ``failure`` is to be.
        workers: the threads that the server has started for requests so far.
        timeout_s: how long the server may take to listen, and each answer.
        on_thread: called first in the thread that sends.
        on_cookie: told the value of each cookie that will be sent back.
        before_interrupt: called before the main thread is interrupted, when the program does not end.
    """

    plan: Callable[[object], Sequence[PlannedRequest]]
    workers: Sequence[threading.Thread]
    timeout_s: float
    on_thread: Callable[[], None] = lambda: None
    on_cookie: Callable[[str], None] = lambda value: None
    before_interrupt: Callable[[], None] = lambda: None
    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    failure: Exception | None = None
    problem: str = ""  # what went wrong, for a message
    is_done: Latch = field(default_factory=Latch)
    has_served: bool = False
    has_interrupted: bool = False
    _ports: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _cookies: dict[str, str] = field(default_factory=dict)
    _ready: Latch = field(default_factory=Latch)
    _program_ended: Latch = field(default_factory=Latch)
    _server: Any = None
    _socket: socket.socket | None = None

    def start(self) -> None:
        """Begin to wait for the server."""
        _thread.start_new_thread(self._run, ())

    def on_serve(self, server: object) -> None:
        """Called in the program's thread when a server begins its loop; its socket listens already."""
        if self._server is None:
            self._server = server
            self.has_served = True
            self._ready.set()

    def request_of_port(self, port: int, time_ns: int) -> int | None:
        """The id of the request that was sent from a local port: the last one before a moment.

        Ports are used again after a while. They are noted before the server can accept.
        """
        for noted_ns, number in reversed(self._ports.get(port, ())):
            if noted_ns <= time_ns:
                return number
        return None

    def end(self) -> None:
        """Called when the program has ended: nothing more is sent, and the thread is waited for."""
        self._program_ended.set()
        self._ready.set()
        connection = self._socket
        if connection is not None and not self.is_done.is_set:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.is_done.wait(self.timeout_s + 1)

    def _run(self) -> None:
        self.on_thread()
        try:
            self._drive()
        except Exception as error:
            self.failure = error
        finally:
            self.is_done.set()
        self._see_to_the_end()

    def _drive(self) -> None:
        if not self._ready.wait(self.timeout_s):
            self.problem = f"no server listened within {self.timeout_s:g} s"
            return
        if self._server is None:
            return
        address = address_of(self._server)
        try:
            for request in self.plan(self._server):
                server_count = getattr(self._server, "count", int)()
                if self._program_ended.is_set or not self._send(request, address):
                    break
                if request.reloads and not self._is_reloaded(server_count):
                    break
        finally:
            self._join_workers()
            self._stop_server()

    def _send(self, planned: PlannedRequest, address: Address) -> bool:
        number = len(self.requests) + 1
        started = tuple(self.workers)
        try:
            response = self._exchange(planned, address, number)
            # What its thread does after the answer is done before the next request comes.
            self._await_worker(started, is_answered=not planned.is_abandoned)
        except TimeoutError:
            self.problem = f"the server did not answer {planned} within {self.timeout_s:g} s"
            response = Response(planned, error="no answer in time")
        except (OSError, http.client.HTTPException) as error:
            response = Response(planned, error=str(error) or type(error).__name__)
            if not self._program_ended.is_set:
                self.problem = f"the server did not answer {planned}: {response.error}"
        self.responses.append(response)
        if len(self.requests) < number:
            self.requests.append(Request(number, planned.method, planned.target))
        self.requests[number - 1] = Request(number, planned.method, planned.target, response.status)
        return not self.problem

    def _is_reloaded(self, server_count: int) -> bool:
        """Wait until the reloader has started another server; without a reloader there is no wait."""
        wait_for = getattr(self._server, "wait_for", None)
        if wait_for is None or wait_for(server_count + 1, self.timeout_s):
            return True
        self.problem = f"the reloader started no other server within {self.timeout_s:g} s"
        return False

    def _exchange(self, planned: PlannedRequest, address: Address, number: int) -> Response:
        connection = http.client.HTTPConnection(
            str(address.address[0]), address.address[-1], timeout=self.timeout_s
        )
        with contextlib.closing(connection):
            self._socket = plain = socket.socket(address.family)
            plain.settimeout(self.timeout_s)
            _bind_next_to(plain, address)
            self._ports.setdefault(plain.getsockname()[1], []).append((time.perf_counter_ns(), number))
            self.requests.append(Request(number, planned.method, planned.target))
            plain.connect(address.address)
            connection.sock = _tls(plain) if address.is_tls else plain
            _send_request(connection, planned, address, self._cookies)
            if planned.is_abandoned:
                # Closing at once resets the connection: what the server sends then fails.
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sock.close()
                return Response(planned, error="not waited for")
            answer = connection.getresponse()
            body = _read_body(answer)
            keep_cookies(self._cookies, answer.headers.get_all("Set-Cookie", []))
            for value in self._cookies.values():
                self.on_cookie(value)
            return Response(planned, answer.status, answer.reason, tuple(answer.getheaders()), body)

    def _await_worker(self, before: Sequence[threading.Thread], is_answered: bool) -> None:
        """Let the thread that serves the request begin and end."""
        limit_s = _LAST_STEPS_S if is_answered else self.timeout_s
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s and not self._program_ended.is_set:
            new = [worker for worker in tuple(self.workers) if worker not in before]
            # One that has no number is about to be started.
            if new and not any(worker.ident is None or worker.is_alive() for worker in new):
                return
            if not new and (is_answered or not isinstance(self._server, socketserver.ThreadingMixIn)):
                return  # the next request waits for this one by itself
            time.sleep(0.001)

    def _join_workers(self) -> None:
        """Let the threads that answered come to their ends, so that their last calls are in the trace."""
        deadline_s = time.monotonic() + min(self.timeout_s, 2 if not self.problem else 0.1)
        for worker in tuple(self.workers):
            while worker.is_alive() and time.monotonic() < deadline_s:
                time.sleep(0.001)

    def _stop_server(self) -> None:
        """As ``shutdown()`` does, but waking the loop rather than waiting for it to look."""
        stop_elsewhere = getattr(self._server, "stop_elsewhere", None)
        if stop_elsewhere is not None:
            stop_elsewhere(is_patient=not self.problem)
            return
        self._server._BaseServer__shutdown_request = True
        wake(self._server)

    def _see_to_the_end(self) -> None:
        """The program ends by itself now, or is interrupted as by Ctrl-C."""
        is_elsewhere = hasattr(self._server, "stop_elsewhere")  # and has to tell what was called there
        patience_s = self.timeout_s if self.has_served and (is_elsewhere or not self.problem) else 1.0
        while not self._program_ended.wait(patience_s):
            self.before_interrupt()
            if self._program_ended.is_set:
                break
            self.has_interrupted = True
            if not self.problem:
                self.problem = "the script went on after its server had been stopped"
            interrupt_main_thread()
            patience_s = 2.0


def interrupt_main_thread() -> None:
    """What Ctrl-C does; a system call that blocks is woken too."""
    if hasattr(signal, "pthread_kill") and _MAIN_IDENT is not None:
        signal.pthread_kill(_MAIN_IDENT, signal.SIGINT)
    else:
        _thread.interrupt_main()


def wake(server: Any) -> None:
    """Let a server's loop look up, by a connection that says nothing."""
    with contextlib.suppress(OSError):  # it may have closed its socket by now
        address = address_of(server)
        with socket.socket(address.family) as waker:
            waker.settimeout(1)
            waker.connect(address.address)


def address_of(server: Any) -> Address:
    """Where a ``socketserver`` server listens."""
    listening = server.socket
    is_tls = isinstance(listening, ssl.SSLSocket) or getattr(server, "ssl_context", None) is not None
    address = listening.getsockname()
    if address[0] in ("0.0.0.0", "::"):
        address = ("127.0.0.1" if address[0] == "0.0.0.0" else "::1", *address[1:])
    return Address(listening.family, address, is_tls)


def _bind_next_to(plain: socket.socket, address: Address) -> None:
    """Take a port before connecting, so that the server cannot accept before the port is noted."""
    with contextlib.suppress(OSError):
        plain.bind((address.address[0], 0))


def _tls(plain: socket.socket) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The development server's certificate is its own; nothing secret goes over this loopback.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def keep_cookies(cookies: dict[str, str], headers: Sequence[str]) -> None:
    """Bring a browser's cookies up to date with ``Set-Cookie`` headers; their paths are not looked at."""
    for header in headers:
        pair, *attributes = (part.strip() for part in header.split(";"))
        name, _, value = pair.partition("=")
        if any(attribute.lower() == "max-age=0" for attribute in attributes):
            cookies.pop(name, None)
        else:
            cookies[name] = value


def _read_body(answer: http.client.HTTPResponse) -> bytes:
    """The body, or as much of it as came: a failing program ends it early, and that is its answer."""
    try:
        return answer.read()
    except http.client.IncompleteRead as error:
        return error.partial


def _send_request(
    connection: http.client.HTTPConnection,
    planned: PlannedRequest,
    address: Address,
    cookies: Mapping[str, str],
) -> None:
    given = {name.lower() for name, _ in planned.headers}
    connection.putrequest(planned.method, planned.target, skip_host=True, skip_accept_encoding=True)
    host, port = address.address[0], address.address[1]
    defaults = [
        ("Host", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        ("User-Agent", "flasktrace"),
        ("Accept", "*/*"),
    ]
    if cookies:
        defaults.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
    if planned.data is not None and "transfer-encoding" not in given:
        defaults.append(("Content-Length", str(len(planned.data))))
    for name, value in [*(pair for pair in defaults if pair[0].lower() not in given), *planned.headers]:
        connection.putheader(name, value)
    connection.endheaders(planned.data)
