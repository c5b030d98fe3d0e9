"""A trace as the stepper reads it: steps by level, single calls, and the state at a moment.

Two books give the same answers: :class:`MemoryBook` for a trace that is at hand, folded as in every view,
and :class:`~flasktrace.reports.stepper.file_book.FileBook` for a file too long to be read whole.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from flasktrace.reports.folded import FoldedTrace, Level, Step
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.hooks import Ledger, hook_ledger
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Call, Detail, Function, Metadata, Origin, Request, Returned, Thread, Trace

START_RESPONSE = "WSGIRequestHandler.run_wsgi.<locals>.start_response"
WRITE = "WSGIRequestHandler.run_wsgi.<locals>.write"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What Flask kept when a call was about to return; ``data`` is that of the trace's marker."""

    time_ns: int
    call_id: int
    thread_id: int
    request_id: int | None
    function_id: int
    data: Mapping[str, object]


class Steps(Protocol):
    """The steps of one level, by index from 0."""

    @property
    def depths(self) -> Sequence[int]:
        """Of the steps, in the order in which the story tells them."""
        ...

    @property
    def milestones(self) -> Sequence[int]:
        """Indices of the steps that are milestones, ascending."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Step: ...

    def function_at(self, index: int) -> Function:
        """The function of a step, without reading the rest of it."""
        ...

    def index_of(self, call_id: int) -> int | None:
        """The step that stands for a call; None when there is no such call."""
        ...

    def next_of(self, function_ids: Collection[int], after: int) -> int | None:
        """The first step behind ``after`` whose function is one of these."""
        ...

    def find(self, text: str, after: int) -> int | None:
        """The next step, from the one behind ``after`` on and around, whose names or values hold a text."""
        ...


class Book(Protocol):
    """What the stepper needs to know of a trace."""

    metadata: Metadata
    requests: Mapping[int, Request]
    threads: Mapping[int, Thread]
    functions: Mapping[int, Function]
    call_count: int
    dropped_count: int

    def steps(self, level: Level) -> Steps:
        """The steps at a level."""
        ...

    def call(self, call_id: int) -> Call:
        """One call.

        Raises:
            KeyError: no call has this id.
        """
        ...

    def find_call(self, text: str, after_id: int) -> int | None:
        """The next call, from the one behind ``after_id`` on and around, that holds a text."""
        ...

    def snapshot(self, thread_id: int, until_ns: int) -> Snapshot | None:
        """The last snapshot of a thread by a moment."""
        ...

    def snapshot_of(self, qualname: str, request_id: int, until_ns: int) -> Snapshot | None:
        """The last snapshot of a request by a moment, made when a function of this name returned."""
        ...

    def tables(self, until_ns: int) -> Snapshot | None:
        """The last snapshot of the app's tables by a moment."""
        ...

    def has_contexts(self) -> bool:
        """Whether the context stacks were recorded at all."""
        ...

    def ledgers(self) -> Sequence[Ledger] | None:
        """What became of each hook in each request; None where the trace is too long to look."""
        ...


def is_milestone(function: Function, catalogue: Catalogue) -> bool:
    """Whether the milestone moves stop at a function: one of the pipeline's milestones, or the user's."""
    if function.origin is Origin.USER:
        return True
    landmark = catalogue.landmark(function.module, function.qualname)
    return landmark is not None and landmark.is_milestone


def function_matches(function: Function, wanted: str) -> bool:
    """Whether a function's dotted name holds a text (in lower case)."""
    return wanted in function.dotted_name.lower()


def detail_matches(detail: Detail, wanted: str) -> bool:
    """Whether a receiver or parameter holds a text (in lower case)."""
    values = detail.parameters if detail.receiver is None else (detail.receiver, *detail.parameters)
    return any(wanted in f"{value.name}={value.text}".lower() for value in values)


def outcome_matches(outcome: object, wanted: str) -> bool:
    """Whether what came back or was raised holds a text (in lower case)."""
    if isinstance(outcome, Returned):
        return outcome.value is not None and wanted in outcome.value.text.lower()
    text = f"{getattr(outcome, 'class_name', '')}: {getattr(outcome, 'text', '')}"
    return wanted in text.lower()


class FoldedSteps:
    """The steps of a folded trace."""

    def __init__(self, folded: FoldedTrace, catalogue: Catalogue) -> None:
        self.folded = folded
        self._trace = folded.trace
        self.depths: array[int] = array("q")
        for parent in folded.parent_numbers:
            self.depths.append(self.depths[parent - 1] + 1 if parent else 0)
        self._positions = array("q", (self._position(i) for i in range(len(folded.steps))))
        wanted = {key for key, each in self._trace.functions.items() if is_milestone(each, catalogue)}
        ids = self._trace.calls.function_id
        self.milestones = array("q", (i for i, at in enumerate(self._positions) if ids[at] in wanted))

    def _position(self, index: int) -> int:
        return self._trace.calls.index_of(self.folded.steps[index].call.id)

    def __len__(self) -> int:
        return len(self.folded.steps)

    def __getitem__(self, index: int, /) -> Step:
        return self.folded.steps[index]

    def function_at(self, index: int) -> Function:
        """The function of a step."""
        return self._trace.functions[self._trace.calls.function_id[self._positions[index]]]

    def index_of(self, call_id: int) -> int | None:
        """The step that stands for a call, shown or folded away."""
        owners = self.folded.owners
        try:
            position = self._trace.calls.index_of(call_id)
        except KeyError:
            return None
        return owners[position] - 1 if position < len(owners) else None  # the trace may have grown

    def next_of(self, function_ids: Collection[int], after: int) -> int | None:
        """The first step behind ``after`` whose function is one of these."""
        return next_of(self._trace, self._positions, function_ids, after)

    def find(self, text: str, after: int) -> int | None:
        """The next step that holds a text; after the last comes the first."""
        holds = holder_of(self._trace, text)
        count = len(self)
        indices = ((after + offset) % count for offset in range(1, count + 1))
        return next((index for index in indices if holds(self._positions[index])), None)


def next_of(trace: Trace, positions: "array[int]", function_ids: Collection[int], after: int) -> int | None:
    """The first step behind ``after`` whose function is one of these, the steps being at these positions."""
    ids, wanted = trace.calls.function_id, frozenset(function_ids)
    if not wanted:
        return None
    return next((i for i in range(after + 1, len(positions)) if ids[positions[i]] in wanted), None)


def holder_of(trace: Trace, text: str) -> Callable[[int], bool]:
    """Tells, by position, which calls' names or values hold a text."""
    wanted, calls = text.lower(), trace.calls
    functions = {key for key, each in trace.functions.items() if function_matches(each, wanted)}
    details = {i for i, each in enumerate(calls.details) if detail_matches(each, wanted)}
    outcomes = {i for i, each in enumerate(calls.outcomes) if outcome_matches(each, wanted)}

    def holds(at: int) -> bool:
        return (
            calls.function_id[at] in functions or calls.detail[at] in details or calls.outcome[at] in outcomes
        )

    return holds


@dataclass(slots=True)
class MemoryBook:
    """A trace that is at hand."""

    trace: Trace
    catalogue: Catalogue
    filtered_count: int = 0
    folds_repeats: bool = True
    metadata: Metadata = field(init=False)
    requests: Mapping[int, Request] = field(init=False)
    threads: Mapping[int, Thread] = field(init=False)
    functions: Mapping[int, Function] = field(init=False)
    call_count: int = field(init=False)
    dropped_count: int = field(init=False)
    _levels: dict[Level, FoldedSteps] = field(default_factory=dict)
    _snapshots: dict[int, list[Snapshot]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trace = self.trace
        self.metadata, self.functions = trace.metadata, trace.functions
        self.requests = {request.id: request for request in trace.requests}
        self.threads = {thread.id: thread for thread in trace.threads}
        self.call_count, self.dropped_count = len(trace.calls), trace.dropped_count
        for marker in self.trace.markers:
            if marker.kind != "state" or marker.call_id is None:
                continue
            try:
                call = self.trace.call(marker.call_id)
            except KeyError:  # a filter took it out
                continue
            self._snapshots.setdefault(call.thread_id, []).append(
                Snapshot(
                    marker.time_ns, call.id, call.thread_id, call.request_id, call.function_id, marker.data
                )
            )

    def steps(self, level: Level) -> FoldedSteps:
        """The steps at a level, folded when it is first asked for."""
        if level not in self._levels:
            options = FoldOptions(level, None, self.folds_repeats, self.filtered_count)
            folded = fold(self.trace, self.catalogue, options)
            self._levels[level] = FoldedSteps(folded, self.catalogue)
        return self._levels[level]

    def call(self, call_id: int) -> Call:
        """One call."""
        return self.trace.call(call_id)

    def find_call(self, text: str, after_id: int) -> int | None:
        """The next call that holds a text; after the last comes the first."""
        holds, calls = holder_of(self.trace, text), self.trace.calls
        first = bisect_right(calls.id, after_id)
        positions = (*range(first, len(calls)), *range(first))
        return next((calls.id[at] for at in positions if holds(at)), None)

    def snapshot(self, thread_id: int, until_ns: int) -> Snapshot | None:
        """The last snapshot of a thread by a moment."""
        own = self._snapshots.get(thread_id, [])
        count = bisect_right(own, until_ns, key=lambda each: each.time_ns)
        return own[count - 1] if count else None

    def snapshot_of(self, qualname: str, request_id: int, until_ns: int) -> Snapshot | None:
        """The last one of a request by a moment, made when a function of this name returned."""
        found = [
            each
            for each in self._all()
            if each.request_id == request_id
            and each.time_ns <= until_ns
            and self.functions[each.function_id].qualname == qualname
        ]
        return max(found, key=lambda each: each.time_ns, default=None)

    def tables(self, until_ns: int) -> Snapshot | None:
        """The last snapshot of the app's tables by a moment, of whatever thread."""
        found = [each for each in self._all() if "view_functions" in each.data and each.time_ns <= until_ns]
        return max(found, key=lambda each: each.time_ns, default=None)

    def has_contexts(self) -> bool:
        """Whether the context stacks were recorded at all."""
        return any("request_stack" in each.data for each in self._all())

    def ledgers(self) -> Sequence[Ledger]:
        """What became of each hook in each request."""
        return hook_ledger(self.trace)

    def _all(self) -> Iterator[Snapshot]:
        return (each for own in self._snapshots.values() for each in own)
