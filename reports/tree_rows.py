"""The rows of the console tree as plain data: headings, and calls with their place in the branches.

The indentation starts afresh in each chapter, under a row that says inside which call it happens: so
the deepest calls, where Flask does its work, still fit on a terminal of 80 columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flasktrace.reports.folded import Chapter, FoldedTrace
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
class CallRows:
    """A chapter's calls: their steps are ``first``, ``first + 1``, and so on.

    A class for each would take most of the time that a long tree is printed in; so there are columns.

    Attributes:
        first: number of the first step.
        depths: of the branches within the chapter, 0 for its roots.
        is_last: 1 where no sibling follows in this chapter.
        has_children: 1 where the next call is a branch of this one.
        inside: by position here, the number of the step that the calls from there on are made inside; it
            was told in an earlier chapter.
    """

    first: int
    depths: Sequence[int]
    is_last: Sequence[int]
    has_children: Sequence[int]
    inside: Mapping[int, int]


Row = Banner | Heading | CallRows


def tree_rows(folded: FoldedTrace) -> Iterator[Row]:
    """The rows in order, one by one.

    Args:
        folded: its steps are not made here.
    """
    banner: Banner | None = None
    for chapter in folded.chapters:
        own = Banner(chapter.request)
        if own != banner:
            yield own
            banner = own
        yield Heading(chapter)
        yield _call_rows(folded, chapter)


def _call_rows(folded: FoldedTrace, chapter: Chapter) -> CallRows:
    first = chapter.first
    parents = folded.parent_numbers[first - 1 : chapter.last]
    depths, is_last, has_children = [0] * len(parents), bytearray(len(parents)), bytearray(len(parents))
    last_child: dict[int, int] = {}
    inside: dict[int, int] = {}
    outside = 0
    for i, parent in enumerate(parents):
        above = parent - first
        if above >= 0:
            depths[i] = depths[above] + 1
            last_child[above] = i
        elif parent != outside:
            outside = parent
            if outside:
                inside[i] = outside
    for above, child in last_child.items():
        has_children[above] = is_last[child] = 1
    return CallRows(first, depths, is_last, has_children, inside)
