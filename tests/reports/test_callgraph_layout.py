"""Each layout engine places everything, in order, without overlaps; and a failing one is passed over."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.one_python import share
from tests.strategies_traces import TraceBuilder, traces

from flasktrace.reports.callgraph import layout as layout_module
from flasktrace.reports.callgraph import wasm
from flasktrace.reports.callgraph.geometry import EngineError, Layout, Size
from flasktrace.reports.callgraph.graph import CallGraph, GraphEdge, GraphNode, build_graph
from flasktrace.reports.callgraph.layout import ENGINES, Engine, place
from flasktrace.reports.callgraph.stacks import arrangements, columns_of, even_widths
from flasktrace.tracer.model import Function, Origin, Trace

Engines = dict[str, Engine]


@pytest.fixture(autouse=True)
def module_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the compiled module out of the home folder, and compile it once."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache / "flasktrace"


def _sample() -> CallGraph:
    builder = TraceBuilder.new()
    module = builder.add("<module>")
    builder.add("Flask.__init__", module)
    serve = builder.add("BaseServer.serve_forever", module)
    app = builder.add("Flask.wsgi_app", serve)
    push = builder.add("RequestContext.push", app)
    builder.add("LocalStack.push", push)
    full = builder.add("Flask.full_dispatch_request", app)
    dispatch = builder.add("Flask.dispatch_request", full)
    index = builder.add("index", dispatch)
    builder.add("Local.__getattr__", index)
    builder.add("Flask.make_response", full)
    builder.add("LocalStack.push", app)
    builder.add("Flask.make_response", index)
    return build_graph(builder.trace)


def _sizes(graph: CallGraph) -> dict[int, Size]:
    return {key: (90.0 + 7 * key, 36.0) for key in graph.nodes}


def _needs(name: str, cannot_run: Callable[[str], None]) -> Engine:
    engine = dict(ENGINES)[name]
    try:
        engine(build_graph(Trace()), {}, frozenset())
    except EngineError as error:
        cannot_run(f"the layout engine {name} is not available: {error}")
    return engine


def check(graph: CallGraph, layout: Layout, sizes: Mapping[int, Size]) -> None:
    """Everything has its place, of the right size, inside, and apart from the others."""
    assert layout.boxes.keys() == graph.nodes.keys()
    assert layout.routes.keys() == graph.edges.keys()
    for key, box in layout.boxes.items():
        assert (box.width_px, box.height_px) == sizes[key]
        assert box.x_px >= -0.01 and box.right_px <= layout.width_px + 0.01
        assert box.y_px >= -0.01 and box.bottom_px <= layout.height_px + 0.01
    for one, other in combinations(layout.boxes.values(), 2):
        is_apart = one.right_px < other.x_px or other.right_px < one.x_px
        assert is_apart or one.bottom_px < other.y_px or other.bottom_px < one.y_px
    for route in layout.routes.values():
        assert len(route) % 3 == 1


@pytest.mark.parametrize("name", ["wasm", "dot", "tree"])
def test_an_engine_places_every_function_and_edge(name: str, cannot_run: Callable[[str], None]) -> None:
    engine = _needs(name, cannot_run)
    graph = _sample()
    for stacked in arrangements(graph):
        sizes = even_widths(graph, _sizes(graph), stacked)
        check(graph, engine(graph, sizes, stacked), sizes)


@pytest.mark.parametrize("name", ["wasm", "dot", "tree"])
def test_callees_stand_from_top_to_bottom_in_call_order(name: str, cannot_run: Callable[[str], None]) -> None:
    engine = _needs(name, cannot_run)
    graph = _sample()
    for stacked in arrangements(graph):
        layout = engine(graph, even_widths(graph, _sizes(graph), stacked), stacked)
        for callees in graph.children().values():
            beside = [layout.boxes[key].middle_px for key in callees if key not in stacked]
            assert all(above < below for above, below in pairwise(beside))
        for key in stacked:
            (caller,) = (e.caller for e in graph.edges.values() if e.callee == key and e.is_tree)
            assert layout.boxes[caller].bottom_px < layout.boxes[key].y_px


@pytest.mark.parametrize("name", ["wasm", "dot", "tree"])
def test_lines_run_from_the_caller_to_the_callee(name: str, cannot_run: Callable[[str], None]) -> None:
    engine = _needs(name, cannot_run)
    graph = _sample()
    for stacked in arrangements(graph):
        layout = engine(graph, even_widths(graph, _sizes(graph), stacked), stacked)
        for (caller, callee), route in layout.routes.items():
            for (x, y), box in ((route[0], layout.boxes[caller]), (route[-1], layout.boxes[callee])):
                assert box.x_px - 3 <= x <= box.right_px + 3
                assert box.y_px - 7 <= y <= box.bottom_px + 7


@pytest.mark.parametrize("name", ["wasm", "dot"])
def test_roots_stand_in_call_order(name: str, cannot_run: Callable[[str], None]) -> None:
    engine = _needs(name, cannot_run)
    builder = TraceBuilder.new()
    for qualname in ("index", "Flask.wsgi_app", "Template.render"):
        builder.add(qualname)
    graph = build_graph(builder.trace)
    layout = engine(graph, _sizes(graph), frozenset())
    check(graph, layout, _sizes(graph))
    assert sorted(layout.boxes, key=lambda key: layout.boxes[key].y_px) == list(graph.nodes)


@given(traces())
@settings(max_examples=share(40), deadline=None)
def test_the_own_tree_places_any_graph(trace: Trace) -> None:
    graph = build_graph(trace)
    for stacked in arrangements(graph):
        sizes = even_widths(graph, _sizes(graph), stacked)
        layout = dict(ENGINES)["tree"](graph, sizes, stacked)
        check(graph, layout, sizes)
        columns = columns_of(graph, stacked)
        for one, other in combinations(graph.nodes, 2):
            assert (columns[one] == columns[other]) == (layout.boxes[one].x_px == layout.boxes[other].x_px)


@given(traces())
@settings(max_examples=share(15), deadline=None)
def test_graphviz_places_any_graph(trace: Trace) -> None:
    graph = build_graph(trace)
    for name, engine in ENGINES[:1]:
        try:
            layout = place(graph, _sizes(graph), [(name, engine)])
        except EngineError as error:
            assert "is not available: no" in str(error) or "cannot be loaded" in str(error)
            return
        assert layout.boxes.keys() == graph.nodes.keys()


def test_a_chain_deeper_than_the_recursion_limit_is_placed() -> None:
    graph = CallGraph()
    for key in range(1, 3001):
        function = Function(key, "m", f"f{key}", "m.py", 1, 2, Origin.USER)
        graph.nodes[key] = GraphNode(key, function, None, key)
        if key > 1:
            graph.edges[key - 1, key] = GraphEdge(key - 1, key, 1, is_tree=True)
    assert place(graph, _sizes(graph), ENGINES[2:]).boxes.keys() == graph.nodes.keys()


def _failing(graph: CallGraph, sizes: Mapping[int, Size], stacked: object) -> Layout:
    raise EngineError("it is broken")


def test_a_graph_too_large_for_graphviz_costs_one_line_and_no_time() -> None:
    graph = CallGraph()
    for key in range(1, 1201):
        graph.nodes[key] = GraphNode(key, Function(key, "m", "f", "m.py", 1, 2, Origin.USER), None, key)
        if key > 1:
            graph.edges[key // 2, key] = GraphEdge(key // 2, key, 1, is_tree=True)
    layout = place(graph, _sizes(graph))
    assert layout.engine == "tree"
    assert layout.notices == [
        "call graph: 1199 edges are too many for Graphviz, placed in call order instead; "
        "a lower level has fewer"
    ]


def test_a_failing_engine_costs_one_line_of_notice() -> None:
    graph = _sample()
    layout = place(graph, _sizes(graph), [("wasm", _failing), ("dot", _failing), ENGINES[2]])
    assert layout.engine == "tree"
    assert layout.notices == [
        "call graph: layout engine wasm is not available: it is broken",
        "call graph: layout engine dot is not available: it is broken",
    ]


def _fake_dot(folder: Path, script: str) -> None:
    path = folder / "dot"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sys.stderr.write('cannot load plugin\\nmore'); sys.exit(3)", "status 3: cannot load plugin"),
        ("print('no json')", "cannot be understood"),
        ("print('{\"objects\": []}')", "lost a function"),
        ("time.sleep(60)", "more than"),
    ],
)
def test_a_dot_that_fails_is_an_engine_error(
    script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_dot(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout_module, "DOT_TIME_LIMIT_S", 0.5 if "sleep" in script else 15.0)
    graph = _sample()
    with pytest.raises(EngineError, match=message):
        layout_module.dot_layout(graph, _sizes(graph), frozenset())


def test_no_dot_on_the_path_is_an_engine_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no `dot` on the PATH"):
        layout_module.run_dot("digraph {}", "svg")


def test_the_compiled_module_is_kept_private_and_used_again(
    module_cache: Path, cannot_run: Callable[[str], None]
) -> None:
    _needs("wasm", cannot_run)
    kept = next(module_cache.iterdir())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(module_cache.stat().st_mode) == 0o700
    written_ns = kept.stat().st_mtime_ns
    wasm.render("digraph { a -> b }")
    assert kept.stat().st_mtime_ns == written_ns


@pytest.mark.parametrize("harm", ["", "writable file", "writable folder", "link"])
def test_a_module_that_others_may_have_written_is_not_run(harm: str, tmp_path: Path) -> None:
    kept = tmp_path / "folder" / "module"
    wasm._write_private(kept, b"code")
    if harm == "link":
        kept.rename(tmp_path / "elsewhere")
        kept.symlink_to(tmp_path / "elsewhere")
    elif harm:
        (kept if harm == "writable file" else kept.parent).chmod(0o777)
    assert wasm._read_private(kept) == (None if harm else b"code")


def test_a_module_of_another_runtime_is_compiled_anew(
    module_cache: Path, tmp_path: Path, cannot_run: Callable[[str], None]
) -> None:
    _needs("wasm", cannot_run)
    kept = next(module_cache.iterdir())
    wasm._write_private(tmp_path / "cache" / kept.name, b"something else")
    assert wasm.render("digraph { a }", folder=tmp_path / "cache").startswith(b"{")
    assert (tmp_path / "cache" / kept.name).stat().st_size > 1_000_000


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wasm._write_private(tmp_path / "file" / "cache" / "module", b"code")
    assert wasm._read_private(tmp_path / "file" / "cache" / "module") is None


def test_a_layout_that_takes_too_long_is_an_engine_error(
    monkeypatch: pytest.MonkeyPatch, cannot_run: Callable[[str], None]
) -> None:
    _needs("wasm", cannot_run)
    monkeypatch.setattr(wasm, "TIME_LIMIT_S", 0.05)
    edges = " ".join(f"n{i} -> n{(i * 7919 + 1) % 1500};" for i in range(1500))
    with pytest.raises(EngineError, match="more than"):
        wasm.render(f"digraph {{ {edges} }}")


def test_a_broken_source_is_an_engine_error(cannot_run: Callable[[str], None]) -> None:
    _needs("wasm", cannot_run)
    with pytest.raises(EngineError):
        wasm.render("digraph {")


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
def test_a_limit_on_address_space_costs_no_picture(tmp_path: Path) -> None:
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))\n"
        "from flasktrace.reports.callgraph.graph import CallGraph\n"
        "from flasktrace.reports.callgraph.layout import place\n"
        "layout = place(CallGraph(), {})\n"
        "print(layout.engine, len(layout.notices))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in {"wasm", "dot", "tree"}
