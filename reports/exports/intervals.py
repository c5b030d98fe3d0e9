"""Times that nest strictly, for formats whose events form a stack in each thread.

A suspended generator stays open while its caller goes on, so its call overlaps the caller's next ones. A
stack has no room for that: here such a call ends where the next one begins.
"""

from array import array

from flasktrace.tracer.model import Calls


def nested_ends(calls: Calls) -> "array[int]":
    """The end of each call in ns, by position, cut so that calls of a thread nest or follow one another."""
    ends = array("q", calls.end_ns)
    open_by_thread: dict[int, list[int]] = {}
    for i in range(len(calls)):
        stack = open_by_thread.setdefault(calls.thread_id[i], [])
        start_ns = calls.start_ns[i]
        ancestors = _ancestors(calls, i, stack)
        while stack and stack[-1] not in ancestors:
            closed = stack.pop()
            ends[closed] = min(ends[closed], start_ns)
        if stack:
            ends[i] = min(ends[i], ends[stack[-1]])
        ends[i] = max(ends[i], start_ns)
        stack.append(i)
    return ends


def _ancestors(calls: Calls, position: int, stack: list[int]) -> set[int]:
    """The nearest ancestor that is open, in a set; empty without one."""
    if stack and calls.parent_id[position] == calls.id[stack[-1]]:
        return {stack[-1]}  # the usual case, without a search
    is_open = set(stack)
    parent_id = calls.parent_id[position]
    while parent_id:
        parent = calls.index_of(parent_id)
        if parent in is_open:
            return {parent}
        parent_id = calls.parent_id[parent]
    return set()
