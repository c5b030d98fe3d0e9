"""A book over a trace file that is too long to be read whole: columns of a level, and single calls."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flasktrace.reports.folded import Level, Step
from flasktrace.reports.folding import shown_positions
from flasktrace.reports.hooks import Ledger, hook_ledger
from flasktrace.reports.stepper.book import (
    Snapshot,
    detail_matches,
    function_matches,
    is_milestone,
    outcome_matches,
)
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.model import Call, Detail, Function, Marker, Metadata, Origin, Request, Thread, Trace
from flasktrace.tracer.paging import TraceFile, reduced_trace
from flasktrace.tracer.phases import CallOrder, first_phase, phase_ids, preorder_of
from flasktrace.tracer.store import read_trace

LONG_CALLS = 50_000
"""A trace of more calls is walked in the file; its repetitions are not folded."""
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
        threads = self.trace.calls.thread_id
        starter = threads[self.positions[parent - 1]] if parent else threads[position]
        return Step(
            number=index + 1,
            call=call,
            function=function,
            landmark=self.catalogue.landmark(function.module, function.qualname),
            depth=self.depths[index],
            parent_number=parent or None,
            phase=self.catalogue.phases.get(self.phases[position]) or first_phase(self.catalogue),
            repeat_ns=call.duration_ns,
            is_hand_over=starter != threads[position],
            is_new_process=self._process_of(starter) != self._process_of(threads[position]),
        )

    def _process_of(self, thread_id: int) -> str:
        thread = self.file.threads.get(thread_id)
        return thread.process if thread is not None else ""

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

    def find(self, text: str, after: int) -> int | None:
        """The next step that holds a text; after the last comes the first."""
        wanted = text.lower()
        functions = [key for key, each in self.file.functions.items() if function_matches(each, wanted)]
        calls = self.trace.calls
        for call_id in self.file.find(text, functions, calls.id[self.positions[after]]):
            try:
                index = self.owners[calls.index_of(call_id)] - 1
            except KeyError:
                continue
            if calls.id[self.positions[index]] == call_id and self._holds(call_id, wanted):
                return index
        return None

    def _holds(self, call_id: int, wanted: str) -> bool:
        call = self.file.call(call_id)
        return (
            function_matches(self.file.functions[call.function_id], wanted)
            or detail_matches(Detail(call.receiver, call.parameters), wanted)
            or outcome_matches(call.outcome, wanted)
        )


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
        trace, parents = reduced_trace(self.file, self.file.rows_of(self._relevant(level)))
        order = CallOrder(parents, preorder_of(parents))
        phases = phase_ids(trace, self.catalogue, order)
        shown = shown_positions(trace, self.catalogue, order, phases, level)
        columns = _numbered(order, shown)
        wanted = {key for key, each in self.functions.items() if is_milestone(each, self.catalogue)}
        ids = trace.calls.function_id
        milestones = array("i", [i for i, at in enumerate(columns[0]) if ids[at] in wanted])
        return FileSteps(self.file, self.catalogue, trace, phases, *columns, milestones)

    def _relevant(self, level: Level) -> list[int]:
        """Ids of the functions that a level shows, or that move the story from phase to phase."""
        functions = self.functions.values()
        # Whether a call leads into a library depends on its caller, whatever that is.
        has_libraries = any(each.origin is Origin.LIBRARY for each in functions)
        if level is Level.ALL or (has_libraries and level is not Level.CHAPTERS):
            return list(self.functions)
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

    def snapshot(self, thread_id: int, until_ns: int) -> Snapshot | None:
        """The last snapshot of a thread by a moment."""
        return self._snapshot(self.file.last_marker(until_ns, "c.thread_id = ?", thread_id))

    def snapshot_of(self, qualname: str, request_id: int, until_ns: int) -> Snapshot | None:
        """The last one of a request by a moment, made when a function of this name returned."""
        for function in self.functions.values():
            if function.qualname == qualname:
                condition = "c.request_id = ? AND c.function_id = ?"
                return self._snapshot(self.file.last_marker(until_ns, condition, request_id, function.id))
        return None

    def tables(self, until_ns: int) -> Snapshot | None:
        """The last snapshot of the app's tables by a moment."""
        return self._snapshot(self.file.last_tables(until_ns))

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


def _numbered(
    order: CallOrder, shown: bytearray
) -> tuple["array[int]", "array[int]", "array[int]", "array[int]"]:
    """The columns of the steps: positions, callers' numbers, depths; and the owners by position."""
    positions, parents, depths = array("i"), array("i"), array("i")
    owners = array("i", bytes(4 * len(shown)))
    number = 0
    for position in order.preorder:
        caller = order.parents[position]
        above = owners[caller] if caller >= 0 else 0
        if shown[position]:
            number += 1
            owners[position] = number
            positions.append(position)
            parents.append(above)
            depths.append(depths[above - 1] + 1 if above else 0)
        else:
            owners[position] = above
    return positions, parents, depths, owners
