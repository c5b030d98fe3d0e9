"""The recorder's second engine: ``sys.monitoring``, on Python 3.12 and later.

It gives the same events as :class:`~flasktrace.tracer.recorder.Recorder`, but costs next to nothing for
code that is out of scope. Tool ids are taken for each of these: the *scout* sees the first start of every
code object and always answers ``DISABLE``; for code in scope it turns on the events of the *scribe*, which
writes and never asks about scope. The *quick scribe*, where a third id is free, has the code of which nothing
is wanted but calls and returns, and asks nothing at all. Exceptions are reported by the interpreter, so
nothing needs to be guessed.
"""

import contextlib
import sys
import threading
from _thread import get_ident
from collections.abc import Callable
from threading import local  # now: gevent puts a class of its own in its place later
from types import CellType, CodeType, FrameType, FunctionType
from typing import Any

from flasktrace.tracer import scribes
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.streams import GENERATOR_FLAGS, Event, EventList, Events, LeanList, ThreadStream
from flasktrace.tracer.watched import IN_SCOPE, SETTING, THREAD_STARTS, WATCHED, is_watched

# None before Python 3.12: this module can be imported there, but is_available() says no.
_monitoring: Any = getattr(sys, "monitoring", None)
_events: Any = getattr(_monitoring, "events", None)

_PREFERRED_IDS = (3, 4, 5, 1, 0, 2)  # those without a meaning first
_NAME = "flasktrace"


def is_available() -> bool:
    """Tell whether this Python has ``sys.monitoring`` and two of its few tool ids are free."""
    return _monitoring is not None and len(_free_ids()) >= 2


def _free_ids() -> list[int]:
    return [tool for tool in _PREFERRED_IDS if _monitoring.get_tool(tool) is None]


class _Here(local):
    """What belongs to the thread that asks.

    Attributes:
        stream: its stream; None of one that is left out or not known yet.
        is_known: whether that has been decided.
        events: the stream's, if it is a lean list.
        extend: what takes its events; before it is decided, ``first``.
        is_scouting: the scout is telling by hand that a function begins.
        watched: the call of a watched function that began last: the frame's id, and the code.
    """

    def __init__(self, first: Callable[[Event], None]) -> None:
        self.stream: ThreadStream | None = None
        self.is_known = False
        self.events: LeanList | None = None
        self.extend = first
        self.is_scouting = False
        self.watched: tuple[int, CodeType | None] = (0, None)


class _Lone:
    """Where the events of the one thread there is go, which is asked faster than what belongs to a thread."""

    __slots__ = ("events",)

    def __init__(self, events: LeanList | None) -> None:
        self.events = events


def _drop(event: Event) -> None:
    """Take the events of a thread that is left out."""


def _run_without_variables(callback: Callable[..., object]) -> None:
    """Run a callback's code to its first free variable, so that the scout is told of it, and not of it again.

    As a callback it runs untold of, and the interpreter would ask each time whether somebody is to be told.
    """
    code: CodeType = callback.__code__
    nowhere = FunctionType(code, {}, closure=tuple([CellType() for _ in code.co_freevars]))
    with contextlib.suppress(NameError):
        nowhere(*[None] * code.co_argcount)


class MonitoringRecorder(Recorder):
    """Records with ``sys.monitoring``; threads that were there before are recorded too."""

    engine = "monitoring"
    guesses_exceptions = False

    def __init__(self, options: RecorderOptions | None = None) -> None:
        super().__init__(options)
        self._here = _Here(self._extend_first)
        self._ready: set[int] = set()  # ids of those whose events are all turned on
        self._codes: dict[int, CodeType] = {}  # those in scope
        self._watched: dict[int, CodeType] = {}
        self._settings: set[int] = set()  # ids of those in scope that read one of the app's settings
        self._write_call = scribes.call_writer(self)
        self._scout = self._scribe = -1
        self._quick_scribe: int | None = None
        self._lone: _Lone | None = None  # while only one thread calls what is in scope

    @property
    def _is_lean(self) -> bool:
        """Whether most events are nothing but who calls whom when."""
        return not self.options.with_values and self.options.gate is None

    def ignore_this_thread(self) -> None:
        """Leave the calling thread out."""
        self._set_stream(None)

    def _set_stream(self, stream: ThreadStream | None) -> None:
        """The stream of the calling thread from now on."""
        here = self._here
        lone = self._lone  # which another thread may take away meanwhile
        if lone is not None and (stream is not None or here.events is lone.events):
            self._share()
        here.stream, here.is_known = stream, True
        here.extend = stream.events.extend if stream is not None else _drop
        here.events = stream.events if stream is not None and isinstance(stream.events, LeanList) else None

    def _new_events(self) -> Events:
        return LeanList() if self._is_lean else EventList()

    def _extend_first(self, event: Event) -> None:
        """Take the first event of a thread that is not known yet."""
        stream = self.current_stream()
        if stream is not None:
            stream.events.extend(event)

    def write_apart(self, event: Event) -> None:
        """Take an event of what a function out of scope has called, or of a thread without a list."""
        self._look_who_calls()
        self._here.extend(event)

    def _look_who_calls(self) -> None:
        lone = self._lone
        if lone is not None and self._here.events is not lone.events:
            self._share()

    def _begin_alone(self) -> None:
        """Let this thread's events go to its list without asking which thread it is.

        The first call in scope of any other thread has a caller out of scope, or none; there it is found out,
        unless the thread is in the midst of one. Whether it has been meanwhile is asked right before each
        callback is registered, where the interpreter changes no threads.
        """
        lone = self._lone = _Lone(self._here.events)
        # Another thread's greenlets may be in the midst of a call, and nobody can tell.
        is_told_late = lone.events is None or "greenlet" in sys.modules
        if len(self.streams) > 1 or is_told_late or not self._is_alone():
            self._lone = None
            return
        callbacks = scribes.lone_callbacks(self, lone)
        for callback in callbacks.values():
            _run_without_variables(callback)
        for event, callback in callbacks.items():
            if self._lone is not None:
                _monitoring.register_callback(self._quick_scribe, event, callback)

    def _is_alone(self) -> bool:
        """Whether no other thread is in the midst of a call of what is in scope."""
        for ident, innermost in sys._current_frames().items():
            frame: FrameType | None = innermost if ident != get_ident() else None
            while frame is not None:
                if self.scope.decide(frame.f_code.co_filename, frame.f_globals).is_recorded:
                    return False
                frame = frame.f_back
        return True

    def mind_pace(self) -> None:
        """Have the one thread there is look whether it has to wait, if it is too quick for the reader."""
        if self._lone is not None and any(len(stream.events) > stream.brake_at for stream in self.streams):
            self._share()

    def _share(self) -> None:
        """Ask from now on which thread it is, at each event."""
        self._lone = None
        if self.is_recording:
            self._register(self._quick_scribe, self._quick_callbacks())

    def begin_thread(self, thread: threading.Thread) -> None:
        """The calling thread's first function begins: its ident may have been another thread's before."""
        stream = self._here.stream
        if stream is None or stream.thread_object_id != id(thread):  # else it has been told of
            self._set_stream(self.new_stream(thread.name, id(thread)))

    def _callbacks(self) -> scribes.Callbacks:
        """The scribe's, by event."""
        every = scribes.callbacks(self)
        return {**every, **scribes.lean_callbacks(self)} if self._is_lean else every

    def _quick_callbacks(self) -> scribes.Callbacks:
        """The quick scribe's, by event; none where it is not wanted."""
        if self.options.gate is not None:
            return {}
        if self.options.with_values:
            return scribes.quick_callbacks_with_values(self)
        return scribes.quick_callbacks(self, self._here)

    def _register(self, tool: int | None, callbacks: scribes.Callbacks) -> None:
        for event, callback in callbacks.items():
            _monitoring.register_callback(tool, event, callback)

    def start(self) -> None:
        """Take two tool ids and turn their events on.

        Raises:
            RuntimeError: it is recording already, or the tool ids are taken.
        """
        if self.is_recording:
            raise RuntimeError("this recorder is recording already; make another one")
        if not is_available():
            raise RuntimeError("the tool ids of sys.monitoring are in use; record with setprofile")
        quick = self._quick_callbacks()
        # Of the tools that want an event, that with the highest id is told first: here, a scribe.
        self._scout, self._scribe, *more = sorted(_free_ids()[: 3 if quick else 2])
        self._quick_scribe = more[0] if more else None
        for tool in self._tools():
            _monitoring.use_tool_id(tool, _NAME)
        thread = threading.current_thread()
        self._set_stream(self.new_stream(thread.name, id(thread)))
        self.is_recording = True
        self.forks.start()
        self._register(self._scribe, self._callbacks())
        if self._quick_scribe is not None:
            self._register(self._quick_scribe, quick)
        _monitoring.register_callback(self._scout, _events.PY_START, self._on_first_start)
        # What another recording has disabled stays so until this.
        _monitoring.restart_events()
        _monitoring.set_events(self._scout, _events.PY_START)
        _monitoring.set_events(self._scribe, _events.PY_UNWIND | _events.PY_THROW)
        if self._quick_scribe is not None and not self.options.with_values:
            self._begin_alone()

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
        self._look_who_calls()
        if not self._here.is_known:
            # Not current_thread(): that would make up a Thread where there is none.
            thread = getattr(threading, "_active", {}).get(get_ident())
            name = thread.name if thread is not None else f"thread {get_ident()}"
            self._set_stream(self.new_stream(name, id(thread) if thread is not None else 0))
        return self._here.stream

    def _on_first_start(self, code: CodeType, offset: int) -> object:
        """The scout's callback: decide about a code object, for good.

        Several threads may be here at a time for one code object, and each may be made to wait anywhere. None
        leaves before the scribes' events are on: its answer turns off the only other one there is.
        """
        try:
            frame = sys._getframe(1)
            if id(code) not in self._ready:
                self._get_ready(code, self._decide(code, frame))
            if not self.is_recording:
                self._undo(code)
            elif id(code) in self._ready:
                self._tell_first(frame)
        except RecursionError:
            self.lost_count += 1
            return None  # there was no room: to be tried again with the next call
        except Exception:
            if not self._failed():
                raise
        return _monitoring.DISABLE

    def _get_ready(self, code: CodeType, mode: int) -> None:
        """Turn on the events of code that is in scope or watched. It does no harm to do so twice."""
        if mode & IN_SCOPE:
            self._plan(code)
            if mode & WATCHED and code.co_qualname == SETTING:
                self._settings.add(id(code))
            self._codes[id(code)] = code
            self._keep(code)
            self._set_local_events(code, mode)
        is_setting = id(code) in self._settings
        if mode & WATCHED and not is_setting and is_watched(code):
            self._watched[id(code)] = code
            self._keep(code)
            # Settings are read all the time: out of scope, the first time must do.
            if not mode & IN_SCOPE and code.co_qualname != SETTING:
                self._turn_on(self._scribe, code, _events.PY_START)
        if id(code) in self._codes or id(code) in self._watched:
            self._ready.add(id(code))

    def _turn_on(self, tool: int | None, code: CodeType, events: int) -> None:
        """Turn on some of a function's events."""
        try:
            _monitoring.set_local_events(tool, code, events)
        except ValueError:
            if self.is_recording:
                raise  # else the id has been given back meanwhile

    def _undo(self, code: CodeType) -> None:
        """Turn off what was turned on when the recording had just ended, be the ids ours still or free."""
        for tool in self._tools():
            owner = _monitoring.get_tool(tool)
            if owner is None:
                _monitoring.use_tool_id(tool, _NAME)
            if owner in (None, _NAME):
                _monitoring.set_local_events(tool, code, 0)
            if owner is None:
                _monitoring.free_tool_id(tool)

    def _tell_first(self, frame: FrameType) -> None:
        """The scribes' events begin with the next call: this one is told by hand.

        Unless another thread turned the events on before this call began: then a scribe has told of it just
        now. The builder knows, by the mark, and :meth:`_watch`.
        """
        here, code = self._here, frame.f_code
        if id(code) in self._codes and code is not THREAD_STARTS[1]:
            stream = self.current_stream()
            if stream is not None:
                stream.events.extend((None, self.options.clock(), 0, "first"))
        here.is_scouting = True
        try:
            self.on_start(frame)
        finally:
            here.is_scouting = False

    def _watch(self, frame: FrameType, stream: ThreadStream) -> None:
        """Look at a watched function, once for a call, though both the scribe and the scout tell of it."""
        here = self._here
        call = id(frame), frame.f_code
        if not (here.is_scouting and here.watched == call):
            here.watched = call
            super()._watch(frame, stream)

    def _set_local_events(self, code: CodeType, mode: int) -> None:
        """Turn the events of a function in scope on."""
        events = _events.PY_START | _events.PY_RETURN
        if code.co_flags & GENERATOR_FLAGS:
            events |= _events.PY_RESUME | _events.PY_YIELD
        quick = events & self._quick_events(code, mode) if self._quick_scribe is not None else 0
        wanted = [(self._quick_scribe, quick), (self._scribe, events & ~quick)]
        # Starts first: a generator that goes on, of which no start is told, is not to be met.
        wanted.sort(key=lambda each: not each[1] & _events.PY_START)
        for tool, own in wanted:
            if own:
                self._turn_on(tool, code, own)

    def _quick_events(self, code: CodeType, mode: int) -> int:
        """The events of a function in scope of which the quick scribe can do all that is wanted."""
        quick = 0
        if id(code) in self._settings:
            quick = _events.PY_START  # only what comes back is looked at
        elif (mode & WATCHED and is_watched(code)) or id(code) in self._snapshots:
            pass
        elif code.co_flags & GENERATOR_FLAGS:
            quick = _events.PY_RESUME | _events.PY_YIELD
            if not self.options.with_values and not self._plans[id(code)][0]:
                quick |= _events.PY_START | _events.PY_RETURN
        # Without values a client's address is kept nevertheless.
        elif self.options.with_values or not self._plans[id(code)][0]:
            quick = _events.PY_START | _events.PY_RETURN
        return quick

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
