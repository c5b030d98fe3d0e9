"""The trace: data only, the terms that every other module speaks in.

The terms are those of Perfetto, OpenTelemetry and AppMap: a :class:`Trace` holds :class:`Function`,
:class:`Thread` and :class:`Request` objects, and its calls as columns (:class:`Calls`), as a million
objects would not fit. A :class:`Call` is one row of them, made when it is asked for.

Times are in nanoseconds from the trace's first event. Ids are positive; calls are in order of start.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import compress, count, islice, repeat
from operator import add, eq, ge, gt, le, lt
from typing import overload

from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.values import (
    NO_DETAIL,
    PLAIN_RETURN,
    UNFINISHED,
    Detail,
    Details,
    Outcome,
    Outcomes,
    Raised,
    Returned,
    Unfinished,
    Value,
)

__all__ = [
    "NO_DETAIL",
    "PLAIN_RETURN",
    "UNFINISHED",
    "Call",
    "Calls",
    "Detail",
    "Details",
    "Function",
    "Marker",
    "Metadata",
    "Origin",
    "Outcome",
    "Outcomes",
    "Raised",
    "Request",
    "Returned",
    "Thread",
    "Trace",
    "Unfinished",
    "Value",
]

_IN_PROCESS = re.compile(r" in process (\d{1,10})$")  # at the end of a thread's name


class Origin(Enum):
    """Whose code a function is."""

    USER = "user"  # the traced program's own
    FLASK = "flask"
    WERKZEUG = "werkzeug"
    SERVER = "server"  # the standard library's server: socketserver, http.server, selectors
    STDLIB = "stdlib"
    LIBRARY = "library"  # any other installed distribution


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was called; ``qualname`` names the class that defines it (``co_qualname``)."""

    id: int
    module: str  # as upstream names it: "flask.app" for both engines
    qualname: str
    file_path: str
    line_number: int
    last_line: int
    origin: Origin

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualname.rpartition(".")[2]

    @property
    def dotted_name(self) -> str:
        """Module and qualified name, ``flask.app.Flask.wsgi_app``."""
        return f"{self.module}.{self.qualname}"


@dataclass(frozen=True, slots=True)
class Call:
    """One activation of a function; a generator's resumptions belong to the same one."""

    id: int
    parent_id: int | None
    function_id: int
    thread_id: int
    request_id: int | None
    depth: int  # 0 for a call with no recorded caller
    call_line: int | None  # the line in the caller
    start_ns: int
    end_ns: int
    phase: str | None  # the id of a phase of the catalogue
    receiver: Value | None  # what the method was called on: class_name is the actual class
    parameters: tuple[Value, ...]
    outcome: Outcome

    @property
    def duration_ns(self) -> int:
        """From start to end, inner calls included."""
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that was sent to the program."""

    id: int
    method: str
    target: str  # path and query as sent
    status: int | None = None  # None: no answer came


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of the program, with the call that started it."""

    id: int
    name: str
    started_by: int | None = None  # call id

    @property
    def process_id(self) -> int:
        """Of the process that the program has started and this thread is in; 0 for the program's own."""
        found = _IN_PROCESS.search(self.name)
        return int(found[1]) if found else 0


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened at a moment of a call and is no call: a resumption, a state snapshot."""

    id: int
    kind: str  # "resumed", "state", ...
    call_id: int | None
    time_ns: int
    data: Mapping[str, object] = field(default_factory=dict)  # JSON-able


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was run, and with what."""

    scenario: str = ""
    engine: str = "bundled"
    recorder: str = "setprofile"
    python_version: str = ""
    flask_version: str = ""
    werkzeug_version: str = ""
    created: str = ""  # ISO 8601, UTC
    level_of_detail: str = "values"  # or "calls": no values recorded
    extra: Mapping[str, str] = field(default_factory=dict)


class Calls(Sequence[Call]):
    """The calls as columns, in order of start; ``calls[i]`` makes the row at position ``i``.

    A missing parent, request, call line or phase is 0 in its column. ``detail`` and ``outcome`` hold
    positions in the pools ``details`` and ``outcomes``; ``phase`` one in ``phases``.
    """

    __slots__ = (
        "call_line",
        "depth",
        "detail",
        "details",
        "end_ns",
        "function_id",
        "id",
        "outcome",
        "outcomes",
        "parent_id",
        "phase",
        "phases",
        "request_id",
        "start_ns",
        "thread_id",
    )

    def __init__(self) -> None:
        self.id = array("q")
        self.parent_id = array("q")
        self.function_id = array("i")
        self.thread_id = array("i")
        self.request_id = array("i")
        self.depth = array("i")
        self.call_line = array("i")
        self.start_ns = array("q")
        self.end_ns = array("q")
        self.phase = array("i")
        self.detail = array("i")
        self.outcome = array("i")
        self.details = Details()
        self.outcomes = Outcomes()
        self.phases: list[str] = [""]

    def __len__(self) -> int:
        return len(self.id)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        detail = self.details[self.detail[index]]
        return Call(
            self.id[index],
            self.parent_id[index] or None,
            self.function_id[index],
            self.thread_id[index],
            self.request_id[index] or None,
            self.depth[index],
            self.call_line[index] or None,
            self.start_ns[index],
            self.end_ns[index],
            self.phases[self.phase[index]] or None,
            detail.receiver,
            detail.parameters,
            self.outcomes[self.outcome[index]],
        )

    def __iter__(self) -> Iterator[Call]:
        return (self[i] for i in range(len(self)))

    def index_of(self, call_id: int) -> int:
        """The position of a call.

        Raises:
            KeyError: no call has this id.
        """
        guess = call_id - 1
        if 0 <= guess < len(self.id) and self.id[guess] == call_id:
            return guess
        position = bisect_left(self.id, call_id)
        if position == len(self.id) or self.id[position] != call_id:
            raise KeyError(call_id)
        return position

    def append(self, call: Call) -> None:
        """Add one call; equal details and outcomes are not looked for, see the builder for that."""
        self.id.append(call.id)
        self.parent_id.append(call.parent_id or 0)
        self.function_id.append(call.function_id)
        self.thread_id.append(call.thread_id)
        self.request_id.append(call.request_id or 0)
        self.depth.append(call.depth)
        self.call_line.append(call.call_line or 0)
        self.start_ns.append(call.start_ns)
        self.end_ns.append(call.end_ns)
        self.phase.append(self._phase_position(call.phase))
        if call.receiver is None and not call.parameters:
            self.detail.append(0)
        else:
            self.detail.append(len(self.details))
            self.details.append(Detail(call.receiver, call.parameters))
        if isinstance(call.outcome, Unfinished):
            self.outcome.append(0)
        elif call.outcome == PLAIN_RETURN:
            self.outcome.append(1)
        else:
            self.outcome.append(len(self.outcomes))
            self.outcomes.append(call.outcome)

    def _phase_position(self, phase: str | None) -> int:
        if phase is None:
            return 0
        if phase not in self.phases:
            self.phases.append(phase)
        return self.phases.index(phase)


@dataclass(slots=True)
class Trace:
    """A recording: what was called, by what, with what, and what came of it."""

    metadata: Metadata = field(default_factory=Metadata)
    threads: list[Thread] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    functions: dict[int, Function] = field(default_factory=dict)  # by id
    calls: Calls = field(default_factory=Calls)
    markers: list[Marker] = field(default_factory=list)
    dropped_count: int = 0  # calls that were not kept, for the limit or a filter given at recording
    unread_count: int = 0  # calls that are in the file, but were not wanted

    def call(self, call_id: int) -> Call:
        """The call of this id.

        Raises:
            KeyError: no call has this id.
        """
        return self.calls[self.calls.index_of(call_id)]

    def function_of(self, call: Call) -> Function:
        """The function that a call ran."""
        return self.functions[call.function_id]

    def validate(self, places: Sequence[int] | None = None) -> None:
        """Check the invariants: every id resolves, a parent comes first and encloses, depth is one more.

        A parent in another thread (a hand-over) encloses the start only: the new thread outlives the
        call that started it.

        Args:
            places: of each call's parent among the calls, counted from 1, with 0 for none; given by who has
                made ids, parents and depths of them, which are not looked at then.

        Raises:
            TraceError: the first invariant that does not hold.
        """
        if not self._is_plainly_valid(places):
            self._validate_calls()
        for thread in self.threads:
            if thread.started_by is not None:
                self._require_call(thread.started_by, f"thread {thread.id}")
        for marker in self.markers:
            if marker.call_id is not None:
                self._require_call(marker.call_id, f"marker {marker.id}")

    def _is_plainly_valid(self, places: Sequence[int] | None) -> bool:
        """The same check of the calls by loops in C; False when in doubt."""
        calls = self.calls
        starts, ends = calls.start_ns, calls.end_ns
        places = self._sound_places() if places is None else places
        if places is None or not len(calls) or starts[0] < 0:
            return False
        parent_ends = array("q", [max(ends), *ends])
        late = map(gt, ends, map(parent_ends.__getitem__, places))
        return (
            self.functions.keys() >= set(calls.function_id)
            and {thread.id for thread in self.threads} >= set(calls.thread_id)
            and {0, *(request.id for request in self.requests)} >= set(calls.request_id)
            and all(map(le, starts, islice(starts, 1, None)))
            and all(map(ge, ends, starts))
            # A new thread outlives the call that started it.
            and all(calls.thread_id[i] != calls.thread_id[places[i] - 1] for i in compress(count(), late))
        )

    def _sound_places(self) -> Sequence[int] | None:
        """The place of each call's parent, if ids, parents and depths are what they should be."""
        calls, ids = self.calls, self.calls.id
        if not len(ids) or ids[0] <= 0 or not all(map(lt, ids, islice(ids, 1, None))):
            return None
        places: Sequence[int] = calls.parent_id
        if ids[-1] != len(ids):
            found = {0: 0, **dict(zip(ids, count(1), strict=False))}
            places = [found.get(parent_id, -1) for parent_id in calls.parent_id]
        if min(places) < 0 or not all(map(lt, calls.parent_id, ids)):
            return None
        child_depths = array("q", [0, *map(add, calls.depth, repeat(1))])
        return places if all(map(eq, calls.depth, map(child_depths.__getitem__, places))) else None

    def _validate_calls(self) -> None:
        calls = self.calls
        threads = {thread.id for thread in self.threads}
        requests = {request.id for request in self.requests} | {0}
        previous_id = 0
        previous_start_ns = 0
        for i in range(len(calls)):
            call_id = calls.id[i]
            if call_id <= previous_id:
                raise TraceError(f"call {call_id} does not follow call {previous_id}: ids must grow")
            if calls.start_ns[i] < previous_start_ns:
                raise TraceError(f"call {call_id} starts before call {previous_id}, which has a smaller id")
            previous_id, previous_start_ns = call_id, calls.start_ns[i]
            if calls.function_id[i] not in self.functions:
                raise TraceError(f"call {call_id} names function {calls.function_id[i]}, which is not there")
            if calls.thread_id[i] not in threads:
                raise TraceError(f"call {call_id} names thread {calls.thread_id[i]}, which is not there")
            if calls.request_id[i] not in requests:
                raise TraceError(f"call {call_id} names request {calls.request_id[i]}, which is not there")
            if calls.end_ns[i] < calls.start_ns[i]:
                raise TraceError(f"call {call_id} ends before it starts")
            self._validate_parent(i)

    def _require_call(self, call_id: int, who: str) -> None:
        try:
            self.calls.index_of(call_id)
        except KeyError:
            raise TraceError(f"{who} names call {call_id}, which is not there") from None

    def _validate_parent(self, i: int) -> None:
        calls = self.calls
        call_id, parent_id = calls.id[i], calls.parent_id[i]
        if not parent_id:
            if calls.depth[i]:
                raise TraceError(f"call {call_id} has no parent but the depth {calls.depth[i]}")
            return
        if parent_id >= call_id:
            raise TraceError(f"call {call_id} has the parent {parent_id}: a parent's id is smaller")
        self._require_call(parent_id, f"call {call_id}")
        parent = calls.index_of(parent_id)
        if calls.depth[i] != calls.depth[parent] + 1:
            raise TraceError(
                f"call {call_id} is at depth {calls.depth[i]}, its parent at {calls.depth[parent]}"
            )
        if calls.thread_id[i] != calls.thread_id[parent]:
            return
        if calls.start_ns[i] < calls.start_ns[parent] or calls.end_ns[i] > calls.end_ns[parent]:
            raise TraceError(f"call {call_id} is not inside the time of its parent {parent_id}")
