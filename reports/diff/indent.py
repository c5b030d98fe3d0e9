"""How deep the rows of the comparison stand, so that each one's caller is the next shallower row above it."""

from collections.abc import Sequence

from flasktrace.reports.diff.align import NONE, Entry, Pair
from flasktrace.reports.diff.steptree import StepTree


def merged_depths(
    left: StepTree, right: StepTree, pair: Pair, depth: int, entries: Sequence[Entry]
) -> list[int]:
    """The depths of what was merged below a matched pair.

    The right side keeps its own tree. A step that is on the left only goes below the innermost of its callers
    that is still open where it comes in; never so far out that it would cut off the right side's next step
    from its caller.

    Args:
        left: the steps of the left side.
        right: the steps of the right side.
        pair: the matched pair.
        depth: of the pair; -1 for the roots.
        entries: what is below it, in the merged order.
    """
    floors = _floors([_right_depth(right, entry, pair[1], depth) for entry in entries], depth + 1)
    open_rows: list[tuple[int, int]] = []  # depth and position on the left, inwards
    open_depths: dict[int, int] = {}  # the same by position
    depths: list[int] = []
    for entry, floor in zip(entries, floors, strict=True):
        own = floor
        if entry.right == NONE:
            own = max(floor, _below_open_caller(left, entry.left, open_depths, depth) + 1)
        while open_rows and open_rows[-1][0] >= own:
            open_depths.pop(open_rows.pop()[1], None)
        open_rows.append((own, entry.left))
        if entry.left != NONE:
            open_depths[entry.left] = own
        depths.append(own)
    return depths


def _right_depth(right: StepTree, entry: Entry, top: int, depth: int) -> int | None:
    if entry.right == NONE:
        return None
    if not entry.is_flat:
        return depth + 1
    top_depth = -1 if top == right.root else right.steps[top].depth
    return depth + right.steps[entry.right].depth - top_depth


def _floors(right_depths: Sequence[int | None], lowest: int) -> list[int]:
    """For each entry the depth of the right side's next step, itself included."""
    floors: list[int] = []
    following = lowest
    for own in reversed(right_depths):
        following = following if own is None else own
        floors.append(following)
    return floors[::-1]


def _below_open_caller(left: StepTree, position: int, open_depths: dict[int, int], depth: int) -> int:
    """The depth of the innermost caller that is open."""
    caller = left.parents[position]
    while caller != left.root and caller not in open_depths:
        caller = left.parents[caller]
    return open_depths.get(caller, depth)
