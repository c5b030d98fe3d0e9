"""What the drawing says about a step: its label, its tooltip, its value, in clean text."""

import re

from flasktrace.reports.folded import Step
from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.geometry import Span
from flasktrace.reports.sequence.metrics import MONO_EM, shorten
from flasktrace.reports.sequence.runs import LABEL_PX, VALUE_PX, Badge, Run
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Function, Origin, Raised, Returned, Value

NAME_CHARS = 30
ARGUMENT_CHARS = 24
BRIEF_ARGUMENT_CHARS = 12  # of the framework's functions in a drawing of many chapters
VALUE_CHARS = 26
TOOLTIP_CHARS = 1500

# A value of these says nothing that the call did not.
_DUMB_CLASSES = frozenset(("NoneType", "function", "method", "builtin_function_or_method"))


def _cut(text: str, chars: int, size_px: float = LABEL_PX) -> str:
    # Ten times what is wanted is enough to clean: the rest could not be shown.
    return shorten(clean(text[: chars * 10]), chars * MONO_EM * size_px + 0.5, size_px, mono=True)


def step_name(step: Step) -> str:
    """The function's name as a newcomer should see it, of at most ``NAME_CHARS`` characters."""
    if step.landmark is not None and step.landmark.label:
        return _cut(step.landmark.label, NAME_CHARS)
    qualname = step.function.qualname
    name = qualname.rpartition(".")[2]
    if name.startswith("__") and name.endswith("__"):
        owner = qualname.rpartition(".")[0].rpartition(".")[2]
        return _cut(f"{owner}.{name}" if owner else name, NAME_CHARS)
    if name == "<module>":
        return _cut(step.function.file_path.replace("\\", "/").rpartition("/")[2] or name, NAME_CHARS)
    return _cut(name, NAME_CHARS)


def _argument(value: Value) -> str:
    text = value.text or f"<{value.class_name}>"
    return f"{value.name}={text}" if value.name else text


def step_arguments(step: Step, is_brief: bool = False) -> str:
    """The arguments in brackets, as many as there is room for; "" for a label that is no call."""
    is_user = step.function.origin is Origin.USER
    room = BRIEF_ARGUMENT_CHARS if is_brief and not is_user else ARGUMENT_CHARS
    if step.function.name == "<module>" or (step.landmark and step.landmark.label):
        return ""
    parts: list[str] = []
    length = 0
    for position, value in enumerate(step.call.parameters):
        part = clean(_argument(value)[: ARGUMENT_CHARS * 10])
        if length + len(part) > room:
            short = _cut(value.name, room) if position == 0 else ""
            parts.append(f"{short}, …" if short and len(step.call.parameters) > 1 else short or "…")
            break
        parts.append(part)
        length += len(part) + 2
    return f"({', '.join(parts)})"


def step_run(step: Step, is_brief: bool = False) -> Run:
    """The label of a call; ``is_brief`` leaves little room for arguments."""
    badges = []
    if step.repeat_count > 1:
        badges.append(Badge(f"×{step.repeat_count}", is_filled=True))
    if step.resumed_count:
        badges.append(Badge(f"↻{step.resumed_count}", is_filled=True))
    if step.hidden_count:
        badges.append(Badge(f"+{step.hidden_count}", is_filled=False))
    spans = [Span(step_name(step), "ink name", bold=True)]
    arguments = step_arguments(step, is_brief)
    if arguments:
        spans.append(Span(arguments, "muted"))
    return Run(tuple(spans), step.number, tuple(badges))


def raised_run(outcome: Raised, words: Captions) -> Run:
    """The label of an exception that leaves a call."""
    name = _cut(outcome.class_name, NAME_CHARS) or words.an_exception
    return Run((Span(words.raises.format(name=name), "error", bold=True),), size_px=VALUE_PX)


def returned_text(outcome: Returned) -> str:
    """The value that came back, if it is worth a line: "" for None and where none was recorded."""
    value = outcome.value
    if value is None or value.class_name in _DUMB_CLASSES:
        return ""
    return _cut(value.text or value.class_name, VALUE_CHARS, VALUE_PX)


def full_call(step: Step) -> str:
    """The whole call with every recorded argument, bounded."""
    function = step.function
    arguments = ", ".join(clean(_argument(value)[:TOOLTIP_CHARS]) for value in step.call.parameters)
    name = clean(f"{function.module}.{function.qualname}"[:TOOLTIP_CHARS])
    return f"{name}({arguments})"[:TOOLTIP_CHARS]


def outcome_words(call: Call, words: Captions) -> str:
    """How the call ended."""
    outcome = call.outcome
    if isinstance(outcome, Raised):
        name = clean(outcome.class_name[:200]) or words.an_exception
        if not outcome.text:
            return words.raises.format(name=name)
        return words.raised.format(name=name, text=clean(outcome.text[:TOOLTIP_CHARS]))
    if isinstance(outcome, Returned):
        value = outcome.value
        return words.returned.format(value=clean(value.text[:TOOLTIP_CHARS])) if value else ""
    return words.unfinished


def tooltip(step: Step, words: Captions, has_times: bool, is_local: bool) -> str:
    """All that is known of a step, line by line; ``is_local``: the reader has the files of this machine."""
    lines = [full_call(step)]
    receiver = step.call.receiver
    if receiver is not None and receiver.class_name not in step.function.qualname.split("."):
        lines.append(words.called_on.format(name=clean(receiver.class_name[:200])))
    lines.append(outcome_words(step.call, words))
    if has_times:
        lines.append(words.took.format(time=f"{step.call.duration_ns / 1e6:.3f}"))
    path = step.function.file_path if is_local else short_path(step.function)
    lines.append(clean(f"{path[:500]}:{step.function.line_number}"))
    if step.landmark is not None:
        lines.append(clean(step.landmark.does[:TOOLTIP_CHARS]))
    return "\n".join(line for line in lines if line)


def short_path(function: Function) -> str:
    """Where a function is written, as it is called on any machine: ``flask/app.py``, ``hello.py``."""
    name = re.split(r"[/\\]", function.file_path)[-1]
    if function.origin is Origin.USER:
        return name
    folders = function.module.replace(".", "/")
    return f"{folders}/{name}" if name == "__init__.py" else f"{folders}.py"
