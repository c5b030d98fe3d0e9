"""The state lane, from whole runs on both engines, and from markers of any shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_traces import TraceBuilder
from tests.tracer.test_tracer_play import run

from flasktrace.reports.folding import fold
from flasktrace.reports.state import Headers, State, StateLane, state_lane
from flasktrace.reports.text import cells
from flasktrace.reports.tree import TreeOptions, tree_lines
from flasktrace.scenarios.annotate import load_catalogue
from flasktrace.tracer import query
from flasktrace.tracer.model import Marker, Trace

SOURCE = """\
from flask import Flask, g, session

app = Flask(__name__)
app.secret_key = "planted-secret-key"

@app.before_request
def load():
    g.user = "ada"

@app.route("/<int:n>")
def index(n):
    session["seen"] = n
    return "index"

REQUESTS = ["GET /3", "GET /nowhere/else"]
app.run()
"""


@pytest.fixture(scope="module", params=["bundled", "installed"])
def trace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    result, trace = run(SOURCE, tmp_path_factory.mktemp("lane"), engine=request.param)
    assert trace is not None and [response[0] for response in result["responses"]] == [200, 404]
    return trace


def after(trace: Trace, lane: StateLane, name: str, number: int = 0) -> State:
    """The state when a call of a function has returned."""
    found = [call for call in trace.calls if trace.function_of(call).qualname == name]
    state = lane.at(found[number].thread_id, found[number].end_ns)
    assert state is not None
    return state


def test_the_stacks_fill_and_empty(trace: Trace) -> None:
    lane = state_lane(trace)
    pushed = after(trace, lane, "RequestContext.push")
    assert [context.class_name for context in pushed.request_stack] == ["RequestContext"]
    assert pushed.request_stack[0].shows == "GET /3"
    assert [context.class_name for context in pushed.app_stack] == ["AppContext"]
    assert bool(pushed.storage) == (trace.metadata.engine == "bundled")
    done = after(trace, lane, "Flask.wsgi_app")
    assert done.request_stack == done.app_stack == ()


def test_session_and_g_as_they_are_written_to(trace: Trace) -> None:
    lane = state_lane(trace)
    assert after(trace, lane, "RequestContext.push").g == ()
    assert after(trace, lane, "Flask.preprocess_request").g == (("user", "'ada'"),)
    assert after(trace, lane, "load").g == (("user", "'ada'"),), "a hook is a milestone too"
    assert after(trace, lane, "index").session == (("seen", "3"),)
    viewed = after(trace, lane, "Flask.dispatch_request")
    assert viewed.session == (("seen", "3"),)
    assert ("view_args", "{'n': 3}") in viewed.request


def test_the_headers_are_set_and_sent(trace: Trace) -> None:
    lane = state_lane(trace)
    assert after(trace, lane, "Flask.full_dispatch_request").headers is Headers.NONE
    set_by = after(trace, lane, "WSGIRequestHandler.run_wsgi.<locals>.start_response")
    assert (set_by.headers, set_by.status) == (Headers.SET, "200 OK")
    sent_by = after(trace, lane, "WSGIRequestHandler.run_wsgi.<locals>.write")
    assert (sent_by.headers, sent_by.status) == (Headers.SENT, "200 OK")
    again = after(trace, lane, "RequestContext.push", 1)
    assert again.headers is Headers.NONE, "each request begins without"


def test_the_tables_fill_at_start_up(trace: Trace) -> None:
    lane = state_lane(trace)
    assert lane.tables_at(-1) is None
    assert lane.tables[0].view_functions == ("static",)
    last = lane.tables_at(trace.calls.end_ns[-1])
    assert last is not None and "index" in last.view_functions
    assert "/<int:n> -> index" in last.url_map
    assert ("before_request_funcs", "", "load") in last.hooks


def test_no_values_hides_those_of_the_state_too(trace: Trace) -> None:
    bare = query.no_values(trace)
    viewed = after(bare, state_lane(bare), "Flask.dispatch_request")
    assert viewed.session == (("seen", "…"),) and viewed.g == (("user", "…"),)


def test_the_tree_tells_state_and_hooks_when_asked(trace: Trace) -> None:
    folded = fold(trace, load_catalogue("en"))
    plain = "\n".join(tree_lines(folded, TreeOptions()))
    assert "≡" not in plain and "Hooks of" not in plain
    told = "\n".join(tree_lines(folded, TreeOptions(state=True, hooks=True)))
    assert "≡ request stack: RequestContext GET /3" in told
    assert "≡ g: user='ada'" in told
    assert "≡ headers: sent (200 OK)" in told
    assert "≡ url_map: + /<int:n> -> index" in told
    assert "Hooks of request 1: GET /3" in told and "before_request" in told
    narrow = list(tree_lines(folded, TreeOptions(language="zh", width_cells=60, state=True, hooks=True)))
    assert any("≡ 响应头: 已发送" in line for line in narrow)
    assert all(cells(line) <= 60 for line in narrow)
    assert not any("≡" in line for line in tree_lines(folded, TreeOptions(is_ascii=True, state=True)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["request_stack", "app_stack", "storage", "request", "session", "g", "headers"])
table_names = st.sampled_from(["view_functions", "url_map", "hooks", "hook_entries"])


@given(st.dictionaries(names | table_names, json_values, max_size=6))
def test_a_marker_of_any_shape_is_read(data: dict[str, object]) -> None:
    builder = TraceBuilder.new(request_count=1)
    call = builder.add("Flask.wsgi_app", request=1)
    builder.trace.markers.append(Marker(1, "state", call, 1, data))
    lane = state_lane(builder.trace)
    assert len(lane.states) + len(lane.tables) == 1
