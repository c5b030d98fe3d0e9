"""Processes that the program starts while it is recorded: their events come home when they exit.

A forked child inherits the hook, but not the thread that writes. So it starts with empty streams, and on its
way out (``os._exit``, as ``socketserver.ForkingMixIn`` and ``multiprocessing`` leave, or ``os.exec*``) puts
its events into a file of a private folder. The parent reads it and joins the child's calls to the call that
forked, as it does with threads; until then it holds back what it recorded since, so that all comes in the
order of time.

A child that runs the program anew, as a reloader's does, reports in the same way (see :mod:`.reloading`).
"""

import contextlib
import marshal
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from flasktrace.tracer.capture import Place
from flasktrace.tracer.model import Origin
from flasktrace.tracer.scope import Decision
from flasktrace.tracer.streams import GENERATOR_FLAGS, Event, EventList, ThreadStream, events_in

if TYPE_CHECKING:
    from flasktrace.tracer.recorder import Recorder

_watches: "list[ForkWatch]" = []
_is_registered = False


class ForkWatch:
    """The forks of one recording."""

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder
        self._folder: Path | None = None
        self._open: dict[int, int] = {}  # number of the child: the time it was started, in ns
        self._anew: set[int] = set()  # numbers of the children that share no memory with us
        self._count = 0
        self._stream: ThreadStream | None = None
        self._owner = os.getpid()

    def start(self) -> None:
        """Begin to look out for forks."""
        global _is_registered
        if not _is_registered:
            os.register_at_fork(before=_before, after_in_child=_in_child)
            _is_registered = True
        _watches.append(self)

    def stop(self) -> None:
        """Look out no more; what children still have to say can be taken."""
        with contextlib.suppress(ValueError):
            _watches.remove(self)

    def held_since_ns(self) -> int | None:
        """The time when the first child was started that has not reported yet."""
        return min(self._open.values(), default=None)

    def silent_count(self) -> int:
        """The number of children that have not reported: they were killed, or go on."""
        return len(self._open)

    def take(self) -> list[ThreadStream]:
        """The streams of the children that have reported since the last time."""
        if self._folder is None or os.getpid() != self._owner:
            return []
        streams = []
        for number in sorted(self._open):
            path = self._folder / str(number)
            if path.exists():
                streams += self._load(path, number)
                path.unlink()
                del self._open[number]
        return streams

    def close(self) -> None:
        """Remove the folder; children that have not reported are given up."""
        if self._folder is not None and os.getpid() == self._owner:
            shutil.rmtree(self._folder, ignore_errors=True)

    def before(self) -> None:
        """In the parent, about to fork: note which call forks."""
        self._stream = self._recorder.current_stream() if os.getpid() == self._owner else None
        if self._stream is not None:
            self._expect(self._stream)

    def before_anew(self) -> Path | None:
        """About to start a child that runs the program anew: where it is to report; None for nowhere."""
        stream = self._recorder.current_stream()
        if stream is None or os.getpid() != self._owner:
            return None
        path = self._expect(stream)
        self._anew.add(self._count)
        return path

    def _expect(self, stream: ThreadStream) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="flasktrace-forks-"))
        self._count += 1
        time_ns = self._open[self._count] = perf_counter_ns()
        stream.events.extend((None, time_ns, -self._count, None))
        return self._folder / str(self._count)

    def in_child(self) -> None:
        """In the child: what the parent has recorded is the parent's to tell, and its reader is not here."""
        self._recorder.has_reader = False
        for stream in self._recorder.streams:
            stream.events.clear()
        if self._stream is None or self._folder is None:
            return
        del self._recorder.streams[:]
        self._recorder.streams.append(self._stream)
        path = self._folder / str(self._count)
        for name in ("_exit", "execv", "execve"):
            setattr(os, name, self._reporting(getattr(os, name), path))

    def _reporting(self, leave: Callable[..., Any], path: Path) -> Callable[..., Any]:
        def leave_after_report(*arguments: Any, **keywords: Any) -> Any:
            with contextlib.suppress(Exception):
                report(self._recorder, path)
            return leave(*arguments, **keywords)

        return leave_after_report

    def _load(self, path: Path, number: int) -> list[ThreadStream]:
        pid, decisions, secrets, lost_count, codes, streams = marshal.loads(path.read_bytes())
        recorder = self._recorder
        for file_path, is_recorded, origin, module, reason in decisions:
            decision = Decision(is_recorded, Origin(origin), module, reason)
            recorder.scope.decisions.setdefault(file_path, decision)
        recorder.secrets += secrets
        recorder.lost_count += lost_count
        # What one child calls by an id (of a thread, a frame) is another thing than what the next calls so.
        home = _Home({old: id(code) for old, code in codes}, number << 80 if number in self._anew else 0)
        loaded = []
        for position, (name, object_id, events) in enumerate(streams):
            # The first is the thread that forked: it goes on under the call that did.
            identity = -number if position == 0 else object_id + home.offset
            stream = recorder.new_stream(f"{name} in process {pid}", identity)
            stream.events = EventList(home.brought(events))
            loaded.append(stream)
        return loaded


def report(recorder: "Recorder", path: Path, secrets: Iterable[object] = ()) -> None:
    """In a child: put what was recorded where the parent will look for it.

    Args:
        secrets: further values that the parent is to mask; all but texts and bytes is left out.
    """
    recorder.forks.take()
    streams = [(each.name, each.thread_object_id, _all_events(each)) for each in recorder.streams]
    for _, _, events in streams:
        events.append((None, perf_counter_ns(), 0, "end"))
    codes = {id(code): code for _, _, events in streams for code, *_ in events if code is not None}
    # A code object that comes home has no globals: whose it is was decided here.
    decisions = [
        (file_path, each.is_recorded, each.origin.value, each.module, each.reason)
        for file_path, each in list(recorder.scope.decisions.items())  # the hook is still there
    ]
    told = [each for each in (*recorder.secrets, *secrets) if type(each) in (str, bytes)]
    lost_count = recorder.lost_count + recorder.error_count
    part = path.with_suffix(".part")
    part.write_bytes(marshal.dumps((os.getpid(), decisions, told, lost_count, list(codes.items()), streams)))
    part.rename(path)


def _all_events(stream: ThreadStream) -> list[Event]:
    return list(events_in(stream, stream.events.take(None)))


def _before() -> None:
    for watch in _watches:
        watch.before()


def _in_child() -> None:
    for watch in _watches:
        watch.in_child()


@dataclass(frozen=True, slots=True)
class _Home:
    """Makes a child's events such as this process could have recorded.

    Attributes:
        codes: the ids that the code objects had in the child, and those that they have here.
        offset: what sets the child's other ids apart.
    """

    codes: Mapping[int, int]
    offset: int

    def brought(self, events: Iterable[Event]) -> Iterator[Any]:
        """The slots of the events in this process."""
        for code, time_ns, where, extra in events:
            if code is None:
                yield from (None, time_ns, self._what(where, extra), extra)
            elif code.co_flags & GENERATOR_FLAGS and type(extra) is tuple:
                frame_id, *rest = extra
                yield from (code, time_ns, where, (frame_id + self.offset, *rest))
            else:
                yield from (code, time_ns, where, extra)

    def _what(self, what: Any, kind: str | None) -> Any:
        if kind == "exception":
            return [self._raised(each) for each in what]
        return what + self.offset if kind is None else what

    def _raised(self, seen: tuple[str, str, frozenset[Place]]) -> tuple[str, str, frozenset[Place]]:
        class_name, text, places = seen
        return (class_name, text, frozenset((self.codes.get(code_id, 0), line) for code_id, line in places))
