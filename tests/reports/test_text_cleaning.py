"""Untrusted text: nothing that a terminal or a page obeys survives, and cuts keep to the cells."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.reports.text import MAX_CHARS, cells, clean, shorten, to_ascii, wrap

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


@given(ANY_TEXT)
def test_nothing_unprintable_is_left(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    for char in cleaned:
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(char) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("中文，好", "中文，好"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 3),
    ],
)
def test_unsafe_characters_become_visible(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_a_text_of_ten_megabytes_is_cut_first() -> None:
    assert len(clean("\x1b" * 10_000_000)) <= 4 * MAX_CHARS


@given(ANY_TEXT, st.integers(0, 30))
def test_a_shortened_text_fits(text: str, room: int) -> None:
    cleaned = clean(text)
    short = shorten(cleaned, room)
    assert cells(short) <= room
    if cells(cleaned) <= room:
        assert short == cleaned


def test_wide_characters_count_two_cells() -> None:
    assert cells("中文ab") == 6
    assert shorten("中文字符", 5) == "中文…"
    assert shorten("中文字符", 4) == "中…"


@given(ANY_TEXT, st.integers(2, 30))
def test_wrapped_lines_fit_and_keep_every_word(text: str, room: int) -> None:
    cleaned = clean(text)
    lines = wrap(cleaned, room)
    assert all(cells(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(cleaned.split())


def test_chinese_wraps_between_characters_and_never_begins_a_line_with_a_comma() -> None:
    assert wrap("压入上下文，匹配", 12) == ["压入上下文，", "匹配"]
    assert wrap("压入上下文，匹配", 10) == ["压入上下", "文，匹配"]


def test_english_wraps_between_words() -> None:
    assert wrap("Takes the URL pattern", 9) == ["Takes the", "URL", "pattern"]


def test_ascii_streams_get_ascii() -> None:
    assert to_ascii("→ 中") == "\\u2192 \\u4e2d"
