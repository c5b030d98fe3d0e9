"""The call graph: functions and who called whom, laid out by Graphviz, drawn by us.

``graph`` builds plain data, ``layout`` places it with the first engine that works, ``draw`` writes the SVG.
"""

from flasktrace.reports.callgraph.draw import DrawOptions, write_svg
from flasktrace.reports.callgraph.formats import FORMATS, Rendered, render
from flasktrace.reports.callgraph.graph import CallGraph, build_graph

__all__ = ["FORMATS", "CallGraph", "DrawOptions", "Rendered", "build_graph", "render", "write_svg"]
