"""Tells the requests apart in a recording that sent none itself, as with Flask's test client.

A request begins with the outermost call of the app; its method and path are in the environ it is given, else
in the first snapshot of the context stacks under it, its status is what ``start_response`` is given.
"""

import re
from collections.abc import Mapping, Sequence

from flasktrace.tracer.model import Request, Value

APP_CALLS = frozenset({"Flask.__call__", "Flask.wsgi_app"})
_METHOD = re.compile(r"'REQUEST_METHOD': '(\w+)'")
_PATH = re.compile(r"'PATH_INFO': '([^']*)'")
_STATUS = re.compile(r"'(\d{3})\b")


class RequestFinder:
    """Numbers the requests as they begin, and names them as far as is known.

    Attributes:
        requests: so far, in order of their ids, which begin with 1.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._unnamed: set[int] = set()

    def begin(self, parameters: Sequence[Value]) -> int:
        """The outermost call of an app begins; gives the request's id."""
        number = len(self.requests) + 1
        for value in parameters:
            if value.name == "environ":
                method, path = _METHOD.search(value.text), _PATH.search(value.text)
                if method and path:
                    self.requests.append(Request(number, method[1], path[1]))
                    return number
        self.requests.append(Request(number, "request", str(number)))
        self._unnamed.add(number)
        return number

    def on_state(self, number: int, state: Mapping[str, object]) -> None:
        """What the context stacks hold in a call of this request; 0 for none."""
        stack = state.get("request_stack")
        if number in self._unnamed and isinstance(stack, list) and stack:
            method, _, target = str(stack[-1].get("shows", "")).partition(" ")
            if method:
                self._unnamed.remove(number)
                self.requests[number - 1] = Request(number, method, target, self.requests[number - 1].status)

    def on_answer(self, number: int, parameters: Sequence[Value]) -> None:
        """The request is answered."""
        for value in parameters:
            status = _STATUS.match(value.text) if value.name == "status" else None
            if status and number <= len(self.requests):
                request = self.requests[number - 1]
                self.requests[number - 1] = Request(number, request.method, request.target, int(status[1]))
