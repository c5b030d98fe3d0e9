"""A folded trace as messages between participants, for the sequence diagrams in text form."""

from collections.abc import Iterator
from dataclasses import dataclass

from flasktrace.reports.folded import Chapter, FoldedTrace, Step
from flasktrace.reports.labels import arguments, ending
from flasktrace.reports.sequence.components import Component, ComponentNames, assign
from flasktrace.reports.text import clean, shorten

MAX_LABEL_CELLS = 60
MAX_VALUE_CELLS = 40


@dataclass(frozen=True, slots=True)
class Begin:
    """A step begins: an arrow from ``caller`` to ``callee``."""

    step: Step
    caller: Component
    callee: Component
    label: str


@dataclass(frozen=True, slots=True)
class End:
    """A step ends: ``text`` is what it returned or raised, "" for a plain return."""

    step: Step
    caller: Component
    callee: Component
    text: str
    is_raised: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A chapter begins."""

    chapter: Chapter
    title: str


Message = Begin | End | Heading


def participants(folded: FoldedTrace) -> dict[int, Component]:
    """The participant of each function that is shown."""
    return assign((step.function for step in folded.steps), ComponentNames())


def in_order(lanes: dict[int, Component]) -> list[Component]:
    """Each participant once, from left to right."""
    return sorted(dict.fromkeys(lanes.values()), key=lambda lane: lane.order)


def messages(folded: FoldedTrace, lanes: dict[int, Component]) -> Iterator[Message]:
    """What happens, in order. A step without a caller comes from its own participant."""
    begins = {chapter.first: chapter for chapter in folded.chapters}
    open_steps: list[Step] = []
    for step in folded.steps:
        while len(open_steps) > step.depth:
            yield _end(open_steps, lanes)
        if step.number in begins:
            chapter = begins[step.number]
            yield Heading(chapter, _title(chapter))
        callee = lanes[step.function.id]
        caller = lanes[open_steps[-1].function.id] if open_steps else callee
        yield Begin(step, caller, callee, label(step))
        open_steps.append(step)
    while open_steps:
        yield _end(open_steps, lanes)


def _end(open_steps: list[Step], lanes: dict[int, Component]) -> End:
    step = open_steps.pop()
    callee = lanes[step.function.id]
    caller = lanes[open_steps[-1].function.id] if open_steps else callee
    end = ending(step.call)
    return End(step, caller, callee, shorten(end.text, MAX_VALUE_CELLS), end.kind == "raised")


def label(step: Step) -> str:
    """``wsgi_app(environ) ×2 +12``, clean."""
    landmark_label = step.landmark.label if step.landmark is not None else ""
    name = clean(landmark_label) or f"{clean(step.function.name)}({', '.join(arguments(step.call))})"
    text = shorten(name, MAX_LABEL_CELLS)
    if step.repeat_count > 1:
        text += f" ×{step.repeat_count}"
    return f"{text} +{step.hidden_count}" if step.hidden_count else text


def _title(chapter: Chapter) -> str:
    title = clean(chapter.phase.title) if chapter.phase is not None else "…"
    if chapter.request is None:
        return title
    return f"{shorten(clean(chapter.request.method + ' ' + chapter.request.target), 50)}: {title}"
