"""Where a person stands in a trace, and the moves from there: the stepper without any screen.

Each shown step has two stops: its *entry* and its *end* (the return, or the raise). All stops lie on
one line, in the order of a walk around the call tree. With ``d`` the depth of step ``i`` (both from 0),
its entry is stop ``2 * i - d``: before it come ``i`` entries and ``i - d`` ends. So no list of stops
is ever made, and a million steps cost one column of depths.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

BLOCK = 512
"""Steps that are skipped at once when all of them are too deep to be what is looked for."""


class Move(Enum):
    """A move; each has a forward and a backward form."""

    STEP = "step"  # to the very next stop
    OVER = "over"  # past the inner calls
    OUT = "out"  # to the end of the current call (back: to its entry)
    MILESTONE = "milestone"  # to the next entry of a milestone


@dataclass(frozen=True, slots=True)
class Stop:
    """A place to stand.

    Attributes:
        index: on the line of all stops, from 0.
        step: index of the step, from 0 (a step's number less one).
        is_end: at the return or raise of the call, not at its entry.
    """

    index: int
    step: int
    is_end: bool


@dataclass(slots=True)
class Walk:
    """A walk through the steps; it starts at the first entry.

    Args:
        depths: of the shown steps, in order; the first is 0, and each is at most one more than the last.
        milestones: indices of the steps that the milestone moves stop at, ascending.

    Going forward and then back by the same move is the identity, though several stops may lead to one:
    the way come is remembered until another kind of move is made.
    """

    depths: Sequence[int]
    milestones: Sequence[int] = ()
    index: int = 0
    _lowest: "array[int]" = field(init=False, repr=False)  # depth of each block of steps
    _way: list[tuple[Move, int, int]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        depths, count = self.depths, len(self.depths)
        self._lowest = array("q", [min(depths[i : i + BLOCK]) for i in range(0, count, BLOCK)])

    def __len__(self) -> int:
        """How many stops there are: two a step."""
        return 2 * len(self.depths)

    def stop(self, index: int | None = None) -> Stop:
        """The stop of this index; the current one when left out.

        Raises:
            IndexError: there is no such stop.
        """
        index = self.index if index is None else index
        if not 0 <= index < len(self):
            raise IndexError(f"stop {index} of {len(self)}")
        step = self.entered(index)
        ends = index - self.entry(step)
        if not ends:
            return Stop(index, step, False)
        # After the entry of `step` come its end, its parent's, and so on up to the next entry.
        return Stop(index, self._above(step, ends - 1), True)

    def entry(self, step: int) -> int:
        """Index of the stop at the entry of a step."""
        return 2 * step - self.depths[step]

    def end(self, step: int) -> int:
        """Index of the stop at the end of a step."""
        return self.entry(step) + 2 * self._size(step) - 1

    def entered(self, index: int) -> int:
        """The last step whose entry is at or before a stop."""
        return bisect_right(range(len(self.depths)), index, key=self.entry) - 1

    def parent(self, step: int) -> int | None:
        """The step that a step is drawn under."""
        return self._above(step, 1) if self.depths[step] else None

    def path(self, step: int) -> list[int]:
        """The steps from the root down to ``step``, itself included."""
        found = [step]
        while (above := self.parent(found[-1])) is not None:
            found.append(above)
        return found[::-1]

    def forward(self, move: Move) -> Stop:
        """Make a move; at the last stop it stays there."""
        start, target = self.index, self._forward_target(move)
        self._way.append((move, start, target))
        self.index = target
        return self.stop()

    def target(self, move: Move) -> int:
        """Where a move forward would lead."""
        return self._forward_target(move)

    def backward(self, move: Move) -> Stop:
        """Take a move back: the one that led here if it was of this kind, else its mirror image."""
        if self._way and self._way[-1][0] is move and self._way[-1][2] == self.index:
            self.index = self._way.pop()[1]
        else:
            self._way.clear()
            self.index = self._backward_target(move)
        return self.stop()

    def up(self) -> Stop:
        """Go to the entry of the caller; at a root, to its own entry."""
        step = self.stop().step
        above = self.parent(step)
        return self.go_to(self.entry(step if above is None else above))

    def go_to(self, index: int) -> Stop:
        """Go to a stop by its index.

        Raises:
            IndexError: there is no such stop.
        """
        found = self.stop(index)
        self._way.clear()
        self.index = index
        return found

    def _forward_target(self, move: Move) -> int:
        at = self.stop()
        last = max(len(self) - 1, 0)
        if move is Move.OVER and not at.is_end:
            return self.end(at.step)
        if move is Move.OUT:
            if not at.is_end:
                return self.end(at.step)
            above = self.parent(at.step)
            return min(self.index + 1, last) if above is None else self.end(above)
        if move is Move.MILESTONE:
            found = bisect_right(self.milestones, self.entered(self.index))
            return self.entry(self.milestones[found]) if found < len(self.milestones) else last
        return min(self.index + 1, last)

    def _backward_target(self, move: Move) -> int:
        at = self.stop()
        if move is Move.OVER and at.is_end:
            return self.entry(at.step)
        if move is Move.OUT:
            above = at.step if at.is_end else self.parent(at.step)
            return max(self.index - 1, 0) if above is None else self.entry(above)
        if move is Move.MILESTONE:
            before = [step for step in self._milestones_near(at) if self.entry(step) < self.index]
            return self.entry(before[-1]) if before else 0
        return max(self.index - 1, 0)

    def _milestones_near(self, at: Stop) -> Sequence[int]:
        found = bisect_right(self.milestones, self.entered(self.index))
        return self.milestones[max(found - 2, 0) : found]

    def _above(self, step: int, levels: int) -> int:
        """The step so many levels up: the last one before (or this one) that is not deeper than that."""
        depths, wanted = self.depths, self.depths[step] - levels
        while depths[step] > wanted:
            if (step + 1) % BLOCK == 0 and self._lowest[step // BLOCK] > wanted:
                step -= BLOCK
            else:
                step -= 1
        return step

    def _size(self, step: int) -> int:
        """How many steps are in the subtree of a step, itself included."""
        depths, depth, end, count = self.depths, self.depths[step], step + 1, len(self.depths)
        while end < count and depths[end] > depth:
            if end % BLOCK == 0 and self._lowest[end // BLOCK] > depth:
                end += BLOCK
            else:
                end += 1
        return min(end, count) - step
