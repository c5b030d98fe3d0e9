"""Aligns two step trees, in a time that grows with their size and not with its square.

Children of matched steps are matched in order; equal subtrees are matched as a whole. Where that leaves
something on both sides, the steps there are matched in order whatever their depth: a wrapper that came or
went must not make everything below it look new. What is left over then is matched by name, as moved.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from flasktrace.reports.diff.steptree import MatchKey, StepTree

MIN_EDITS = 64
"""Two lists that differ by more, and are too long for more, are matched greedily."""

MAX_WORK = 400_000
"""How many comparisons one pair of lists may cost."""

NONE = -1
Pair = tuple[int, int]


class Entry(NamedTuple):
    """A step of the merged tree: positions left and right, NONE where there is none.

    A flat one stands for itself alone; what is below it comes as entries of its own.
    """

    left: int
    right: int
    is_flat: bool


@dataclass(slots=True)
class Alignment:
    """Which step stands for which.

    Attributes:
        left: the tree to start from.
        right: the other one.
        merged: for each matched pair the merged steps below it, in order.
        equal: matched pairs whose whole subtrees are equal; they have no entry in ``merged``.
        moved_to: left step to right step, for those that are not at their place any more.
        moved_from: the same from right to left.
    """

    left: StepTree
    right: StepTree
    merged: dict[Pair, list[Entry]] = field(default_factory=dict)
    equal: set[Pair] = field(default_factory=set)
    moved_to: dict[int, int] = field(default_factory=dict)
    moved_from: dict[int, int] = field(default_factory=dict)


def align(left: StepTree, right: StepTree) -> Alignment:
    """Align two trees."""
    alignment = Alignment(left, right)
    removed: list[int] = []
    added: list[int] = []
    pending: list[Pair] = [(left.root, right.root)]
    while pending:
        pair = pending.pop()
        if left.digest[pair[0]] == right.digest[pair[1]]:
            alignment.equal.add(pair)
            continue
        merged = alignment.merged[pair] = _merge(left, right, pair)
        for entry in merged:
            if not entry.is_flat:
                pending.append((entry.left, entry.right))
            elif entry.right == NONE:
                removed.append(entry.left)
            elif entry.left == NONE:
                added.append(entry.right)
    _match_moved(alignment, sorted(removed), sorted(added))
    return alignment


def _match_moved(alignment: Alignment, removed: Sequence[int], added: Sequence[int]) -> None:
    waiting: defaultdict[MatchKey, deque[int]] = defaultdict(deque)
    for position in added:
        waiting[alignment.right.keys[position]].append(position)
    for position in removed:
        queue = waiting.get(alignment.left.keys[position])
        if queue:
            partner = queue.popleft()
            alignment.moved_to[position] = partner
            alignment.moved_from[partner] = position


def _merge(left: StepTree, right: StepTree, pair: Pair) -> list[Entry]:
    """The children of a matched pair in one list."""
    ours, theirs = left.children[pair[0]], right.children[pair[1]]
    found = matches([left.keys[i] for i in ours], [right.keys[j] for j in theirs])
    merged: list[Entry] = []
    i = j = 0
    for matched_i, matched_j in [*found, (len(ours), len(theirs))]:
        merged.extend(_gap(left, right, ours[i:matched_i], theirs[j:matched_j]))
        if matched_i < len(ours):
            merged.append(Entry(ours[matched_i], theirs[matched_j], False))
        i, j = matched_i + 1, matched_j + 1
    return merged


def _gap(left: StepTree, right: StepTree, ours: list[int], theirs: list[int]) -> Iterator[Entry]:
    """The steps of two lists of subtrees with no common root, matched in order at whatever depth."""
    flat = [position for top in ours for position in range(top, top + left.size[top])]
    other_flat = [position for top in theirs for position in range(top, top + right.size[top])]
    found = matches([left.keys[i] for i in flat], [right.keys[j] for j in other_flat])
    i = j = 0
    for matched_i, matched_j in [*found, (len(flat), len(other_flat))]:
        yield from (Entry(position, NONE, True) for position in flat[i:matched_i])
        yield from (Entry(NONE, position, True) for position in other_flat[j:matched_j])
        if matched_i < len(flat):
            yield Entry(flat[matched_i], other_flat[matched_j], True)
        i, j = matched_i + 1, matched_j + 1


def matches(left: Sequence[MatchKey], right: Sequence[MatchKey]) -> list[Pair]:
    """Positions of equal items in both lists, growing on both sides: as many as can be found cheaply."""
    shorter = min(len(left), len(right))
    start = 0
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    ours, theirs = left[start : len(left) - end], right[start : len(right) - end]
    middle = _myers(ours, theirs)
    if middle is None:
        middle = _greedy(ours, theirs)
    return [
        *((k, k) for k in range(start)),
        *((i + start, j + start) for i, j in middle),
        *((len(left) - k, len(right) - k) for k in range(end, 0, -1)),
    ]


def _myers(left: Sequence[MatchKey], right: Sequence[MatchKey]) -> list[Pair] | None:
    """A longest common subsequence (E. W. Myers, 1986), or None when that would cost too much."""
    if not left or not right:
        return []
    furthest = {1: 0}  # on each diagonal (i - j), how far left the path has come
    history: list[dict[int, int]] = []
    length = len(left) + len(right)
    for edits in range(min(max(MIN_EDITS, MAX_WORK // length), length) + 1):
        history.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            is_down = diagonal == -edits or (
                diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            i = furthest[diagonal + 1] if is_down else furthest[diagonal - 1] + 1
            j = i - diagonal
            while i < len(left) and j < len(right) and left[i] == right[j]:
                i, j = i + 1, j + 1
            furthest[diagonal] = i
            if i >= len(left) and j >= len(right):
                return _backtrack(history, len(left), len(right))
    return None


def _backtrack(history: list[dict[int, int]], i: int, j: int) -> list[Pair]:
    found: list[Pair] = []
    for edits in range(len(history) - 1, -1, -1):
        furthest, diagonal = history[edits], i - j
        is_down = diagonal == -edits or (
            diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        previous = diagonal + 1 if is_down else diagonal - 1
        before_i = furthest[previous]
        before_j = before_i - previous
        while i > before_i and j > before_j and i > 0 and j > 0:
            i, j = i - 1, j - 1
            found.append((i, j))
        if edits:
            i, j = before_i, before_j
    return found[::-1]


def _greedy(left: Sequence[MatchKey], right: Sequence[MatchKey]) -> list[Pair]:
    """Each item with the next equal one on the other side."""
    positions: defaultdict[MatchKey, list[int]] = defaultdict(list)
    for j, key in enumerate(right):
        positions[key].append(j)
    found: list[Pair] = []
    last = -1
    for i, key in enumerate(left):
        candidates = positions.get(key)
        if not candidates:
            continue
        at = bisect_right(candidates, last)
        # Not too far ahead: one early match with the far end would leave all between without a partner.
        if at < len(candidates) and candidates[at] - last <= MIN_EDITS + 1:
            last = candidates[at]
            found.append((i, last))
    return found
