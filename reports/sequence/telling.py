"""Tell in words what the drawing shows: the tooltip, the link and the spoken text of each step."""

from flasktrace.reports.folded import FoldedTrace, Step
from flasktrace.reports.sequence.captions import Captions
from flasktrace.reports.sequence.components import Component
from flasktrace.reports.sequence.geometry import Drawing
from flasktrace.reports.sequence.links import source_link
from flasktrace.reports.sequence.options import LinkMode, SequenceOptions
from flasktrace.reports.sequence.timeline import EventKind, Timeline
from flasktrace.reports.sequence.wording import outcome_words, step_name, tooltip
from flasktrace.reports.text import clean


def tell_steps(
    drawing: Drawing, timeline: Timeline, folded: FoldedTrace, options: SequenceOptions, words: Captions
) -> None:
    """Give the groups of the steps, and their bars, what is to be read, spoken and followed."""
    lanes = {lane.key: lane for lane in timeline.lanes}
    # An exception may leave, in a chapter, a step that began before it.
    steps = {event.own.key: event.own.step for event in timeline.events if event.own and event.own.step}
    callers = {
        event.own.key: event.other.step
        for event in timeline.events
        if event.kind is EventKind.CALL and event.own and event.other
    }
    is_local = options.links is LinkMode.LOCAL
    places = {event.own.key: event.own.lane for event in timeline.events if event.own}
    for group in drawing.steps:
        step = steps.get(_number(group.id))
        if step is None:
            continue
        lane = lanes.get(places[step.number])
        group.tooltip = tooltip(step, words, options.has_times, is_local)
        group.href = source_link(step.function, folded.trace.metadata, options.links)
        group.label = spoken(step, callers.get(step.number), lane, words)
    for bar in drawing.bars:
        step = steps.get(bar.step_number or 0)
        if step is not None:
            drawing.bar_tooltips[step.number] = tooltip(step, words, options.has_times, is_local)


def _number(group_id: str) -> int:
    kind, _, number = group_id.rpartition("-")
    return int(number) if kind == "step" else 0


def spoken(step: Step, caller: Step | None, lane: Component | None, words: Captions) -> str:
    """A step as a sentence for a screen reader."""
    place = lane.name if lane else clean(step.function.module[:200])
    if caller is None:
        text = words.step_root.format(number=step.number, name=step_name(step), lane=place)
    else:
        pattern = words.step_hand_over if step.is_hand_over else words.step_called
        pattern = words.step_new_process if step.is_new_process else pattern
        text = pattern.format(number=step.number, caller=step_name(caller), name=step_name(step), lane=place)
    outcome = outcome_words(step.call, words)
    return f"{text}; {outcome}" if outcome else text
