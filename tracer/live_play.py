"""The recording's side of a live walk: plays a scenario, tells what it holds, does as it is told.

It runs in a process of its own, so that neither the program's output nor its end can harm the screen, and no
lock of the screen's can be in the program's way. The pipe's end is the end of the walk: everything is let go.
"""

import _thread
import contextlib
import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Any

from flasktrace.tracer import state
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.capture import Texts
from flasktrace.tracer.client import Driver, Latch, Response, address_of
from flasktrace.tracer.flusher import Flusher
from flasktrace.tracer.live import Gone, Held, Holder, Kind
from flasktrace.tracer.live_client import PatientDriver
from flasktrace.tracer.live_messages import (
    DeltaMaker,
    Done,
    GoOn,
    HeldAt,
    LeftAlone,
    LetGo,
    Serving,
    SetBookmark,
    SetLevel,
)
from flasktrace.tracer.model import Origin
from flasktrace.tracer.recorder import Recorder

_POLL_S = 0.05

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

KindOf = Callable[[str, str, Origin, str], Kind]
"""What a function (module, qualified name, origin) is to a walk at a level."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """The controller is to end."""


class LivePlay:
    """Joins a holder to the pipe; ``PlayOptions.live`` takes it.

    Args:
        connection: to the watcher.
        kind_of: which functions the walk stops at.
        level: at first.
        is_listening: serve until the walk is over, though no request is left to send.
    """

    def __init__(
        self, connection: "Connection[Any, Any]", kind_of: KindOf, level: str, is_listening: bool = False
    ) -> None:
        self._connection, self._kind_of, self._level = connection, kind_of, level
        self._inbox: queue.SimpleQueue[Held | Gone | _Stop] = queue.SimpleQueue()
        self.holder = Holder(self._kind, self._name, self._inbox.put)
        self.writer = DeltaMaker(self._send)
        self._recorder: Recorder | None = None
        self._driver: Driver | None = None
        self._stopped = Latch()
        self._is_over = Latch()
        self.is_listening = is_listening
        self._lock = _thread.allocate_lock()  # messages come from the flusher and from the controller

    def attach(
        self, recorder: Recorder, builder: Builder, flusher: Flusher, texts: Texts, driver: Driver
    ) -> None:
        """Begin: the recording is about to start."""
        self._recorder, self._driver = recorder, driver
        _thread.start_new_thread(self._control, (recorder, builder, flusher, texts))
        _thread.start_new_thread(self._listen, (recorder,))

    def detach(self) -> None:
        """The program has ended, and all of its threads that count: the controller ends too."""
        self.holder.let_go()
        self._inbox.put(_Stop())
        self._stopped.wait()

    def on_serve(self, server: Any) -> None:
        """Tell where the server listens."""
        address = address_of(server)
        host = f"[{address.address[0]}]" if ":" in str(address.address[0]) else address.address[0]
        self._send(Serving(f"http{'s' if address.is_tls else ''}://{host}:{address.address[1]}/"))

    def before_stop(self, has_ended: Callable[[], bool]) -> None:
        """Called when all requests are answered, before the server is stopped."""
        while self.is_listening and not has_ended() and not self._is_over.wait(_POLL_S):
            pass

    def done(
        self,
        failure: str,
        program_traceback: str = "",
        was_interrupted: bool = False,
        responses: Sequence[Response] = (),
    ) -> None:
        """Tell how it ended."""
        answers = [(r.request.method, r.request.target, r.status, r.error) for r in responses]
        self._send(Done(failure, program_traceback, was_interrupted, answers))

    def _send(self, message: object) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._connection.send(message)

    def _control(self, recorder: Recorder, builder: Builder, flusher: Flusher, texts: Texts) -> None:
        recorder.ignore_this_thread()
        try:
            while not isinstance(event := self._inbox.get(), _Stop):
                if isinstance(event, Gone):
                    self._send(LeftAlone(event.stream_id))
                    continue
                flusher.write_now()
                call_id = builder.call_at(event.stream_id, event.is_end)
                if call_id is None:  # over the limit of what is kept: nothing to show
                    self.holder.let_go()
                    continue
                data = state.as_json(event.snapshot, texts)
                if self._has_named_request(builder.trace.call(call_id).request_id, data):
                    flusher.write_now()
                self._send(HeldAt(event.stream_id, call_id, event.is_end, data))
        finally:
            self._stopped.set()

    def _has_named_request(self, request_id: int | None, data: Mapping[str, Any]) -> bool:
        """Name somebody else's request by its context, once there is one."""
        contexts = data.get("request_stack")
        if request_id is None or not contexts or not isinstance(self._driver, PatientDriver):
            return False
        method, _, target = str(contexts[-1].get("shows", "")).partition(" ")
        return bool(method) and self._driver.name_request(request_id, method, target)

    def _listen(self, recorder: Recorder) -> None:
        """Do what the watcher says; when it is gone, let everything go."""
        recorder.ignore_this_thread()
        try:
            while True:
                self._obey(self._connection.recv())
        except (EOFError, OSError):
            pass
        finally:
            self._over()

    def _obey(self, message: object) -> None:
        if isinstance(message, GoOn):
            self.holder.go_on(message.thread_id, message.go)
        elif isinstance(message, SetLevel):
            self._level = message.level
            self.holder.forget_kinds()
        elif isinstance(message, SetBookmark):
            self.holder.set_bookmark(message.bookmark, message.is_set)
        elif isinstance(message, LetGo):
            self._over()

    def _over(self) -> None:
        self.holder.let_go()
        self._is_over.set()

    def _kind(self, code: CodeType) -> Kind:
        assert self._recorder is not None
        decision = self._recorder.decision(code)
        return self._kind_of(decision.module, code.co_qualname, decision.origin, self._level)

    def _name(self, code: CodeType) -> tuple[str, str]:
        assert self._recorder is not None
        return self._recorder.decision(code).module, code.co_qualname
