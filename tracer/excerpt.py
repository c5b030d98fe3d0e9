"""One request out of a long trace: what :func:`.query.request` gives, with no more read than that."""

from dataclasses import replace

from flasktrace.tracer.model import Trace
from flasktrace.tracer.paging import TraceFile

MAX_CALLS = 20_000
"""A request of more calls is found faster by reading the trace whole."""


def read_request(file: TraceFile, request_id: int) -> Trace | None:
    """Read the calls of a request, in whatever thread.

    Returns:
        The trace, whose ``unread_count`` tells of the others; None when it is to be read whole.

    Raises:
        TraceError: the file is damaged.
    """
    ids = file.ids_of_request(request_id, MAX_CALLS + 1)
    if request_id not in file.requests or len(ids) > MAX_CALLS:
        return None
    trace, kept = file.empty_trace(), set(ids)
    trace.requests = [file.requests[request_id]]
    depths: dict[int | None, int] = {None: -1}
    for call_id in ids:
        call = file.call(call_id)
        parent_id = _nearest(file, kept, call.parent_id)
        depths[call_id] = depths[parent_id] + 1
        trace.calls.append(replace(call, parent_id=parent_id, depth=depths[call_id]))
    threads = set(trace.calls.thread_id)
    trace.threads = [
        replace(thread, started_by=_nearest(file, kept, thread.started_by) if thread.id in threads else None)
        for thread in trace.threads
    ]
    trace.markers = file.markers_of(ids)
    trace.unread_count = file.call_count - len(ids)
    trace.validate()
    return trace


def _nearest(file: TraceFile, kept: set[int], call_id: int | None) -> int | None:
    """The call itself, else the nearest above it that is kept."""
    while call_id is not None and call_id not in kept:
        call_id = file.call(call_id).parent_id
    return call_id
