"""The pools give back what was put in, and keep once what entries have in common."""

from hypothesis import given
from hypothesis import strategies as st

from flasktrace.tracer.values import (
    NO_DETAIL,
    PLAIN_RETURN,
    UNFINISHED,
    Detail,
    Details,
    Outcomes,
    Raised,
    Returned,
    Value,
)

WORDS = st.sampled_from(["", "a", "b"])
VALUES = st.builds(Value, WORDS, WORDS, st.integers(0, 2), WORDS)
DETAILS = st.builds(Detail, st.none() | VALUES, st.lists(VALUES, max_size=3).map(tuple))
OUTCOMES = st.one_of(
    st.just(UNFINISHED),
    st.builds(Returned, st.none() | VALUES, st.none() | st.integers(1, 3)),
    st.builds(Raised, WORDS, WORDS, st.none() | st.integers(1, 3)),
)


@given(st.lists(DETAILS))
def test_details_are_given_back(items: list[Detail]) -> None:
    pool = Details(items)
    assert list(pool) == pool[:] == items
    assert [pool[-i - 1] for i in range(len(items))] == items[::-1]


@given(st.lists(OUTCOMES))
def test_outcomes_are_given_back(items: list[Returned | Raised]) -> None:
    assert list(Outcomes(items)) == items


def test_pools_begin_with_what_needs_no_values() -> None:
    assert list(Details()) == [NO_DETAIL]
    assert list(Outcomes()) == [UNFINISHED, PLAIN_RETURN]


def test_what_differs_in_the_objects_alone_is_of_one_shape() -> None:
    pool = Details(Detail(Value("self", "Flask", i, "<Flask>")) for i in range(1, 9))
    assert len(pool.shapes) == 1
    assert list(pool.objects) == list(range(1, 9))
