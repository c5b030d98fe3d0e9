"""Chrome trace events, for Perfetto and ``chrome://tracing``: a slice a call, an arrow a hand-over.

The format: "Trace Event Format", JSON object form. Times are in µs there. A process that the program started
has tracks of its own.
"""

from collections.abc import Iterator, Mapping
from typing import IO

from flasktrace.reports.exports.common import call_arguments, dumps, trace_of, write_items
from flasktrace.reports.exports.intervals import nested_ends
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Trace

PROCESS_ID = 1  # of the program; those that it started have their own

Event = dict[str, object]


def write_chrome(source: Trace | FoldedTrace, stream: IO[str]) -> None:
    """Write every call of the trace, an event a line."""
    trace = trace_of(source)
    stream.write('{"displayTimeUnit": "ns",\n"otherData": ')
    stream.write(dumps({"scenario": trace.metadata.scenario, "dropped_count": trace.dropped_count}))
    stream.write(',\n"traceEvents": [')
    write_items(stream, _events(trace))
    stream.write("]}\n")


def _events(trace: Trace) -> Iterator[Event]:
    name = clean(trace.metadata.scenario) or "flasktrace"
    processes = {thread.id: thread.process_id or PROCESS_ID for thread in trace.threads}
    for process in dict.fromkeys((PROCESS_ID, *processes.values())):
        told = name if process == PROCESS_ID else f"{name} in process {process}"
        yield {"ph": "M", "pid": process, "tid": 0, "name": "process_name", "args": {"name": told}}
    for thread in trace.threads:
        base: Event = {"ph": "M", "pid": processes[thread.id], "tid": thread.id}
        yield {**base, "name": "thread_name", "args": {"name": clean(thread.name)}}
        yield {**base, "name": "thread_sort_index", "args": {"sort_index": thread.id}}
    ends = nested_ends(trace.calls)
    for position, end_ns in enumerate(ends):
        yield _slice(trace, position, end_ns, processes)
        yield from _hand_over(trace, position, processes)


def _slice(trace: Trace, position: int, end_ns: int, processes: Mapping[int, int]) -> Event:
    call = trace.calls[position]
    function = trace.functions[call.function_id]
    arguments: dict[str, object] = dict(call_arguments(call))
    arguments["source"] = clean(f"{function.file_path}:{function.line_number}")
    if call.request_id is not None:
        arguments["request"] = call.request_id
    return {
        "ph": "X",
        "pid": processes.get(call.thread_id, PROCESS_ID),
        "tid": call.thread_id,
        "ts": call.start_ns / 1_000,
        "dur": (end_ns - call.start_ns) / 1_000,
        "name": clean(function.qualname),
        "cat": function.origin.value,
        "args": arguments,
    }


def _hand_over(trace: Trace, position: int, processes: Mapping[int, int]) -> Iterator[Event]:
    """An arrow to a call that another thread's call started."""
    calls = trace.calls
    if not calls.parent_id[position]:
        return
    parent = calls.index_of(calls.parent_id[position])
    if calls.thread_id[parent] == calls.thread_id[position]:
        return
    base: Event = {"name": "hand-over", "cat": "thread", "id": calls.id[position]}
    for row, kind in ((parent, {"ph": "s"}), (position, {"ph": "f", "bp": "e"})):
        thread_id = calls.thread_id[row]
        place = {"pid": processes.get(thread_id, PROCESS_ID), "tid": thread_id}
        yield {**base, **kind, **place, "ts": calls.start_ns[row] / 1_000}
