"""The recorder: the only module that installs hooks into the interpreter.

The hook of a thread is a closure that appends to the thread's own list, and does nothing else; the
:class:`~flasktrace.tracer.builder.Builder` makes calls of it later. :mod:`.streams` says what an event is.
"""

import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter_ns
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, TracebackType
from typing import Any, Protocol, Self

from flasktrace.tracer import hidden_hooks, state
from flasktrace.tracer.capture import capture, exception_chain
from flasktrace.tracer.codes import parameter_names
from flasktrace.tracer.forks import ForkWatch
from flasktrace.tracer.masking import settings_of
from flasktrace.tracer.profile_hooks import Hooks, ProfileFunction, Quick, full_hook_of, make_hooks
from flasktrace.tracer.scope import Decision, Scope, ScopeOptions
from flasktrace.tracer.streams import EventList, Events, ThreadStream
from flasktrace.tracer.watched import (
    CONFIG_ACCESS,
    GENERATED,
    IN_SCOPE,
    OUT_OF_SCOPE,
    SERVE_FOREVER,
    SOCKETSERVER_FILE,
    THREAD_STARTS,
    THREADING_FILE,
    WATCHED,
)

CLIENT = "client_address"  # the parameter of a server's methods that tells whose request it is
_SECRET = "SECRET_KEY"
_OUR_MODULES = frozenset(
    {
        *(__name__, "flasktrace.tracer.monitoring", "flasktrace.tracer.scribes", "flasktrace.tracer.native"),
        *(make_hooks.__module__, capture.__module__, Scope.__module__, state.__name__),
    }
)
MAX_WAITING = 100_000
"""Events of a thread that may wait to be built; then the thread waits, so that they take no more memory."""

_BRAKE_S, _BRAKE_LOOK_S = 2.0, 0.002  # at the most at a time; how often it looks whether it may go on


class Gate(Protocol):
    """Told of each recorded call's beginning and end, in its thread, once the event is written."""

    def __call__(self, frame: FrameType, stream: ThreadStream, is_end: bool, /) -> None: ...

    def on_hand_over(self, stream: ThreadStream, /) -> None:
        """The thread is a server's, and is about to start another for a request."""
        ...


@dataclass(frozen=True, slots=True)
class RecorderOptions:
    """What is recorded, and how much of it.

    Attributes:
        scope: which code.
        with_values: whether parameters, receivers and results are kept.
        with_state: whether snapshots of the context stacks and the app's tables are taken.
        on_serve: called with the server object when ``BaseServer.serve_forever`` begins.
        gate: called in the traced thread after each call and before it goes on; it may hold it.
        clock: gives the times of the events, in nanoseconds.
    """

    scope: ScopeOptions = field(default_factory=ScopeOptions)
    with_values: bool = True
    with_state: bool = False
    on_serve: Callable[[object], None] | None = None
    gate: Gate | None = None
    clock: Callable[[], int] = perf_counter_ns


class Recorder:
    """Records the calls of this process between :meth:`start` and :meth:`stop`; a context manager too.

    The previous hooks are put back by :meth:`stop`. Threads that the program starts meanwhile are
    recorded, those that were there before are not. A thread that runs into the recursion limit may not be
    recorded from there on: the interpreter takes a hook away that it has no room to call.
    """

    engine = "setprofile"
    guesses_exceptions = True  # sys.setprofile() has no event for them

    def __init__(self, options: RecorderOptions | None = None) -> None:
        self.options = options or RecorderOptions()
        self.scope = Scope(self.options.scope)
        self.streams: list[ThreadStream] = []
        self.secrets: list[object] = []  # values of the app's secret settings, for the builder to mask
        self.workers: list[threading.Thread] = []
        self.error_count = 0
        self.lost_count = 0  # events, for want of room on the stack
        self.is_recording = False
        self.has_reader = False  # a thread of ours takes the events while the program runs
        self.displaced_by = ""  # who has taken the hook of the first thread meanwhile
        self._noted_settings = (0, 0)  # id and length of the settings that are in ``secrets`` already
        self.was_hit = False  # by an exception of the program's, raised in the hook, which ended it
        self.is_kept_out = False  # the one in displaced_by had it before, and could not be given it back
        self._own_hooks: list[weakref.ref[ProfileFunction]] = []  # the first thread's
        self.quick = Quick(self.options.gate is None)
        self._forgetting: weakref.WeakSet[Callable[[], None]] = weakref.WeakSet()
        self._modes: dict[str, int] = {}
        # The files out of scope, and the ids of generated code that is: a set is faster to ask than a dict.
        self._passed: set[str | int] = set()
        self._files: set[str] = set()  # those in scope
        self._generated: dict[int, tuple[Decision, CodeType]] = {}
        self._plans: dict[int, tuple[tuple[str, ...], CodeType]] = {}
        self._known: dict[int, object] = {}  # the settings' values that were looked at, by id
        self._snapshots: set[int] = set()  # ids of the codes after which the state is noted
        self._lock = threading.Lock()
        self._previous: tuple[Any, Any] = (None, None)
        self.forks = ForkWatch(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stream = self.current_stream() if error is not None else None
        if error is not None and stream is not None:
            # It leaves the recorded code, so that no handler there will show what it was.
            stream.events.extend((None, self.options.clock(), exception_chain(error), "exception"))
        self.stop()

    def start(self) -> None:
        """Install the hooks: for this thread, and for those that will be started.

        Raises:
            RuntimeError: it is recording already.
        """
        if self.is_recording:
            raise RuntimeError("this recorder is recording already; make another one")
        held = full_hook_of(hidden_hooks.plain_sys_getprofile())
        # A profiler in C, as cProfile, is no function: setprofile() could take its hook, not give it back.
        self.is_kept_out = held is not None and not callable(held)
        in_threads = hidden_hooks.plain_threading_getprofile()
        self._previous = (None if self.is_kept_out else held, in_threads)
        self.is_recording = True
        self.forks.start()
        hidden_hooks.begin()
        if self.is_kept_out:
            self.displaced_by = _name_of_hook(held)
            return

        def first_event(frame: FrameType, event: str, argument: Any) -> None:
            self._first_event(frame, event, argument)

        hidden_hooks.add(first_event, self._previous[1])
        threading.setprofile(first_event)
        hooks = self._install(threading.current_thread(), self._previous[0])
        self._own_hooks = [weakref.ref(hook) for hook in (hooks.first, *hooks.others)]

    def stop(self) -> None:
        """Put the previous hooks back. To be called in the thread that called :meth:`start`."""
        if not self.is_recording:
            return
        holder = hidden_hooks.plain_sys_getprofile()
        is_ours = holder is not None and any(hook() is holder for hook in self._own_hooks)
        if not is_ours:
            was_hit = self.was_hit and holder is None
            self.displaced_by = "an exception of a signal handler" if was_hit else _name_of_hook(holder)
        if holder is None or is_ours:  # else it is another tool's now, and works
            sys.setprofile(self._previous[0])
        threading.setprofile(self._previous[1])
        hidden_hooks.end()
        self.forks.stop()
        self.is_recording = False
        # Threads that go on have a hook of their own still: the next call in each finds nothing known, and
        # takes the hook away.
        self._modes.clear()
        self._passed.clear()
        self.quick.passed.clear()
        with self._lock:
            for forget in self._forgetting:
                forget()

    @contextmanager
    def request(self, request_id: int) -> Iterator[None]:
        """What this thread calls inside belongs to this request (for requests made in-process)."""
        stream = self.current_stream()
        if stream is None and self.is_kept_out:
            yield
            return
        if stream is None:
            raise RuntimeError("this thread is not being recorded")
        stream.events.extend((None, self.options.clock(), request_id, "request"))
        try:
            yield
        finally:
            stream.events.extend((None, self.options.clock(), 0, "request"))

    def current_stream(self) -> ThreadStream | None:
        """The stream of the calling thread; None when it is not recorded."""
        # Not current_thread(): that would make up a Thread where there is none.
        thread = getattr(threading, "_active", {}).get(threading.get_ident())
        for stream in reversed(self.streams):
            if thread is not None and stream.thread_object_id == id(thread):
                return stream
        return None

    def _first_event(self, frame: FrameType, event: str, argument: Any) -> None:
        """The hook that a new thread begins with: it gives the thread one of its own."""
        if not self.is_recording:
            sys.setprofile(None)
            return
        thread = threading.current_thread()
        self._install(thread, self._previous[1]).first(frame, event, argument)

    def decision(self, code: CodeType) -> Decision:
        """The decision that was made for code that has been recorded."""
        if code.co_filename.startswith("<"):
            # What a forked process has generated was decided there.
            found = self._generated.get(id(code))
            return found[0] if found else self.scope.decide(code.co_filename, {})
        return self.scope.decide(code.co_filename, {})

    def _decide(self, code: CodeType, frame: FrameType) -> int:
        """The slow path: a file that is met for the first time, or code that is in no file."""
        file_path = code.co_filename
        if file_path.startswith("<"):
            # Such a name ("<string>") says nothing: each piece of generated code is decided by itself.
            self._modes[file_path] = GENERATED
            if id(code) not in self._generated:
                self._generated[id(code)] = (self.scope.decide(file_path, frame.f_globals), code)
            if self._generated[id(code)][0].is_recorded:
                return IN_SCOPE
            # But a module that is frozen into Python has a name of its own, as a file has.
            if file_path.startswith("<frozen "):
                self._pass_by(file_path)
            else:
                self._passed.add(id(code))
            return OUT_OF_SCOPE
        mode = IN_SCOPE if self.scope.decide(file_path, frame.f_globals).is_recorded else OUT_OF_SCOPE
        is_config = frame.f_globals.get("__name__") == "flask.config"
        if file_path in (THREADING_FILE, SOCKETSERVER_FILE) or is_config:
            mode |= WATCHED
        self._modes[file_path] = mode
        if mode == OUT_OF_SCOPE:
            self._pass_by(file_path)
        elif mode & IN_SCOPE:
            self._files.add(file_path)
        return mode

    def _pass_by(self, file_path: str) -> None:
        """Do nothing for what a file out of scope holds."""
        self._passed.add(file_path)
        self.quick.pass_by(file_path)

    def lasti_in_scope(self, frame: FrameType | None) -> int:
        """Where the first frame in scope is, of a call's callers: its ``f_lasti``; -1 where there is none."""
        passed, files, plans = self._passed, self._files, self._plans
        while frame is not None:
            code = frame.f_code
            name = code.co_filename
            if name not in passed and (name in files or id(code) in plans):
                return frame.f_lasti
            frame = frame.f_back
        return -1

    def _watch(self, frame: FrameType, stream: ThreadStream) -> None:
        """Look at the few functions that tell who starts a thread and when the server is ready."""
        code = frame.f_code
        if code is THREAD_STARTS[0]:
            thread = frame.f_locals["self"]
            stream.events.extend((None, self.options.clock(), id(thread), None))
            back = frame.f_back
            if back is not None and back.f_code.co_filename == SOCKETSERVER_FILE:
                self.workers[:] = [w for w in self.workers if w.ident is None or w.is_alive()]
                self.workers.append(thread)
                if self.options.gate is not None:
                    self.options.gate.on_hand_over(stream)
        elif code.co_qualname in CONFIG_ACCESS:
            self._note_secret(frame.f_locals)
        elif code is SERVE_FOREVER and self.options.on_serve is not None:
            self.options.on_serve(frame.f_locals["self"])

    def note_setting(self, frame: FrameType, value: object, stream: ThreadStream) -> None:
        """A text that is not known yet was read from the app's settings."""
        self._known[id(value)] = value  # which keeps it, so that its id stays its own
        self._watch(frame, stream)

    def _note_secret(self, values: Mapping[str, Any]) -> None:
        """Note the app's secret key when it is set or read: its name is only known to Flask's descriptor."""
        if _instance_dict(values["self"]).get("__name__") != _SECRET:
            return
        config = _instance_dict(values.get("obj")).get("config")
        if config is not None and issubclass(type(config), dict):
            self.secrets.append(dict.get(config, _SECRET))
            mark = id(config), dict.__len__(config)
            if mark != self._noted_settings:  # each request reads the key, and few set anything
                self._noted_settings = mark
                self.secrets.append(settings_of(config))
        self.secrets.append(values.get("value"))

    def _plan(self, code: CodeType) -> tuple[str, ...]:
        """The names of a function's parameters; the code is kept, so that its id stays its own."""
        names = parameter_names(code)
        if not self.options.with_values and not (code.co_filename == SOCKETSERVER_FILE and CLIENT in names):
            names = ()
        self._plans[id(code)] = (names, code)
        if self.options.with_state and state.is_wanted(code, self.decision(code)):
            self._snapshots.add(id(code))
        return names

    def _note_state(self, frame: FrameType, stream: ThreadStream) -> None:
        snapshot = state.take(frame)
        if snapshot is not None:
            stream.events.extend((None, self.options.clock(), snapshot, "state"))

    def _failed(self) -> bool:
        """Tell whether the exception being handled is the hook's own fault (and count it then).

        A signal handler of the program's may raise inside the hook: that one is the program's.
        """
        traceback = sys.exc_info()[2]
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        is_ours = traceback is not None and traceback.tb_frame.f_globals.get("__name__", "") in _OUR_MODULES
        self.error_count += is_ours
        return is_ours

    def _install(self, thread: threading.Thread, in_place: Any) -> Hooks:
        """Give the calling thread its hook.

        Args:
            thread: the calling one.
            in_place: what the program is to see instead.

        Returns:
            The hooks. They keep frames alive, and are not to be kept any longer than the thread has them.
        """
        hooks = self._make_hooks(self.new_stream(thread.name, id(thread)))
        for hook in (hooks.first, *hooks.others):
            hidden_hooks.add(hook, in_place)
        if hooks.forget is not None:
            with self._lock:
                self._forgetting.add(hooks.forget)
        sys.setprofile(hooks.first)
        return hooks

    def _make_hooks(self, stream: ThreadStream) -> Hooks:
        return make_hooks(self, stream)

    def new_stream(self, name: str, thread_object_id: int) -> ThreadStream:
        """Begin the stream of another thread."""
        with self._lock:
            stream = ThreadStream(len(self.streams) + 1, name, thread_object_id, self._new_events())
            stream.brake_at = MAX_WAITING * stream.width
            self.streams.append(stream)
        return stream

    def _new_events(self) -> Events:
        return EventList()

    def keep_pace(self, stream: ThreadStream | None) -> None:
        """If many events of the calling thread wait to be read, it waits too."""
        if stream is not None and len(stream.events) > stream.brake_at:
            stream.brake_at = self.brake(stream) * stream.width

    def mind_pace(self) -> None:
        """The reader looks, for threads that do not themselves, whether they have to."""

    def brake(self, stream: ThreadStream) -> int:
        """Make the calling thread wait while many of its events do; not for ever, as it may hold a lock.

        Returns:
            How many may wait before it is to be called again.
        """
        deadline_s = time.monotonic() + _BRAKE_S
        waiting = len(stream.events) // stream.width
        while waiting > MAX_WAITING and self.has_reader and time.monotonic() < deadline_s:
            if self.forks.held_since_ns() is not None:
                break  # all wait for what a child has to tell
            time.sleep(_BRAKE_LOOK_S)
            waiting = len(stream.events) // stream.width
        return max(MAX_WAITING, waiting + MAX_WAITING // 20)

    def look_again(self) -> None:
        """The app's settings may have changed since they were looked at."""
        self._known.clear()

    def ignore_this_thread(self) -> None:
        """Leave the calling thread out, which this engine does anyway with threads that it does not start."""


def _name_of_hook(hook: object) -> str:
    """Who holds the profile hook, for a message."""
    if hook is None:
        return "sys.setprofile(None)"
    named: Any = hook if isinstance(hook, FunctionType | BuiltinFunctionType) else type(hook)
    return f"{named.__module__}.{named.__qualname__}"


def _instance_dict(item: object) -> dict[str, Any]:
    """An object's own attributes, without running a ``__getattribute__`` of its class."""
    try:
        found = object.__getattribute__(item, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}
