"""What a live recording and the walk that watches it tell each other, over a pipe between two processes."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flasktrace.tracer.live import Bookmark, Go
from flasktrace.tracer.model import (
    Detail,
    Details,
    Function,
    Marker,
    Metadata,
    Outcome,
    Outcomes,
    Request,
    Thread,
    Trace,
)
from flasktrace.tracer.store_schema import CALL_COLUMNS


@dataclass(frozen=True, slots=True)
class Delta:
    """What is new in a trace that grows. ``changed`` has (position, end in ns, outcome, request id)."""

    metadata: Metadata
    threads: list[Thread]
    requests: list[Request]
    functions: list[Function]
    details: list[Detail]
    outcomes: list[Outcome]
    phases: list[str]
    markers: list[Marker]
    columns: dict[str, "array[int]"]
    changed: list[tuple[int, int, int, int]]
    dropped_count: int

    def apply(self, trace: Trace) -> None:
        """Bring the watcher's copy up to date."""
        calls = trace.calls
        trace.metadata, trace.dropped_count = self.metadata, self.dropped_count
        trace.threads, trace.requests = self.threads, self.requests
        trace.functions.update((function.id, function) for function in self.functions)
        trace.markers.extend(self.markers)
        calls.details.extend(self.details)
        calls.outcomes.extend(self.outcomes)
        calls.phases.extend(self.phases)
        for name, column in self.columns.items():
            getattr(calls, name).extend(column)
        for position, end_ns, outcome, request_id in self.changed:
            calls.end_ns[position] = end_ns
            calls.outcome[position] = outcome
            calls.request_id[position] = request_id


def empty_trace() -> Trace:
    """What the watcher's copy is at first: without the pools' own first entries, as those are sent too."""
    trace = Trace()
    trace.calls.details, trace.calls.outcomes, trace.calls.phases = Details(()), Outcomes(()), []
    return trace


@dataclass(slots=True)
class DeltaMaker:
    """Finds what is new since the last time; as a writer of the :class:`~.flusher.Flusher` it sends it."""

    send: Any  # takes a Delta
    _counts: dict[str, int] = field(default_factory=dict)

    def write(self, trace: Trace, changed: Iterable[int] = ()) -> None:
        """Send what is new, if anything is."""
        calls = trace.calls
        first = self._counts.get("calls", 0)
        self._counts["calls"] = len(calls)
        functions = list(trace.functions.values())
        delta = Delta(
            trace.metadata,
            list(trace.threads),
            list(trace.requests),
            self._new("functions", functions),
            self._new("details", calls.details),
            self._new("outcomes", calls.outcomes),
            self._new("phases", calls.phases),
            self._new("markers", trace.markers),
            {name: getattr(calls, name)[first:] for name in CALL_COLUMNS},
            [(i, calls.end_ns[i], calls.outcome[i], calls.request_id[i]) for i in changed if i < first],
            trace.dropped_count,
        )
        self.send(delta)

    def close(self) -> None:
        """Nothing is left open."""

    def _new(self, name: str, items: Sequence[Any]) -> list[Any]:
        first = self._counts.get(name, 0)
        self._counts[name] = len(items)
        return list(items[first:])


# ---- From the recording ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldAt:
    """A thread is held at the entry or the end of a call; ``state`` is as a marker's data."""

    thread_id: int
    call_id: int
    is_end: bool
    state: dict[str, object]


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A thread that was held goes on by itself."""

    thread_id: int


@dataclass(frozen=True, slots=True)
class Serving:
    """The program's server listens."""

    address: str


@dataclass(frozen=True, slots=True)
class Done:
    """The program has ended. ``answers`` has (method, target, status or None, error) of each request."""

    failure: str
    program_traceback: str
    was_interrupted: bool
    answers: list[tuple[str, str, int | None, str]]


# ---- From the watcher --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoOn:
    """Let a held thread go on."""

    thread_id: int
    go: Go


@dataclass(frozen=True, slots=True)
class SetLevel:
    """Stop at the functions of this level."""

    level: str


@dataclass(frozen=True, slots=True)
class SetBookmark:
    """Add or remove a bookmark."""

    bookmark: Bookmark
    is_set: bool


@dataclass(frozen=True, slots=True)
class LetGo:
    """Hold nothing any more, and let the program end."""
