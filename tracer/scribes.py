"""The callbacks of :mod:`.monitoring`: what writes the events.

They are closures, as that is fastest. The quick ones are written out for what is wanted, so that what is not
costs nothing; the others do all that may belong to a call. Neither lets a failure of ours reach the program:
it is counted.
"""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Protocol

from flasktrace.tracer.capture import capture, class_name_of, exception_text
from flasktrace.tracer.codes import is_yield
from flasktrace.tracer.streams import GENERATOR_FLAGS, LeanList, ThreadStream
from flasktrace.tracer.watched import TEXTS

if TYPE_CHECKING:
    from flasktrace.tracer.monitoring import MonitoringRecorder

Callbacks = dict[int, Callable[..., object]]  # by event


class Place(Protocol):
    """Where the calling thread's events go; None where :meth:`MonitoringRecorder.write_apart` has to see."""

    events: LeanList | None


_events: Any = getattr(getattr(sys, "monitoring", None), "events", None)
_WIDTH = LeanList.width
_LOOK_EVERY = 1000  # calls, of all threads: so often one looks whether it has to wait for the reader
# On 3.12 f_locals is a copy that the frame keeps: it would keep alive what the function lets go.
_HAS_COPIED_LOCALS = sys.version_info < (3, 13)


def _detail(frame: FrameType, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The parameters of a call that begins."""
    values = frame.f_locals
    captured = tuple([capture(values.get(name)) for name in names])
    if _HAS_COPIED_LOCALS:
        values.clear()
    return captured


def call_writer(recorder: "MonitoringRecorder") -> Callable[[FrameType, CodeType, ThreadStream, bool], None]:
    """What writes the beginning of a call, or that a generator goes on, with all that may belong to it."""
    plans, clock, gate = recorder._plans, recorder.options.clock, recorder.options.gate

    def write_call(frame: FrameType, code: CodeType, stream: ThreadStream, is_resumed: bool) -> None:
        where = recorder.lasti_in_scope(frame.f_back)
        detail: Any = None
        if not is_resumed and (names := plans[id(code)][0]):
            detail = _detail(frame, names)
        if code.co_flags & GENERATOR_FLAGS:
            detail = (id(frame), frame.f_lasti if is_resumed else -1, detail)
        stream.events.extend((code, clock(), where, detail))
        recorder.keep_pace(stream)
        if gate is not None and not is_resumed:
            gate(frame, stream, False)

    return write_call


def callbacks(recorder: "MonitoringRecorder") -> Callbacks:
    """The scribe's: for functions that are watched, for generators, and for exceptions."""
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
                if id(code) in settings and type(argument) in TEXTS and id(argument) not in known:
                    recorder.note_setting(getframe(1), argument, stream)
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
            stream = here.stream or recorder.current_stream()
            if stream is not None:
                frame = getframe(1)
                if id(code) in snapshots:
                    recorder._note_state(frame, stream)
                value: Any = [class_name_of(type(error)), exception_text(error)]
                if code.co_flags & GENERATOR_FLAGS:
                    value = (id(frame), value)
                # Where the frame says: the offset may be that of a handler's end, which is on no line.
                stream.events.extend((code, clock(), -2 - frame.f_lasti, value))
                if gate is not None:
                    gate(frame, stream, True)
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


def lean_callbacks(recorder: "MonitoringRecorder") -> Callbacks:
    """Of the scribe's those that come at each request, where no values are wanted."""
    codes, here, settings, known = recorder._codes, recorder._here, recorder._settings, recorder._known
    snapshots, clock, getframe = recorder._snapshots, recorder.options.clock, sys._getframe

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            stream = here.stream or recorder.current_stream()
            if stream is None:
                return
            if id(code) in settings:
                if type(argument) in TEXTS and id(argument) not in known:
                    recorder.note_setting(getframe(1), argument, stream)
            elif id(code) in snapshots:
                recorder._note_state(getframe(1), stream)
            events: Any = stream.events
            events += (offset, clock(), code)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_unwind(code: CodeType, offset: int, error: BaseException) -> None:
        if id(code) not in codes:
            return
        try:
            stream = here.stream or recorder.current_stream()
            if stream is not None:
                frame = getframe(1)
                if id(code) in snapshots:
                    recorder._note_state(frame, stream)
                events: Any = stream.events
                name, text, time_ns = class_name_of(type(error)), exception_text(error), clock()
                # Where the frame says, as above.
                if code.co_flags & GENERATOR_FLAGS:
                    events += (id(frame), time_ns, None, name, time_ns, text, frame.f_lasti, time_ns, code)
                else:
                    events += (name, time_ns, text, frame.f_lasti, time_ns, code)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    return {_events.PY_RETURN: on_return, _events.PY_UNWIND: on_unwind}


def quick_callbacks(recorder: "MonitoringRecorder", place: Place) -> Callbacks:
    """The quick scribe's where no values are wanted: for the many events that are nothing special.

    The parts of an event are appended one by one, which is quicker than to make a tuple of them. An
    exception in between (of a signal handler, for want of memory) leaves half an event: it is taken back,
    where only the list's own thread comes.

    Args:
        recorder: whose events they are.
        place: where the list is that the calling thread appends to.
    """
    files, lasti_in_scope = recorder._files, recorder.lasti_in_scope
    clock, getframe = recorder.options.clock, sys._getframe
    calls_left = 0

    def on_start(code: CodeType, offset: int) -> None:
        nonlocal calls_left
        try:
            events = place.events
            try:
                back: FrameType | None = getframe(2)
            except ValueError:  # without a caller: the first function of a thread
                if (back := getframe(1).f_back) is not None:
                    raise
            if events is not None and back is not None and back.f_code.co_filename in files:
                where = back.f_lasti
                time_ns = clock()
                try:
                    events.append(code)
                    events.append(time_ns)
                    events.append(where)
                except BaseException:
                    del events[len(events) // _WIDTH * _WIDTH :]
                    raise
            else:
                recorder.write_apart((code, clock(), lasti_in_scope(back), None))
            calls_left -= 1
            if calls_left < 0:
                calls_left = _LOOK_EVERY
                recorder.keep_pace(recorder.current_stream())
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            events = place.events
            if events is not None:
                time_ns = clock()
                try:
                    events.append(offset)
                    events.append(time_ns)
                    events.append(code)
                except BaseException:
                    del events[len(events) // _WIDTH * _WIDTH :]
                    raise
            else:
                recorder.write_apart((code, clock(), -2 - offset, None))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_resume(code: CodeType, offset: int) -> None:
        try:
            frame, events = getframe(1), place.events
            back = frame.f_back
            if events is not None and back is not None and back.f_code.co_filename in files:
                time_ns = clock()
                events += (id(frame), time_ns, offset, code, time_ns, back.f_lasti)
            else:
                recorder.write_apart((code, clock(), lasti_in_scope(back), (id(frame), offset, None)))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_yield(code: CodeType, offset: int, argument: object) -> None:
        try:
            frame_id, events, time_ns = id(getframe(1)), place.events, clock()
            if events is not None:
                events += (frame_id, time_ns, None, offset, time_ns, code)
            else:
                recorder.write_apart((code, time_ns, -2 - offset, (frame_id, None)))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    return {
        _events.PY_START: on_start,
        _events.PY_RETURN: on_return,
        _events.PY_RESUME: on_resume,
        _events.PY_YIELD: on_yield,
    }


def lone_callbacks(recorder: "MonitoringRecorder", lone: Place) -> Callbacks:
    """The quick scribe's while only one thread calls what is in scope: they ask nothing but who calls.

    Nor do they count: the reader looks whether too many events wait (:meth:`MonitoringRecorder.mind_pace`).

    Args:
        recorder: whose events they are; it wants no values.
        lone: where that thread's list is.
    """
    files, here, clock, getframe = recorder._files, recorder._here, recorder.options.clock, sys._getframe
    assert lone.events is not None
    events = lone.events

    def on_start(code: CodeType, offset: int) -> None:
        try:
            try:
                back: FrameType | None = getframe(2)
            except ValueError:  # without a caller: the first function of a thread
                if (back := getframe(1).f_back) is not None:
                    raise
            if back is not None and back.f_code.co_filename in files:
                where = back.f_lasti
            else:
                where = recorder.lasti_in_scope(back)
                if here.events is not events:
                    recorder.write_apart((code, clock(), where, None))
                    return
            time_ns = clock()
            try:
                events.append(code)
                events.append(time_ns)
                events.append(where)
            except BaseException:
                del events[len(events) // _WIDTH * _WIDTH :]
                raise
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            time_ns = clock()
            try:
                events.append(offset)
                events.append(time_ns)
                events.append(code)
            except BaseException:
                del events[len(events) // _WIDTH * _WIDTH :]
                raise
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    quick = quick_callbacks(recorder, lone)
    return {**quick, _events.PY_START: on_start, _events.PY_RETURN: on_return}


def quick_callbacks_with_values(recorder: "MonitoringRecorder") -> Callbacks:
    """The quick scribe's where values are wanted."""
    plans, files, here = recorder._plans, recorder._files, recorder._here
    lasti_in_scope = recorder.lasti_in_scope
    clock, getframe = recorder.options.clock, sys._getframe
    calls_left = 0

    def on_start(code: CodeType, offset: int) -> None:
        nonlocal calls_left
        try:
            frame = getframe(1)
            back = frame.f_back
            if back is not None and back.f_code.co_filename in files:
                where = back.f_lasti
            else:
                where = lasti_in_scope(back)
            names = plans[id(code)][0]
            here.extend((code, clock(), where, _detail(frame, names) if names else None))
            calls_left -= 1
            if calls_left < 0:
                calls_left = _LOOK_EVERY
                recorder.keep_pace(here.stream)
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_return(code: CodeType, offset: int, argument: object) -> None:
        try:
            here.extend((code, clock(), -2 - offset, capture(argument)))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_resume(code: CodeType, offset: int) -> None:
        try:
            frame = getframe(1)
            here.extend((code, clock(), lasti_in_scope(frame.f_back), (id(frame), offset, None)))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    def on_yield(code: CodeType, offset: int, argument: object) -> None:
        try:
            here.extend((code, clock(), -2 - offset, (id(getframe(1)), capture(argument))))
        except RecursionError:
            recorder.lost_count += 1
        except Exception:
            if not recorder._failed():
                raise

    return {
        _events.PY_START: on_start,
        _events.PY_RETURN: on_return,
        _events.PY_RESUME: on_resume,
        _events.PY_YIELD: on_yield,
    }
