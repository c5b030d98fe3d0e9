"""Our own layout: a column a depth, a row a function, from top to bottom in the order of the calls.

Where that would get too large to be read on a slide, functions of different columns share rows.

It needs no Graphviz and never fails, and is the last engine for that reason.
"""

from collections import defaultdict
from collections.abc import Mapping, Set

from flasktrace.reports.callgraph.geometry import Box, Layout, Point, Size
from flasktrace.reports.callgraph.graph import CallGraph

COLUMN_GAP_PX = 34.0
ROW_GAP_PX = 12.0
ENOUGH_SCALE = 0.7  # of a slide: below it, rows are shared
CORNER_PX = 7.0
DOWN_PX = 20.0
TRUNK_PX = 16.0  # how far before the callee the line turns


def tree_layout(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> Layout:
    """Place a graph as the forest of its first calls.

    Args:
        graph: what to place.
        sizes: width and height of each function's box, in px.
        stacked: functions that stand below their only caller, in its column, instead of beside it.
    """
    strict = _placed(graph, sizes, _cells(graph, stacked, is_compact=False))
    if strict.slide_scale() >= ENOUGH_SCALE:
        return strict
    return _placed(graph, sizes, _cells(graph, stacked, is_compact=True))


Cells = dict[int, tuple[int, int]]  # column and row of each function


def _placed(graph: CallGraph, sizes: Mapping[int, Size], cells: Cells) -> Layout:
    layout = Layout(engine="tree")
    columns = {key: cell[0] for key, cell in cells.items()}
    rows = {key: cell[1] for key, cell in cells.items()}
    column_x = _offsets(columns, {key: sizes[key][0] for key in sizes}, COLUMN_GAP_PX)
    row_y = _offsets(rows, {key: sizes[key][1] for key in sizes}, ROW_GAP_PX)
    for key in graph.nodes:
        width, height = sizes[key]
        layout.boxes[key] = Box(column_x[columns[key]], row_y[rows[key]], width, height)
    for pair, edge in graph.edges.items():
        caller, callee = layout.boxes[edge.caller], layout.boxes[edge.callee]
        layout.routes[pair] = _route(caller, callee, edge.is_tree)
    layout.shift_to_origin()
    return layout


def _cells(graph: CallGraph, stacked: Set[int], *, is_compact: bool) -> Cells:
    """The place of each function: a row of its own, or (compact) any that is free in its column.

    Compact, a function that calls others to its right still begins below everything in their column, so
    that no two of the lines down that column run on top of each other.
    """
    # Iterative: a call chain can be deeper than Python's recursion limit.
    children = graph.children()
    cells: Cells = {}
    free: defaultdict[int, int] = defaultdict(int)  # the next row of each column
    last_row = -1
    pending = [(root, 0, True, 0) for root in reversed(graph.roots())]
    while pending:
        key, column, takes_row, least_row = pending.pop()
        has_beside = any(callee not in stacked for callee in children[key])
        if is_compact:
            row = max(least_row, free[column], free[column + 1] if has_beside else 0)
        else:
            row = last_row + takes_row
        last_row = row
        free[column] = row + 1
        cells[key] = (column, row)
        for position, callee in reversed(list(enumerate(children[key]))):
            is_below = callee in stacked
            next_column = column if is_below else column + 1
            pending.append((callee, next_column, position > 0 or is_below, row + is_below))
    return cells


def _offsets(cells: Mapping[int, int], extents: Mapping[int, float], gap: float) -> list[float]:
    largest = [0.0] * (max(cells.values(), default=-1) + 1)
    for key, cell in cells.items():
        largest[cell] = max(largest[cell], extents[key])
    offsets = []
    position = 0.0
    for extent in largest:
        offsets.append(position)
        position += extent + gap
    return offsets


def _route(caller: Box, callee: Box, is_tree: bool) -> list[Point]:
    if is_tree and callee.x_px == caller.x_px:
        return downward(caller, callee)
    start, end = (caller.right_px, caller.middle_px), (callee.x_px, callee.middle_px)
    if is_tree and start[1] == end[1]:
        return line(start, end)
    if is_tree:
        return _elbow(start, end)
    return bow(caller, callee)


def downward(caller: Box, callee: Box) -> list[Point]:
    """From a function to the one that stands below it."""
    x = caller.x_px + DOWN_PX
    return line((x, caller.bottom_px), (x, callee.y_px))


def line(start: Point, end: Point) -> list[Point]:
    """A straight line as a Bézier curve."""
    thirds = [tuple(a + (b - a) * part / 3 for a, b in zip(start, end, strict=True)) for part in (1, 2)]
    return [start, (thirds[0][0], thirds[0][1]), (thirds[1][0], thirds[1][1]), end]


def _elbow(start: Point, end: Point) -> list[Point]:
    x = end[0] - TRUNK_PX
    corner = min(CORNER_PX, abs(end[1] - start[1]) / 2)
    down = corner if end[1] > start[1] else -corner
    route = line(start, (x - corner, start[1]))
    route += [(x, start[1]), (x, start[1]), (x, start[1] + down)]
    route += line((x, start[1] + down), (x, end[1] - down))[1:]
    route += [(x, end[1]), (x, end[1]), (x + corner, end[1])]
    return route + line((x + corner, end[1]), end)[1:]


def bow(caller: Box, callee: Box) -> list[Point]:
    """From a function to one that already has its place, by the nearer sides."""
    if callee.x_px > caller.right_px:
        start, end = (caller.right_px, caller.middle_px), (callee.x_px, callee.middle_px)
        middle = (start[0] + end[0]) / 2
        return [start, (middle, start[1]), (middle, end[1]), end]
    start = (caller.right_px, caller.middle_px)
    end = (callee.right_px, callee.middle_px)
    reach = max(start[0], end[0]) + 24.0 + min(60.0, abs(end[1] - start[1]) / 8)
    return [start, (reach, start[1]), (reach, end[1]), end]
