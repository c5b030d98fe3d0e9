"""Long traces for the benchmarks, made of short ones."""

from array import array
from dataclasses import replace

from flasktrace.tracer.model import Calls, Trace


def with_own_requests(trace: Trace, length: int) -> Trace:
    """The trace, of stretches of so many calls, with requests of its own in each stretch."""
    calls, count = trace.calls, max(request.id for request in trace.requests)
    calls.request_id = array(
        "i", [number and number + i // length * count for i, number in enumerate(calls.request_id)]
    )
    turns = len(calls) // length + 1
    trace.requests = [
        replace(each, id=each.id + turn * count) for turn in range(turns) for each in trace.requests
    ]
    return trace


def repeated(trace: Trace, count: int) -> Trace:
    """The trace with its calls again and again, each time with new ids and later."""
    source, calls = trace.calls, Calls()
    calls.details, calls.outcomes, calls.phases = source.details, source.outcomes, source.phases
    length, span_ns = len(source), max(source.end_ns) + 1
    for name in (
        "function_id",
        "thread_id",
        "request_id",
        "depth",
        "call_line",
        "phase",
        "detail",
        "outcome",
    ):
        column = getattr(source, name)
        setattr(calls, name, array(column.typecode, (column * (count // length + 1))[:count]))
    last_id = max(source.id)
    for i in range(count):
        turn, at = divmod(i, length)
        parent_id = source.parent_id[at]
        calls.id.append(source.id[at] + turn * last_id)
        calls.parent_id.append(parent_id and parent_id + turn * last_id)
        calls.start_ns.append(source.start_ns[at] + turn * span_ns)
        calls.end_ns.append(source.end_ns[at] + turn * span_ns)
    return Trace(trace.metadata, trace.threads, trace.requests, trace.functions, calls)
