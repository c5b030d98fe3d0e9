"""The drawings that a trace gives: the start-up, each request, and each chapter at the size of a page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flasktrace.reports.folded import Chapter, FoldedTrace
from flasktrace.reports.sequence.options import SequenceOptions
from flasktrace.reports.sequence.timeline import is_startup


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing to be made: ``name`` fits a file's name, ``options`` go to ``draw_sequence``."""

    name: str
    options: SequenceOptions


def overview_figures(folded: FoldedTrace, options: SequenceOptions | None = None) -> Iterator[Figure]:
    """One drawing for the start-up, then one for each request.

    Args:
        folded: what is to be drawn.
        options: language, links, ...; which chapters are drawn is set here.
    """
    base = replace(options or SequenceOptions(), chapters=None, request_id=None, is_startup=False)
    if any(is_startup(chapter) for chapter in folded.chapters):
        yield Figure("start-up", replace(base, is_startup=True))
    seen = dict.fromkeys(c.request.id for c in folded.chapters if c.request is not None)
    for request_id in seen:
        yield Figure(f"request-{request_id}", replace(base, request_id=request_id))


def chapter_figures(folded: FoldedTrace, options: SequenceOptions | None = None) -> Iterator[Figure]:
    """One drawing a chapter, of those that ``options`` choose: narrow enough for a printed page."""
    base = options or SequenceOptions()
    for chapter in folded.chapters:
        if _is_chosen(chapter, base):
            phase = chapter.phase.id if chapter.phase is not None else "rest"
            yield Figure(f"chapter-{chapter.number:02}-{phase}", replace(base, chapters=(chapter.number,)))


def _is_chosen(chapter: Chapter, options: SequenceOptions) -> bool:
    if options.chapters is not None:
        return chapter.number in options.chapters
    if options.request_id is not None:
        return chapter.request is not None and chapter.request.id == options.request_id
    return not options.is_startup or is_startup(chapter)
