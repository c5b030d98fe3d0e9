"""The recorder's second engine: ``sys.monitoring``, on Python 3.12 and later.

It gives the same events as :class:`~flasktrace.tracer.recorder.Recorder`, but costs next to nothing for
code that is out of scope. Tool ids are taken for each of these: the *scout* sees the first start of every
code object and always answers ``DISABLE``; for code in scope it turns on the events of the *scribe*, which
writes and never asks about scope. The *quick scribe*, where a third id is free, has the code of which nothing
is wanted but calls and returns, and asks nothing at all. Exceptions are reported by the interpreter, so
nothing needs to be guessed.
"""

import sys
import threading
from _thread import get_ident
from collections.abc import Callable
from threading import local  # now: gevent puts a class of its own in its place later
from types import CodeType, FrameType
from typing import Any

from flasktrace.tracer.capture import capture, class_name_of, exception_text
from flasktrace.tracer.recorder import (
    IN_SCOPE,
    THREAD_STARTS,
    WATCHED,
    Recorder,
    RecorderOptions,
    is_watched,
    is_yield,
)
from flasktrace.tracer.streams import EVENT_SLOTS, GENERATOR_FLAGS, ThreadStream, Unwound

# None before Python 3.12: this module can be imported there, but is_available() says no.
_monitoring: Any = getattr(sys, "monitoring", None)
_events: Any = getattr(_monitoring, "events", None)

_PREFERRED_IDS = (3, 4, 5, 1, 0, 2)  # those without a meaning first
_NAME = "flasktrace"
_TEXTS = (str, bytes)  # of which a secret is one
# On 3.12 f_locals is a copy that the frame keeps: it would keep alive what the function lets go.
_HAS_COPIED_LOCALS = sys.version_info < (3, 13)


def is_available() -> bool:
    """Tell whether this Python has ``sys.monitoring`` and two of its few tool ids are free."""
    return _monitoring is not None and len(_free_ids()) >= 2


def _free_ids() -> list[int]:
    return [tool for tool in _PREFERRED_IDS if _monitoring.get_tool(tool) is None]


class _Here(local):
    """What belongs to the thread that asks: its stream, None of one that is left out or not known yet."""

    stream: ThreadStream | None = None
    is_known = False


class MonitoringRecorder(Recorder):
    """Records with ``sys.monitoring``; threads that were there before are recorded too."""

    engine = "monitoring"
    guesses_exceptions = False

    def __init__(self, options: RecorderOptions | None = None) -> None:
        super().__init__(options)
        self._here = _Here()
        self._codes: dict[int, CodeType] = {}  # those in scope
        self._watched: dict[int, CodeType] = {}
        self._settings: set[int] = set()  # ids of those in scope that read one of the app's settings
        self._known: dict[int, object] = {}  # the settings' values that were looked at, by id
        self._write_call = _call_writer(self)
        self._scout = self._scribe = -1
        self._quick_scribe: int | None = None

    def ignore_this_thread(self) -> None:
        """Leave the calling thread out."""
        self._set_stream(None)

    def _set_stream(self, stream: ThreadStream | None) -> None:
        """The stream of the calling thread from now on."""
        self._here.stream, self._here.is_known = stream, True

    def begin_thread(self, thread: threading.Thread) -> None:
        """The calling thread's first function begins: its ident may have been another thread's before."""
        self._set_stream(self.new_stream(thread.name, id(thread)))

    def _callbacks(self) -> dict[int, Callable[..., object]]:
        """The scribe's, by event."""
        return _callbacks(self)

    def _quick_callbacks(self) -> dict[int, Callable[..., object]]:
        """The quick scribe's, by event; none where it is not wanted."""
        return _quick_callbacks(self) if self.options.gate is None else {}

    def start(self) -> None:
        """Take two tool ids and turn their events on.

        Raises:
            RuntimeError: it is recording already, or the tool ids are taken.
        """
        if self.is_recording:
            raise RuntimeError("this recorder is recording already; make another one")
        if not is_available():
            raise RuntimeError("the tool ids of sys.monitoring are in use; record with setprofile")
        self._scout, self._scribe, *more = _free_ids()
        quick = self._quick_callbacks()
        self._quick_scribe = more[0] if more and quick else None
        for tool in self._tools():
            _monitoring.use_tool_id(tool, _NAME)
        thread = threading.current_thread()
        self._set_stream(self.new_stream(thread.name, id(thread)))
        self.is_recording = True
        self.forks.start()
        for event, callback in self._callbacks().items():
            _monitoring.register_callback(self._scribe, event, callback)
        if self._quick_scribe is not None:
            for event, callback in quick.items():
                _monitoring.register_callback(self._quick_scribe, event, callback)
        _monitoring.register_callback(self._scout, _events.PY_START, self._on_first_start)
        # What another recording has disabled stays so until this.
        _monitoring.restart_events()
        _monitoring.set_events(self._scout, _events.PY_START)
        _monitoring.set_events(self._scribe, _events.PY_UNWIND | _events.PY_THROW)

    def stop(self) -> None:
        """Turn the events off and give the tool ids back."""
        if not self.is_recording:
            return
        self.is_recording = False
        self.forks.stop()
        for tool in self._tools():
            _monitoring.set_events(tool, 0)
        # Before the ids go: a later tool would inherit the local events.
        for code in (*self._codes.values(), *self._watched.values()):
            for tool in self._tools():
                _monitoring.set_local_events(tool, code, 0)
        for tool in self._tools():
            for event in (*self._callbacks(), _events.PY_START):
                _monitoring.register_callback(tool, event, None)
            _monitoring.free_tool_id(tool)

    def _tools(self) -> list[int]:
        """The ids that are taken."""
        return [tool for tool in (self._scout, self._scribe, self._quick_scribe) if tool is not None]

    def current_stream(self) -> ThreadStream | None:
        """The stream of the calling thread, made when it is first needed; None for a thread of ours."""
        if not self._here.is_known:
            # Not current_thread(): that would make up a Thread where there is none.
            thread = getattr(threading, "_active", {}).get(get_ident())
            name = thread.name if thread is not None else f"thread {get_ident()}"
            self._set_stream(self.new_stream(name, id(thread) if thread is not None else 0))
        return self._here.stream

    def _on_first_start(self, code: CodeType, offset: int) -> object:
        """The scout's callback: decide about a code object, for good."""
        try:
            frame = sys._getframe(1)
            mode = self._decide(code, frame)
            if mode & IN_SCOPE and id(code) not in self._codes:
                self._codes[id(code)] = code
                self._plan(code)
                if mode & WATCHED and is_watched(code) and code.co_name == "__get__":
                    self._settings.add(id(code))
                self._keep(code)
                self._set_local_events(code, mode)
            is_known = id(code) in self._watched or id(code) in self._settings
            if mode & WATCHED and not is_known and is_watched(code):
                self._watched[id(code)] = code
                self._keep(code)
                # Settings are read all the time: out of scope, the first time must do.
                if not mode & IN_SCOPE and code.co_name != "__get__":
                    _monitoring.set_local_events(self._scribe, code, _events.PY_START)
            if id(code) in self._codes or id(code) in self._watched:
                # The scribe's events begin with the next call; this one is told by hand.
                self.on_start(frame)
        except Exception:
            if not self._failed():
                raise
        return _monitoring.DISABLE

    def _set_local_events(self, code: CodeType, mode: int) -> None:
        """Turn the events of a function in scope on."""
        events, quick = _local_events(code), 0
        if self._quick_scribe is not None:
            if id(code) in self._settings:
                quick = _events.PY_START  # only what comes back is looked at
            elif self._is_plain(code, mode):
                quick = events
        for tool, own in ((self._quick_scribe, quick), (self._scribe, events & ~quick)):
            if own:
                _monitoring.set_local_events(tool, code, own)

    def _is_plain(self, code: CodeType, mode: int) -> bool:
        """Whether the quick scribe can do all that is wanted of a function in scope."""
        is_special = (mode & WATCHED and is_watched(code)) or code.co_flags & GENERATOR_FLAGS
        is_special = is_special or id(code) in self._snapshots
        # Without values a client's address is kept nevertheless.
        return not is_special and (self.options.with_values or not self._plans[id(code)][0])

    def _keep(self, code: CodeType) -> None:
        """Told of each code object that is recorded or watched."""

    def on_start(self, frame: FrameType) -> None:
        """A function that is watched or in scope begins."""
        code = frame.f_code
        if code is THREAD_STARTS[1]:
            self.begin_thread(frame.f_locals["self"])
            return
        stream = self.current_stream()
        if stream is None:
            return
        if id(code) in self._watched:
            self._watch(frame, stream)
        if id(code) in self._codes:
            self._write_call(frame, code, stream, False)

    def look_again(self) -> None:
        """The app's settings may have changed since they were looked at."""
        self._known.clear()


def _call_writer(recorder: MonitoringRecorder) -> Callable[[FrameType, CodeType, ThreadStream, bool], None]:
    """What writes the beginning of a call, or that a generator goes on, with all that may belong to it."""
    codes, plans = recorder._codes, recorder._plans
    clock, gate = recorder.options.clock, recorder.options.gate

    def write_call(frame: FrameType, code: CodeType, stream: ThreadStream, is_resumed: bool) -> None:
        back = frame.f_back
        while back is not None and id(back.f_code) not in codes:
            back = back.f_back
        detail: Any = None
        if not is_resumed and (names := plans[id(code)][0]):
            detail = _detail(frame, names)
        if code.co_flags & GENERATOR_FLAGS:
            detail = (id(frame), frame.f_lasti if is_resumed else -1, detail)
        events = stream.events
        events.extend((code, clock(), back.f_lasti if back is not None else -1, detail))
        if len(events) > stream.brake_at:
            stream.brake_at = recorder.brake(stream) * EVENT_SLOTS
        if gate is not None and not is_resumed:
            gate(frame, stream, False)

    return write_call


def _detail(frame: FrameType, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The parameters of a call that begins."""
    values = frame.f_locals
    captured = tuple([capture(values.get(name)) for name in names])
    if _HAS_COPIED_LOCALS:
        values.clear()
    return captured


def _local_events(code: CodeType) -> int:
    events: int = _events.PY_START | _events.PY_RETURN
    if code.co_flags & GENERATOR_FLAGS:
        events |= _events.PY_RESUME | _events.PY_YIELD
    return events


def _callbacks(recorder: MonitoringRecorder) -> dict[int, Callable[..., object]]:
    """The scribe's callbacks. A failure of ours is counted, and never reaches the program."""
    codes, watched, here, with_values = (
        recorder._codes,
        recorder._watched,
        recorder._here,
        recorder.options.with_values,
    )
    settings, known, snapshots = recorder._settings, recorder._known, recorder._snapshots
    clock, getframe, gate = recorder.options.clock, sys._getframe, recorder.options.gate
    write_call = recorder._write_call

    def on_start(code: CodeType, offset: int) -> None:
        try:
            stream = here.stream
            if stream is None or id(code) in watched:
                recorder.on_start(getframe(1))
            else:
                write_call(getframe(1), code, stream, False)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_resume(code: CodeType, offset: int, *_: object) -> None:
        try:
            stream = here.stream or recorder.current_stream()
            if stream is not None and id(code) in codes:
                write_call(getframe(1), code, stream, True)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            stream = here.stream or recorder.current_stream()
            if stream is not None:
                if id(code) in snapshots:
                    recorder._note_state(getframe(1), stream)
                if id(code) in settings and type(argument) in _TEXTS and id(argument) not in known:
                    known[id(argument)] = argument  # which keeps it, so that its id stays its own
                    recorder._watch(getframe(1), stream)
                value: Any = capture(argument) if with_values else None
                if code.co_flags & GENERATOR_FLAGS:
                    value = (id(getframe(1)), value)
                stream.events.extend((code, clock(), -2 - offset, value))
                if gate is not None and not is_yield(code, offset):
                    gate(getframe(1), stream, True)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_unwind(code: CodeType, offset: int, error: BaseException) -> None:
        if id(code) not in codes:
            return
        try:
            stream = recorder.current_stream()
            if stream is not None:
                if id(code) in snapshots:
                    recorder._note_state(getframe(1), stream)
                value: Any = Unwound((class_name_of(type(error)), exception_text(error)))
                if code.co_flags & GENERATOR_FLAGS:
                    value = (id(getframe(1)), value)
                stream.events.extend((code, clock(), -2 - offset, value))
                if gate is not None:
                    gate(getframe(1), stream, True)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    return {
        _events.PY_START: on_start,
        _events.PY_RESUME: on_resume,
        _events.PY_THROW: on_resume,
        _events.PY_RETURN: on_return,
        _events.PY_YIELD: on_return,
        _events.PY_UNWIND: on_unwind,
    }


def _quick_callbacks(recorder: MonitoringRecorder) -> dict[int, Callable[..., object]]:
    """The quick scribe's callbacks: what the scribe's do, for the many calls that are nothing special."""
    codes, plans, here, with_values = (
        recorder._codes,
        recorder._plans,
        recorder._here,
        recorder.options.with_values,
    )
    clock, getframe = recorder.options.clock, sys._getframe

    def on_start(code: CodeType, offset: int) -> None:
        try:
            stream = here.stream
            if stream is None:
                recorder.on_start(getframe(1))
                return
            try:
                back: FrameType | None = getframe(2)
            except ValueError:  # without a caller: the first function of a thread
                if (back := getframe(1).f_back) is not None:
                    raise
            while back is not None and id(back.f_code) not in codes:
                back = back.f_back
            names = plans[id(code)][0] if with_values else ()
            detail = _detail(getframe(1), names) if names else None
            events = stream.events
            events.extend((code, clock(), back.f_lasti if back is not None else -1, detail))
            if len(events) > stream.brake_at:
                stream.brake_at = recorder.brake(stream) * EVENT_SLOTS
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            stream = here.stream
            if stream is not None:
                value: Any = capture(argument) if with_values else None
                stream.events.extend((code, clock(), -2 - offset, value))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    return {_events.PY_START: on_start, _events.PY_RETURN: on_return}
