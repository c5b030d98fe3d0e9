"""The stepper's moves, without a screen."""

from hypothesis import given
from hypothesis import strategies as st

from flasktrace.reports.stepper.moves import Move, Stop, Walk


@st.composite
def depths(draw: st.DrawFn) -> list[int]:
    """Depths of a forest's steps in pre-order."""
    found = [0]
    for _ in range(draw(st.integers(0, 40))):
        found.append(draw(st.integers(0, found[-1] + 1)))
    return found


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """A walk that stands anywhere."""
    steps = draw(depths())
    milestones = sorted(draw(st.sets(st.integers(0, len(steps) - 1))))
    return Walk(steps, milestones, draw(st.integers(0, 2 * len(steps) - 1)))


def _stops_by_recursion(steps: list[int]) -> list[tuple[int, bool]]:
    """All stops in order, the plain way."""
    stops: list[tuple[int, bool]] = []
    open_steps: list[int] = []
    for i, depth in enumerate(steps):
        while len(open_steps) > depth:
            stops.append((open_steps.pop(), True))
        stops.append((i, False))
        open_steps.append(i)
    while open_steps:
        stops.append((open_steps.pop(), True))
    return stops


@given(depths())
def test_each_stop_is_reached_once_from_start_to_end(steps: list[int]) -> None:
    walk = Walk(steps)
    seen = [walk.stop()]
    while len(seen) < len(walk):
        seen.append(walk.forward(Move.STEP))
    assert [(stop.step, stop.is_end) for stop in seen] == _stops_by_recursion(steps)
    assert walk.forward(Move.STEP) == seen[-1]


@given(walks(), st.sampled_from(Move), st.integers(0, 30))
def test_n_moves_forward_and_n_back_is_where_you_were(walk: Walk, move: Move, count: int) -> None:
    start = walk.stop()
    for _ in range(count):
        walk.forward(move)
    for _ in range(count):
        walk.backward(move)
    assert walk.stop() == start


@given(walks(), st.sampled_from(Move))
def test_a_move_never_leaves_the_line_of_stops_and_goes_its_way(walk: Walk, move: Move) -> None:
    start = walk.index
    assert start <= walk.forward(move).index < len(walk)
    walk.go_to(start)
    assert 0 <= walk.backward(move).index <= start


@given(walks())
def test_entry_and_end_enclose_the_inner_stops(walk: Walk) -> None:
    step = walk.stop().step
    assert walk.stop(walk.entry(step)) == Stop(walk.entry(step), step, False)
    assert walk.stop(walk.end(step)) == Stop(walk.end(step), step, True)
    path = walk.path(step)
    assert [walk.depths[i] for i in path] == list(range(len(path)))
    assert all(walk.entry(i) <= walk.index <= walk.end(i) for i in path)


def test_a_long_walk_finds_ends_and_callers_as_a_short_one_does() -> None:
    steps = [0, *([1, 2, 3] * 700), 1, 0, *([1] * 1500)]
    walk = Walk(steps)
    assert walk.end(0) == 2 * 2102 - 1
    assert walk.end(2102) == len(walk) - 1
    assert [walk.parent(step) for step in (2100, 2101, 2103, 3602)] == [2099, 0, 2102, 2102]
    assert walk.path(2100) == [0, 2098, 2099, 2100]


def test_over_skips_the_inner_calls_and_out_ends_the_caller() -> None:
    walk = Walk([0, 1, 2, 1])
    walk.forward(Move.STEP)
    assert walk.forward(Move.OVER) == Stop(walk.end(1), 1, True)
    assert walk.forward(Move.OUT) == Stop(walk.end(0), 0, True)


def test_up_goes_to_the_entry_of_the_caller() -> None:
    walk = Walk([0, 1, 2, 1])
    walk.go_to(walk.entry(2))
    assert walk.up().step == 1
    assert walk.up().step == 0
    assert walk.up() == Stop(0, 0, False)


def test_milestone_moves_stop_at_the_entries_of_milestones_only() -> None:
    walk = Walk([0, 1, 2, 1, 1], [1, 4])
    assert walk.forward(Move.MILESTONE).step == 1
    assert walk.forward(Move.MILESTONE).step == 4
    assert walk.forward(Move.MILESTONE).index == len(walk) - 1
    walk.go_to(len(walk) - 1)
    assert walk.backward(Move.MILESTONE).step == 4
    assert walk.backward(Move.MILESTONE).step == 1
