"""Places a call graph with the first engine that works.

In order: Graphviz as WebAssembly (needs no system package), ``dot`` on the PATH, our own tree. A failing
engine costs one line of notice, never the picture.
"""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import graphviz

from flasktrace.reports.callgraph import wasm
from flasktrace.reports.callgraph.dot_source import layout_source
from flasktrace.reports.callgraph.geometry import Box, EngineError, Layout, Pair, Point, Size
from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.callgraph.tree import chains, tree_layout

DOT_TIME_LIMIT_S = 15.0
PX_PER_INCH = 72.0

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
    return _from_json(wasm.render(layout_source(graph, sizes, stacked)), graph, sizes, "wasm")


def dot_layout(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> Layout:
    """Lay out by the system's Graphviz."""
    return _from_json(run_dot(layout_source(graph, sizes, stacked), "json0"), graph, sizes, "dot")


ENGINES: Sequence[tuple[str, Engine]] = (("wasm", wasm_layout), ("dot", dot_layout), ("tree", tree_layout))


def place(
    graph: CallGraph, sizes: Mapping[int, Size], engines: Sequence[tuple[str, Engine]] = ENGINES
) -> Layout:
    """Place a graph, from left to right by who calls whom, from top to bottom by when.

    Of two arrangements, with single calls beside or below their caller, the one is taken that can be
    shown larger on a slide.

    Args:
        graph: what to place.
        sizes: width and height of each function's box, in px.
        engines: name and function of each engine, in order of preference.

    Raises:
        EngineError: every engine failed; the own tree, last in ``ENGINES``, never does.
    """
    notices: list[str] = []
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
    beside = engine(graph, sizes, frozenset())
    stacked = chains(graph)
    if not stacked or beside.slide_scale() >= 1.0:
        return beside
    below = engine(graph, sizes, stacked)
    return below if below.slide_scale() > beside.slide_scale() else beside


def _from_json(data: bytes, graph: CallGraph, sizes: Mapping[int, Size], engine: str) -> Layout:
    try:
        return _read_json(json.loads(data), graph, sizes, engine)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EngineError("Graphviz' answer cannot be understood") from error


def _read_json(data: Any, graph: CallGraph, sizes: Mapping[int, Size], engine: str) -> Layout:
    left, bottom, right, top = (float(part) for part in data["bb"].split(","))
    layout = Layout(engine=engine, width_px=right - left, height_px=top - bottom)
    keys: dict[int, int] = {}
    for item in data.get("objects", ()):
        if "pos" not in item:
            continue  # a subgraph
        key = keys[item["_gvid"]] = int(item["name"][1:])
        x, y = (float(part) for part in item["pos"].split(","))
        width, height = sizes[key]
        layout.boxes[key] = Box(x - left - width / 2, top - y - height / 2, width, height)
    if layout.boxes.keys() != graph.nodes.keys():
        raise EngineError("Graphviz lost a function")
    for item in data.get("edges", ()):
        pair: Pair = (keys[item["tail"]], keys[item["head"]])
        layout.routes[pair] = _route(item["pos"], left, top)
    if layout.routes.keys() != graph.edges.keys():
        raise EngineError("Graphviz lost an edge")
    return layout


def _route(pos: str, left: float, top: float) -> list[Point]:
    route = []
    for part in pos.split():
        x, y = part.split(",")
        route.append((float(x) - left, top - float(y)))
    if len(route) % 3 != 1:
        raise ValueError(pos)
    return route
