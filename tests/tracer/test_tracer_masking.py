"""Secrets that were learned: found wherever they stand, and no slower for being many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.tracer.masking import MASK, Masking

SESSION = "eyJzZWVuIjo0fQ.awwNOg.7RAAr5Q3J6rnm8Q6l0DnQCYjZSc"
FEW = st.text("ab", min_size=6, max_size=12)


@given(st.lists(FEW, max_size=8), st.text("ab", max_size=30))
def test_of_many_secrets_the_longest_that_stands_there_is_masked(secrets: list[str], text: str) -> None:
    masking = Masking()
    for secret in secrets:
        masking.learn(secret)
    expected, position = "", 0
    while position < len(text):
        here = [len(secret) for secret in secrets if text.startswith(secret, position)]
        expected += MASK if here else text[position]
        # What follows a mask begins afresh, as the mask is no part of a secret.
        position += max(here, default=1)
    assert masking.clean(text) == expected


@pytest.mark.parametrize("kept", [6, 10, 20])
def test_what_is_left_of_a_secret_in_a_text_that_was_cut_is_masked(kept: int) -> None:
    masking = Masking()
    for secret in ("correct horse battery", "correct staple", "correct horse"):
        masking.learn(secret)
    assert masking.clean(f"'{'correct horse battery'[:kept]}…'") == f"'{MASK}…'"


@pytest.mark.parametrize("secret", [SESSION, f"session={SESSION}", f"session={SESSION}; HttpOnly; Path=/"])
def test_a_signed_session_is_masked_by_its_looks_and_not_learned(secret: str) -> None:
    masking = Masking()
    masking.learn(secret)
    assert masking.clean("another word for session=1; HttpOnly") == "another word for session=1; HttpOnly"
    assert not masking._learned
    assert "7RAAr5Q3" not in masking.clean(f"<{secret}>")


def test_another_cookie_beside_a_signed_session_is_learned() -> None:
    masking = Masking()
    masking.learn(f"session={SESSION}; sid=abcdef")
    assert MASK in masking.clean(f"got session={SESSION}; sid=abcdef")
    assert masking._learned


def test_a_function_that_names_a_secret_does_not_give_it() -> None:
    masking = Masking()
    assert masking.is_secret_source("get_token")
    assert not masking.is_secret_source("get_cookie_name")
