"""Which part of a long trace is drawn, and is the document without JavaScript."""

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.folding import FoldOptions, fold
from flasktrace.reports.page.options import PageOptions
from flasktrace.tracer.query import select


def drawn_part(folded: FoldedTrace, options: PageOptions) -> FoldedTrace:
    """All of a trace where that is not too long, else its beginning, else less of each call tree.

    The beginning, in whole chapters, will do when the first request is in it. Where it is not, fewer
    functions are shown. The steps of a beginning have the numbers that they have in ``folded``.

    Args:
        folded: the steps of the page.
        options: of the page, with the most steps to draw.
    """
    limit = options.max_drawn_steps
    if len(folded.steps) <= limit:
        return folded
    catalogue = options.catalogues[options.language]
    if _end_of_first_story(folded) > limit:
        fewer = FoldOptions(options.level, limit, filtered_count=options.filtered_count)
        folded = fold(folded.trace, catalogue, fewer)
        if len(folded.steps) <= limit:
            return folded
    last = max((chapter.last for chapter in folded.chapters if chapter.last <= limit), default=limit)
    owners = folded.owners
    beginning = select(folded.trace, lambda i: owners[i] <= last)
    return fold(beginning, catalogue, FoldOptions(folded.level, filtered_count=options.filtered_count))


def _end_of_first_story(folded: FoldedTrace) -> int:
    """The last step of the first request; of the first chapter where there is no request."""
    requests = [chapter.request.id for chapter in folded.chapters if chapter.request is not None]
    if not requests:
        return folded.chapters[0].last
    return max(
        chapter.last
        for chapter in folded.chapters
        if chapter.request is not None and chapter.request.id == requests[0]
    )
