"""The rows of the console tree as plain data: headings, and calls with their place in the branches.

The indentation starts afresh in each chapter, under a row that says inside which call it happens: so
the deepest calls, where Flask does its work, still fit on a terminal of 80 columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flasktrace.reports.folded import Chapter, FoldedTrace, Step
from flasktrace.tracer.model import Request


@dataclass(frozen=True, slots=True)
class Banner:
    """The story of a request begins, or (``request`` is None) that of the program's start or end."""

    request: Request | None


@dataclass(frozen=True, slots=True)
class Heading:
    """A chapter begins."""

    chapter: Chapter


@dataclass(frozen=True, slots=True)
class Inside:
    """The calls that follow are made inside this step, which was told in an earlier chapter."""

    step: Step


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call.

    Attributes:
        step: what is shown.
        depth: of the branch within the chapter, 0 for its roots.
        is_last: no sibling follows in this chapter.
        has_children: the next row is a branch of this one.
    """

    step: Step
    depth: int
    is_last: bool
    has_children: bool


Row = Banner | Heading | Inside | CallRow


def tree_rows(folded: FoldedTrace) -> Iterator[Row]:
    """The rows in order, one by one.

    Args:
        folded: its steps are made as they are needed, none is kept.
    """
    banner: Banner | None = None
    for chapter in folded.chapters:
        own = Banner(chapter.request)
        if own != banner:
            yield own
            banner = own
        yield Heading(chapter)
        yield from _call_rows(folded, chapter)


def _call_rows(folded: FoldedTrace, chapter: Chapter) -> Iterator[CallRow | Inside]:
    shape = _ChapterShape(folded, chapter)
    outside: int | None = None
    for number in range(chapter.first, chapter.last + 1):
        step = folded.steps[number - 1]
        i = number - chapter.first
        if shape.depths[i] == 0 and step.parent_number != outside:
            outside = step.parent_number
            if outside is not None:
                yield Inside(folded.steps[outside - 1])
        yield CallRow(step, shape.depths[i], bool(shape.is_last[i]), bool(shape.has_children[i]))


class _ChapterShape:
    """Depths and branches of a chapter's steps; ``i`` counts from its first step."""

    def __init__(self, folded: FoldedTrace, chapter: Chapter) -> None:
        first, count = chapter.first, chapter.last - chapter.first + 1
        parents = [(folded.parent_numbers[first - 1 + i] or 0) - first for i in range(count)]
        self.depths = [0] * count
        self.has_children = bytearray(count)
        self.is_last = bytearray(count)
        for i, parent in enumerate(parents):
            if parent >= 0:
                self.depths[i] = self.depths[parent] + 1
                self.has_children[parent] = 1
        has_later = bytearray(count)
        for i in range(count - 1, -1, -1):
            parent = parents[i]
            if parent >= 0:
                self.is_last[i] = not has_later[parent]
                has_later[parent] = 1
