"""Where things are: boxes and routes in px, the origin at the top left, y growing downwards."""

from dataclasses import dataclass, field

Point = tuple[float, float]
Size = tuple[float, float]
Pair = tuple[int, int]


class EngineError(Exception):
    """A layout engine cannot do it; the message says why in a few words, and the next engine is tried."""


@dataclass(frozen=True, slots=True)
class Box:
    """A function's place; ``x_px`` and ``y_px`` are its top left corner."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    @property
    def right_px(self) -> float:
        """The x of its right edge."""
        return self.x_px + self.width_px

    @property
    def bottom_px(self) -> float:
        """The y of its lower edge."""
        return self.y_px + self.height_px

    @property
    def middle_px(self) -> float:
        """The y of its centre."""
        return self.y_px + self.height_px / 2


@dataclass(slots=True)
class Layout:
    """Boxes by function id and routes by (caller, callee).

    A route is a chain of cubic Bézier curves: its first point, then three points a curve.
    """

    boxes: dict[int, Box] = field(default_factory=dict)
    routes: dict[Pair, list[Point]] = field(default_factory=dict)
    width_px: float = 0.0
    height_px: float = 0.0
    engine: str = ""
    notices: list[str] = field(default_factory=list)

    def shift_to_origin(self) -> None:
        """Move everything to the top left corner, and set the width and height.

        A curve stays within its control points, so room for those is room for it.
        """
        xs = [x for box in self.boxes.values() for x in (box.x_px, box.right_px)]
        ys = [y for box in self.boxes.values() for y in (box.y_px, box.bottom_px)]
        for route in self.routes.values():
            xs.extend(x for x, _ in route)
            ys.extend(y for _, y in route)
        left, top = min(xs, default=0.0), min(ys, default=0.0)
        self.width_px = max(xs, default=0.0) - left
        self.height_px = max(ys, default=0.0) - top
        self.boxes = {
            key: Box(box.x_px - left, box.y_px - top, box.width_px, box.height_px)
            for key, box in self.boxes.items()
        }
        self.routes = {pair: [(x - left, y - top) for x, y in route] for pair, route in self.routes.items()}

    def slide_scale(self, slide: Size = (1760.0, 860.0)) -> float:
        """By how much the drawing has to shrink (below 1) or may grow to fill a 16:9 slide."""
        return min(slide[0] / max(self.width_px, 1.0), slide[1] / max(self.height_px, 1.0))
