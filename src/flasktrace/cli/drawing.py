"""Draws a trace into a folder: the sequence diagrams and the call graph."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flasktrace.cli.options import ViewOptions
from flasktrace.cli.viewing import Folding, write_file

if TYPE_CHECKING:
    from flasktrace.reports.callgraph.draw import DrawOptions
    from flasktrace.reports.folded import FoldedTrace
    from flasktrace.reports.sequence import SequenceOptions

MAX_DRAWN_STEPS = 400


def write_drawings(folding: Folding, view: ViewOptions, folder: Path, name: str) -> list[Path]:
    """Draw the sequence diagrams and the call graph into a folder.

    Args:
        folding: of the trace.
        view: what of it, and how.
        folder: that is there.
        name: what was run, for the titles.

    Returns:
        The files, in the order to look at them.

    Raises:
        UsageError: a file cannot be written, or the Graphviz at hand cannot make the format.
    """
    from flasktrace.reports.callgraph import build_graph, render

    folded = folding(MAX_DRAWN_STEPS)
    written = [write_file(folder / f"{file}.svg", text) for file, text in _sequences(folded, view)]
    rendered = render(build_graph(folded), view.graph_format, graph_options(view, name))
    for notice in rendered.notices:
        click.echo(f"flasktrace: {notice}", err=True)
    return [*written, write_file(folder / f"callgraph.{view.graph_format}", rendered.data)]


def sequence_options(view: ViewOptions) -> "SequenceOptions":
    """How sequence diagrams are drawn."""
    from flasktrace.reports.sequence import LinkMode, SequenceOptions

    return SequenceOptions(language=view.language, has_times=view.times, links=LinkMode(view.link))


def graph_options(view: ViewOptions, name: str) -> "DrawOptions":
    """How the call graph is drawn."""
    from flasktrace.reports.callgraph import DrawOptions
    from flasktrace.reports.sequence import LinkMode

    return DrawOptions(name=name, language=view.language, has_times=view.times, links=LinkMode(view.link))


def _sequences(folded: "FoldedTrace", view: ViewOptions) -> Iterator[tuple[str, str]]:
    """File names, without their ends, and drawings."""
    from flasktrace.reports.sequence import chapter_figures, draw_sequence, overview_figures

    options = sequence_options(view)
    if view.split == "chapters":
        for figure in chapter_figures(folded, options):
            yield f"sequence-{figure.name}", draw_sequence(folded, figure.options)
        return
    has_requests = any(chapter.request is not None for chapter in folded.chapters)
    if view.split == "requests":
        for figure in overview_figures(folded, options):
            file = "startup" if figure.options.is_startup else f"sequence-{figure.name}"
            yield file, draw_sequence(folded, figure.options)
        return
    if has_requests or not folded.chapters:
        yield "sequence", draw_sequence(folded, options)
    if any(chapter.request is None for chapter in folded.chapters):
        startup = draw_sequence(folded, replace(options, is_startup=True))
        yield ("startup" if has_requests else "sequence"), startup
