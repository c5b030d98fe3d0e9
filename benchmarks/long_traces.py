"""Long traces for the benchmarks, made of short ones."""

from array import array
from dataclasses import replace

from flasktrace.tracer.model import Calls, Trace


def repeated(trace: Trace, count: int) -> Trace:
    """The trace with its calls again and again, each time later, in new threads and requests."""
    source, calls = trace.calls, Calls()
    calls.details, calls.outcomes, calls.phases = source.details, source.outcomes, source.phases
    length, span_ns, last_id = len(source), max(source.end_ns) + 1, max(source.id)
    turns = -(-count // length)
    for name in ("function_id", "depth", "call_line", "phase", "detail", "outcome"):
        column = getattr(source, name)
        setattr(calls, name, array(column.typecode, (column * turns)[:count]))
    last_thread = max(thread.id for thread in trace.threads)
    is_started = {thread.id: thread.started_by is not None for thread in trace.threads}
    last_request = max((request.id for request in trace.requests), default=0)
    for i in range(count):
        turn, at = divmod(i, length)
        parent_id, request_id = source.parent_id[at], source.request_id[at]
        calls.id.append(source.id[at] + turn * last_id)
        calls.parent_id.append(parent_id and parent_id + turn * last_id)
        thread_id = source.thread_id[at]
        calls.thread_id.append(thread_id + turn * last_thread * is_started[thread_id])
        calls.request_id.append(request_id and request_id + turn * last_request)
        calls.start_ns.append(source.start_ns[at] + turn * span_ns)
        calls.end_ns.append(source.end_ns[at] + turn * span_ns)
    found = Trace(trace.metadata, functions=trace.functions, calls=calls)
    for turn in range(turns):
        for thread in trace.threads:
            if thread.started_by is not None:
                started_by = thread.started_by + turn * last_id
                if started_by <= calls.id[-1]:  # the last copy is mostly cut
                    found.threads.append(
                        replace(thread, id=thread.id + turn * last_thread, started_by=started_by)
                    )
            elif not turn:
                found.threads.append(thread)
        found.requests += [replace(each, id=each.id + turn * last_request) for each in trace.requests]
        for marker in trace.markers:
            call_id = (marker.call_id or 0) + turn * last_id
            if call_id <= calls.id[-1]:
                time_ns = marker.time_ns + turn * span_ns
                number = len(found.markers) + 1
                found.markers.append(replace(marker, id=number, call_id=call_id, time_ns=time_ns))
    return found
