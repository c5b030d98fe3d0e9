"""AppMap: its code viewers draw maps and diagrams of it. https://github.com/getappmap/appmap"""

from array import array
from collections.abc import Iterator
from typing import IO

from flasktrace.reports.exports.common import dumps, trace_of, write_items
from flasktrace.reports.exports.intervals import nested_ends
from flasktrace.reports.folded import FoldedTrace
from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Raised, Returned, Trace, Value

VERSION = "1.12.0"
MAX_VALUE_CHARS = 100
"""Its schema refuses longer values."""

Item = dict[str, object]


def write_appmap(source: Trace | FoldedTrace, stream: IO[str]) -> None:
    """Write every call of the trace, as a call event and a return event."""
    trace = trace_of(source)
    metadata: Item = {
        "name": clean(trace.metadata.scenario) or "flasktrace",
        "client": {"name": "flasktrace", "url": "urn:flasktrace"},
        "language": {"name": "python", "version": clean(trace.metadata.python_version) or "3"},
        "recorder": {"name": "flasktrace", "type": "process"},
    }
    stream.write(f'{{"version": "{VERSION}",\n"metadata": {dumps(metadata)},\n"classMap": [')
    write_items(stream, _packages(trace))
    stream.write('],\n"events": [')
    write_items(stream, _events(trace))
    stream.write("]}\n")


def _names(function: Function) -> tuple[str, str, str]:
    """Package, class and function: of a function outside of classes, its module is the class."""
    module = clean(function.module) or "unknown"
    owner, _, name = clean(function.qualname).rpartition(".")
    if owner:
        return module, owner, name
    package, _, last = module.rpartition(".")
    return package or module, last or module, name or "unknown"


def _defined_class(function: Function) -> str:
    package, owner, _ = _names(function)
    return f"{package}.{owner}"


def _packages(trace: Trace) -> Iterator[Item]:
    packages: dict[str, dict[str, list[Item]]] = {}
    for function in trace.functions.values():
        package, owner, name = _names(function)
        location = f"{clean(function.file_path)}:{function.line_number}"
        entry: Item = {"type": "function", "name": name, "location": location, "static": False}
        packages.setdefault(package, {}).setdefault(owner, []).append(entry)
    for package, classes in packages.items():
        children = [
            {"type": "class", "name": name, "children": functions} for name, functions in classes.items()
        ]
        yield {"type": "package", "name": package, "children": children}


def _events(trace: Trace) -> Iterator[Item]:
    """Calls in order of start, each call's return before the next event of its thread that is outside."""
    calls, ends = trace.calls, nested_ends(trace.calls)
    stacks: dict[int, list[tuple[int, int]]] = {}  # by thread: position and event id
    event_id = 0
    for position in range(len(calls)):
        stack = stacks.setdefault(calls.thread_id[position], [])
        start_ns, parent_id = calls.start_ns[position], calls.parent_id[position]
        # Of two calls that end together, or in no time at all, the inner one has to be closed first.
        while stack and calls.id[stack[-1][0]] != parent_id and ends[stack[-1][0]] <= start_ns:
            event_id += 1
            yield _returned(trace, *stack.pop(), event_id, ends)
        event_id += 1
        stack.append((position, event_id))
        yield _called(trace, position, event_id)
    for stack in stacks.values():
        while stack:
            event_id += 1
            yield _returned(trace, *stack.pop(), event_id, ends)


def _called(trace: Trace, position: int, event_id: int) -> Item:
    call = trace.calls[position]
    function = trace.functions[call.function_id]
    event: Item = {"id": event_id, "event": "call", "thread_id": call.thread_id}
    event |= {"defined_class": _defined_class(function), "method_id": _names(function)[2]}
    event |= {"path": clean(function.file_path), "lineno": function.line_number, "static": False}
    if call.receiver is not None:
        event["receiver"] = _value(call.receiver)
    event["parameters"] = [{"name": clean(v.name), "kind": "req", **_value(v)} for v in call.parameters]
    return event


def _returned(trace: Trace, position: int, call_event_id: int, event_id: int, ends: "array[int]") -> Item:
    call = trace.calls[position]
    event: Item = {"id": event_id, "event": "return", "thread_id": call.thread_id}
    event |= {"parent_id": call_event_id, "elapsed": (ends[position] - call.start_ns) / 1e9}
    outcome = call.outcome
    if isinstance(outcome, Raised):
        raised: Item = {"class": clean(outcome.class_name), "message": clean(outcome.text)}
        event["exceptions"] = [{**raised, "object_id": 0}]
    elif isinstance(outcome, Returned) and outcome.value is not None:
        event["return_value"] = _value(outcome.value)
    return event


def _value(value: Value) -> Item:
    text = clean(value.text)
    if len(text) > MAX_VALUE_CHARS:
        text = text[: MAX_VALUE_CHARS - 1] + "…"
    return {"class": clean(value.class_name), "object_id": value.object_id, "value": text}
