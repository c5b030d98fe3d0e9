"""Put the lifelines apart: the shortest distances at which every label fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from flasktrace.reports.sequence.components import Component
from flasktrace.reports.sequence.metrics import text_width
from flasktrace.reports.sequence.rows import CLEAR_PX, Row, head_texts
from flasktrace.reports.sequence.timeline import EventKind

GUTTER_PX = 66.0
HEAD_GAP_PX = 14.0
TAG_ROOM_PX = 74.0
MIN_HEAD_PX = 56.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the lifelines stand, and how far to the right their labels reach; in px."""

    x_px: tuple[float, ...]
    right_px: float


def head_width(component: Component) -> float:
    """The width of the box at the end of a lifeline."""
    package, name = head_texts(component)
    widest = max(text_width(package, 10.0), text_width(name, 12.0, bold=True))
    return max(MIN_HEAD_PX, widest + 22)


def solve(lanes: Sequence[Component], rows: Sequence[Row]) -> Columns:
    """Each lifeline as far left as the labels allow (the longest path over their widths)."""
    widths = [head_width(lane) for lane in lanes]
    if not lanes:
        return Columns((), GUTTER_PX)
    needs = _needs(rows)
    left = [max(GUTTER_PX + widths[0] / 2, *_left_needs(rows, i)) for i in range(len(lanes))]
    if any(row.event.is_shown and row.event.kind is EventKind.FRAME_OPEN for row in rows):
        left[0] = max(left[0], GUTTER_PX + TAG_ROOM_PX)
    x: list[float] = []
    for i, width in enumerate(widths):
        place = left[i]
        if i:
            place = max(place, x[i - 1] + (widths[i - 1] + width) / 2 + HEAD_GAP_PX)
        for (first, second), distance in needs.items():
            if second == i:
                place = max(place, x[first] + distance)
        x.append(round(place, 1))
    right = max(place + width / 2 for place, width in zip(x, widths, strict=True))
    for row in rows:
        if row.run is not None and row.side > 0 and row.barrier is None:
            right = max(right, x[row.anchor] + row.offset_px + row.run.width_px + CLEAR_PX)
    return Columns(tuple(x), right)


def _needs(rows: Sequence[Row]) -> dict[tuple[int, int], float]:
    """The distance that each pair of lifelines must keep."""
    needs: dict[tuple[int, int], float] = {}
    for row in rows:
        if row.run is None or row.barrier is None:
            continue
        pair = (min(row.anchor, row.barrier), max(row.anchor, row.barrier))
        distance = row.offset_px + min(row.run.width_px, row.most_px) + row.barrier_px + CLEAR_PX
        needs[pair] = max(needs.get(pair, 0.0), distance)
    return needs


def _left_needs(rows: Sequence[Row], lane: int) -> list[float]:
    """The room that labels to the left of a lifeline need when nothing is in their way."""
    return [0.0] + [
        GUTTER_PX + row.offset_px + row.run.width_px + CLEAR_PX
        for row in rows
        if row.run is not None and row.side < 0 and row.barrier is None and row.anchor == lane
    ]
