"""The JSON export, format "flasktrace" version 1: written as a stream, and read back.

``schemas/trace.schema.json`` describes it. Times are in ns from the trace's first event; ``calls`` are in
order of start. Readers ignore keys they do not know; a larger ``version`` is refused.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, TypeVar

from flasktrace.reports.folded import FoldedTrace
from flasktrace.tracer.errors import TraceError
from flasktrace.tracer.model import (
    PLAIN_RETURN,
    UNFINISHED,
    Call,
    Calls,
    Function,
    Marker,
    Metadata,
    Origin,
    Outcome,
    Raised,
    Request,
    Returned,
    Thread,
    Trace,
    Unfinished,
    Value,
)

FORMAT = "flasktrace"
VERSION = 1

_METADATA_FIELDS = (
    "scenario",
    "engine",
    "recorder",
    "python_version",
    "flask_version",
    "werkzeug_version",
    "created",
    "level_of_detail",
)
_MAX_INT = 2**63 - 1

_T = TypeVar("_T")


def write_json(source: Trace | FoldedTrace, stream: IO[str]) -> None:
    """Write the whole trace, a call a line; a folded trace gives the trace it was made of."""
    trace = source if isinstance(source, Trace) else source.trace
    stream.write(f'{{"format": "{FORMAT}", "version": {VERSION},\n')
    stream.write(f'"metadata": {_dumps(_metadata(trace.metadata))}')
    _write_list(stream, "threads", map(_thread, trace.threads))
    _write_list(stream, "requests", map(_request, trace.requests))
    _write_list(stream, "functions", map(_function, trace.functions.values()))
    _write_list(stream, "calls", map(_call, trace.calls))
    if trace.markers:
        _write_list(stream, "markers", map(_marker, trace.markers))
    stream.write(f',\n"dropped_count": {trace.dropped_count}}}\n')


def _dumps(value: object) -> str:
    # ASCII only: a lone surrogate (a path that is no UTF-8) has to survive any encoding of the stream.
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _write_list(stream: IO[str], key: str, items: Iterable[Mapping[str, object]]) -> None:
    stream.write(f',\n"{key}": [')
    separator = "\n"
    for item in items:
        stream.write(separator + _dumps(item))
        separator = ",\n"
    stream.write("]")


def _metadata(metadata: Metadata) -> dict[str, object]:
    data: dict[str, object] = {name: getattr(metadata, name) for name in _METADATA_FIELDS}
    if metadata.extra:
        data["extra"] = dict(metadata.extra)
    return data


def _thread(thread: Thread) -> dict[str, object]:
    return {"id": thread.id, "name": thread.name, "started_by": thread.started_by}


def _request(request: Request) -> dict[str, object]:
    return {"id": request.id, "method": request.method, "target": request.target, "status": request.status}


def _function(function: Function) -> dict[str, object]:
    return {
        "id": function.id,
        "module": function.module,
        "qualname": function.qualname,
        "file_path": function.file_path,
        "line_number": function.line_number,
        "last_line": function.last_line,
        "origin": function.origin.value,
    }


def _value(value: Value | None) -> dict[str, object] | None:
    if value is None:
        return None
    return {
        "name": value.name,
        "class_name": value.class_name,
        "object_id": value.object_id,
        "text": value.text,
    }


def _outcome(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Returned):
        return {"kind": "returned", "value": _value(outcome.value), "line_number": outcome.line_number}
    if isinstance(outcome, Raised):
        return {
            "kind": "raised",
            "class_name": outcome.class_name,
            "text": outcome.text,
            "line_number": outcome.line_number,
        }
    assert isinstance(outcome, Unfinished)
    return {"kind": "unfinished"}


def _call(call: Call) -> dict[str, object]:
    return {
        "id": call.id,
        "parent_id": call.parent_id,
        "function_id": call.function_id,
        "thread_id": call.thread_id,
        "request_id": call.request_id,
        "depth": call.depth,
        "call_line": call.call_line,
        "start_ns": call.start_ns,
        "end_ns": call.end_ns,
        "phase": call.phase,
        "receiver": _value(call.receiver),
        "parameters": [_value(value) for value in call.parameters],
        "outcome": _outcome(call.outcome),
    }


def _marker(marker: Marker) -> dict[str, object]:
    return {
        "id": marker.id,
        "kind": marker.kind,
        "call_id": marker.call_id,
        "time_ns": marker.time_ns,
        "data": dict(marker.data),
    }


def read_json(stream: IO[str]) -> Trace:
    """Read a trace that ``write_json`` wrote, and check it.

    Raises:
        TraceError: it is no JSON, not of this format, of a newer version, or breaks an invariant.
    """
    try:
        data = json.load(stream)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"the trace is no valid JSON ({error}); export it again") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TraceError('the file is JSON, but no flasktrace export: "format" is not "flasktrace"')
    version = data.get("version")
    if version != VERSION:
        raise TraceError(
            f"the export has the version {str(version)[:20]}, this flasktrace reads {VERSION}: "
            "use the flasktrace that wrote it, or a newer one"
        )
    trace = _Reader().trace(data)
    trace.validate()
    return trace


class _Reader:
    """Checks each field as it takes it, and remembers where it is for the message."""

    def __init__(self) -> None:
        self.where = "the trace"

    def trace(self, data: dict[str, Any]) -> Trace:
        trace = Trace(self._metadata(self._get(data, "metadata", dict)))
        trace.threads = [self._thread(item) for item in self._items(data, "threads")]
        trace.requests = [self._request(item) for item in self._items(data, "requests")]
        for item in self._items(data, "functions"):
            function = self._function(item)
            trace.functions[function.id] = function
        trace.calls = self._calls(data)
        if "markers" in data:
            trace.markers = [self._marker(item) for item in self._items(data, "markers")]
        self.where = "the trace"
        trace.dropped_count = self._int(data, "dropped_count")
        return trace

    def _get(self, data: dict[str, Any], key: str, kind: type[_T]) -> _T:
        value = data.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TraceError(f"{self.where}: {key!r} is missing or no {kind.__name__}")
        return value

    def _int(self, data: dict[str, Any], key: str) -> int:
        value = self._get(data, key, int)
        if not 0 <= value <= _MAX_INT:
            raise TraceError(f"{self.where}: {key!r} is out of range")
        return value

    def _maybe_int(self, data: dict[str, Any], key: str) -> int | None:
        return None if data.get(key) is None else self._int(data, key)

    def _text(self, data: dict[str, Any], key: str) -> str:
        return self._get(data, key, str)

    def _items(self, data: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
        self.where = "the trace"
        for position, item in enumerate(self._get(data, key, list)):
            self.where = f"{key}[{position}]"
            if not isinstance(item, dict):
                raise TraceError(f"{self.where} is no object")
            yield item

    def _metadata(self, data: dict[str, Any]) -> Metadata:
        fields = {name: str(data[name]) for name in _METADATA_FIELDS if name in data}
        extra = data.get("extra", {})
        if not isinstance(extra, dict):
            raise TraceError("metadata: 'extra' is no object")
        return Metadata(**fields, extra={str(key): str(value) for key, value in extra.items()})

    def _thread(self, data: dict[str, Any]) -> Thread:
        return Thread(self._int(data, "id"), self._text(data, "name"), self._maybe_int(data, "started_by"))

    def _request(self, data: dict[str, Any]) -> Request:
        status = self._maybe_int(data, "status")
        return Request(self._int(data, "id"), self._text(data, "method"), self._text(data, "target"), status)

    def _function(self, data: dict[str, Any]) -> Function:
        line = self._int(data, "line_number")
        last_line = self._maybe_int(data, "last_line")
        try:
            origin = Origin(data.get("origin", "library"))
        except ValueError:
            raise TraceError(f"{self.where}: 'origin' is none that this flasktrace knows") from None
        return Function(
            self._int(data, "id"),
            self._text(data, "module"),
            self._text(data, "qualname"),
            self._text(data, "file_path"),
            line,
            line if last_line is None else last_line,
            origin,
        )

    def _calls(self, data: dict[str, Any]) -> Calls:
        calls = Calls()
        for item in self._items(data, "calls"):
            try:
                calls.append(self._call(item))
            except OverflowError:
                raise TraceError(f"{self.where}: a number is out of range") from None
        return calls

    def _call(self, data: dict[str, Any]) -> Call:
        receiver = data.get("receiver")
        phase = data.get("phase")
        if phase is not None and not isinstance(phase, str):
            raise TraceError(f"{self.where}: 'phase' is no text")
        return Call(
            self._int(data, "id"),
            self._maybe_int(data, "parent_id"),
            self._int(data, "function_id"),
            self._int(data, "thread_id"),
            self._maybe_int(data, "request_id"),
            self._int(data, "depth"),
            self._maybe_int(data, "call_line"),
            self._int(data, "start_ns"),
            self._int(data, "end_ns"),
            phase,
            None if receiver is None else self._value(receiver),
            tuple(self._value(value) for value in self._get(data, "parameters", list)),
            self._outcome(self._get(data, "outcome", dict)),
        )

    def _value(self, data: Any) -> Value:
        if not isinstance(data, dict):
            raise TraceError(f"{self.where}: a value is no object")
        return Value(
            self._text(data, "name"),
            self._text(data, "class_name"),
            self._int(data, "object_id"),
            self._text(data, "text"),
        )

    def _outcome(self, data: dict[str, Any]) -> Outcome:
        kinds: dict[object, Callable[[dict[str, Any]], Outcome]] = {
            "returned": self._returned,
            "raised": self._raised,
            "unfinished": lambda _: UNFINISHED,
        }
        kind = data.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            raise TraceError(f"{self.where}: the outcome's 'kind' is none that this flasktrace knows")
        return kinds[kind](data)

    def _returned(self, data: dict[str, Any]) -> Outcome:
        value, line = data.get("value"), self._maybe_int(data, "line_number")
        if value is None and line is None:
            return PLAIN_RETURN
        return Returned(None if value is None else self._value(value), line)

    def _raised(self, data: dict[str, Any]) -> Outcome:
        line = self._maybe_int(data, "line_number")
        return Raised(self._text(data, "class_name"), self._text(data, "text"), line)

    def _marker(self, data: dict[str, Any]) -> Marker:
        return Marker(
            self._int(data, "id"),
            self._text(data, "kind"),
            self._maybe_int(data, "call_id"),
            self._int(data, "time_ns"),
            self._get(data, "data", dict),
        )
