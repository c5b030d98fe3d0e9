"""How the console tree is written, and what of that the output decides."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from flasktrace.reports.folded import Level

MIN_WIDTH_CELLS = 40


@dataclass(frozen=True, slots=True)
class TreeOptions:
    """How the tree is written.

    Attributes:
        language: of the fixed words, ``en`` or ``zh``.
        width_cells: of the terminal; None when the output is no terminal: nothing is cut then.
        is_ascii: only ASCII can be written.
        is_coloured: write colour codes.
        explain: add what each landmark does, where it is first called.
        resolution: add, for an inherited method, the class it was called on and the one it was found on.
        times: show how long each call took; without, the same trace gives the same text.
        legend: explain the signs at the end.
        state: add, under a call, what it changed of what Flask keeps: contexts, session, g, headers, tables.
        hooks: list behind the tree each registered hook, whether it ran, and why not.
    """

    language: str = "en"
    width_cells: int | None = None
    is_ascii: bool = False
    is_coloured: bool = False
    explain: bool = False
    resolution: bool = False
    times: bool = True
    legend: bool = True
    state: bool = False
    hooks: bool = False


def stream_options(
    stream: TextIO, width_cells: int, environ: Mapping[str, str] = os.environ
) -> dict[str, object]:
    """The part of :class:`TreeOptions` that the stream decides: width, ASCII, colours.

    Args:
        stream: to write to.
        width_cells: of the terminal, used when the stream is one.
        environ: ``NO_COLOR`` with any text turns colours off, and so does ``TERM=dumb``.
    """
    is_terminal = stream.isatty()
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
    is_coloured = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return {
        "width_cells": max(width_cells, MIN_WIDTH_CELLS) if is_terminal else None,
        "is_ascii": not encoding.startswith(("utf", "gb18030")),
        "is_coloured": is_coloured,
    }


def default_explain(level: Level, width_cells: int | None) -> bool:
    """Whether explanations help: on a terminal, at the levels that tell the story."""
    return width_cells is not None and level in (Level.CHAPTERS, Level.MILESTONES)
