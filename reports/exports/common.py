"""What several exporters need."""

import json
from collections.abc import Iterable
from typing import IO

from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Call, Raised, Returned, Trace, Unfinished


def trace_of(source: Trace | FoldedTrace) -> Trace:
    """The trace itself; these formats have folding of their own."""
    return source if isinstance(source, Trace) else source.trace


def dumps(value: object) -> str:
    """JSON in ASCII: text of the traced program may hold what no encoding can write."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def write_items(stream: IO[str], items: Iterable[object]) -> None:
    """The items of a JSON list, a line each; the brackets are the caller's."""
    separator = "\n"
    for item in items:
        stream.write(separator + dumps(item))
        separator = ",\n"


def call_arguments(call: Call) -> dict[str, str]:
    """Parameters, receiver and outcome of a call as short texts, for a viewer's table."""
    shown = {clean(value.name or f"arg{i}"): clean(value.text) for i, value in enumerate(call.parameters)}
    if call.receiver is not None:
        shown["called on"] = clean(call.receiver.class_name)
    outcome = call.outcome
    if isinstance(outcome, Raised):
        shown["raised"] = clean(f"{outcome.class_name}: {outcome.text}")
    elif isinstance(outcome, Unfinished):
        shown["outcome"] = "unfinished"
    elif isinstance(outcome, Returned) and outcome.value is not None:
        shown["returned"] = clean(outcome.value.text)
    return shown
