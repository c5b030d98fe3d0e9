"""The comparison as lines for a terminal: a sign, the indent, the step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from flasktrace.reports.diff.compare import Change, Deciding, DiffRow, TraceDiff
from flasktrace.reports.folded import Step
from flasktrace.reports.labels import display_name, ending
from flasktrace.reports.text import clean, shorten

MAX_INDENT = 20
MAX_VALUE_CELLS = 100

Style = Callable[[str, Change], str]


@dataclass(frozen=True, slots=True)
class Phrases:
    """What the comparison says, in one language."""

    same: str = "No difference: {count} steps are the same."
    unchanged: str = "… {count} unchanged"
    outcome: str = "{left} on the left, {right} on the right"
    redefined: str = "defined by {right}, was {left}"
    repeated: str = "×{right}, was ×{left}"
    moved: str = "moved: called by {right}, was called by {left}"
    moved_order: str = "moved: same caller, another place in the order"
    moved_away: str = "moved: now called by {right}, see there"
    along: str = "and {count} after it"
    returned: str = "returned"
    raised: str = "raised"
    unfinished: str = "did not end"
    nobody: str = "nobody"
    parting: str = "They part at {step}, called by {caller}."
    parting_root: str = "They part at {step}."
    by_outcome: str = "What decided: {step} {left} on the left, {right} on the right."
    by_parameter: str = "What decided: {name} of {step} is {left} on the left, {right} on the right."
    by_request: str = "What decided: the request is {left} on the left, {right} on the right."
    undecided: str = "No value decided: the code itself differs, or what it read was not recorded."
    summary: str = (
        "{same} the same, {added} added, {removed} removed, {moved} moved, {redefined} defined elsewhere, "
        "{outcome} with another outcome, {repeated} repeated otherwise."
    )


ENGLISH = Phrases()
CHINESE = Phrases(
    same="没有差别：{count} 个步骤完全相同。",
    unchanged="… {count} 个未变",
    outcome="左边 {left}，右边 {right}",
    redefined="现由 {right} 定义，原为 {left}",
    repeated="×{right}，原为 ×{left}",
    moved="移动：现由 {right} 调用，原由 {left} 调用",
    moved_order="移动：调用者相同，顺序不同",
    moved_away="已移动：现由 {right} 调用，见彼处",
    along="连同其后 {count} 个步骤",
    returned="返回",
    raised="抛出",
    unfinished="未结束",
    nobody="（无）",
    parting="分岔点：{step}，由 {caller} 调用。",
    parting_root="分岔点：{step}。",
    by_outcome="起决定作用的是：{step}，左边 {left}，右边 {right}。",
    by_parameter="起决定作用的是：{step} 的参数 {name}，左边为 {left}，右边为 {right}。",
    by_request="起决定作用的是：请求，左边为 {left}，右边为 {right}。",
    undecided="不由值决定：代码本身不同，或所读的值未被记录。",
    summary=(
        "{same} 个相同，{added} 个新增，{removed} 个消失，{moved} 个移动，{redefined} 个换了定义处，"
        "{outcome} 个结果不同，{repeated} 个重复次数不同。"
    ),
)

_SIGNS = {
    Change.SAME: " ",
    Change.OUTCOME: "!",
    Change.REDEFINED: "=",
    Change.REPEATED: "x",
    Change.REMOVED: "-",
    Change.ADDED: "+",
    Change.MOVED: ">",
}


def _plain(line: str, change: Change) -> str:
    return line


def write_diff_text(diff: TraceDiff, stream: IO[str], language: str = "en", style: Style = _plain) -> None:
    """Write the comparison, a row a line.

    Args:
        diff: what to write.
        stream: where to.
        language: "en" or "zh".
        style: colours a line by its change; leaves it alone by default.
    """
    phrases = CHINESE if language.lower().startswith("zh") else ENGLISH
    if not diff.is_different:
        stream.write(phrases.same.format(count=diff.counts.get(Change.SAME, 0)) + "\n")
        return
    stream.write(style(f"--- {clean(diff.left_name)}", Change.REMOVED) + "\n")
    stream.write(style(f"+++ {clean(diff.right_name)}", Change.ADDED) + "\n")
    for row in diff.rows:
        stream.write(style(_line(row, phrases), row.change) + "\n")
    counts = {change.value: diff.counts.get(change, 0) for change in Change}
    stream.write("\n" + phrases.summary.format(**counts) + "\n")
    for line in parting_lines(diff, phrases):
        stream.write(line + "\n")


def _line(row: DiffRow, phrases: Phrases) -> str:
    indent = "  " * min(row.depth, MAX_INDENT)
    if row.folded_count:
        return f"  {indent}{phrases.unchanged.format(count=row.folded_count)}"
    sign = "<" if row.is_origin else _SIGNS[row.change]
    told = note(row, phrases)
    return f"{sign} {indent}{name(row.step)}" + (f"  ({told})" if told else "")


def name(step: Step) -> str:
    """The name of a step, as the other views show it."""
    return display_name(step.function, step.landmark)


def note(row: DiffRow, phrases: Phrases) -> str:
    """What there is to say about a row besides its name; "" when nothing."""
    left, right = row.left, row.right
    if left is None or right is None or row.change is Change.SAME:
        return ""
    if row.change is Change.OUTCOME:
        return phrases.outcome.format(left=outcome_text(left, phrases), right=outcome_text(right, phrases))
    if row.change is Change.REDEFINED:
        return phrases.redefined.format(
            left=clean(left.function.dotted_name), right=clean(right.function.dotted_name)
        )
    if row.change is Change.REPEATED:
        return phrases.repeated.format(left=left.repeat_count, right=right.repeat_count)
    return _moved_note(row, phrases)


def _moved_note(row: DiffRow, phrases: Phrases) -> str:
    callers = {
        side: name(caller) if caller is not None else phrases.nobody
        for side, caller in (("left", row.left_caller), ("right", row.right_caller))
    }
    form = phrases.moved_order if callers["left"] == callers["right"] else phrases.moved
    note = (phrases.moved_away if row.is_origin else form).format(**callers)
    return f"{note}, {phrases.along.format(count=row.below_count)}" if row.below_count else note


def outcome_text(step: Step, phrases: Phrases) -> str:
    """How a step ended, in words, short."""
    end = ending(step.call)
    words = {"returned": phrases.returned, "raised": phrases.raised}
    return shorten(f"{words.get(end.kind, phrases.unfinished)} {end.text}".strip(), MAX_VALUE_CELLS)


def parting_lines(diff: TraceDiff, phrases: Phrases) -> list[str]:
    """Where the traces part, and which value decided; empty when they do not."""
    parting = diff.parting
    if parting is None:
        return []
    step = parting.row.step
    form = phrases.parting_root if parting.caller is None else phrases.parting
    caller = "" if parting.caller is None else name(parting.caller)
    return [form.format(step=name(step), caller=caller), _deciding_line(parting.deciding, phrases)]


def _deciding_line(deciding: Deciding | None, phrases: Phrases) -> str:
    if deciding is None:
        return phrases.undecided
    texts = {
        side: shorten(clean(text), MAX_VALUE_CELLS)
        for side, text in (("left", deciding.left), ("right", deciding.right))
    }
    if deciding.left_step is None:
        return phrases.by_request.format(**texts)
    step = name(deciding.left_step)
    if deciding.what == "outcome" and deciding.right_step is not None:
        texts = {
            "left": outcome_text(deciding.left_step, phrases),
            "right": outcome_text(deciding.right_step, phrases),
        }
        return phrases.by_outcome.format(step=step, **texts)
    return phrases.by_parameter.format(step=step, name=clean(deciding.name), **texts)
