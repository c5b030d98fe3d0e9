"""Tells the requests apart in a recording that sent none itself, as with Flask's test client.

A request begins with the outermost call of the app; its method and path come from the first snapshot of
the context stacks under it, its status from ``start_response``.
"""

import re
from array import array
from collections.abc import Mapping

from flasktrace.tracer.model import Request, Trace

_APP_CALLS = frozenset({"Flask.__call__", "Flask.wsgi_app"})
_METHOD = re.compile(r"'REQUEST_METHOD': '(\w+)'")
_PATH = re.compile(r"'PATH_INFO': '([^']*)'")
_STATUS = re.compile(r"'(\d{3})\b")


def find_requests(trace: Trace) -> tuple[list[Request], list[int]]:
    """Number the requests and note each call's; what was numbered already stays.

    Returns:
        The requests, and the positions of the calls whose request was filled in.
    """
    calls = trace.calls
    begins = {
        key for key, f in trace.functions.items() if f.module == "flask.app" and f.qualname in _APP_CALLS
    }
    answers = {key for key, f in trace.functions.items() if f.qualname.endswith(".start_response")}
    first_id = calls.id[0] if len(calls) else 1
    numbers: array[int] = array("i", bytes(4 * len(calls)))
    filled: list[int] = []
    requests: list[Request] = []
    for i, parent_id in enumerate(calls.parent_id):
        number = numbers[parent_id - first_id] if parent_id else 0
        if not number and calls.function_id[i] in begins:
            number = len(requests) + 1
            requests.append(_named_by_environ(trace, i, number))
        if number and calls.function_id[i] in answers:
            requests[number - 1] = _answered(requests[number - 1], trace, i)
        numbers[i] = number
        if number and calls.request_id[i] != number:
            calls.request_id[i] = number
            filled.append(i)
    for marker in trace.markers:
        number = numbers[marker.call_id - first_id] if marker.kind == "state" and marker.call_id else 0
        if number and not requests[number - 1].method:
            requests[number - 1] = _shown(requests[number - 1], marker.data)
    return [_with_a_name(request) for request in requests], filled


def _named_by_environ(trace: Trace, position: int, number: int) -> Request:
    for value in trace.calls[position].parameters:
        if value.name == "environ":
            method, path = _METHOD.search(value.text), _PATH.search(value.text)
            if method and path:
                return Request(number, method[1], path[1])
    return Request(number, "", "")


def _shown(request: Request, state: Mapping[str, object]) -> Request:
    stack = state.get("request_stack")
    if not isinstance(stack, list) or not stack:
        return request
    method, _, target = str(stack[-1].get("shows", "")).partition(" ")
    return Request(request.id, method, target, request.status)


def _answered(request: Request, trace: Trace, position: int) -> Request:
    for value in trace.calls[position].parameters:
        status = _STATUS.match(value.text) if value.name == "status" else None
        if status:
            return Request(request.id, request.method, request.target, int(status[1]))
    return request


def _with_a_name(request: Request) -> Request:
    if request.method:
        return request
    return Request(request.id, "request", str(request.id), request.status)
