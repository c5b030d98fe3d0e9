"""The rows of the console tree as plain data: headings, and calls with their place in the branches.

The indentation starts afresh in each chapter, under a row that says inside which call it happens: so
the deepest calls, where Flask does its work, still fit on a terminal of 80 columns.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

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


class CallRow(NamedTuple):
    """A call.

    Attributes:
        number: of its step.
        depth: of the branch within the chapter, 0 for its roots.
        is_last: no sibling follows in this chapter.
        has_children: the next row is a branch of this one.
    """

    number: int
    depth: int
    is_last: int  # 0 or 1
    has_children: int


Row = Banner | Heading | Inside | CallRow


def tree_rows(folded: FoldedTrace) -> Iterator[Row]:
    """The rows in order, one by one.

    Args:
        folded: its steps are not made here, but those that other rows name.
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
    first, parents = chapter.first, folded.parent_numbers
    depths, is_last, has_children = _shape(folded, chapter)
    outside = 0
    new = tuple.__new__  # a third of the time that CallRow(...) takes, once for each call
    for i, depth in enumerate(depths):
        if depth == 0 and parents[first - 1 + i] != outside:
            outside = parents[first - 1 + i]
            if outside:
                yield Inside(folded.steps[outside - 1])
        yield new(CallRow, (first + i, depth, is_last[i], has_children[i]))


def _shape(folded: FoldedTrace, chapter: Chapter) -> tuple["array[int]", bytearray, bytearray]:
    """Depths and branches of a chapter's steps, from its first step on."""
    first, count = chapter.first, chapter.last - chapter.first + 1
    parents = folded.parent_numbers[first - 1 : chapter.last]
    depths = array("i", bytes(4 * count))
    is_last, has_children = bytearray(count), bytearray(count)
    for i, number in enumerate(parents):
        if number >= first:
            depths[i] = depths[number - first] + 1
            has_children[number - first] = 1
    has_later = bytearray(count)
    for i in range(count - 1, -1, -1):
        parent = parents[i] - first
        if parent >= 0:
            is_last[i] = not has_later[parent]
            has_later[parent] = 1
    return depths, is_last, has_children
