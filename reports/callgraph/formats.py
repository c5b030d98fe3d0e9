"""The call graph in the formats that a user can ask for."""

import io
from dataclasses import dataclass, field

from flasktrace.reports.callgraph.dot_text import dot_source
from flasktrace.reports.callgraph.draw import DrawOptions, write_svg
from flasktrace.reports.callgraph.geometry import EngineError
from flasktrace.reports.callgraph.graph import CallGraph
from flasktrace.reports.callgraph.layout import run_dot
from flasktrace.tracer.errors import UsageError

FORMATS = ("svg", "dot", "png", "pdf")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished picture, and one line for each layout engine that failed on the way."""

    data: bytes
    notices: list[str] = field(default_factory=list)


def render(graph: CallGraph, output: str, options: DrawOptions | None = None) -> Rendered:
    """Give the graph in a format: our own drawing as SVG, or what Graphviz makes of the DOT.

    Args:
        graph: what to show.
        output: one of ``FORMATS``; ``png`` and ``pdf`` need the ``dot`` program.
        options: for SVG.

    Raises:
        UsageError: the format is unknown, or the Graphviz at hand cannot make it.
    """
    if output == "svg":
        stream = io.StringIO()
        notices = write_svg(graph, stream, options)
        return Rendered(stream.getvalue().encode(), notices)
    source = dot_source(graph)
    if output == "dot":
        return Rendered(source.encode())
    if output not in FORMATS:
        raise UsageError(f"the call graph has no format {output!r}: choose one of {', '.join(FORMATS)}")
    try:
        return Rendered(run_dot(source, output))
    except EngineError as error:
        raise UsageError(
            f"the call graph as {output} needs Graphviz' own `dot`: {error}; "
            "install Graphviz, or take --format svg"
        ) from error
