"""Live: holds the traced program's own threads at the stops of a walk, while their clients wait.

:class:`Holder` is the recorder's gate. A thread that comes to a stop waits there on a lock of its own, until
it is told to go on, and how far. Nothing else of the program is touched: threads that are not held run.

A thread is never held inside ``logging``, ``threading`` or the import system: it would keep a lock there that
others, the screen among them, may need. Nor is a process that the program forks, nor anything once the walk
is over (:meth:`Holder.let_go`).
"""

import _thread
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any

from flasktrace.tracer import state
from flasktrace.tracer.streams import ThreadStream

_THREADING_FILE = threading.Thread.start.__code__.co_filename
_THREAD_BASES = frozenset({"_bootstrap", "_bootstrap_inner", "run"})
_LOGGING = "logging"
_SIGNALS_EVERY_S = 0.2


class Kind(Enum):
    """What a function is to a walk."""

    NONE = 0
    STOP = 1
    MILESTONE = 2  # a stop too


class Go(Enum):
    """How far a thread is let go."""

    STEP = "step"  # to the next stop
    OVER = "over"  # to the end of the call it is at the entry of
    OUT = "out"  # to the end of the call, or of the caller
    MILESTONE = "milestone"  # to the entry of a milestone
    RUN = "run"  # to a bookmark


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place in the code to stop at, whatever else is asked."""

    module: str
    qualname: str
    is_end: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A thread has come to a stop, and waits; ``snapshot`` is what Flask keeps, as the hook saw it."""

    stream_id: int
    is_end: bool
    snapshot: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """A thread that was held is not any more, though it was not told to go on: a signal has woken it."""

    stream_id: int


class HoldClock:
    """A clock that stands still while any thread is held, so that the waiting is in no call's time."""

    def __init__(self, clock: Callable[[], int] = perf_counter_ns) -> None:
        self._clock = clock
        self._lock = _thread.allocate_lock()
        self._held_count = 0
        self._since_ns = 0
        self._waited_ns = 0

    def __call__(self) -> int:
        """Now, in nanoseconds."""
        now_ns = self._since_ns if self._held_count else self._clock()
        return now_ns - self._waited_ns

    def hold(self) -> None:
        """A thread begins to wait."""
        with self._lock:
            if not self._held_count:
                self._since_ns = self._clock()
            self._held_count += 1

    def release(self) -> None:
        """A thread goes on."""
        with self._lock:
            self._held_count -= 1
            if not self._held_count:
                self._waited_ns += self._clock() - self._since_ns


@dataclass(slots=True)
class _Thread:
    """How a thread is to be treated at its next stop."""

    go: Go = Go.STEP
    depth: int = 0  # of the frame that OVER and OUT are about
    is_free: bool = False  # not to be held, but at bookmarks
    is_waiting: bool = False
    lock: Any = field(default_factory=_thread.allocate_lock)


class Holder:
    """The gate of a recorder (see :class:`~flasktrace.tracer.recorder.Gate`).

    Args:
        kind_of: says what a function is to the walk, by its code.
        name_of: module and qualified name of a code, as bookmarks have them.
        tell: called in the thread itself with :class:`Held` or :class:`Gone`; it must not block.
    """

    def __init__(
        self,
        kind_of: Callable[[CodeType], Kind],
        name_of: Callable[[CodeType], tuple[str, str]],
        tell: Callable[[Held | Gone], None],
    ) -> None:
        self.clock = HoldClock()
        self._kind_of, self._name_of, self._tell = kind_of, name_of, tell
        self._kinds: dict[int, tuple[Kind, CodeType]] = {}
        self._threads: dict[int, _Thread] = {}
        self._bookmarks: set[Bookmark] = set()
        self._mutex = _thread.allocate_lock()
        self._is_open = False
        self._process_id = os.getpid()

    def __call__(self, frame: FrameType, stream: ThreadStream, is_end: bool, /) -> None:
        """Hold this thread here, if here is where it is to be held."""
        if self._is_open:
            return
        code = frame.f_code
        known = self._kinds.get(id(code))
        if known is None:
            # The code is kept, so that its id stays its own.
            known = self._kinds[id(code)] = (self._kind_of(code), code)
        if known[0] is Kind.NONE and not self._bookmarks:
            return
        thread = self._thread(stream)
        is_due = self._is_due(thread, known[0], frame, is_end)
        if is_due and os.getpid() == self._process_id and is_safe(frame):
            self._hold(thread, stream, frame, is_end)

    def on_hand_over(self, stream: ThreadStream, /) -> None:
        """The server's own thread runs on from here, so that the next request is accepted meanwhile."""
        self._thread(stream).is_free = True

    def go_on(self, stream_id: int, go: Go) -> None:
        """Let a held thread go on; one that is not held is to stop from now on."""
        with self._mutex:
            thread = self._threads.get(stream_id)
            if thread is None:
                return
            thread.go, thread.is_free = go, False
            self._wake(thread)

    def let_go(self) -> None:
        """Hold nothing any more; what is held goes on."""
        with self._mutex:
            self._is_open = True
            for thread in self._threads.values():
                self._wake(thread)

    def forget_kinds(self) -> None:
        """Ask again what each function is: the level has changed."""
        self._kinds = {}

    def set_bookmark(self, bookmark: Bookmark, is_set: bool) -> None:
        """Add or remove a bookmark."""
        self._bookmarks = self._bookmarks | {bookmark} if is_set else self._bookmarks - {bookmark}

    def _thread(self, stream: ThreadStream) -> _Thread:
        thread = self._threads.get(stream.id)
        if thread is None:
            with self._mutex:
                thread = self._threads.setdefault(stream.id, _Thread())
        return thread

    def _is_due(self, thread: _Thread, kind: Kind, frame: FrameType, is_end: bool) -> bool:
        if self._bookmarks and Bookmark(*self._name_of(frame.f_code), is_end) in self._bookmarks:
            return True
        if kind is Kind.NONE or thread.is_free or thread.go is Go.RUN:
            return False
        if thread.go is Go.MILESTONE:
            return kind is Kind.MILESTONE and not is_end
        if thread.go is Go.STEP:
            return True
        return is_end and depth_of(frame) <= thread.depth

    def _hold(self, thread: _Thread, stream: ThreadStream, frame: FrameType, is_end: bool) -> None:
        snapshot = state.take_anywhere(frame)
        with self._mutex:
            if self._is_open:
                return
            thread.is_waiting = True
            thread.lock.acquire(blocking=False)
        self.clock.hold()
        try:
            self._tell(Held(stream.id, is_end, snapshot))
            # A signal that comes just before the wait does not end it: looked for again now and then.
            while not thread.lock.acquire(timeout=_SIGNALS_EVERY_S):
                pass
        except BaseException:
            # Ctrl-C has come to the program itself: it is to end as it would, with nothing in its way.
            thread.is_waiting = False
            self.let_go()
            self._tell(Gone(stream.id))
            raise
        finally:
            self.clock.release()
        if thread.go is Go.OVER and is_end:
            thread.go = Go.STEP
        # At an entry both are about this call; at an end, OUT is about the caller.
        thread.depth = depth_of(frame) - is_end

    def _wake(self, thread: _Thread) -> None:
        if thread.is_waiting:
            thread.is_waiting = False
            thread.lock.release()


def depth_of(frame: FrameType) -> int:
    """How many frames there are down to this one."""
    depth = 0
    above: FrameType | None = frame
    while above is not None:
        depth += 1
        above = above.f_back
    return depth


def is_safe(frame: FrameType) -> bool:
    """Whether a thread can be held here without keeping a lock of the standard library's from others."""
    above: FrameType | None = frame
    while above is not None:
        code = above.f_code
        if code.co_filename.startswith("<frozen importlib"):
            return False
        if code.co_filename == _THREADING_FILE and code.co_name not in _THREAD_BASES:
            return False
        if above.f_globals.get("__name__") == _LOGGING and code.co_filename == _logging_file():
            return False
        above = above.f_back
    return True


def _logging_file() -> str:
    return getattr(sys.modules.get(_LOGGING), "__file__", None) or ""
