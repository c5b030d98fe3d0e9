"""The state lane: what Flask keeps, as plain data, after each milestone of a trace.

The recorder leaves markers of the kind ``state`` (see ``tracer.state``). Here they become a lane for each
thread: the context stacks, session, ``g`` and whether the headers are out; and one for the app's tables
as they fill at start-up. A trace file is not trusted: what has not the expected shape is left out.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from flasktrace.reports.text import clean
from flasktrace.tracer.model import Marker, Trace

HIDDEN = "…"  # in place of a value where none are to be shown
Pairs = tuple[tuple[str, str], ...]


class Headers(Enum):
    """How far the response's head has come."""

    NONE = "none"  # start_response was not called yet
    SET = "set"  # it was called; nothing is on the wire
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Context:
    """One context on a stack; ``shows`` is its request (``GET /``) or its app."""

    class_name: str
    object_id: int
    shows: str


@dataclass(frozen=True, slots=True)
class State:
    """What there was when a call returned; all texts are clean.

    Attributes:
        call_id: of the call that returned then.
        request_stack, app_stack: the contexts, the top last.
        storage: the Local's own dict, ``(identity, classes on its stack)``; None where there is no Local.
        request: endpoint, rule, view arguments, routing exception of the top's request.
        session, g: their items; None while there is no such object.
        headers: how far the response's head has come, with the status once it is known.
    """

    call_id: int
    request_stack: tuple[Context, ...] = ()
    app_stack: tuple[Context, ...] = ()
    storage: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    request: Pairs = ()
    session: Pairs | None = None
    g: Pairs | None = None
    headers: Headers = Headers.NONE
    status: str = ""

    @property
    def shown(self) -> tuple[object, ...]:
        """All but the call, to tell whether anything changed."""
        return (
            *(self.request_stack, self.app_stack, self.storage, self.request),
            *(self.session, self.g, self.headers, self.status),
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """The app's tables when a call of the start-up returned; ``hooks`` has (table, owner, function)."""

    call_id: int
    view_functions: tuple[str, ...] = ()
    url_map: tuple[str, ...] = ()
    hooks: tuple[tuple[str, str, str], ...] = ()


@dataclass(slots=True)
class StateLane:
    """States by thread and tables, each in order of time, to be asked for a moment."""

    states: list[State] = field(default_factory=list)
    tables: list[Tables] = field(default_factory=list)
    _times: dict[int, list[int]] = field(default_factory=dict)  # by thread
    _numbers: dict[int, list[int]] = field(default_factory=dict)
    _table_times: list[int] = field(default_factory=list)

    def index_at(self, thread_id: int, time_ns: int) -> int:
        """Index of the last state in a thread at or before a moment; -1 for none."""
        found = bisect_right(self._times.get(thread_id, []), time_ns)
        return self._numbers[thread_id][found - 1] if found else -1

    def at(self, thread_id: int, time_ns: int) -> State | None:
        """The state in a thread at a moment; None before the first."""
        index = self.index_at(thread_id, time_ns)
        return self.states[index] if index >= 0 else None

    def table_index_at(self, time_ns: int) -> int:
        """Index of the last tables at or before a moment; -1 for none."""
        return bisect_right(self._table_times, time_ns) - 1

    def tables_at(self, time_ns: int) -> Tables | None:
        """The app's tables at a moment; None before the first entry."""
        index = self.table_index_at(time_ns)
        return self.tables[index] if index >= 0 else None

    def before(self, index: int) -> State | None:
        """The state before the one of this index, in the same thread."""
        for numbers in self._numbers.values():
            place = bisect_right(numbers, index) - 1
            if place >= 0 and numbers[place] == index:
                return self.states[numbers[place - 1]] if place else None
        return None


def state_lane(trace: Trace) -> StateLane:
    """The lane of a trace; empty when it was recorded without states."""
    lane = StateLane()
    has_values = trace.metadata.level_of_detail != "calls"
    heads: dict[tuple[int, int], tuple[Headers, str]] = {}  # by thread and request
    for marker in sorted(trace.markers, key=lambda marker: marker.time_ns):
        if marker.kind != "state" or marker.call_id is None:
            continue
        try:
            position = trace.calls.index_of(marker.call_id)
        except KeyError:  # a filter has taken the call out
            continue
        if "view_functions" in marker.data:
            lane.tables.append(_tables(marker))
            lane._table_times.append(marker.time_ns)
            continue
        thread_id = trace.calls.thread_id[position]
        key = (thread_id, trace.calls.request_id[position])
        heads[key] = _head(marker.data.get("headers"), heads.get(key, (Headers.NONE, "")))
        lane._times.setdefault(thread_id, []).append(marker.time_ns)
        lane._numbers.setdefault(thread_id, []).append(len(lane.states))
        lane.states.append(_state(marker, heads[key], has_values))
    return lane


def _head(data: object, before: tuple[Headers, str]) -> tuple[Headers, str]:
    if not isinstance(data, Mapping):
        return before
    return Headers.SENT if data.get("is_sent") is True else Headers.SET, _text(data.get("status"))


def _state(marker: Marker, head: tuple[Headers, str], has_values: bool) -> State:
    data = marker.data
    assert marker.call_id is not None
    return State(
        marker.call_id,
        _stack(data.get("request_stack")),
        _stack(data.get("app_stack")),
        _storage(data.get("storage")),
        _pairs(data.get("request"), has_values) or (),
        _pairs(data.get("session"), has_values),
        _pairs(data.get("g"), has_values),
        *head,
    )


def _tables(marker: Marker) -> Tables:
    assert marker.call_id is not None
    hooks = [
        (_text(table), _text(owner), _text(entry))
        for table, owners in _mapping(marker.data.get("hooks")).items()
        for owner, entries in _mapping(owners).items()
        for entry in _list(entries)
    ]
    data = marker.data
    return Tables(
        marker.call_id, _texts(data.get("view_functions")), _texts(data.get("url_map")), tuple(hooks)
    )


def _stack(data: object) -> tuple[Context, ...]:
    return tuple(
        Context(_text(item.get("class")), _number(item.get("id")), _text(item.get("shows")))
        for item in _list(data)
        if isinstance(item, Mapping)
    )


def _storage(data: object) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    if not isinstance(data, Mapping):
        return None
    return tuple((_text(key), _texts(value)) for key, value in data.items())


def _mapping(data: object) -> Mapping[object, object]:
    return data if isinstance(data, Mapping) else {}


def _list(data: object) -> Sequence[object]:
    return data if isinstance(data, list | tuple) else ()


def _texts(data: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(data)))


def _pairs(data: object, has_values: bool) -> Pairs | None:
    if not isinstance(data, Mapping):
        return None
    return tuple((_text(key), _text(value) if has_values else HIDDEN) for key, value in data.items())


def _text(item: object) -> str:
    return clean(item, 300) if isinstance(item, str) else ""


def _number(item: object) -> int:
    return item if isinstance(item, int) else 0
