"""What stands in a function's box, and how large the box must be for it."""

import re
from dataclasses import dataclass

from flasktrace.reports.callgraph.captions import Captions
from flasktrace.reports.callgraph.geometry import Size
from flasktrace.reports.callgraph.graph import CallGraph, GraphNode
from flasktrace.reports.labels import duration
from flasktrace.reports.sequence.metrics import shorten, text_width
from flasktrace.reports.sequence.theme import ORIGIN_ROLES
from flasktrace.reports.sequence.wording import short_path
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Origin

NAME_PX = 13.5
SMALL_PX = 10.5
PILL_PX = 9.5
BOX_HEIGHT_PX = 36.0
PADDING_PX = 9.0
STRIPE_PX = 4.0
PILL_HEIGHT_PX = 14.0
PILL_PADDING_PX = 5.0
GAP_PX = 6.0
MAX_NAME_PX = 240.0
MAX_SMALL_PX = 260.0


@dataclass(frozen=True, slots=True)
class Face:
    """What a function's box shows.

    Attributes:
        number: the step that first shows it, in a dark pill; "" without steps.
        name: large; the function's own name.
        count: ``×4``, or "" for a single call.
        owner: small; the class that defines it, else the module.
        raised: small and red; "" when nothing was raised.
        hidden: ``+12``, or "".
        role: of the theme, for the stripe and the edge.
        tooltip: everything, in lines.
    """

    number: str
    name: str
    count: str
    owner: str
    raised: str
    hidden: str
    role: str
    is_user: bool
    tooltip: str

    def size(self) -> Size:
        """Width and height of the box in px."""
        first = text_width(self.name, NAME_PX, mono=True, bold=True)
        first += sum(pill_width(pill) + GAP_PX for pill in (self.number, self.count) if pill)
        second = text_width(self.owner, SMALL_PX)
        if self.raised:
            second += GAP_PX + text_width(self.raised, SMALL_PX, bold=True)
        if self.hidden:
            second += GAP_PX + pill_width(self.hidden)
        return (STRIPE_PX + 2 * PADDING_PX + max(first, second), BOX_HEIGHT_PX)


def pill_width(text: str) -> float:
    """Width of a pill in px."""
    return text_width(text, PILL_PX, bold=True) + 2 * PILL_PADDING_PX


def faces(
    graph: CallGraph, words: Captions, has_times: bool = True, is_local: bool = True
) -> dict[int, Face]:
    """The face of each function; ``is_local``: the reader has the files of this machine."""
    return {key: _face(node, words, has_times, is_local) for key, node in graph.nodes.items()}


def full_name(node: GraphNode) -> str:
    """Module and qualified name, clean."""
    return clean(node.function.dotted_name, 300)


def _face(node: GraphNode, words: Captions, has_times: bool, is_local: bool) -> Face:
    function = node.function
    label = node.landmark.label if node.landmark is not None else ""
    name = clean(label or _short_name(function), 300)
    owner = clean(_owner(function, words), 300)
    exceptions = ", ".join(clean(one, 80) for one in node.exceptions[:3] if one) or words.unnamed
    raised = words.raises.format(names=exceptions) if node.raised_count else ""
    return Face(
        number="" if node.step_number is None else str(node.step_number),
        name=shorten(name, MAX_NAME_PX, NAME_PX, mono=True, bold=True),
        count=f"×{node.call_count}" if node.call_count > 1 else "",
        owner=shorten(owner, MAX_SMALL_PX, SMALL_PX),
        raised=shorten(raised, MAX_SMALL_PX, SMALL_PX, bold=True),
        hidden=f"+{node.hidden_count}" if node.hidden_count else "",
        role=ORIGIN_ROLES[function.origin],
        is_user=function.origin is Origin.USER,
        tooltip=_tooltip(node, words, has_times, is_local, exceptions),
    )


def _short_name(function: Function) -> str:
    if function.qualname == "<module>":  # people know a script by the name of its file
        return _file_name(function) or function.module
    return function.name or function.qualname


def _owner(function: Function, words: Captions) -> str:
    if function.qualname == "<module>":
        return words.script if function.module == "__main__" else words.module
    owner = function.qualname.rpartition(".")[0]
    parts = [part for part in owner.split(".") if part not in ("", "<locals>")]
    if not parts and function.module == "__main__":
        return _file_name(function) or function.module
    return ".".join(parts) or function.module


def _file_name(function: Function) -> str:
    return re.split(r"[/\\]", function.file_path)[-1]


def _tooltip(node: GraphNode, words: Captions, has_times: bool, is_local: bool, exceptions: str) -> str:
    lines = [full_name(node)]
    if node.landmark is not None and node.landmark.does:
        lines.append(clean(node.landmark.does))
    is_single = node.call_count == 1
    lines.append(words.called_once if is_single else words.called.format(count=node.call_count))
    if node.self_call_count:
        lines.append(words.recursive.format(count=node.self_call_count))
    if has_times:
        lines.append(words.took.format(time=duration(node.total_ns)))
    if node.hidden_count:
        lines.append(words.hidden_under.format(count=node.hidden_count))
    if node.raised_count:
        form = words.raised_once if is_single else words.raised
        lines.append(form.format(count=node.raised_count, names=exceptions))
    path = node.function.file_path if is_local else short_path(node.function)
    lines.append(clean(f"{path}:{node.function.line_number}", 300))
    return "\n".join(lines)
