"""Hypothesis strategies of valid traces, shared by the tests of the reports."""

from dataclasses import dataclass

from hypothesis import strategies as st

from flasktrace.tracer.model import (
    PLAIN_RETURN,
    UNFINISHED,
    Call,
    Function,
    Marker,
    Origin,
    Outcome,
    Raised,
    Request,
    Returned,
    Thread,
    Trace,
    Value,
)

PIPELINE = [
    ("__main__", "<module>", Origin.USER),
    ("__main__", "index", Origin.USER),
    ("flask.app", "Flask.__init__", Origin.FLASK),
    ("flask.app", "Flask.wsgi_app", Origin.FLASK),
    ("flask.app", "Flask.full_dispatch_request", Origin.FLASK),
    ("flask.app", "Flask.dispatch_request", Origin.FLASK),
    ("flask.app", "Flask.make_response", Origin.FLASK),
    ("flask.ctx", "RequestContext.push", Origin.FLASK),
    ("werkzeug.local", "Local.__getattr__", Origin.WERKZEUG),
    ("werkzeug.local", "LocalStack.push", Origin.WERKZEUG),
    ("socketserver", "BaseServer.serve_forever", Origin.SERVER),
    ("socketserver", "ThreadingMixIn.process_request", Origin.SERVER),
    ("socketserver", "ThreadingMixIn.process_request_thread", Origin.SERVER),
    ("jinja2.environment", "Template.render", Origin.LIBRARY),
]
HOSTILE_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["\x1b[31mred\x1b[0m", "a\nb\r", "\u202egnp", "\ud800", "[/bold]", "<script>", "中文", "x" * 9000]
    ),
)


def functions_table(pipeline: list[tuple[str, str, Origin]] | None = None) -> dict[int, Function]:
    """Functions by id, of the pipeline and a user's script."""
    return {
        i: Function(i, module, qualname, f"/app/{module}.py", 10 * i, 10 * i + 5, origin)
        for i, (module, qualname, origin) in enumerate(pipeline or PIPELINE, start=1)
    }


@dataclass
class TraceBuilder:
    """Builds a valid trace call by call; a call ends when its parent does unless it was ended."""

    trace: Trace
    clock_ns: int = 0

    @classmethod
    def new(cls, request_count: int = 0, thread_count: int = 1) -> "TraceBuilder":
        """A builder of an empty trace with the pipeline's functions."""
        threads = [Thread(i + 1, f"Thread-{i + 1}") for i in range(thread_count)]
        requests = [Request(i + 1, "GET", f"/{i + 1}", 200) for i in range(request_count)]
        return cls(Trace(threads=threads, requests=requests, functions=functions_table()))

    def add(
        self,
        qualname: str,
        parent: int | None = None,
        *,
        thread: int = 1,
        request: int | None = None,
        outcome: Outcome = PLAIN_RETURN,
        receiver: Value | None = None,
        parameters: tuple[Value, ...] = (),
    ) -> int:
        """Add a call that starts now and, with all its callers in its thread, lasts a little longer."""
        calls = self.trace.calls
        function = next(f for f in self.trace.functions.values() if f.qualname == qualname)
        depth = 0 if parent is None else calls.depth[parent - 1] + 1
        self.clock_ns += 1000
        call = Call(
            len(calls) + 1,
            parent,
            function.id,
            thread,
            request,
            depth,
            None,
            self.clock_ns,
            self.clock_ns + 500,
            None,
            receiver,
            parameters,
            outcome,
        )
        calls.append(call)
        while parent is not None:
            calls.end_ns[parent - 1] = max(calls.end_ns[parent - 1], self.clock_ns + 500)
            parent = calls.parent_id[parent - 1] or None
        return call.id


_OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        PLAIN_RETURN,
        PLAIN_RETURN,
        UNFINISHED,
        Returned(Value("", "str", 0, "'x'")),
        Raised("ValueError", "bad"),
    ]
)


@st.composite
def hostile_outcomes(draw: st.DrawFn) -> Outcome:
    """Outcomes whose texts hold anything."""
    if draw(st.booleans()):
        return Raised(draw(HOSTILE_TEXT), draw(HOSTILE_TEXT))
    return Returned(Value("", draw(HOSTILE_TEXT), 0, draw(HOSTILE_TEXT)))


@st.composite
def traces(draw: st.DrawFn, max_calls: int = 40, hostile: bool = False) -> Trace:
    """Valid traces of up to ``max_calls`` calls, in two threads, with repetitions and gaps in the ids.

    With ``hostile`` the names and texts hold control characters, markup and lone surrogates.
    """
    builder = TraceBuilder.new(request_count=2, thread_count=2)
    trace = builder.trace
    if hostile:
        for i, function in list(trace.functions.items())[:6]:
            module, qualname, path = draw(HOSTILE_TEXT), draw(HOSTILE_TEXT), draw(HOSTILE_TEXT)
            trace.functions[i] = Function(i, module, qualname, path, 1, 2, function.origin)
        trace.requests[0] = Request(1, draw(HOSTILE_TEXT), draw(HOSTILE_TEXT), None)
    open_calls: list[int] = []  # the callers of the next call in its thread
    ids = list(trace.functions)
    for _ in range(draw(st.integers(0, max_calls))):
        keep = draw(st.integers(0, len(open_calls)))
        del open_calls[keep:]
        parent = open_calls[-1] if open_calls else None
        thread = 1 if parent is None else trace.calls.thread_id[parent - 1]
        if parent is not None and thread == 1 and draw(st.integers(0, 5)) == 0:
            thread = 2
        outcome: Outcome = draw(hostile_outcomes()) if hostile else draw(_OUTCOMES)
        parameters = (Value(draw(HOSTILE_TEXT), "str", 0, draw(HOSTILE_TEXT)),) if hostile else ()
        function = trace.functions[draw(st.sampled_from(ids[:4] if draw(st.booleans()) else ids))]
        call_id = builder.add(
            function.qualname,
            parent,
            thread=thread,
            request=draw(st.sampled_from([None, None, 1, 2])),
            outcome=outcome,
            parameters=parameters,
        )
        open_calls.append(call_id)
    if len(trace.calls) and draw(st.booleans()):
        trace.markers.append(Marker(1, "resumed", 1, 0))
    return trace
