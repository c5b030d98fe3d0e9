"""Lessons that cannot rot: Markdown whose blocks are drawn from a run, and checked by it."""

from flasktrace.reports.lessons.check import Result, check_ask, check_expectation
from flasktrace.reports.lessons.lesson import Ask, Block, Expect, Expectation, Lesson, Part, Show, Text
from flasktrace.reports.lessons.parse import parse_lesson

__all__ = [
    "Ask",
    "Block",
    "Expect",
    "Expectation",
    "Lesson",
    "Part",
    "Result",
    "Show",
    "Text",
    "check_ask",
    "check_expectation",
    "parse_lesson",
]
