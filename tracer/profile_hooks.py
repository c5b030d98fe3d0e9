"""The hooks of :class:`~flasktrace.tracer.recorder.Recorder`: what ``sys.setprofile`` calls at each event.

Every event of a thread comes here, those of C functions too, and most are of code that nobody wants to hear
of. What is done for those decides what recording costs.

A thread begins with the *quick* hook. It knows which frame it waits for, the innermost that is recorded, and
passes by all other ends: for those it need not ask what code they are of. The *full* hook asks at each end,
and so misses none where ends do not follow beginnings as on a stack: where generators are recorded (one that
is closed ends without going on), where greenlets are switched, where an event was lost. From the first of
these on all threads have the full hook.

They are closures, as that is fastest. A failure of ours never reaches the program: it is counted.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any

from flasktrace.tracer.capture import CAPTURED_NONE, capture, exception_chain
from flasktrace.tracer.codes import RETURNING, is_resumption, is_yield
from flasktrace.tracer.streams import GENERATOR_FLAGS, ThreadStream
from flasktrace.tracer.watched import GENERATED, IN_SCOPE, OUT_OF_SCOPE, SETTING, TEXTS, WATCHED

if TYPE_CHECKING:
    from flasktrace.tracer.recorder import Recorder

ProfileFunction = Callable[[FrameType, str, Any], object]

_BECOME_FULL = "flasktrace_become_full"


@dataclass(slots=True)
class Quick:
    """Whether the quick hooks are used still, and the files whose calls they pass by.

    Without any such file, a thread asks with its next call, and so learns that they are not.
    """

    is_on: bool = True
    passed: set[str] = field(default_factory=set)

    def pass_by(self, file_path: str) -> None:
        """Do nothing for the calls of a file that is out of scope."""
        self.passed.add(file_path)
        if not self.is_on:
            self.passed.clear()

    def end(self) -> None:
        """Have the threads take the full hook, each with its next call."""
        self.is_on = False
        self.passed.clear()


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks of a thread.

    Attributes:
        first: the one to install.
        others: which that may put in its place.
        forget: keeps no frame alive any more; to be called when the recording ends.
    """

    first: ProfileFunction
    others: tuple[ProfileFunction, ...] = ()
    forget: Callable[[], None] | None = None


@dataclass(slots=True)
class _Rare:
    """What the quick hook seldom needs, in one object: each of its free variables costs each event a little.

    Attributes:
        passed: the files whose calls it passes by.
        on_call, on_return: do what is to be done with a call that it does not pass by, and with its end.
        become_full: gives the full hook, to be put in its place.
        quick: tells whether that is to be done.
        recorder: whose hook it is.
        below: of the frames that are waited for, the one before the innermost, and what is below that. Not a
            list: a tuple can be taken apart where there is no room for a call any more.
    """

    passed: set[str]
    on_call: Callable[[FrameType], None]
    on_return: Callable[[FrameType, Any], None]
    become_full: Callable[[], ProfileFunction]
    quick: Quick
    recorder: "Recorder"
    below: Any = None


def make_hooks(recorder: "Recorder", stream: ThreadStream) -> Hooks:
    """The two hooks of a thread."""
    modes, plans, with_values = recorder._modes, recorder._plans, recorder.options.with_values
    extend, get_mode, get_plan, clock = stream.events.extend, modes.get, plans.get, recorder.options.clock
    gate, snapshots, events = recorder.options.gate, recorder._snapshots, stream.events
    passed, quick, known = recorder._passed, recorder.quick, recorder._known
    modules, is_quick = sys.modules, quick.is_on  # this thread
    pending = False  # a recorded call has just been left by an exception
    top: FrameType | None = None  # the innermost frame whose end the quick hook waits for

    def forget() -> None:
        nonlocal top
        top = rare.below = None

    def mode_of(frame: FrameType, code: CodeType) -> int:
        """What to do with a call; those that tell something are looked at."""
        mode = get_mode(code.co_filename)
        if mode == IN_SCOPE:
            return mode
        if mode is None or mode == GENERATED:
            if id(code) in passed:
                return OUT_OF_SCOPE
            if not recorder.is_recording:
                sys.setprofile(None)
                return OUT_OF_SCOPE
            mode = recorder._decide(code, frame)
        if mode & WATCHED and code.co_qualname != SETTING:
            recorder._watch(frame, stream)
        return mode

    def write_call(frame: FrameType, code: CodeType, where: int) -> None:
        detail: Any = None
        is_generator = code.co_flags & GENERATOR_FLAGS
        is_resumed = is_generator and is_resumption(code, frame.f_lasti)
        if not is_resumed:
            plan = get_plan(id(code))
            names = recorder._plan(code) if plan is None else plan[0]
            if names:
                values = frame.f_locals
                detail = tuple([capture(values.get(name)) for name in names])
        if is_generator:
            detail = (id(frame), frame.f_lasti, detail)
        extend((code, clock(), where, detail))
        if len(events) > stream.brake_at:
            recorder.keep_pace(stream)
        if gate is not None and not is_resumed:
            gate(frame, stream, False)

    def on_return(frame: FrameType, argument: Any) -> None:
        nonlocal pending
        code = frame.f_code
        mode = get_mode(code.co_filename, OUT_OF_SCOPE)
        if mode != IN_SCOPE:
            is_text = mode & WATCHED and type(argument) in TEXTS
            if is_text and code.co_qualname == SETTING and id(argument) not in known:
                recorder.note_setting(frame, argument, stream)
            if mode == GENERATED and id(code) not in passed:
                mode = recorder._decide(code, frame)
            if not mode & IN_SCOPE:
                return
        if id(code) in snapshots:
            recorder._note_state(frame, stream)
        lasti = frame.f_lasti
        value: Any = capture(argument) if with_values else None
        if argument is None and code.co_code[lasti] not in RETURNING:
            if is_quick:
                sys.setprofile(full_hook)  # for one event
            pending = True
        if code.co_flags & GENERATOR_FLAGS:
            # None is what the builder knows one by that an exception thrown into it has ended.
            value = (id(frame), CAPTURED_NONE if argument is None else value)
        extend((code, clock(), -2 - lasti, value))
        if gate is not None and not is_yield(code, lasti):
            gate(frame, stream, True)

    def full_hook(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal pending
        try:
            if pending:
                pending = False
                error = sys.exc_info()[1]
                if error is not None:
                    extend((None, clock(), exception_chain(error), "exception"))
                if is_quick:
                    sys.setprofile(quick_hook)
                    quick_hook(frame, event, argument)
                    return
            # What is out of scope, and every call of a C function, must leave as early as it can.
            if event == "call":
                code = frame.f_code
                if code.co_filename not in passed and mode_of(frame, code) & IN_SCOPE:
                    write_call(frame, code, recorder.lasti_in_scope(frame.f_back))
            elif event == "return" and frame.f_code.co_filename not in passed:
                on_return(frame, argument)
        except RecursionError:
            recorder.lost_count += 1  # the program is at its limit: there is no room for the hook either
        except Exception:
            if not recorder._failed():
                recorder.was_hit = True
                raise

    def become_full() -> ProfileFunction:
        nonlocal is_quick
        is_quick = False
        quick.end()
        forget()
        return full_hook

    def on_quick_call(frame: FrameType) -> None:
        nonlocal top
        code = frame.f_code
        if id(code) in passed:
            return
        if not quick.is_on or ("greenlet" in modules and not is_inside(frame, top)):
            sys.setprofile(become_full())
            full_hook(frame, "call", None)
            return
        mode = mode_of(frame, code)
        if mode & IN_SCOPE:
            if top is not None and id(top.f_code) in plans:
                write_call(frame, code, top.f_lasti)
            else:
                write_call(frame, code, recorder.lasti_in_scope(frame.f_back))
            if code.co_flags & GENERATOR_FLAGS:
                sys.setprofile(become_full())
                return
        elif not mode & WATCHED or code.co_qualname != SETTING:
            return
        rare.below = top, rare.below
        top = frame

    rare = _Rare(quick.passed, on_quick_call, on_return, become_full, quick, recorder)

    def quick_hook(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal top
        try:
            if argument is None and event == "call":
                if frame.f_code.co_filename not in rare.passed:
                    rare.on_call(frame)
            elif frame is top:
                if event == "return":
                    top, rare.below = rare.below
                    rare.on_return(frame, argument)
                elif not rare.quick.is_on:  # a generator of another thread may have been handed over
                    sys.setprofile(rare.become_full())
        except RecursionError:
            rare.recorder.lost_count += 1
        except Exception:
            if not rare.recorder._failed():
                rare.recorder.was_hit = True
                raise

    quick_hook.__dict__[_BECOME_FULL] = become_full
    return Hooks(quick_hook, (full_hook,), forget) if is_quick else Hooks(full_hook)


def is_inside(frame: FrameType | None, caller: FrameType | None) -> bool:
    """Tell whether a frame is one that a caller waits for; any is where there is no caller."""
    while frame is not None and caller is not None and frame is not caller:
        frame = frame.f_back
    return frame is not None


def full_hook_of(hook: Any) -> Any:
    """What a hook is to be put back as, where it stands aside for a while, and may miss ends meanwhile."""
    if type(hook) is FunctionType and _BECOME_FULL in hook.__dict__:
        return hook.__dict__[_BECOME_FULL]()
    return hook
