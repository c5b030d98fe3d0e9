"""The comparison as a table in Markdown, for pages that tell what changed from one version to the next."""

from typing import IO

from flasktrace.reports.diff.compare import Change, DiffRow, TraceDiff
from flasktrace.reports.folded import Step
from flasktrace.reports.text import clean

_WORDS = {
    "en": {
        "head": ("What", "{left}", "{right}", "Called by"),
        "summary": "{same} steps are the same; {added} are new, {removed} are gone, {moved} moved, "
        "{redefined} are defined elsewhere, {outcome} end in another way, "
        "{repeated} happen another number of times.",
        Change.REMOVED: "gone",
        Change.ADDED: "new",
        Change.MOVED: "moved",
        Change.REDEFINED: "defined elsewhere",
        Change.OUTCOME: "ends otherwise",
        Change.REPEATED: "another number of times",
    },
    "zh": {
        "head": ("变化", "{left}", "{right}", "调用者"),
        "summary": "{same} 个步骤相同；{added} 个新增，{removed} 个消失，{moved} 个移动，"
        "{redefined} 个换了定义处，{outcome} 个结果不同，{repeated} 个次数不同。",
        Change.REMOVED: "消失",
        Change.ADDED: "新增",
        Change.MOVED: "移动",
        Change.REDEFINED: "换了定义处",
        Change.OUTCOME: "结果不同",
        Change.REPEATED: "次数不同",
    },
}


def write_diff_markdown(diff: TraceDiff, stream: IO[str], language: str = "en") -> None:
    """Write a row for each step that changed, in order; one that comes again is told once.

    Args:
        diff: what to write.
        stream: where to.
        language: "en" or "zh".
    """
    words = _WORDS["zh" if language.lower().startswith("zh") else "en"]
    heads = [_escaped(head.format(left=diff.left_name, right=diff.right_name)) for head in words["head"]]
    stream.write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    told: set[tuple[str, ...]] = set()
    for row in diff.rows:
        if row.change is Change.SAME or row.is_origin:
            continue
        cells = (str(words[row.change]), *_cells(row))
        if cells not in told:
            told.add(cells)
            stream.write(f"| {' | '.join(cells)} | {_name(diff.caller_of(row))} |\n")
    counts = {change.value: diff.counts.get(change, 0) for change in Change}
    stream.write("\n" + str(words["summary"]).format(**counts) + "\n")


def _cells(row: DiffRow) -> tuple[str, str]:
    if row.change is Change.MOVED:
        return _under(row.left, row.left_caller), _under(row.right, row.right_caller)
    if row.change is Change.REPEATED and row.left is not None and row.right is not None:
        counts = (row.left.repeat_count, row.right.repeat_count)
        return f"{_name(row.left)} ×{counts[0]}", f"{_name(row.right)} ×{counts[1]}"
    return _name(row.left), _name(row.right)


def _under(step: Step | None, caller: Step | None) -> str:
    return f"{_name(step)} ← {_name(caller)}"


def _name(step: Step | None) -> str:
    return "" if step is None else f"`{clean(step.function.dotted_name).replace('`', '')}`"


def _escaped(text: str) -> str:
    return clean(text).replace("|", "\\|").replace("`", "")
