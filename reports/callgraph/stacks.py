"""Which functions stand below their caller instead of beside it, so that the drawing gets less wide."""

from collections.abc import Mapping, Set

from flasktrace.reports.callgraph.geometry import Size
from flasktrace.reports.callgraph.graph import CallGraph


def arrangements(graph: CallGraph) -> list[frozenset[int]]:
    """Ways to arrange a graph: the functions to stand below their first caller, from none to many.

    Only the last callee of a function may stand below it: those before it are beside, so the order of
    the calls still goes from top to bottom, and no line has to cross the others.
    """
    children = graph.children()
    heights = _heights(graph, children)
    single: set[int] = set()
    deepest: set[int] = set()
    for callees in children.values():
        if len(callees) == 1:
            single.add(callees[0])
        if callees and heights[callees[-1]] >= max(heights[key] for key in callees):
            deepest.add(callees[-1])
    choices = [frozenset[int](), frozenset(single), frozenset(single | deepest)]
    return list(dict.fromkeys(choices))


def _heights(graph: CallGraph, children: Mapping[int, list[int]]) -> dict[int, int]:
    """How many calls deep it goes below each function."""
    heights: dict[int, int] = {}
    for key in reversed(graph.nodes):  # callees come after their first caller
        heights[key] = max((heights[callee] + 1 for callee in children[key]), default=0)
    return heights


def stacks(graph: CallGraph, stacked: Set[int]) -> dict[int, list[int]]:
    """The functions in each stack from top to bottom, by the topmost one; most have a single member."""
    head_of: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    callers = {edge.callee: edge.caller for edge in graph.edges.values() if edge.is_tree}
    for key in graph.nodes:
        head = head_of[callers[key]] if key in stacked else key
        head_of[key] = head
        members.setdefault(head, []).append(key)
    return members


def columns_of(graph: CallGraph, stacked: Set[int]) -> dict[int, int]:
    """The column of each function: its caller's when it stands below it, else the next one."""
    columns: dict[int, int] = {}
    callers = {edge.callee: edge.caller for edge in graph.edges.values() if edge.is_tree}
    for key in graph.nodes:
        beside = 0 if key in stacked else 1
        columns[key] = columns[callers[key]] + beside if key in callers else 0
    return columns


def even_widths(graph: CallGraph, sizes: Mapping[int, Size], stacked: Set[int]) -> dict[int, Size]:
    """The sizes with all boxes of a stack as wide as the widest one."""
    even = dict(sizes)
    for keys in stacks(graph, stacked).values():
        width = max(sizes[key][0] for key in keys)
        even.update({key: (width, sizes[key][1]) for key in keys})
    return even
