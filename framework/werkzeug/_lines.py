"""Reads a stream by lines or by any separator, without its ``readline``. No part of the lesson.

wsgi re-exports both functions. ``readline`` on a request's body may block: the connection stays open.
"""

import re
from collections.abc import Iterator
from typing import Any

from ._text import to_bytes, to_text

_TEXT_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_BYTES_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def _blocks(stream: Any, limit: int | None, buffer_size: int) -> Iterator[Any]:
    """The non-empty blocks of a stream, or of an iterable."""
    from .wsgi import LimitedStream

    if isinstance(stream, bytes | bytearray | str):
        raise TypeError("Passed a string or byte object instead of true iterator or stream.")
    if not hasattr(stream, "read"):
        yield from filter(None, stream)
        return
    if limit is not None and not isinstance(stream, LimitedStream):
        stream = LimitedStream(stream, limit)
    while block := stream.read(buffer_size):
        yield block


def _cut(pieces: list[Any], buffer_size: int) -> tuple[list[Any], list[Any]]:
    """Full blocks of ``buffer_size`` out of a line that is too long, and what is left of it."""
    joined = pieces[0][:0].join(pieces)
    end = len(joined) - len(joined) % buffer_size
    return [joined[i : i + buffer_size] for i in range(0, end, buffer_size)], [joined[end:]]


def make_line_iter(
    stream: Any, limit: int | None = None, buffer_size: int = 10 * 1024, cap_at_buffer: bool = False
) -> Iterator[Any]:
    """The lines of a stream with their ends: ``\\n``, ``\\r`` or both.

    Args:
        limit: where to stop, in bytes; needed unless the stream ends by itself.
        buffer_size: how much to read at a time, in bytes.
        cap_at_buffer: cut lines that are longer than this.

    Raises:
        TypeError: text or bytes instead of a stream.
    """
    held: list[Any] = []
    for block in _blocks(stream, limit, buffer_size):
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


def make_chunk_iter(
    stream: Any,
    separator: str | bytes,
    limit: int | None = None,
    buffer_size: int = 10 * 1024,
    cap_at_buffer: bool = False,
) -> Iterator[Any]:
    """The parts of a stream between separators, see :func:`make_line_iter` for the arguments."""
    held: list[Any] = []
    mark: Any = None
    for block in _blocks(stream, limit, buffer_size):
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
