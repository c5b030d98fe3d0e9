"""Cuts blocks of text or bytes into lines, or at any separator. No part of the lesson.

``wsgi.make_line_iter`` and ``wsgi.make_chunk_iter`` read the blocks; what is here never touches a stream.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ._text import to_bytes, to_text

_TEXT_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_BYTES_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def _cut(pieces: list[Any], buffer_size: int) -> tuple[list[Any], list[Any]]:
    """Full blocks of ``buffer_size`` out of a line that is too long, and what is left of it."""
    joined = pieces[0][:0].join(pieces)
    end = len(joined) - len(joined) % buffer_size
    return [joined[i : i + buffer_size] for i in range(0, end, buffer_size)], [joined[end:]]


def cut_lines(blocks: Iterable[Any], buffer_size: int, cap_at_buffer: bool) -> Iterator[Any]:
    """The lines of some blocks with their ends, see ``wsgi.make_line_iter``."""
    held: list[Any] = []
    for block in blocks:
        is_text = isinstance(block, str)
        if held and held[-1][-1:] == ("\r" if is_text else b"\r"):
            # The end of a line may have been cut in two: "\r" in the last block, "\n" in this one.
            block = held.pop() + block
        for piece in (_TEXT_LINE if is_text else _BYTES_LINE).findall(block):
            if held and held[-1] and held[-1][-1:] in ("\r\n" if is_text else b"\r\n"):
                yield piece[:0].join(held)
                held = []
            held.append(piece)
            ended = piece[-1:] in ("\r\n" if is_text else b"\r\n")
            if cap_at_buffer and not ended and sum(map(len, held)) >= buffer_size:
                full, held = _cut(held, buffer_size)
                yield from full
    if held and any(held):
        yield held[0][:0].join(held)


def cut_chunks(
    blocks: Iterable[Any], separator: str | bytes, buffer_size: int, cap_at_buffer: bool
) -> Iterator[Any]:
    """The parts of some blocks between separators, see ``wsgi.make_chunk_iter``."""
    held: list[Any] = []
    mark: Any = None
    for block in blocks:
        if mark is None:
            mark = to_text(separator) if isinstance(block, str) else to_bytes(separator)
        if held and len(mark) > 1:
            # The separator may have been cut in two.
            block = held.pop() + block
        *parts, rest = block.split(mark)
        for part in parts:
            yield part[:0].join([*held, part])
            held = []
        overlap = len(rest) - (len(mark) - 1) if len(mark) > 1 else len(rest)
        held += [rest[:overlap], rest[overlap:]] if 0 < overlap < len(rest) else [rest]
        if cap_at_buffer and sum(map(len, held)) >= buffer_size:
            full, held = _cut(held, buffer_size)
            yield from full
    if held:
        yield held[0][:0].join(held)
