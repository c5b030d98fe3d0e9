"""The call graph as DOT, with colours and labels, for Graphviz itself."""

from typing import IO

from flasktrace.reports.callgraph.dot_text import dot_source
from flasktrace.reports.callgraph.graph import build_graph
from flasktrace.reports.folded import FoldedTrace
from flasktrace.tracer.model import Trace


def write_dot(source: FoldedTrace | Trace, stream: IO[str]) -> None:
    """Write the call graph of what a folded trace shows, or of all calls of a trace."""
    stream.write(dot_source(build_graph(source)))
