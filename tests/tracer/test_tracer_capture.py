"""Values are captured shallowly, bounded, masked, and without running the program's code."""

from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.tracer.capture import MAX_TEXT_CHARS, Texts, capture, exception_text
from flasktrace.tracer.model import Value


class Trap:
    """An object that fails the test whatever is asked of it."""

    def _sprung(self, *_: object) -> NoReturn:
        raise AssertionError("the program's code ran")

    __repr__ = __str__ = __len__ = __eq__ = __hash__ = __bool__ = __iter__ = _sprung
    __getattr__ = __getitem__ = __format__ = __index__ = _sprung

    @property
    def __class__(self) -> Any:
        self._sprung()

    @__class__.setter
    def __class__(self, value: object) -> None:
        self._sprung()


class TrapMeta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise AssertionError("the metaclass's code ran")

    def __hash__(cls) -> int:
        raise AssertionError("the metaclass's code ran")

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("the metaclass's code ran")


class Lying(str):
    def __len__(self) -> int:
        raise AssertionError("the program's code ran")


def shown(value: object, name: str = "x") -> Value:
    return Texts().value(name, capture(value))


def test_objects_of_the_program_are_shown_by_their_class_alone() -> None:
    trap = Trap()
    value = shown(trap)
    assert (value.class_name, value.object_id, value.text) == ("Trap", id(trap), "<Trap>")


def test_a_metaclass_is_never_asked() -> None:
    kind = TrapMeta("Real", (), {})
    assert shown(kind()).class_name == "Real"
    assert shown(kind).class_name == "TrapMeta"


def test_a_subclass_of_a_builtin_type_is_no_builtin_value() -> None:
    assert shown(Lying("secret text")).text == "<Lying>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1, "1"),
        (1.5, "1.5"),
        ("a\x1b[31m\n", r"'a\x1b[31m\n'"),
        ("\u202eevil", r"'\u202eevil'"),
        (b"ab", "b'ab'"),
        ((), "()"),
        ((1,), "(1,)"),
        ([1, "a", None], "[1, 'a', None]"),
        ([1, 2, 3, 4, 5], "[1, 2, 3, 4, … 5 in all]"),
        ({"a": [1, 2]}, "{'a': list of 2}"),
        ([("Content-Type", "text/html")], "[('Content-Type', 'text/html')]"),
        ([Trap()], "[<Trap>]"),
        (Trap, "<class Trap>"),
        (len, "<built-in len>"),
        (10**30, "<int of 100 bits>"),
        ({1}, "{1}"),
    ],
)
def test_texts(value: object, text: str) -> None:
    assert shown(value).text == text


def test_long_text_is_cut() -> None:
    text = shown("x" * 10_000_000).text
    assert text == repr("x" * MAX_TEXT_CHARS) + "…"
    assert shown(b"x" * 10_000_000).text.endswith("…")


def test_a_cyclic_list_is_no_trouble() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    assert shown(cycle).text == "[list of 1]"


@pytest.mark.parametrize(
    "name", ["password", "SECRET_KEY", "api_key", "access_token", "Authorization", "csrf_token"]
)
def test_values_of_secret_names_are_masked(name: str) -> None:
    assert shown("hunter22", name).text == "***"
    assert "hunter22" not in shown({name: "hunter22"}).text
    assert "hunter22" not in shown([(name, "hunter22")]).text


def test_what_was_once_secret_is_masked_wherever_it_turns_up() -> None:
    texts = Texts()
    texts.value("password", capture("swordfish"))
    assert texts.value("line", capture("I said swordfish")).text == "'I said ***'"


@pytest.mark.parametrize(
    "text",
    [
        "/login?user=a&password=swordfish&x=1",
        "Authorization: Bearer swordfish",
        "token=swordfish",
        "Cookie: s=swordfish",
    ],
)
def test_secrets_inside_texts_are_masked(text: str) -> None:
    assert "swordfish" not in shown(text).text


def test_patterns_of_the_user_mask_too() -> None:
    assert Texts(["salary"]).value("yearly_salary", capture(12345)).text == "***"


def test_the_text_of_an_exception_runs_none_of_its_code() -> None:
    class Loud(Exception):
        def __str__(self) -> str:
            raise AssertionError("the program's code ran")

    assert exception_text(Loud("what\nhappened", 3)) == r"what\nhappened, 3"


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner)
    ),
)


@given(anything)
def test_every_value_has_a_bounded_printable_text(value: object) -> None:
    text = shown(value).text
    assert text.isprintable()
    assert len(text) < 40 * MAX_TEXT_CHARS
    hash(capture(value))
