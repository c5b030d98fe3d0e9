"""Writes what a check of a lesson found, one line an expectation."""

import os
from collections.abc import Sequence
from typing import TextIO

from flasktrace.reports.chain.check import Verdict
from flasktrace.reports.chain.report import SUMMARY, VERDICT_COLOURS, signs_for, verdict_words
from flasktrace.reports.lessons.check import Result
from flasktrace.reports.text import cells, clean


def write_results(
    title: str,
    results: Sequence[Result],
    stream: TextIO,
    language: str = "en",
    is_coloured: bool = False,
) -> None:
    """Write a heading, then ``line: verdict  expectation: what really happened`` for each result.

    Args:
        title: of the heading: the lesson's file and the engine.
        results: in the order of the lesson.
        stream: to write to.
        language: of the fixed words.
        is_coloured: write colour codes (``NO_COLOR`` overrides it).
    """
    is_coloured = is_coloured and not os.environ.get("NO_COLOR")
    words, signs = verdict_words(language), signs_for(stream)
    width = max(cells(word) for word in words.values())
    stream.write(f"{clean(title)}\n")
    for result in results:
        word = words[result.verdict]
        head = f"{signs[result.verdict]} {word}{' ' * (width - cells(word))}"
        if is_coloured:
            head = f"\x1b[{VERDICT_COLOURS[result.verdict]}m{head}\x1b[0m"
        really = f" ({clean(result.really)})" if result.really else ""
        stream.write(f"  {head}  {result.line:>4}  {clean(result.text)}{really}\n")
    counts = {verdict.value: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    stream.write(f"  {SUMMARY[language].format(**counts)}\n")
