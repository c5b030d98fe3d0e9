"""Folds a trace: what is shown at a level, what is counted under it, and what is a repetition.

Every view draws from the :class:`FoldedTrace` made here. The rules:

- *Shown* is what the level asks for (see :func:`shown_functions`) and each call without a caller.
- Of a library that the user has included, the calls that lead into it are shown at milestones too.
- A call that is not shown is counted on its nearest shown ancestor; what it calls moves up there.
- Adjacent equal runs of up to five siblings become one, with their count and their time.
  Equal are calls of the same functions in the same shape with the same kinds of outcome.
- Chapters are stretches of steps with the same phase and the same request.

Nothing is dropped: each call of the trace has a step that stands for it (``FoldedTrace.owners``).
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, compress, count, islice, pairwise
from operator import add, ne

from flasktrace.reports.folded import Chapter, FoldedTrace, Level, Step
from flasktrace.reports.folding_tables import FoldTables, StepColumns, StepSequence, fold_tables
from flasktrace.reports.words import Words, words_of
from flasktrace.tracer.catalogue import Catalogue, Landmark
from flasktrace.tracer.model import Function, Origin, Trace
from flasktrace.tracer.phases import CallOrder, Outline, call_order, phase_ids

LEVELS = (Level.CHAPTERS, Level.MILESTONES, Level.PIPELINE, Level.ALL)


@dataclass(frozen=True, slots=True)
class FoldOptions:
    """What to show.

    Attributes:
        level: how much.
        max_steps: a view that would have more steps goes up one level (and says so); None: no limit.
        fold_repeats: whether adjacent equal runs become one step.
        filtered_count: calls that a filter took out before, to be told with the rest.
    """

    level: Level = Level.MILESTONES
    max_steps: int | None = None
    fold_repeats: bool = True
    filtered_count: int = 0


def fold(trace: Trace, catalogue: Catalogue, options: FoldOptions | None = None) -> FoldedTrace:
    """Fold a trace for a view.

    Args:
        trace: a valid trace; it is not changed.
        catalogue: phases and landmarks.
        options: level and limits; milestones without a limit when left out.
    """
    return fold_outline(Outline(trace, call_order(trace.calls)), catalogue, options or FoldOptions())


def fold_outline(outline: Outline, catalogue: Catalogue, options: FoldOptions) -> FoldedTrace:
    """Fold a trace of which the calls that matter were read, see :func:`outlined_functions`.

    Args:
        outline: the calls.
        catalogue: phases and landmarks.
        options: level and limits.
    """
    phases = phase_ids(outline.trace, catalogue, outline.order)
    level = options.level
    while True:
        tables = _tables(outline, catalogue, phases, level, options)
        if options.max_steps is None or len(tables.columns) <= options.max_steps:
            break
        if level is LEVELS[0]:
            break
        level = LEVELS[LEVELS.index(level) - 1]
    return _folded(outline, tables, level, options, words_of(catalogue.language))


def iter_steps(
    trace: Trace, catalogue: Catalogue, options: FoldOptions | None = None
) -> Iterator[tuple[Chapter | None, Step]]:
    """The steps one by one, each with the chapter that begins at it, if one does.

    Only integers are held for each call, so a view that prints them needs no more memory for a long
    trace than the trace itself does.
    """
    return walk(fold(trace, catalogue, options))


def walk(folded: FoldedTrace) -> Iterator[tuple[Chapter | None, Step]]:
    """The steps of a folded trace, each with the chapter that begins at it, if one does."""
    begins = {chapter.first: chapter for chapter in folded.chapters}
    for step in folded.steps:
        yield begins.get(step.number), step


def shown_functions(trace: Trace, catalogue: Catalogue, level: Level) -> set[int]:
    """Ids of the functions whose calls a level shows.

    ``chapters`` shows the landmark of each chapter; ``milestones`` also the other milestones and the
    user's own functions; ``pipeline`` also every function that the catalogue knows.
    """
    if level is Level.ALL:
        return set(trace.functions)
    shown = set()
    for key, function in trace.functions.items():
        landmark = catalogue.landmark(function.module, function.qualname)
        if (level is not Level.CHAPTERS and function.origin is Origin.USER) or (
            landmark is not None and _is_at(landmark, level)
        ):
            shown.add(key)
    return shown


def outlined_functions(
    functions: Mapping[int, Function], catalogue: Catalogue, level: Level
) -> set[int] | None:
    """Ids of the functions whose calls the folding at a level looks at; None for all of them.

    Those are what the level and the ones below it show, the user's own, and what moves the story on.
    """
    if level is Level.ALL or any(each.origin is Origin.LIBRARY for each in functions.values()):
        return None  # whether a call leads into a library depends on its caller, whatever that is
    found = set()
    for key, function in functions.items():
        landmark = catalogue.landmark(function.module, function.qualname)
        is_known = landmark is not None and bool(
            level is Level.PIPELINE
            or landmark.is_milestone
            or landmark.is_chapter
            or landmark.is_leaf
            or landmark.phase
        )
        if is_known or function.origin is Origin.USER:
            found.add(key)
    return found


def _is_at(landmark: Landmark, level: Level) -> bool:
    if level is Level.CHAPTERS:
        return landmark.is_chapter
    return level is Level.PIPELINE or landmark.is_milestone


def _leaves(trace: Trace, catalogue: Catalogue) -> set[int]:
    leaves = set()
    for key, function in trace.functions.items():
        landmark = catalogue.landmark(function.module, function.qualname)
        if landmark is not None and landmark.is_leaf:
            leaves.add(key)
    return leaves


def _libraries(trace: Trace) -> dict[int, str]:
    """The top package of each function of a library; those were recorded as the user asked for them."""
    return {
        key: function.module.partition(".")[0]
        for key, function in trace.functions.items()
        if function.origin is Origin.LIBRARY
    }


def _enters(trace: Trace, libraries: dict[int, str], parent: int, function_id: int) -> bool:
    """Whether a call leads into a library, rather than on inside it."""
    package = libraries.get(function_id)
    return package is not None and libraries.get(trace.calls.function_id[parent]) != package


def shown_positions(
    trace: Trace, catalogue: Catalogue, order: CallOrder, phases: list[str], level: Level
) -> bytearray:
    """One byte for each call: whether the level shows it."""
    if level is Level.ALL:
        return bytearray(b"\x01") * len(trace.calls)
    functions = shown_functions(trace, catalogue, level)
    user = {key for key, function in trace.functions.items() if function.origin is Origin.USER}
    leaves = _leaves(trace, catalogue) if level is not Level.PIPELINE else set()
    libraries = _libraries(trace) if level is not Level.CHAPTERS else {}
    is_chapters = level is Level.CHAPTERS
    chapter_of: str | None = None
    shown = bytearray(len(trace.calls))
    in_leaf = bytearray(len(trace.calls) + 1)  # the last one is the roots' parent
    parents, function_ids = order.parents, trace.calls.function_id
    for position in order.preorder:
        parent, function_id = parents[position], function_ids[position]
        if in_leaf[parent] and function_id not in user:
            in_leaf[position] = 1
        elif (
            function_id in functions
            or parent < 0
            or (libraries and _enters(trace, libraries, parent, function_id))
        ):
            shown[position] = 1
            if function_id in leaves:
                in_leaf[position] = 1
        if is_chapters and shown[position] and parent >= 0:
            shown[position] = phases[position] != chapter_of
            chapter_of = phases[position] if shown[position] else chapter_of
    if level is Level.MILESTONES:
        _hide_imports(trace, order, user, shown)
    return shown


def _hide_imports(trace: Trace, order: CallOrder, user: set[int], shown: bytearray) -> None:
    """Hide what the user's modules do when they are imported, but for what leads to other code that is shown.

    A package of a hundred modules would fill the story of a request with the bodies of its classes.
    """
    modules = {key for key in user if trace.functions[key].qualname == "<module>"}
    function_ids, threads, parents = trace.calls.function_id, trace.calls.thread_id, order.parents
    if not any(
        function_id in modules and parent >= 0
        for function_id, parent in zip(function_ids, parents, strict=True)
    ):
        return
    importing = array("q", [-1]) * (len(trace.calls) + 1)  # the thread of the import that each is part of
    is_import = bytearray(len(trace.calls))
    for position in order.preorder:
        parent, thread_id = parents[position], threads[position]
        is_begin = parent >= 0 and function_ids[position] in modules and threads[parent] == thread_id
        importing[position] = thread_id if is_begin else importing[parent]
        # What a module's body has started in a thread of its own is no part of its import.
        is_import[position] = importing[position] == thread_id
    leads_on = bytearray(len(trace.calls) + 1)
    for position in reversed(order.preorder):
        if leads_on[position] or (shown[position] and function_ids[position] not in user):
            leads_on[parents[position]] = 1
        elif is_import[position]:
            shown[position] = 0


def _tables(
    outline: Outline, catalogue: Catalogue, phases: list[str], level: Level, options: FoldOptions
) -> FoldTables:
    trace, order = outline.trace, outline.order
    shown = shown_positions(trace, catalogue, order, phases, level)
    return fold_tables(trace, catalogue, order, phases, shown, options.fold_repeats, outline.folded_counts)


def _folded(
    outline: Outline, tables: FoldTables, level: Level, options: FoldOptions, words: Words
) -> FoldedTrace:
    trace = outline.trace
    columns = tables.columns
    steps = StepSequence(trace, tables)
    return FoldedTrace(
        trace=trace,
        level=level,
        steps=steps,
        chapters=_chapters(trace, tables),
        total_call_count=outline.call_count + options.filtered_count,
        hidden_count=sum(columns.hidden_count),
        filtered_count=options.filtered_count,
        notice=_notice(options, level, columns, words),
        owners=tables.owners,
        parent_numbers=columns.parent_number,
        label_keys=steps.label_keys,
        times_ns=columns.repeat_ns,
        function_at=steps.function_at,
    )


def _notice(options: FoldOptions, level: Level, columns: StepColumns, words: Words) -> str:
    if level is options.level:
        return ""
    return words.too_large.format(
        level=options.level.value,
        steps=options.max_steps,
        shown=level.value,
        hidden=sum(columns.hidden_count),
    )


def _chapters(trace: Trace, tables: FoldTables) -> list[Chapter]:
    requests = {request.id: request for request in trace.requests}
    columns, phases = tables.columns, list(tables.phases)
    keys = list(zip(columns.phase, columns.request_id, strict=True))
    bounds = [0, *compress(count(1), map(ne, keys, islice(keys, 1, None))), len(keys)]
    call_counts = list(accumulate(map(add, columns.member_count, columns.hidden_count), initial=0))
    return [
        Chapter(
            number,
            phases[keys[first][0]],
            requests.get(keys[first][1]),
            first + 1,
            end,
            call_counts[end] - call_counts[first],
        )
        for number, (first, end) in enumerate(pairwise(bounds if keys else ()), start=1)
    ]
