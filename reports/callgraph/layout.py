"""Places a call graph with the first engine that works.

In order: Graphviz as WebAssembly (needs no system package), ``dot`` on the PATH, our own tree. A failing
engine costs one line of notice, never the picture.
"""

import itertools
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

import graphviz

from flasktrace.reports.callgraph import wasm
from flasktrace.reports.callgraph.dot_source import ROOT, STACK_GAP_PX, layout_source, stack_height
from flasktrace.reports.callgraph.geometry import Box, EngineError, Layout, Point, Size
from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.callgraph.stacks import arrangements, even_widths, stacks
from flasktrace.reports.callgraph.tree import bow, downward, tree_layout

DOT_TIME_LIMIT_S = 8.0
# Graphviz' time grows with the square and worse: 0.1 s for 200 functions and 260 edges, 1 s for 500 and 700,
# more than 15 s for 1000 and 1400.
MAX_EDGES = 900
ENOUGH_TIME_S = 1.0  # an arrangement that took longer is the last one tried

Engine = Callable[[CallGraph, Mapping[int, Size], Set[int]], Layout]


def run_dot(source: str, output: str) -> bytes:
    """Run the ``dot`` of the PATH.

    It is not run through the ``graphviz`` package, which knows no time limit.

    Raises:
        EngineError: there is no ``dot``, it fails, or takes too long.
    """
    command = [str(graphviz.backend.DOT_BINARY), "-Kdot", f"-T{output}"]
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, check=True, timeout=DOT_TIME_LIMIT_S
        )
    except FileNotFoundError as error:
        raise EngineError("no `dot` on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"`dot` took more than {DOT_TIME_LIMIT_S:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        said = f": {lines[0][:160]}" if lines else ""
        raise EngineError(f"`dot` ended with status {error.returncode}{said}") from error
    except OSError as error:
        raise EngineError(f"`dot` cannot be run ({error.strerror})") from error
    return done.stdout


def wasm_layout(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> Layout:
    """Lay out by Graphviz in WebAssembly."""
    return _by_graphviz(wasm.render, graph, sizes, stacked, "wasm")


def dot_layout(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> Layout:
    """Lay out by the system's Graphviz."""
    return _by_graphviz(partial(run_dot, output="json0"), graph, sizes, stacked, "dot")


def _by_graphviz(
    run: Callable[[str], bytes],
    graph: CallGraph,
    sizes: Mapping[int, Size],
    stacked: Set[int],
    engine: str,
) -> Layout:
    layout = _from_json(run(layout_source(graph, sizes, stacked)), graph, sizes, stacked, engine)
    if not is_in_call_order(graph, layout, stacked):
        # Lines back to earlier functions can upset the order, though they are told not to matter.
        source = layout_source(graph, sizes, stacked, has_all_edges=False)
        layout = _from_json(run(source), graph, sizes, stacked, engine)
    return layout


def is_in_call_order(graph: CallGraph, layout: Layout, stacked: Set[int]) -> bool:
    """Whether the callees beside each function stand from top to bottom as they were first called."""
    for callees in graph.children().values():
        tops = [layout.boxes[key].y_px for key in callees if key not in stacked]
        if any(above > below for above, below in itertools.pairwise(tops)):
            return False
    return True


ENGINES: Sequence[tuple[str, Engine]] = (("wasm", wasm_layout), ("dot", dot_layout), ("tree", tree_layout))


def place(
    graph: CallGraph, sizes: Mapping[int, Size], engines: Sequence[tuple[str, Engine]] = ENGINES
) -> Layout:
    """Place a graph, from left to right by who calls whom, from top to bottom by when.

    Of several arrangements, with some callees below instead of beside their caller, the one is taken
    that can be shown largest on a slide.

    Args:
        graph: what to place.
        sizes: width and height of each function's box, in px.
        engines: name and function of each engine, in order of preference.

    Raises:
        EngineError: every engine failed; the own tree, last in ``ENGINES``, never does.
    """
    notices: list[str] = []
    own = [(name, engine) for name, engine in engines if engine is tree_layout]
    if own and len(graph.edges) > MAX_EDGES:
        notices.append(
            f"call graph: {len(graph.edges)} edges are too many for Graphviz, placed in call order instead; "
            "a lower level has fewer"
        )
        engines = own
    for name, engine in engines:
        try:
            layout = _best(engine, graph, sizes)
        except EngineError as error:
            notices.append(f"call graph: layout engine {name} is not available: {error}")
            continue
        layout.notices = notices
        return layout
    raise EngineError("; ".join(notices) or "no layout engine")


def _best(engine: Engine, graph: CallGraph, sizes: Mapping[int, Size]) -> Layout:
    best: Layout | None = None
    started_s = time.monotonic()
    for stacked in arrangements(graph):
        layout = engine(graph, even_widths(graph, sizes, stacked), stacked)
        if best is None or layout.slide_scale() > best.slide_scale():
            best = layout
        if best.slide_scale() >= 1.0 or time.monotonic() - started_s > ENOUGH_TIME_S:
            break
    assert best is not None
    return best


def _from_json(
    data: bytes, graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int], engine: str
) -> Layout:
    try:
        return _read_json(json.loads(data), graph, sizes, stacks(graph, stacked), engine)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EngineError("Graphviz' answer cannot be understood") from error


def _read_json(
    data: Any, graph: CallGraph, sizes: Mapping[int, Size], members: Mapping[int, list[int]], engine: str
) -> Layout:
    layout = Layout(engine=engine)
    numbers = {item["_gvid"]: item["name"] for item in data.get("objects", ())}
    for item in data.get("objects", ()):
        if item["name"] != ROOT:
            _place_stack(layout, members[int(item["name"][1:])], sizes, item["pos"])
    if layout.boxes.keys() != graph.nodes.keys():
        raise EngineError("Graphviz lost a function")
    ends = {head: head for head in members}
    for item in data.get("edges", ()):
        if numbers[item["tail"]] == ROOT:
            continue
        tail = _end(item.get("tailport", ""), numbers[item["tail"]], ends)
        head = _end(item.get("headport", ""), numbers[item["head"]], ends)
        layout.routes[tail, head] = _route(item["pos"])
    for keys in members.values():
        for caller, callee in itertools.pairwise(keys):
            layout.routes[caller, callee] = downward(layout.boxes[caller], layout.boxes[callee])
    for pair, edge in graph.edges.items():
        if pair not in layout.routes and not edge.is_tree:  # within a column, see the DOT
            layout.routes[pair] = bow(layout.boxes[edge.caller], layout.boxes[edge.callee])
    if layout.routes.keys() != graph.edges.keys():
        raise EngineError("Graphviz lost an edge")
    layout.shift_to_origin()
    return layout


def _end(port: str, name: str, heads: Mapping[int, int]) -> int:
    """Which function an edge ends at: the port of a stack (``p7:e``), else the node itself."""
    if port.startswith("p"):
        return int(port[1:].partition(":")[0])
    return heads[int(name[1:])]


def _place_stack(layout: Layout, keys: list[int], sizes: Mapping[int, Size], pos: str) -> None:
    x, y = (float(part) for part in pos.split(","))
    top = -y - stack_height(keys, sizes) / 2
    for key in keys:
        width, height = sizes[key]
        layout.boxes[key] = Box(x - width / 2, top, width, height)
        top += height + STACK_GAP_PX


def _route(pos: str) -> list[Point]:
    route = []
    for part in pos.split():
        x, y = part.split(",")
        route.append((float(x), -float(y)))
    if len(route) % 3 != 1:
        raise ValueError(pos)
    return route
