"""A Mermaid sequence diagram, for READMEs and wikis that draw it."""

import re
from typing import IO

from flasktrace.reports.exports.telling import Begin, End, Heading, Message, in_order, messages, participants
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.sequence.components import Component
from flasktrace.reports.text import clean

MAX_CHARS = 50_000
"""Mermaid draws an error in place of a longer text (its ``maxTextSize``)."""

_RESERVE = 400  # for the note that tells what was left out
# Whatever means something to Mermaid's lexer, as its numeric entity; letters and digits of all scripts stay.
_SPECIAL = re.compile(r"[^\w\s.,()=/×…'+–→-]|--|->|\\")
# "end" closes a block even within a message; the others begin one at the start of a line.
_RESERVED = re.compile(
    r"\b(end|loop|alt|else|opt|par|and|rect|critical|option|break|box|note|over|activate|deactivate|"
    r"participant|actor|create|destroy|autonumber|title|links?|properties|details|sequencediagram)\b",
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Text for a message, a note or a participant's name."""
    escaped = _SPECIAL.sub(lambda match: "".join(f"#{ord(char)};" for char in match[0]), clean(text))
    # One letter as its entity is enough for the word not to be one; its look stays.
    return _RESERVED.sub(lambda match: f"#{ord(match[0][0])};{match[0][1:]}", escaped)


def write_mermaid(folded: FoldedTrace, stream: IO[str]) -> None:
    """Write the steps shown; what does not fit into Mermaid's limit is counted in a note at the end."""
    lanes = participants(folded)
    order = in_order(lanes)
    names = {lane: f"P{i}" for i, lane in enumerate(order, 1)}
    lines = [
        "sequenceDiagram",
        *(f"    participant {names[lane]} as {escape(_head(lane))}" for lane in order),
    ]
    size = sum(len(line) + 1 for line in lines)
    left_out = 0
    span = f"P1,P{len(order)}" if len(order) > 1 else "P1"
    for message in messages(folded, lanes):
        line = _line(message, names, span)
        if left_out or size + len(line) + 1 + _RESERVE > MAX_CHARS:
            left_out += isinstance(message, Begin)
        elif line:
            lines.append(line)
            size += len(line) + 1
    if left_out:
        lines.append(f"    Note over {span}: {escape(_left_out(left_out))}")
    if not order:
        lines.append("    participant P1 as flasktrace")
    stream.write("\n".join(lines) + "\n")


def _left_out(count: int) -> str:
    return (
        f"{count} more steps do not fit into Mermaid's {MAX_CHARS} characters: "
        "choose a level with fewer, or one request"
    )


def _head(lane: Component) -> str:
    return f"{lane.package} {lane.name}".strip()


def _line(message: Message, names: dict[Component, str], span: str) -> str:
    if isinstance(message, Heading):
        return f"    Note over {span}: {escape(message.title)}"
    caller, callee = names[message.caller], names[message.callee]
    if isinstance(message, Begin):
        arrow = "-)" if message.step.is_hand_over else "->>"
        return f"    {caller}{arrow}{callee}: {message.step.number} {escape(message.label)}"
    assert isinstance(message, End)
    if message.is_raised:
        return f"    {callee}--x{caller}: {escape(message.text) or '#33;'}"
    if message.text and callee != caller:
        return f"    {callee}-->>{caller}: {escape(message.text)}"
    return ""  # a plain return, as in the other diagrams, has no arrow
