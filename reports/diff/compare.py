"""The difference of two folded traces as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from flasktrace.reports.diff.align import NONE, Alignment, Entry, Pair, align
from flasktrace.reports.diff.indent import merged_depths
from flasktrace.reports.diff.steptree import outcome_key, step_tree
from flasktrace.reports.diff.values import differs, narrowed
from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.labels import ending
from flasktrace.tracer.model import Origin, Returned, Value

MIN_FOLDED = 4
"""Shorter stretches of unchanged steps among changed ones are shown."""


class Change(Enum):
    """What became of a step."""

    SAME = "same"  # the same call at the same place
    OUTCOME = "outcome"  # the same call, but it ended in another way
    REDEFINED = "redefined"  # the same step of the pipeline, defined by another class or module
    REPEATED = "repeated"  # the same call, another number of times
    REMOVED = "removed"  # only on the left
    ADDED = "added"  # only on the right
    MOVED = "moved"  # on both sides, called from elsewhere or in another order


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of the comparison.

    Attributes:
        change: what became of it.
        left: the step on the left, None when there is none.
        right: the step on the right, None when there is none.
        depth: for the indent.
        folded_count: for an unchanged stretch that is not shown, its number of steps; 0 for a shown step.
        below_count: for a moved step, how many of the steps after it moved along with it.
        is_origin: of a moved step, the row where it was (left); the other one shows where it is now.
        left_caller: for a moved step, who called it on the left.
        right_caller: for a moved step, who calls it on the right.
    """

    change: Change
    left: Step | None
    right: Step | None
    depth: int
    folded_count: int = 0
    below_count: int = 0
    is_origin: bool = False
    left_caller: Step | None = None
    right_caller: Step | None = None

    @property
    def step(self) -> Step:
        """The step to name: that of the right side, if it is there."""
        step = self.right if self.right is not None else self.left
        assert step is not None
        return step


@dataclass(frozen=True, slots=True)
class Deciding:
    """A value that was different before the traces parted.

    Attributes:
        what: "outcome", "parameter" or "request".
        name: of the parameter; "" otherwise.
        left: as text.
        right: as text.
        left_step: where it was seen; None for the request.
        right_step: where it was seen; None for the request.
    """

    what: str
    name: str
    left: str
    right: str
    left_step: Step | None = None
    right_step: Step | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """Where the traces part: the first row that differs, its caller, and the value that decided."""

    row: DiffRow
    caller: Step | None
    deciding: Deciding | None


@dataclass(slots=True)
class TraceDiff:
    """The comparison: rows in order, folded where nothing changed."""

    left_name: str
    right_name: str
    rows: list[DiffRow] = field(default_factory=list)
    counts: dict[Change, int] = field(default_factory=dict)  # steps, the folded ones too
    parting: Parting | None = None
    left_steps: list[Step] = field(default_factory=list)  # all of them, by their number less one
    right_steps: list[Step] = field(default_factory=list)

    def caller_of(self, row: DiffRow) -> Step | None:
        """The step that calls a row's: on the right, if it is there."""
        steps = self.left_steps if row.right is None else self.right_steps
        number = row.step.parent_number
        return None if number is None else steps[number - 1]

    @property
    def is_different(self) -> bool:
        """Whether anything but values and times differs."""
        return any(count for change, count in self.counts.items() if change is not Change.SAME)


def compare(left: FoldedTrace, right: FoldedTrace, left_name: str = "", right_name: str = "") -> TraceDiff:
    """Compare two folded traces, best of the same level and without a limit on their steps.

    Args:
        left: the one to start from.
        right: the other one.
        left_name: what the left one is called; made from its metadata when empty.
        right_name: what the right one is called; made from its metadata when empty.
    """
    alignment = align(step_tree(left), step_tree(right))
    diff = TraceDiff(left_name or _name(left), right_name or _name(right), counts=dict.fromkeys(Change, 0))
    diff.left_steps, diff.right_steps = alignment.left.steps, alignment.right.steps
    for row in _rows(alignment):
        if not row.is_origin:
            diff.counts[row.change] += row.folded_count or 1
        _append(diff.rows, row)
    first = _first_difference(diff.rows)
    if first is not None:
        diff.parting = _parting(alignment, first, left, right)
    return diff


def _name(folded: FoldedTrace) -> str:
    metadata = folded.trace.metadata
    return f"{metadata.scenario or 'trace'} ({metadata.engine})"


def _first_difference(rows: list[DiffRow]) -> DiffRow | None:
    """The first row where another thing happens; failing that, where the same is defined elsewhere."""
    minor = {Change.SAME, Change.REDEFINED, Change.REPEATED}
    for position, row in enumerate(rows):
        if row.change is Change.OUTCOME:
            return _innermost(rows, position)
        if row.change not in minor:
            return row
    return next((row for row in rows if row.change is not Change.SAME), None)


def _innermost(rows: list[DiffRow], position: int) -> DiffRow:
    """Where the other outcome came from: an exception ends its callers in another way as well."""
    found = rows[position]
    for row in rows[position + 1 :]:
        if row.depth <= found.depth:
            break
        if row.change is Change.OUTCOME:
            found = row
    return found


def _append(rows: list[DiffRow], row: DiffRow) -> None:
    """Add a row; unchanged stretches side by side become one, and so do steps that moved together."""
    last = rows[-1] if rows else None
    if last is not None and row.folded_count and last.folded_count:
        depth = min(last.depth, row.depth)
        rows[-1] = replace(last, folded_count=last.folded_count + row.folded_count, depth=depth)
    elif last is not None and _moved_together(last, row):
        rows[-1] = replace(last, below_count=last.below_count + 1)
    else:
        rows.append(row)


def _moved_together(last: DiffRow, row: DiffRow) -> bool:
    if not (last.change is row.change is Change.MOVED and last.is_origin == row.is_origin):
        return False
    next_number = last.below_count + 1
    pairs = ((last.left, row.left), (last.right, row.right))
    return all(one and other and other.number - one.number == next_number for one, other in pairs)


def _rows(alignment: Alignment) -> Iterator[DiffRow]:
    """The merged tree in order, from a stack: call chains get deeper than Python's recursion limit."""
    left, right = alignment.left, alignment.right
    pending: list[DiffRow | tuple[Entry, int]] = [(Entry(left.root, right.root, False), -1)]
    while pending:
        item = pending.pop()
        if isinstance(item, DiffRow):
            yield item
            continue
        (one, other, _), depth = item
        if one != left.root:
            if (one, other) in alignment.equal:
                same = (left.steps[one], right.steps[other])
                yield DiffRow(Change.SAME, *same, depth=depth, folded_count=left.size[one])
                continue
            steps = (left.steps[one], right.steps[other])
            yield DiffRow(_change(*steps), *steps, depth=depth)
        elif (one, other) in alignment.equal:
            if left.steps:
                count = len(left.steps)
                yield DiffRow(Change.SAME, left.steps[0], right.steps[0], depth=0, folded_count=count)
            continue
        pending.extend(reversed(_below(alignment, (one, other), depth)))


def _below(alignment: Alignment, pair: Pair, depth: int) -> list[DiffRow | tuple[Entry, int]]:
    """What comes below a matched pair: entries to go into, and the rows of the flat ones."""
    below: list[DiffRow | tuple[Entry, int]] = []
    unchanged: list[DiffRow] = []
    entries = alignment.merged[pair]
    depths = merged_depths(alignment.left, alignment.right, pair, depth, entries)
    for entry, own_depth in zip(entries, depths, strict=True):
        row = _flat_row(alignment, entry, own_depth) if entry.is_flat else None
        if row is not None and row.change is Change.SAME:
            unchanged.append(row)
            continue
        below.extend(_folded(unchanged, own_depth))
        unchanged.clear()
        below.append((entry, own_depth) if row is None else row)
    below.extend(_folded(unchanged))
    return below


def _folded(rows: list[DiffRow], next_depth: int = 0) -> list[DiffRow]:
    """A stretch of unchanged rows, folded but for the callers of what follows at ``next_depth``."""
    shown: list[DiffRow] = []
    run: list[DiffRow] = []
    depth = next_depth
    for row in [*reversed(rows), None]:
        if row is not None and row.depth >= depth:
            run.append(row)
            continue
        shown.extend(run if len(run) < MIN_FOLDED else [_as_one(run)])
        run = []
        if row is not None:
            shown.append(row)
            depth = row.depth
    return shown[::-1]


def _as_one(rows: list[DiffRow]) -> DiffRow:
    """Rows, the last one first, as one that counts them."""
    return replace(rows[-1], folded_count=len(rows), depth=min(row.depth for row in rows))


def _flat_row(alignment: Alignment, entry: Entry, depth: int) -> DiffRow:
    if entry.right == NONE:
        return _alone(alignment, entry.left, depth, is_left=True)
    if entry.left == NONE:
        return _alone(alignment, entry.right, depth, is_left=False)
    steps = (alignment.left.steps[entry.left], alignment.right.steps[entry.right])
    return DiffRow(_change(*steps), *steps, depth=depth)


def _change(left: Step, right: Step) -> Change:
    if outcome_key(left.call.outcome) != outcome_key(right.call.outcome):
        return Change.OUTCOME
    is_user = left.function.origin is Origin.USER
    if not is_user and left.function.dotted_name != right.function.dotted_name:
        return Change.REDEFINED
    return Change.REPEATED if left.repeat_count != right.repeat_count else Change.SAME


def _alone(alignment: Alignment, position: int, depth: int, *, is_left: bool) -> DiffRow:
    """The row of a step that has no counterpart at its place."""
    partners = alignment.moved_to if is_left else alignment.moved_from
    if position not in partners:
        if is_left:
            return DiffRow(Change.REMOVED, alignment.left.steps[position], None, depth=depth)
        return DiffRow(Change.ADDED, None, alignment.right.steps[position], depth=depth)
    left = position if is_left else partners[position]
    right = partners[position] if is_left else position
    return DiffRow(
        Change.MOVED,
        alignment.left.steps[left],
        alignment.right.steps[right],
        depth,
        is_origin=is_left,
        left_caller=_caller(alignment.left.parents[left], alignment.left.steps),
        right_caller=_caller(alignment.right.parents[right], alignment.right.steps),
    )


def _caller(position: int, steps: list[Step]) -> Step | None:
    return steps[position] if position < len(steps) else None


def _parting(alignment: Alignment, row: DiffRow, left: FoldedTrace, right: FoldedTrace) -> Parting:
    step = row.left if row.change is Change.MOVED and row.is_origin else row.step
    assert step is not None
    steps = alignment.left.steps if step is row.left else alignment.right.steps
    caller = None if step.parent_number is None else steps[step.parent_number - 1]
    return Parting(row, caller, _deciding(alignment, row, left, right))


def _deciding(alignment: Alignment, row: DiffRow, left: FoldedTrace, right: FoldedTrace) -> Deciding | None:
    if _code(left) != _code(right):
        return None  # another engine does other things by itself, whatever the values
    is_left = row.right is None or row.is_origin
    first = row.left if is_left and row.left is not None else row.step
    limit, at_ns = first.number, first.call.start_ns
    best: Deciding | None = None
    for one, other in _matched(alignment):
        own = one if is_left else other
        if own.number >= limit:
            break
        # What has not come back yet cannot have decided anything by its outcome.
        is_over = own.call.end_ns <= at_ns
        best = (_outcome_difference(one, other) if is_over else None) or (
            _parameter_difference(one, other) or best
        )
    if row.change is Change.OUTCOME and row.left is not None and row.right is not None:
        passed = _parameter_difference(row.left, row.right)
        return passed or best or _request_difference(left, right) or _outcome_difference(row.left, row.right)
    return best or _request_difference(left, right)


def _code(folded: FoldedTrace) -> tuple[str, str, str]:
    metadata = folded.trace.metadata
    return (metadata.engine, metadata.flask_version, metadata.werkzeug_version)


def _matched(alignment: Alignment) -> Iterator[tuple[Step, Step]]:
    """The steps at their place on both sides, in order."""
    left, right = alignment.left, alignment.right
    pending = [Entry(left.root, right.root, False)]
    while pending:
        one, other, is_flat = pending.pop()
        if one == NONE or other == NONE:
            continue
        is_root = one == left.root
        if not is_flat and (one, other) in alignment.equal:
            start, count = (0, len(left.steps)) if is_root else (one, left.size[one])
            for offset in range(count):
                yield left.steps[start + offset], right.steps[(0 if is_root else other) + offset]
            continue
        if not is_root:
            yield left.steps[one], right.steps[other]
        if not is_flat:
            pending.extend(reversed(alignment.merged[one, other]))


def _outcome_difference(left: Step, right: Step) -> Deciding | None:
    one, other = ending(left.call), ending(right.call)
    has_values = not isinstance(left.call.outcome, Returned) or left.call.outcome.value is not None
    if one.kind == other.kind and not (has_values and differs(one.text, other.text)):
        return None
    texts = [f"{end.kind} {end.text}".strip() for end in (one, other)]
    return Deciding("outcome", "", texts[0], texts[1], left, right)


def _parameter_difference(left: Step, right: Step) -> Deciding | None:
    theirs: dict[str, Value] = {value.name: value for value in right.call.parameters}
    for value in left.call.parameters:
        other = theirs.get(value.name)
        if other is not None and differs(value.text, other.text):
            key, one, another = narrowed(value.text, other.text)
            return Deciding("parameter", value.name + key, one, another, left, right)
    return None


def _request_difference(left: FoldedTrace, right: FoldedTrace) -> Deciding | None:
    ours = [f"{request.method} {request.target}" for request in left.trace.requests]
    theirs = [f"{request.method} {request.target}" for request in right.trace.requests]
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return Deciding("request", "", one, other)
    return None
