"""Processes that the program starts while it is recorded: their events come home when they exit.

A forked child inherits the hook, but not the thread that writes. So it starts with empty streams, and on its
way out (``os._exit``, as ``socketserver.ForkingMixIn`` and ``multiprocessing`` leave) puts its events into a
file of a private folder. The reloader's child has a recorder of its own (:mod:`tracer.reloaded`) and does the
same. The parent reads the file and joins the child's calls to the call that started it, as it does with
threads; until then it holds back what it recorded since, so that all comes in the order of time.
"""

import contextlib
import marshal
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from types import CodeType
from typing import TYPE_CHECKING, Any

from flasktrace.tracer.model import IN_PROCESS, Origin
from flasktrace.tracer.scope import Decision
from flasktrace.tracer.streams import EVENT_SLOTS, GENERATOR_FLAGS, ThreadStream, Unwound

if TYPE_CHECKING:
    from flasktrace.tracer.recorder import Recorder

_watches: "list[ForkWatch]" = []
_is_registered = False


class ForkWatch:
    """The forks of one recording."""

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder
        self._folder: Path | None = None
        self._open: dict[int, int] = {}  # number of the fork: its time in ns
        self._count = 0
        self._apart: set[int] = set()  # numbers of the processes that are no forks
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
        """The time of the first fork whose child has not reported yet."""
        return min(self._open.values(), default=None)

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

    def for_process(self) -> Path | None:
        """As :meth:`before`, for a process that is no fork: where it is to put its events, if anywhere."""
        self.before()
        if self._stream is None or self._folder is None:
            return None
        self._apart.add(self._count)
        return self._folder / str(self._count)

    def before(self) -> None:
        """In the parent, about to fork: note which call forks."""
        self._stream = self._recorder.current_stream() if os.getpid() == self._owner else None
        if self._stream is None:
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="flasktrace-forks-"))
        self._count += 1
        time_ns = self._open[self._count] = perf_counter_ns()
        self._stream.events.extend((None, time_ns, -self._count, None))

    def in_child(self) -> None:
        """In the child: what the parent has recorded is the parent's to tell."""
        for stream in self._recorder.streams:
            stream.events.clear()
        if self._stream is None or self._folder is None:
            return
        del self._recorder.streams[:]
        self._recorder.streams.append(self._stream)
        leave, path = os._exit, self._folder / str(self._count)

        def _exit(status: int) -> None:
            with contextlib.suppress(Exception):
                write_report(self._recorder, path)
            leave(status)

        exit_here: Callable[[int], Any] = _exit
        os._exit = exit_here  # type: ignore[assignment]

    def _load(self, path: Path, number: int) -> list[ThreadStream]:
        pid, ended_ns, decisions, streams, codes, secrets = marshal.loads(path.read_bytes())
        for file_path, is_recorded, origin, module, reason in decisions:
            decision = Decision(is_recorded, Origin(origin), module, reason)
            self._recorder.scope.decisions.setdefault(file_path, decision)
        self._recorder.secrets += secrets
        code_ids = {old: id(code) for old, code in codes}
        # An object of a process that is no fork may have the id of another one here.
        offset = number << 64 if number in self._apart else 0
        loaded = []
        for position, (name, object_id, events) in enumerate(streams):
            # The first is the thread that started it: it goes on under the call that did.
            identity = -number if position == 0 else object_id + offset
            stream = self._recorder.new_stream(f"{name}{IN_PROCESS}{pid}", identity)
            stream.events.extend(_lively(events, offset, code_ids))
            stream.events.extend((None, ended_ns, 0, "end"))
            loaded.append(stream)
        return loaded


def write_report(recorder: "Recorder", path: Path) -> None:
    """In a child: write what was recorded, for :meth:`ForkWatch.take` in the parent."""
    streams = [
        (s.name, s.thread_object_id, [_plain(e) for e in tuple(s.events)]) for s in tuple(recorder.streams)
    ]
    # A code object that comes home has no globals: whose it is was decided here.
    decisions = [
        (file_path, each.is_recorded, each.origin.value, each.module, each.reason)
        for file_path, each in list(recorder.scope.decisions.items())  # the hook is still there
    ]
    codes = {id(e): e for _, _, events in streams for e in events[::EVENT_SLOTS] if e is not None}
    secrets = [each for each in tuple(recorder.secrets) if type(each) in (str, bytes)]
    report = (os.getpid(), perf_counter_ns(), decisions, streams, list(codes.items()), secrets)
    part = path.with_suffix(".part")
    part.write_bytes(marshal.dumps(report))
    part.rename(path)


def _before() -> None:
    for watch in _watches:
        watch.before()


def _in_child() -> None:
    for watch in _watches:
        watch.in_child()


def _plain(item: Any) -> Any:
    """An event's part as marshal can write it: an :class:`Unwound` becomes a list, which nothing else is."""
    if type(item) is Unwound:
        return list(item)
    if type(item) is tuple and len(item) == 2 and type(item[1]) is Unwound:
        return (item[0], list(item[1]))
    return item


def _lively(events: list[Any], offset: int, code_ids: dict[int, int]) -> list[Any]:
    """The events that :func:`_plain` made plain; what they name by its id has the id it got here."""
    made = []
    for i in range(0, len(events), EVENT_SLOTS):
        code, time_ns, where, extra = events[i : i + EVENT_SLOTS]
        if code is None and extra == "exception":
            where = [(name, text, frozenset(code_ids.get(e, e) for e in ids)) for name, text, ids in where]
        elif code is None and extra is None and where > 0:
            where = where + offset
        elif isinstance(code, CodeType):
            extra = _lively_extra(extra)
            if code.co_flags & GENERATOR_FLAGS:
                extra = (extra[0] + offset, *extra[1:])
        made += [code, time_ns, where, extra]
    return made


def _lively_extra(item: Any) -> Any:
    if type(item) is list and len(item) == 2 and all(type(part) is str for part in item):
        return Unwound(item)
    if type(item) is tuple and len(item) == 2 and type(item[1]) is list:
        return (item[0], Unwound(item[1]))
    return item
