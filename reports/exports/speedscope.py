"""speedscope's own format: an evented profile a thread. https://www.speedscope.app/file-format-schema.json"""

from collections.abc import Iterator
from typing import IO

from flasktrace.reports.exports.common import dumps, trace_of, write_items
from flasktrace.reports.exports.intervals import nested_ends
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Trace

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def write_speedscope(source: Trace | FoldedTrace, stream: IO[str]) -> None:
    """Write every call of the trace; threads without a call are left out, as speedscope wants events."""
    trace = trace_of(source)
    frame_of = {key: position for position, key in enumerate(trace.functions)}
    stream.write(f'{{"$schema": "{SCHEMA}",\n"exporter": "flasktrace",\n')
    stream.write(f'"name": {dumps(clean(trace.metadata.scenario) or "flasktrace")},\n')
    stream.write('"activeProfileIndex": 0,\n"shared": {"frames": [')
    write_items(stream, _frames(trace))
    stream.write(']},\n"profiles": [')
    positions: dict[int, list[int]] = {}
    for position, thread_id in enumerate(trace.calls.thread_id):
        positions.setdefault(thread_id, []).append(position)
    ends = nested_ends(trace.calls)
    separator = "\n"
    for thread in trace.threads:
        if thread.id not in positions:
            continue
        own = positions[thread.id]
        start_ns = trace.calls.start_ns[own[0]]
        end_ns = max(ends[position] for position in own)
        head = {"type": "evented", "name": clean(thread.name), "unit": "nanoseconds"}
        head_text = dumps({**head, "startValue": start_ns, "endValue": end_ns})
        stream.write(f'{separator}{head_text[:-1]}, "events": [')
        write_items(stream, _events(trace, own, list(ends), frame_of))
        stream.write("]}")
        separator = ",\n"
    stream.write("]}\n")


def _frames(trace: Trace) -> Iterator[dict[str, object]]:
    for function in trace.functions.values():
        yield {
            "name": clean(function.dotted_name),
            "file": clean(function.file_path),
            "line": function.line_number,
        }


def _events(
    trace: Trace, positions: list[int], ends: list[int], frame_of: dict[int, int]
) -> Iterator[dict[str, object]]:
    calls = trace.calls
    stack: list[int] = []

    def close() -> dict[str, object]:
        position = stack.pop()
        return {"type": "C", "frame": frame_of[calls.function_id[position]], "at": ends[position]}

    for position in positions:
        start_ns = calls.start_ns[position]
        # Of two calls that end together, or in no time at all, the inner one has to be closed first.
        parent_id = calls.parent_id[position]
        while stack and calls.id[stack[-1]] != parent_id and ends[stack[-1]] <= start_ns:
            yield close()
        yield {"type": "O", "frame": frame_of[calls.function_id[position]], "at": start_ns}
        stack.append(position)
    while stack:
        yield close()
