"""A PlantUML sequence diagram."""

import re
from typing import IO

from flasktrace.reports.exports.telling import Begin, End, Heading, Message, in_order, messages, participants
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.sequence.components import Component
from flasktrace.reports.text import clean

# Markup characters, and the doubled ones that Creole makes bold, italics, lists of.
_SPECIAL = re.compile(r'[<>\[\]{}|\\%&#!@$~"^`;]|([*/_=.-])\1+')


def escape(text: str) -> str:
    """Text for a message or a name, with what PlantUML would take as markup as ``<U+XXXX>``."""
    return _SPECIAL.sub(lambda match: "".join(f"<U+{ord(char):04X}>" for char in match[0]), clean(text))


def write_plantuml(folded: FoldedTrace, stream: IO[str]) -> None:
    """Write the steps shown."""
    lanes = participants(folded)
    order = in_order(lanes)
    names = {lane: f"P{i}" for i, lane in enumerate(order, 1)}
    stream.write("@startuml\nhide footbox\nskinparam maxMessageSize 320\n")
    for lane in order:
        colour = " #FFEDB8" if lane.is_user else ""
        stream.write(
            f'participant "{escape(f"{lane.package} {lane.name}".strip())}" as {names[lane]}{colour}\n'
        )
    for message in messages(folded, lanes):
        stream.write(_line(message, names) + "\n")
    stream.write("@enduml\n")


def _line(message: Message, names: dict[Component, str]) -> str:
    if isinstance(message, Heading):
        return f"== {escape(message.title)} =="
    caller, callee = names[message.caller], names[message.callee]
    if isinstance(message, Begin):
        arrow = "->>" if message.step.is_hand_over else "->"
        return f"{caller} {arrow} {callee} ++ : {message.step.number} {escape(message.label)}"
    assert isinstance(message, End)
    if message.is_raised:
        return f"{callee} -[#B01E1E]->x {caller} -- : {escape(message.text)}"
    if message.text:
        return f"{callee} --> {caller} -- : {escape(message.text)}"
    return f"deactivate {callee}"
