"""From the recorder's events to the trace's columns.

Events come in per thread and are merged by their times, as a call in one thread may start another. The
:class:`Builder` can be fed while the recording goes on; :meth:`Builder.finish` closes what is still open.
"""

import dis
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flasktrace.tracer.ancestry import receivers
from flasktrace.tracer.capture import CAPTURED_NONE, Captured, Place, Texts
from flasktrace.tracer.codes import RETURNING, is_resumption
from flasktrace.tracer.functions import FunctionInfo, FunctionTable
from flasktrace.tracer.inprocess import RequestFinder
from flasktrace.tracer.late_masking import LateMasking, Remade
from flasktrace.tracer.model import Marker, Metadata, Request, Thread, Trace
from flasktrace.tracer.pools import Pools
from flasktrace.tracer.recorder import Recorder
from flasktrace.tracer.state import as_json
from flasktrace.tracer.store_schema import CALL_COLUMNS
from flasktrace.tracer.streams import Event, ThreadStream, events_in, merged

_YIELD = dis.opmap["YIELD_VALUE"]
_RERAISE = dis.opmap["RERAISE"]
_BARE_RAISE = bytes([dis.opmap["RAISE_VARARGS"], 0])
_ACCEPTING = "_handle_request_noblock"
_YIELDING = frozenset({_YIELD, dis.opmap["RESUME"]})  # on 3.13 a generator yields at the RESUME after


@dataclass(slots=True)
class _Open:
    """An activation on a thread's stack.

    Attributes:
        row: the position of its call; -1 when it has none.
        hang: the position of the call that what it calls hangs under; -1 for none.
        is_first: it was told by hand, see :mod:`.streams`.
        frame_id: of a generator; 0 until it is known.
    """

    row: int
    hang: int
    info: FunctionInfo
    is_left_out: bool = False  # with all it calls, for the limit
    is_skipping: bool = False  # with all it calls, uncounted: the import of a module
    thrown_at: int = -1  # a generator resumed by throw() or close(), at this instruction
    is_first: bool = False
    frame_id: int = 0


@dataclass(slots=True)
class _Generator:
    """A generator's activation between its resumptions."""

    row: int
    parent: int
    thread_id: int


@dataclass(frozen=True, slots=True)
class _Left:
    """A call that an exception has left.

    Attributes:
        places: one of which the traceback of the exception goes through: the function's code and line; for a
            bare ``raise``, which is in no traceback, a function that had it before: this one, or its caller.
    """

    row: int
    places: Sequence[Place]
    line_number: int | None
    class_name: str


@dataclass(slots=True)
class _ThreadState:
    id: int
    thread_object_id: int
    root: int = -1  # the call that started the thread
    stack: list[_Open] = field(default_factory=list)
    raised: list[_Left] = field(default_factory=list)  # by an exception whose handler is not known yet
    request_id: int = 0
    last_row: int = -1  # the call that ended last
    is_first_next: bool = False  # the call that comes next was told by hand


class Builder:
    """Builds one trace of a recorder's events.

    Args:
        recorder: whose streams are taken.
        texts: makes the texts of values, with secrets masked.
        limit: the number of calls kept; what is over it is counted in ``trace.dropped_count``.
        request_of_port: gives the id of the request that was last sent from a client's port before a
            moment (of ``perf_counter_ns``).
        finder: tells requests apart that were not sent by us.

    What is written to a file need not be held any longer: see :meth:`let_go`.
    """

    def __init__(
        self,
        recorder: Recorder,
        texts: Texts | None = None,
        limit: int = 1_000_000,
        request_of_port: Callable[[int, int], int | None] = lambda port, time_ns: None,
        finder: RequestFinder | None = None,
    ) -> None:
        self.trace = Trace()
        self.changed: set[int] = set()  # rows that were changed after they had been written
        self.written_count = 0
        self._recorder = recorder
        self._limit = limit
        self._request_of_port = request_of_port
        self._finder = finder
        self._appends = [getattr(self.trace.calls, name).append for name in CALL_COLUMNS]
        self._states: dict[int, _ThreadState] = {}
        self._table = FunctionTable(recorder)
        self.trace.functions = self._table.functions
        self._texts = texts or Texts()
        self._pools = Pools(self.trace.calls, self._texts)
        self._late, self._remade = LateMasking(self.trace, self._texts), Remade()
        self._generators: dict[int, _Generator] = {}
        self._starters: dict[int, int] = {}  # id of a Thread object: the call that started it
        self._first_ns: int | None = None
        self._last_ns = 0
        self._gone_count = 0  # calls that are no longer held
        self._marker_count = 0
        self._receivers: set[tuple[int, str]] = set()  # of calls that are no longer held

    def set_reader(self, is_there: bool) -> None:
        """Tell the recorder whether :meth:`take` is called while the program runs."""
        self._recorder.has_reader = is_there

    def take(self, until_ns: int | None = None) -> None:
        """Build what the recorder has by now.

        Args:
            until_ns: leave events after this moment for later: another thread may yet hand in an
                earlier one. None takes them all.
        """
        self._texts.learn_environment()
        self._recorder.look_again()
        self._recorder.mind_pace()
        forks = self._recorder.forks
        forks.take()
        while self._recorder.secrets:
            self._texts.learn_noted(self._recorder.secrets.pop())
        if until_ns is not None and (held_ns := forks.held_since_ns()) is not None:
            until_ns = min(until_ns, held_ns)
        chunks = []
        for stream in tuple(self._recorder.streams):
            if chunk := stream.events.take(until_ns):
                chunks.append((stream, chunk))
        if len(chunks) == 1:
            self._events(self._state(chunks[0][0]), events_in(*chunks[0]))
        else:
            for stream, event in merged(chunks):
                self._events(self._state(stream), (event,))
        self._remade.add(self._late.run())

    def call_at(self, stream_id: int, is_end: bool) -> int | None:
        """The id of a thread's innermost open call, or of the one that ended last; None for none kept."""
        state = self._states.get(stream_id)
        if state is None:
            return None
        row = state.last_row if is_end else (state.stack[-1].row if state.stack else -1)
        return self.trace.calls.id[row] if row >= 0 else None

    def take_changed(self) -> list[int]:
        """The positions of calls that changed after they were handed out, once; all are handed out now."""
        calls = self.trace.calls
        for state in self._states.values():
            for entry in state.stack:
                if entry.row >= 0 and entry.row == entry.hang:
                    calls.end_ns[entry.row] = self._last_ns  # so far
                    self._touch(entry.row)
        changed = sorted(self.changed)
        self.changed.clear()
        self.written_count = len(self.trace.calls)
        return changed

    @property
    def call_count(self) -> int:
        """Of the calls that were kept, whether they are still held or not."""
        return self._gone_count + len(self.trace.calls)

    @property
    def mask_of_rest(self) -> Callable[[str], str] | None:
        """To be done to all texts in the file: those no longer held may show secrets learned since."""
        return self._texts.clean if self._late.has_missed else None

    @property
    def has_let_go(self) -> bool:
        """Whether the trace is whole in its file alone."""
        return self._gone_count > 0

    def receivers(self) -> set[tuple[int, str]]:
        """The functions that were called on objects, by id, with the objects' classes."""
        return self._receivers | receivers(self.trace)

    def let_go(self) -> None:
        """Hold no more than the calls that may still change, all of which must have been written by now."""
        self._receivers = self.receivers()
        calls = self.trace.calls
        kept = sorted(self._rows_in_use())
        places = {row: place for place, row in enumerate(kept)}
        places[-1] = -1
        self._gone_count += len(calls) - len(kept)
        for name in CALL_COLUMNS:
            column = getattr(calls, name)
            column[:] = array(column.typecode, [column[row] for row in kept])
        calls.details.let_go()
        calls.outcomes.let_go()
        self.trace.markers.clear()
        self.written_count = len(kept)
        for state in self._states.values():
            state.root, state.last_row = places[state.root], places.get(state.last_row, -1)
            for entry in state.stack:
                entry.row, entry.hang = places[entry.row], places[entry.hang]
            state.raised = [replace(left, row=places[left.row]) for left in state.raised]
        for generator in self._generators.values():
            generator.row, generator.parent = places[generator.row], places[generator.parent]
        self._starters = {thread: places[row] for thread, row in self._starters.items()}

    def _rows_in_use(self) -> set[int]:
        """The positions of calls that are open, that others may hang under, or whose outcome may change."""
        rows = set(self._starters.values())
        for state in self._states.values():
            rows.add(state.root)
            rows.update(left.row for left in state.raised)
            for entry in state.stack:
                rows.update((entry.row, entry.hang))
                if entry.row >= 0 and entry.info.code.co_name == _ACCEPTING:
                    # It and what it has called are given the request that is found a little later.
                    own = range(entry.row, len(self.trace.calls))
                    rows.update(row for row in own if self.trace.calls.thread_id[row] == state.id)
        for generator in self._generators.values():
            rows.update((generator.row, generator.parent))
        return rows - {-1}

    def take_remade(self) -> Remade:
        """What was made anew as it showed a secret that was not known to be one, once."""
        remade, self._remade = self._remade, Remade()
        return remade

    def finish(self, metadata: Metadata, requests: list[Request]) -> Trace:
        """Build the rest, close the calls that are still open, and give the trace."""
        self.take()
        self._recorder.forks.close()
        self.trace.dropped_count += self._recorder.lost_count + self._recorder.error_count
        for state in self._states.values():
            self._close_all(state)
        self.trace.metadata = metadata
        self.set_requests(requests)
        return self.trace

    def _close_all(self, state: _ThreadState) -> None:
        """What is open in a thread will never return."""
        while state.stack:
            entry = state.stack.pop()
            if entry.row >= 0:
                self._close(entry, self._last_ns, 0)

    def set_requests(self, requests: Iterable[Request]) -> None:
        """Name the requests sent so far; secrets in their targets are masked."""
        clean = self._texts.clean
        self.trace.requests = [Request(r.id, r.method, clean(r.target), r.status) for r in requests]

    def _state(self, stream: ThreadStream) -> _ThreadState:
        state = self._states.get(stream.id)
        if state is None:
            state = self._states[stream.id] = _ThreadState(stream.id, stream.thread_object_id)
            state.root = self._starters.pop(stream.thread_object_id, -1)
            started_by = self.trace.calls.id[state.root] if state.root >= 0 else None
            self.trace.threads.append(Thread(stream.id, self._texts.clean(stream.name), started_by))
        return state

    def _events(self, state: _ThreadState, events: Iterable[Event]) -> None:
        """Build some events of one thread."""
        info_of, on_call, on_return = self._table.info, self._on_call, self._on_return
        for code, time_ns, where, extra in events:
            if code is None:
                self._note(state, time_ns, where, extra)
                continue
            if self._first_ns is None:
                self._first_ns = time_ns
            time_ns -= self._first_ns
            if time_ns < self._last_ns:
                time_ns = self._last_ns
            self._last_ns = time_ns
            if where <= -2:
                on_return(state, info_of(code), time_ns, -2 - where, extra)
            elif state.is_first_next:
                self._on_first_call(state, info_of(code), time_ns, where, extra)
            else:
                on_call(state, info_of(code), time_ns, where, extra)

    def _note(self, state: _ThreadState, time_ns: int, what: Any, kind: str | None) -> None:
        if kind == "state":
            self._note_state(state, time_ns, what)
        elif kind == "request":
            state.request_id = what
        elif kind == "exception":
            self._name_raised(state, what)
        elif kind == "first":
            state.is_first_next = True
        elif kind == "end":
            if self._first_ns is not None:
                self._last_ns = max(time_ns - self._first_ns, self._last_ns)
            self._close_all(state)
        elif state.stack:
            self._starters[what] = state.stack[-1].hang

    def _note_state(self, state: _ThreadState, time_ns: int, snapshot: dict[str, Any]) -> None:
        entry = state.stack[-1] if state.stack else None
        if entry is None or entry.row < 0 or self._first_ns is None:
            return
        time_ns = max(time_ns - self._first_ns, self._last_ns)
        data = as_json(snapshot, self._texts)
        self._add_marker("state", entry.row, time_ns, data)
        if self._finder is not None:
            self._finder.on_state(self.trace.calls.request_id[entry.row], data)

    def _add_marker(self, kind: str, row: int, time_ns: int, data: dict[str, Any]) -> None:
        self._marker_count += 1
        call_id = self.trace.calls.id[row]
        self.trace.markers.append(Marker(self._marker_count, kind, call_id, time_ns, data))

    def _on_first_call(
        self, state: _ThreadState, info: FunctionInfo, time_ns: int, where: int, extra: Any
    ) -> None:
        """A call told by hand: once more, if the function's own event has told of it."""
        state.is_first_next = False
        top = state.stack[-1] if state.stack else None
        if top is None or top.info is not info or top.is_first:
            self._on_call(state, info, time_ns, where, extra)
            state.stack[-1].is_first = True

    def _on_call(self, state: _ThreadState, info: FunctionInfo, time_ns: int, where: int, extra: Any) -> None:
        state.raised.clear()
        parent = state.stack[-1] if state.stack else None
        hang = parent.hang if parent is not None else state.root
        if info.is_foreign_body or (parent is not None and parent.is_skipping):
            state.stack.append(_Open(-1, hang, info, is_skipping=True))
            return
        if info.is_comprehension:
            state.stack.append(_Open(-1, hang, info))
            return
        captured = extra
        frame_id = 0
        if info.is_generator and extra is not None:
            frame_id, lasti, captured = extra
            if lasti >= 0 and is_resumption(info.code, lasti):
                self._resume(state, info, time_ns, frame_id, lasti)
                return
        if self.call_count >= self._limit or (parent is not None and parent.is_left_out):
            self.trace.dropped_count += 1
            state.stack.append(_Open(-1, hang, info, is_left_out=True))
            return
        # A new thread's first call is made by no line of the program's.
        call_line = parent.info.line_at(where) if parent is not None else None
        row = self._add_row(state, info, time_ns, hang, call_line)
        if captured is not None:
            self._set_detail(info, row, captured)
        if self._finder is not None and (info.begins_request or info.answers_request):
            self._find_request(info, row, captured)
        if frame_id:
            self._generators[frame_id] = _Generator(row, hang, state.id)
        state.stack.append(_Open(row, row, info, frame_id=frame_id))

    def _add_row(
        self, state: _ThreadState, info: FunctionInfo, time_ns: int, parent: int, call_line: int | None
    ) -> int:
        calls = self.trace.calls
        index = len(calls.id)
        if parent >= 0:
            parent_id, depth = calls.id[parent], calls.depth[parent] + 1
            request_id = calls.request_id[parent] or state.request_id
        else:
            parent_id, depth, request_id = 0, 0, state.request_id
        row = (
            *(self._gone_count + index + 1, parent_id, info.id, state.id, request_id, depth, call_line or 0),
            *(time_ns, time_ns, 0, 0, 0),
        )
        for append, cell in zip(self._appends, row, strict=True):
            append(cell)
        return index

    def _find_request(self, info: FunctionInfo, row: int, captured: tuple[Captured, ...] | None) -> None:
        """A request begins, or is answered: in a recording of requests that were not sent by us."""
        assert self._finder is not None
        calls = self.trace.calls
        # Not from the call's detail, which may be one that the trace does not hold any more.
        parameters = self._pools.values(info, captured) if captured is not None else ()
        if info.begins_request and not calls.request_id[row]:
            calls.request_id[row] = self._finder.begin(parameters)
        elif info.answers_request and calls.request_id[row]:
            self._finder.on_answer(calls.request_id[row], parameters)

    def _resume(
        self, state: _ThreadState, info: FunctionInfo, time_ns: int, frame_id: int, lasti: int
    ) -> None:
        """Go on with a generator: under the call it began under, its own row; elsewhere, a marker."""
        hang = state.stack[-1].hang if state.stack else state.root
        generator = self._generators.get(frame_id)
        thrown_at = lasti if self._recorder.guesses_exceptions and info.code.co_code[lasti] == _YIELD else -1
        if generator is None:  # it began before the recording did, or was over the limit
            row, under = -1, hang
        elif generator.parent == hang and generator.thread_id == state.id:
            row = under = generator.row
        else:
            row, under = generator.row, hang
            calls = self.trace.calls
            data = {"under": calls.id[hang] if hang >= 0 else None}
            self._add_marker("resumed", row, time_ns, data)
        state.stack.append(_Open(row, under, info, thrown_at=thrown_at, frame_id=frame_id))

    def _on_return(
        self, state: _ThreadState, info: FunctionInfo, time_ns: int, lasti: int, extra: Any
    ) -> None:
        entry = self._pop(state, info, time_ns)
        frame_id, value = extra if info.is_generator and extra is not None else (0, extra)
        unwound = value if type(value) is list else None
        if unwound is not None and unwound[0] == "GeneratorExit" and info.is_generator:
            unwound, value = None, CAPTURED_NONE  # closed, which is no failure
            has_ended, has_raised, is_thrown = True, False, False
        else:
            opcode = info.code.co_code[lasti]
            has_raised = unwound is not None or opcode not in RETURNING
            is_thrown = entry is not None and entry.thrown_at == lasti and value == CAPTURED_NONE
            has_ended = not info.is_generator or has_raised or is_thrown or opcode not in _YIELDING
        if info.is_generator:
            self._keep_generator(state, entry, frame_id, has_ended)
        if entry is None or entry.row < 0:
            return
        if unwound is not None:
            outcome = self._pools.raised(unwound[0], unwound[1], info.line_at(lasti))
        elif has_raised:
            outcome = self._left_by(state, info, entry.row, lasti)
        else:
            state.raised.clear()
            if is_thrown:
                # Closed, as a rule, which is no failure; a handler may yet show that it was one.
                line = info.line_at(lasti)
                state.raised.append(_Left(entry.row, [(id(info.code), line)], line, ""))
            wanted = value if self._recorder.options.with_values else None
            outcome = self._pools.returned(info, lasti, wanted) if has_ended else 0
        state.last_row = entry.row
        self._close(entry, time_ns, outcome)

    def _keep_generator(
        self, state: _ThreadState, entry: _Open | None, frame_id: int, has_ended: bool
    ) -> None:
        """Keep a generator that yields for when it goes on, if that was not done when it began."""
        if has_ended:
            self._generators.pop(frame_id or (entry.frame_id if entry is not None else 0), None)
        elif entry is not None and not entry.frame_id:
            self._generators.pop(frame_id, None)  # of another, which was there before
            if entry.row >= 0:
                hang = state.stack[-1].hang if state.stack else state.root
                self._generators[frame_id] = _Generator(entry.row, hang, state.id)

    def _pop(self, state: _ThreadState, info: FunctionInfo, time_ns: int) -> _Open | None:
        """The activation that returns; None for one that was called before the recording began."""
        stack = state.stack
        if stack and stack[-1].info is info:
            return stack.pop()
        if not any(entry.info is info for entry in reversed(stack)):
            return None
        while stack[-1].info is not info:
            lost = stack.pop()
            if lost.row >= 0:
                self._close(lost, time_ns, 0)
        return stack.pop()

    def _close(self, entry: _Open, end_ns: int, outcome: int) -> None:
        calls = self.trace.calls
        if entry.row == entry.hang:  # else it was resumed under another call, and may end after its parent
            calls.end_ns[entry.row] = end_ns
        calls.outcome[entry.row] = outcome
        self._touch(entry.row)

    def _touch(self, row: int) -> None:
        if row < self.written_count:
            self.changed.add(row)

    def _left_by(self, state: _ThreadState, info: FunctionInfo, row: int, lasti: int) -> int:
        """The outcome of a call that an exception left: its class as the code says it, for the time being."""
        name = info.raised_at(lasti)
        if not name and state.raised:
            name = state.raised[-1].class_name  # it comes from the call that was left just before
        elif not name and info.code.co_name == "__next__":
            name = "StopIteration"
        line = info.line_at(lasti)
        # Where a handler has ended, or a bare "raise" is, the traceback has another line or no such function.
        is_again = info.code.co_code[lasti] == _RERAISE
        places = [(id(info.code), 0 if is_again else line)]
        if info.code.co_code[lasti : lasti + 2] == _BARE_RAISE:
            places = [(id(each.code), 0) for each in (info, *(entry.info for entry in state.stack[-1:]))]
        state.raised.append(_Left(row, places, line, name))
        return self._pools.raised(name, "", line)

    def _name_raised(self, state: _ThreadState, chain: list[tuple[str, str, frozenset[Place]]]) -> None:
        """Say which exception left the calls that were left last, now that its handler shows it.

        Args:
            state: of the thread.
            chain: the exception and those it was raised in place of: class, text, places on its way.
        """
        is_theirs = False
        for left in state.raised:
            for class_name, text, places in chain:
                if not places.isdisjoint(left.places):
                    outcome = self._pools.raised(class_name, text, left.line_number)
                    self.trace.calls.outcome[left.row] = outcome
                    self._touch(left.row)
                    is_theirs = True
                    break
        if is_theirs:  # else it is another one, that is being handled all the while
            state.raised.clear()

    def _request_at(self, port: object, time_ns: int) -> int | None:
        return self._request_of_port(port, time_ns + (self._first_ns or 0)) if type(port) is int else None

    def _set_detail(self, info: FunctionInfo, row: int, captured: tuple[Captured, ...]) -> None:
        if info.client_slot is not None:
            self._assign_request(row, captured[info.client_slot])
        if not self._recorder.options.with_values:
            return
        self.trace.calls.detail[row] = self._pools.detail(info, captured)

    def _assign_request(self, row: int, client: Captured) -> None:
        """Find the request by the client's port, for the call and for the accepting that came just before."""
        calls = self.trace.calls
        if calls.request_id[row] or type(client) is not tuple or len(client) != 4 or not client[3]:
            return
        port = client[3][1]
        request_id = self._request_at(port, calls.start_ns[row])
        if request_id is None:
            return
        first = row
        if calls.parent_id[row]:
            parent = calls.index_of(calls.parent_id[row])
            if self.trace.functions[calls.function_id[parent]].name == _ACCEPTING:
                first = parent
        for i in range(first, row + 1):
            if not calls.request_id[i] and calls.thread_id[i] == calls.thread_id[row]:
                calls.request_id[i] = request_id
                self._touch(i)
