"""The recorder's third engine: the hooks in C (``csrc/``), where they were built for this Python.

They give the same events as the engines in Python, which stay the reference: :class:`Recorder` on 3.11, where
C's profile hook is used, and :class:`MonitoringRecorder` from 3.12 on. What is rare is still done here: code
that is met for the first time, threads that start, snapshots of the state, the texts of exceptions.
"""

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, Protocol, TypeVar

from flasktrace.tracer.capture import exception_chain
from flasktrace.tracer.compiled import native as _native
from flasktrace.tracer.monitoring import MonitoringRecorder
from flasktrace.tracer.monitoring import is_available as has_monitoring
from flasktrace.tracer.profile_hooks import Hooks, ProfileFunction
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.streams import Events, ThreadStream
from flasktrace.tracer.watched import IN_SCOPE, OUT_OF_SCOPE, SETTING, THREAD_STARTS, WATCHED, is_watched

_HAS_MONITORING = sys.version_info >= (3, 12)
# Beside the modes: the state is noted when such a call ends; it may return the secret key.
_STATE, _SETTING = 4, 8
_CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_Method = TypeVar("_Method", bound=Callable[..., Any])
_events: Any = getattr(getattr(sys, "monitoring", None), "events", None)


def is_available() -> bool:
    """Tell whether the hooks in C were built for this Python, and can be installed now."""
    return _native is not None and (has_monitoring() or not _HAS_MONITORING)


def can_record(options: RecorderOptions | None) -> bool:
    """Tell whether the hooks in C can do what is asked: they hold no threads, and have their own clock."""
    return options is None or (options.gate is None and options.clock is perf_counter_ns)


def _trusts_counter() -> bool:
    """Whether the system itself tells the time by the processor's counter, which is read faster then."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _CLOCK_SOURCE.read_text().strip() == "tsc"
    return False


def _harmless(method: _Method) -> _Method:
    """A failure of ours is counted, and never reaches the program; what the program raises does."""

    @functools.wraps(method)
    def guarded(self: Recorder, *arguments: Any) -> Any:
        try:
            return method(self, *arguments)
        except RecursionError:
            self.lost_count += 1
        except Exception:
            if not self._failed():
                raise
        return None

    return guarded  # type: ignore[return-value]


class _Tracer(Protocol):
    """``_native.Tracer``: the hooks of one recording; see ``csrc/module.c``."""

    lost_count: int  # events that there was no room for

    def add_code(self, code: CodeType, mode: int, value_count: int, /) -> None: ...
    def lane(self, stream: ThreadStream, /) -> ProfileFunction: ...
    def set_recording(self, is_recording: bool, /) -> None: ...
    def look_again(self) -> None: ...
    def close(self) -> None: ...

    # From Python 3.12 on.
    def set_thread(self, lane: ProfileFunction | None, /) -> None: ...
    def begin(self, frame: FrameType, /) -> None: ...
    def on_start(self, code: CodeType, offset: int, /) -> None: ...
    def on_resume(self, code: CodeType, offset: int, /) -> None: ...
    def on_return(self, code: CodeType, offset: int, value: object, /) -> None: ...
    def on_unwind(self, code: CodeType, offset: int, error: BaseException, /) -> None: ...


class _Slow(Recorder):
    """What the hooks in C call for, and what both native recorders share."""

    engine = "native"

    def __init__(self, options: RecorderOptions | None = None) -> None:
        super().__init__(options)
        self._tracer: _Tracer = _native.Tracer(self, self.options.with_values, _trusts_counter())

    def stop(self) -> None:
        """Take the hooks away and put the previous ones back."""
        if self.is_recording:
            super().stop()
            self.lost_count += self._tracer.lost_count
            self._tracer.close()

    def look_again(self) -> None:
        """The app's settings may have changed since they were noted."""
        self._tracer.look_again()

    def _new_events(self) -> Events:
        events: Events = _native.Events()
        return events

    def _mode(self, code: CodeType, mode: int) -> int:
        """A mode as the hooks want it: watched code by itself, not by its file, and what its end may tell."""
        mode &= ~WATCHED
        if is_watched(code):
            mode |= _SETTING if code.co_qualname == SETTING else WATCHED
        return mode | (_STATE * (id(code) in self._snapshots))

    @_harmless
    def watch(self, frame: FrameType) -> None:
        """A function tells who starts a thread, when the server is ready, or the secret key."""
        if isinstance(self, MonitoringRecorder) and frame.f_code is THREAD_STARTS[1]:
            self.begin_thread(frame.f_locals["self"])
            return
        stream = self.current_stream()
        if stream is not None:
            self._watch(frame, stream)

    @_harmless
    def wait(self, stream: ThreadStream) -> int:
        """Many events of the calling thread wait; how many may before it is to wait again."""
        return self.brake(stream)

    @_harmless
    def note_state(self, frame: FrameType, stream: ThreadStream) -> None:
        """A function that may have changed Flask's state ends."""
        self._note_state(frame, stream)


class NativeProfileRecorder(_Slow):
    """Records with ``PyEval_SetProfile``, on Python 3.11."""

    def start(self) -> None:
        """Install the hooks: for this thread, and for those that will be started.

        Raises:
            RuntimeError: it is recording already.
        """
        self._tracer.set_recording(True)
        super().start()

    def _make_hooks(self, stream: ThreadStream) -> Hooks:
        # Installed like any hook; with its first event it puts the one in C in its place.
        return Hooks(self._tracer.lane(stream))

    @_harmless
    def resolve(self, code: CodeType, frame: FrameType) -> tuple[int, int, bool]:
        """Code is met for the first time: its mode, the number of values, whether all of its file is out."""
        mode = self._decide(code, frame)
        if mode == OUT_OF_SCOPE:
            return OUT_OF_SCOPE, 0, not code.co_filename.startswith("<")
        count = len(self._plan(code)) if mode & IN_SCOPE else 0
        return self._mode(code, mode), count, False

    @_harmless
    def note_raised(self, error: BaseException, stream: ThreadStream) -> None:
        """An exception that has left a recorded call is being handled."""
        stream.events.extend((None, perf_counter_ns(), exception_chain(error), "exception"))


class NativeMonitoringRecorder(_Slow, MonitoringRecorder):
    """Records with callbacks of ``sys.monitoring``, on Python 3.12 and later."""

    def __init__(self, options: RecorderOptions | None = None) -> None:
        super().__init__(options)
        self.on_start = self._tracer.begin  # type: ignore[method-assign,assignment]

    def _set_stream(self, stream: ThreadStream | None) -> None:
        super()._set_stream(stream)
        self._tracer.set_thread(self._tracer.lane(stream) if stream is not None else None)

    def _keep(self, code: CodeType) -> None:
        in_scope = id(code) in self._codes
        count = len(self._plans[id(code)][0]) if in_scope else 0
        self._tracer.add_code(code, self._mode(code, IN_SCOPE * in_scope), count)

    def _quick_callbacks(self) -> dict[int, Callable[..., object]]:
        return {}  # the one scribe is quick enough

    def _callbacks(self) -> dict[int, Callable[..., object]]:
        tracer = self._tracer
        return {
            _events.PY_START: tracer.on_start,
            _events.PY_RESUME: tracer.on_resume,
            _events.PY_THROW: tracer.on_resume,
            _events.PY_RETURN: tracer.on_return,
            _events.PY_YIELD: tracer.on_return,
            _events.PY_UNWIND: tracer.on_unwind,
        }


NativeRecorder: type[Recorder] = NativeMonitoringRecorder if _HAS_MONITORING else NativeProfileRecorder
