"""What a *show* block shows, made from a run: text, or a drawing as SVG."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

from flasktrace.reports.callgraph import DrawOptions, build_graph, write_svg
from flasktrace.reports.chain.check import find_calls
from flasktrace.reports.chain.notation import parse_names
from flasktrace.reports.folded import FoldedTrace, Level
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.hooks import hook_ledger
from flasktrace.reports.labels import display_name
from flasktrace.reports.lane_text import ledger_lines
from flasktrace.reports.lessons.lesson import Show, ShowKind
from flasktrace.reports.sequence import LinkMode, SequenceOptions, Theme, draw_sequence
from flasktrace.reports.text import clean
from flasktrace.reports.tree import TreeOptions, tree_lines
from flasktrace.tracer import query
from flasktrace.tracer.catalogue import Catalogue
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.masked_source import masked_line
from flasktrace.tracer.model import Trace
from flasktrace.tracer.phases import fill_phases

TREE_CELLS = 100
MAX_DRAWN_STEPS = 200
MAX_SOURCE_LINES = 80
ReadSource = Callable[[str], list[str] | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """Something shown: one of ``text`` and ``svg`` is not empty.

    Attributes:
        kind: of what.
        text: lines of plain text, clean.
        svg: a drawing.
        syntax: of the text, for highlighting: "python" or "".
        caption: the author's, else what it is.
    """

    kind: ShowKind
    text: str = ""
    svg: str = ""
    syntax: str = ""
    caption: str = ""


def draw_figure(
    show: Show,
    trace: Trace,
    catalogue: Catalogue,
    read_source: ReadSource,
    theme: Theme = Theme.AUTO,
    id_prefix: str = "",
) -> Figure:
    """Make what a block shows.

    Args:
        show: the block.
        trace: its run.
        catalogue: phases and explanations in the lesson's language.
        read_source: gives the lines of a source file, or None where it cannot.
        theme: of a drawing.
        id_prefix: put before every ``id`` of a drawing, for a page with more than one.

    Raises:
        UsageError: it names a chapter, request or function that is not in the run.
    """
    caption = show.caption
    if show.kind is ShowKind.SOURCE:
        return _source(show, trace, read_source)
    shown = selected(show, trace, catalogue)
    if show.kind is ShowKind.HOOKS:
        ledgers = [line for ledger in hook_ledger(shown) for line in ledger_lines(ledger, catalogue.language)]
        return Figure(show.kind, "\n".join(ledgers), caption=caption)
    folded = fold(shown, catalogue, FoldOptions(Level(show.level), MAX_DRAWN_STEPS))
    if show.kind is ShowKind.DIAGRAM:
        options = _sequence_options(show, folded, catalogue.language)
        drawing = draw_sequence(folded, replace(options, theme=theme, id_prefix=id_prefix))
        return Figure(show.kind, svg=drawing, caption=caption)
    if show.kind is ShowKind.GRAPH:
        graph_options = DrawOptions(
            name=clean(trace.metadata.scenario),
            language=catalogue.language,
            has_times=show.with_times,
            links=LinkMode.UPSTREAM,
            theme=theme,
            id_prefix=f"{id_prefix}cg-",
        )
        stream = io.StringIO()
        write_svg(build_graph(folded), stream, graph_options)
        return Figure(show.kind, svg=stream.getvalue(), caption=caption)
    return Figure(show.kind, _tree(show, folded, catalogue.language), caption=caption)


def selected(show: Show, trace: Trace, catalogue: Catalogue) -> Trace:
    """The part of a run that a block is about.

    Raises:
        UsageError: it names something that is not there.
    """
    fill_phases(trace, catalogue)
    if show.request is not None:
        trace = query.request(trace, show.request)
    if show.chapter:
        trace = query.phase(trace, show.chapter)
    if not show.of:
        return trace
    first = _positions(trace, show.of)[0]
    if not show.until:
        under = bytearray(len(trace.calls))
        parents = query.parent_positions(trace.calls)
        for i in range(first, len(trace.calls)):
            under[i] = i == first or (parents[i] >= 0 and under[parents[i]])
        return query.select(trace, under)
    calls = trace.calls
    last = next((i for i in _positions(trace, show.until) if i >= first), None)
    if last is None:
        raise UsageError(f"no call of {show.until} comes after {show.of}: turn the range round")
    end_ns = calls.end_ns[last]
    return query.select(trace, lambda i: i >= first and calls.start_ns[i] <= end_ns)


def _positions(trace: Trace, name: str) -> list[int]:
    positions = find_calls(trace, parse_names(name)[0]).positions
    if not positions:
        raise UsageError(f"no call of {name} is in the run: give a name as the tree shows it")
    return positions


def _sequence_options(show: Show, folded: FoldedTrace, language: str) -> SequenceOptions:
    is_startup = bool(folded.chapters) and all(chapter.request is None for chapter in folded.chapters)
    return SequenceOptions(
        is_startup=is_startup,
        has_times=show.with_times,
        language=language,
        links=LinkMode.UPSTREAM,
    )


def _tree(show: Show, folded: FoldedTrace, language: str) -> str:
    options = TreeOptions(
        language=language,
        width_cells=TREE_CELLS,
        times=show.with_times,
        legend=False,
        resolution=True,
        state=show.kind is ShowKind.STATE,
    )
    return "\n".join(line.rstrip() for line in tree_lines(folded, options)).strip("\n")


def _source(show: Show, trace: Trace, read_source: ReadSource) -> Figure:
    function = trace.functions[trace.calls.function_id[_positions(trace, show.of)[0]]]
    lines = read_source(function.file_path)
    if lines is None:
        raise UsageError(f"the source of {show.of} cannot be read: {clean(function.file_path)}")
    first = max(function.line_number, 1)
    last = min(max(function.last_line, first), first + MAX_SOURCE_LINES - 1)
    text = "\n".join(clean(masked_line(line)) for line in lines[first - 1 : last])
    caption = show.caption or f"{display_name(function)} · {clean(function.module)}, {first}"
    return Figure(show.kind, text, syntax="python", caption=caption)
