"""A book over a trace file that is too long to be read whole: columns of a level, and single calls."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress

from flasktrace.reports.folded import Level, Step
from flasktrace.reports.folding import shown_positions
from flasktrace.reports.hooks import Ledger, hook_ledger
from flasktrace.reports.stepper.book import (
    Snapshot,
    detail_matches,
    function_matches,
    is_milestone,
    next_of,
    outcome_matches,
)
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Call, Detail, Function, Marker, Metadata, Origin, Request, Thread, Trace
from flasktrace.tracer.paging import TraceFile
from flasktrace.tracer.phases import CallOrder, first_phase, phase_ids, preorder_of
from flasktrace.tracer.reduced import all_rows, reduced_trace, rows_of
from flasktrace.tracer.store import read_trace

MAX_LEDGER_CALLS = 300_000
"""The ledger of hooks needs the whole trace: up to here that takes about a second."""


@dataclass(slots=True)
class FileSteps:
    """The steps of one level of a long trace.

    Attributes:
        trace: of the calls that matter at the level, without their values.
        phases: ids, by position in that trace.
        positions, parents, depths: by step: its call's position, the caller's number (0 for none), the depth.
        owners: by position, the number of the step that stands for the call.
    """

    file: TraceFile
    catalogue: Catalogue
    trace: Trace
    phases: list[str]
    positions: "array[int]"
    parents: "array[int]"
    depths: "array[int]"
    owners: "array[int]"
    milestones: "array[int]"

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int, /) -> Step:
        position, parent = self.positions[index], self.parents[index]
        call = self.file.call(self.trace.calls.id[position])
        function = self.file.functions[call.function_id]
        above = self.file.call(self.trace.calls.id[self.positions[parent - 1]]) if parent else call
        return Step(
            number=index + 1,
            call=call,
            function=function,
            landmark=self.catalogue.landmark(function.module, function.qualname),
            depth=self.depths[index],
            parent_number=parent or None,
            phase=self.catalogue.phases.get(self.phases[position]) or first_phase(self.catalogue),
            repeat_ns=call.duration_ns,
            is_hand_over=above.thread_id != call.thread_id,
            is_new_process=self._process_of(above) != self._process_of(call),
        )

    def _process_of(self, call: Call) -> int:
        thread = self.file.threads.get(call.thread_id)
        return thread.process_id if thread is not None else 0

    def function_at(self, index: int) -> Function:
        """The function of a step."""
        return self.file.functions[self.trace.calls.function_id[self.positions[index]]]

    def index_of(self, call_id: int) -> int | None:
        """The step that stands for a call, shown or folded away."""
        wanted: int | None = call_id
        try:
            while wanted is not None:
                try:
                    return self.owners[self.trace.calls.index_of(wanted)] - 1
                except KeyError:
                    wanted = self.file.call(wanted).parent_id
        except KeyError:
            pass
        return None

    def next_of(self, function_ids: Collection[int], after: int) -> int | None:
        """The first step behind ``after`` whose function is one of these."""
        return next_of(self.trace, self.positions, function_ids, after)

    def find(self, text: str, after: int) -> int | None:
        """The next step that holds a text; after the last comes the first."""
        calls = self.trace.calls
        for call_id in found_calls(self.file, text, calls.id[self.positions[after]]):
            try:
                index = self.owners[calls.index_of(call_id)] - 1
            except KeyError:
                continue
            if calls.id[self.positions[index]] == call_id:
                return index
        return None


def found_calls(file: TraceFile, text: str, after_id: int) -> Iterator[int]:
    """The ids of the calls whose names or values hold a text; after the last comes the first."""
    wanted = text.lower()
    functions = {key for key, each in file.functions.items() if function_matches(each, wanted)}
    for call_id in file.find(text, list(functions), after_id):
        call = file.call(call_id)
        if (
            call.function_id in functions
            or detail_matches(Detail(call.receiver, call.parameters), wanted)
            or outcome_matches(call.outcome, wanted)
        ):
            yield call_id


@dataclass(slots=True)
class FileBook:
    """A trace in its file."""

    file: TraceFile
    catalogue: Catalogue
    metadata: Metadata = field(init=False)
    requests: Mapping[int, Request] = field(init=False)
    threads: Mapping[int, Thread] = field(init=False)
    functions: Mapping[int, Function] = field(init=False)
    call_count: int = field(init=False)
    dropped_count: int = field(init=False)
    _levels: dict[Level, FileSteps] = field(default_factory=dict)
    _ledgers: list[Ledger] | None = None

    def __post_init__(self) -> None:
        file = self.file
        self.metadata, self.functions = file.metadata, file.functions
        self.requests, self.threads = file.requests, file.threads
        self.call_count, self.dropped_count = file.call_count, file.dropped_count

    def steps(self, level: Level) -> FileSteps:
        """The steps at a level, found when it is first asked for."""
        if level not in self._levels:
            self._levels[level] = self._read(level)
        return self._levels[level]

    def _read(self, level: Level) -> FileSteps:
        wanted_ids = self._relevant(level)
        if wanted_ids is not None:
            rows = rows_of(self.file, wanted_ids)
        else:  # which thread a call is in matters where some are hidden, and to tell processes apart
            has_processes = any(thread.process_id for thread in self.file.threads.values())
            rows = all_rows(self.file, with_threads=has_processes or level is not Level.ALL)
        trace, parents = reduced_trace(self.file, rows)
        order = CallOrder(parents, preorder_of(parents))
        phases = phase_ids(trace, self.catalogue, order)
        shown = shown_positions(trace, self.catalogue, order, phases, level)
        columns = _all_numbered(order) if level is Level.ALL else _numbered(order, shown)
        wanted = {key for key, each in self.functions.items() if is_milestone(each, self.catalogue)}
        ids = trace.calls.function_id
        milestones = array("i", [i for i, at in enumerate(columns[0]) if ids[at] in wanted])
        return FileSteps(self.file, self.catalogue, trace, phases, *columns, milestones)

    def _relevant(self, level: Level) -> list[int] | None:
        """Ids of the functions that a level shows, or that move the story on to a phase; None for all."""
        functions = self.functions.values()
        # Whether a call leads into a library depends on its caller, whatever that is.
        has_libraries = any(each.origin is Origin.LIBRARY for each in functions)
        if level is Level.ALL or (has_libraries and level is not Level.CHAPTERS):
            return None
        found = []
        for key, function in self.functions.items():
            landmark = self.catalogue.landmark(function.module, function.qualname)
            is_known = landmark is not None and (
                landmark.is_milestone or landmark.is_chapter or landmark.phase or level is Level.PIPELINE
            )
            if function.origin is Origin.USER or is_known:
                found.append(key)
        return found

    def call(self, call_id: int) -> Call:
        """One call."""
        return self.file.call(call_id)

    def find_call(self, text: str, after_id: int) -> int | None:
        """The next call that holds a text; after the last comes the first."""
        return next(found_calls(self.file, text, after_id), None)

    def snapshot(self, thread_id: int, until_ns: int) -> Snapshot | None:
        """The last snapshot of a thread by a moment."""
        return self._snapshot(self.file.last_of_thread(thread_id, until_ns))

    def snapshot_of(self, qualname: str, request_id: int, until_ns: int) -> Snapshot | None:
        """The last one of a request by a moment, made when a function of this name returned."""
        for function in self.functions.values():
            if function.qualname == qualname:
                return self._snapshot(self.file.last_of_request(request_id, function.id, until_ns))
        return None

    def tables(self, until_ns: int) -> Snapshot | None:
        """The last snapshot of the app's tables by a moment."""
        return self._snapshot(self.file.last_tables(until_ns))

    def has_contexts(self) -> bool:
        """Whether the context stacks were recorded at all."""
        return self.file.has_contexts

    def ledgers(self) -> Sequence[Ledger] | None:
        """What became of each hook in each request: for this alone the trace is read whole."""
        if self.file.call_count > MAX_LEDGER_CALLS:
            return None
        if self._ledgers is None:
            self._ledgers = hook_ledger(read_trace(self.file.path))
        return self._ledgers

    def _snapshot(self, marker: Marker | None) -> Snapshot | None:
        if marker is None or marker.call_id is None:
            return None
        call = self.file.call(marker.call_id)
        return Snapshot(
            marker.time_ns, call.id, call.thread_id, call.request_id, call.function_id, marker.data
        )


Columns = tuple["array[int]", "array[int]", "array[int]", "array[int]"]


def _all_numbered(order: CallOrder) -> Columns:
    """As :func:`_numbered`, when every call is shown."""
    owners = array("i", bytes(4 * (len(order.preorder) + 1)))  # the last one is the roots' caller
    for number, position in enumerate(order.preorder, 1):
        owners[position] = number
    caller_of = order.parents
    parents = array("i", [owners[caller_of[position]] for position in order.preorder])
    depths = array("i", [-1])  # the roots' caller again
    deepen = depths.append
    for above in parents:
        deepen(depths[above] + 1)
    return order.preorder, parents, depths[1:], owners[:-1]


def _numbered(order: CallOrder, shown: bytearray) -> Columns:
    """The columns of the steps: positions, callers' numbers, depths; and the owners by position."""
    positions = array("i", compress(order.preorder, map(shown.__getitem__, order.preorder)))
    parents, depths = array("i"), array("i", [-1])  # the roots' caller
    owners = array("i", bytes(4 * (len(shown) + 1)))  # the last one is the roots' caller
    add_parent, add_depth = parents.append, depths.append
    number = 0
    callers = order.parents
    for position in order.preorder:
        above = owners[callers[position]]
        if shown[position]:
            number += 1
            owners[position] = number
            add_parent(above)
            add_depth(depths[above] + 1)
        else:
            owners[position] = above
    return positions, parents, depths[1:], owners[:-1]
