"""The calls of one request as the hook ledger asks for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flasktrace.reports.labels import display_name, raised_text
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Marker, Raised, Request, Trace

MAX_ANCESTORS = 12  # between a hook and what runs it: wrappers, an adapter for coroutines
_RUNNER_PREFIX = "Flask."


@dataclass(slots=True)
class RequestCalls:
    """What happened in one request."""

    trace: Trace
    tables: Mapping[str, object] = field(default_factory=dict)
    endpoint: str = ""
    code_calls: dict[tuple[object, object], list[int]] = field(default_factory=dict)  # call ids
    flask_calls: dict[str, list[int]] = field(default_factory=dict)  # by the name of Flask's method

    @property
    def blueprints(self) -> set[str]:
        """The blueprint of the request's endpoint, and those that it is nested in."""
        parts = self.endpoint.split(".")[:-1]
        return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}

    def of_code(self, key: tuple[object, object] | None) -> Iterator[Call]:
        """The calls of the function at a file and line, in order."""
        return (self.trace.call(call_id) for call_id in self.code_calls.get(key or ("", 0), ()))

    def runs(self, runners: tuple[str, ...]) -> bool:
        """Whether any of these functions of Flask's was called."""
        return any(_method(name) in self.flask_calls for name in runners)

    def is_run_by(self, call: Call, runners: tuple[str, ...]) -> bool:
        """Whether one of these functions is near above a call."""
        wanted = {_method(name) for name in runners}
        parent_id = call.parent_id
        for _ in range(MAX_ANCESTORS):
            if parent_id is None:
                return False
            above = self.trace.call(parent_id)
            function = self.trace.function_of(above)
            if function.module.startswith("flask.") and function.name in wanted:
                return True
            parent_id = above.parent_id
        return False

    def raised_by(self, runners: tuple[str, ...]) -> str:
        """``boom: ValueError: no``, the exception that left one of these functions; "" for none."""
        for name in runners:
            for call_id in self.flask_calls.get(_method(name), ()):
                if isinstance(self.trace.call(call_id).outcome, Raised):
                    return self._source(call_id)
        return ""

    def first_failure(self) -> str:
        """The exception that the app let through, or that ended the handling of the request."""
        return self.raised_by(("Flask.wsgi_app", "Flask.full_dispatch_request", "Flask.handle_exception"))

    def _source(self, call_id: int) -> str:
        """The innermost call that the exception of a call came from."""
        calls = self.trace.calls
        found = position = calls.index_of(call_id)
        depth = calls.depth[position]
        for i in range(position + 1, len(calls)):
            if calls.depth[i] <= depth and calls.thread_id[i] == calls.thread_id[position]:
                break
            is_below = calls.parent_id[i] == calls.id[found] and isinstance(calls[i].outcome, Raised)
            found = i if is_below else found
        call = calls[found]
        assert isinstance(call.outcome, Raised)
        return f"{display_name(self.trace.function_of(call))}: {raised_text(call.outcome)}"


def requests_calls(trace: Trace) -> Iterator[tuple[Request, RequestCalls]]:
    """Each request with its calls and the hooks that were registered by then."""
    by_request = {request.id: RequestCalls(trace) for request in trace.requests}
    places = {key: (function.file_path, function.line_number) for key, function in trace.functions.items()}
    methods = {
        key: function.name
        for key, function in trace.functions.items()
        if function.module.startswith("flask.") and function.qualname.count(".") == 1
    }
    calls = trace.calls
    for i in range(len(calls)):
        own = by_request.get(calls.request_id[i])
        if own is None:
            continue
        function_id = calls.function_id[i]
        own.code_calls.setdefault(places[function_id], []).append(calls.id[i])
        if function_id in methods:
            own.flask_calls.setdefault(methods[function_id], []).append(calls.id[i])
    _read_markers(trace, by_request)
    yield from ((request, by_request[request.id]) for request in trace.requests)


def _read_markers(trace: Trace, by_request: dict[int, RequestCalls]) -> None:
    at_startup: Mapping[str, object] = {}
    for marker in trace.markers:
        if marker.kind != "state" or marker.call_id is None:
            continue
        try:
            request_id = trace.calls.request_id[trace.calls.index_of(marker.call_id)]
        except KeyError:
            continue
        tables = marker.data.get("hook_entries")
        if isinstance(tables, Mapping):
            if request_id not in by_request:
                at_startup = tables
            elif not by_request[request_id].tables:
                by_request[request_id].tables = tables
        if request_id in by_request:
            _read_request(marker, by_request[request_id])
    for own in by_request.values():
        own.tables = own.tables or at_startup


def _read_request(marker: Marker, own: RequestCalls) -> None:
    about = marker.data.get("request")
    endpoint = about.get("endpoint") if isinstance(about, Mapping) else None
    if isinstance(endpoint, str) and endpoint[:1] in ("'", '"') and not own.endpoint:
        own.endpoint = clean(endpoint[1:-1])
    later = marker.data.get("after_this_request")
    if isinstance(later, list) and later:
        own.tables = {**own.tables, "after_this_request": {"": later}}


def _method(name: str) -> str:
    return name.removeprefix(_RUNNER_PREFIX)
