"""The comparison as JSON, format "flasktrace-diff" version 1, a row a line."""

import json
from typing import IO

from flasktrace.reports.diff.compare import Change, Deciding, DiffRow, Parting, TraceDiff
from flasktrace.reports.folded import Step

FORMAT = "flasktrace-diff"
VERSION = 1

Json = dict[str, object]


def write_diff_json(diff: TraceDiff, stream: IO[str]) -> None:
    """Write the comparison; steps are named by their number and by the call's id in its own trace."""
    head: Json = {
        "format": FORMAT,
        "version": VERSION,
        "left": diff.left_name,
        "right": diff.right_name,
        "is_different": diff.is_different,
        "counts": {change.value: diff.counts.get(change, 0) for change in Change},
        "parting": None if diff.parting is None else _parting(diff.parting),
    }
    stream.write(json.dumps(head)[:-1] + ',\n"rows": [')
    separator = "\n"
    for row in diff.rows:
        stream.write(separator + json.dumps(_row(row)))
        separator = ",\n"
    stream.write("]}\n")


def _row(row: DiffRow) -> Json:
    data: Json = {
        "change": row.change.value,
        "depth": row.depth,
        "left": _step(row.left),
        "right": _step(row.right),
    }
    if row.folded_count:
        data["folded_count"] = row.folded_count
    if row.change is Change.MOVED:
        data["is_origin"] = row.is_origin
        data["below_count"] = row.below_count
        data["left_caller"] = _step(row.left_caller)
        data["right_caller"] = _step(row.right_caller)
    return data


def _step(step: Step | None) -> Json | None:
    if step is None:
        return None
    function = step.function
    return {
        "number": step.number,
        "call_id": step.call.id,
        "module": function.module,
        "qualname": function.qualname,
        "repeat_count": step.repeat_count,
    }


def _parting(parting: Parting) -> Json:
    return {
        "row": _row(parting.row),
        "caller": _step(parting.caller),
        "deciding": None if parting.deciding is None else _deciding(parting.deciding),
    }


def _deciding(deciding: Deciding) -> Json:
    return {
        "what": deciding.what,
        "name": deciding.name,
        "left": deciding.left,
        "right": deciding.right,
        "left_step": _step(deciding.left_step),
        "right_step": _step(deciding.right_step),
    }
