"""The two context stacks, and the four names that look at their tops.

Place in the pipeline: ``RequestContext.push`` and ``AppContext.push`` put themselves on these stacks,
``pop`` takes them off. A view that says ``request.args`` reaches the top request context through the
proxy ``request``: nothing is handed from function to function, which is why views need no arguments.
"""

from functools import partial
from typing import Any

from flasktrace.framework.werkzeug.local import LocalProxy, LocalStack

_request_ctx_err_msg = """\
Working outside of request context.

This code needs an HTTP request that is being handled right now, and there is none in this thread. In a
test or a shell, make one with app.test_request_context() or send one with app.test_client()."""

_app_ctx_err_msg = """\
Working outside of application context.

This code needs to know which application is running, and none is in this thread. Put the code into a
"with app.app_context():" block."""


def _lookup_req_object(name: str) -> Any:
    top = _request_ctx_stack.top
    if top is None:
        raise RuntimeError(_request_ctx_err_msg)
    return getattr(top, name)


def _lookup_app_object(name: str) -> Any:
    top = _app_ctx_stack.top
    if top is None:
        raise RuntimeError(_app_ctx_err_msg)
    return getattr(top, name)


def _find_app() -> Any:
    top = _app_ctx_stack.top
    if top is None:
        raise RuntimeError(_app_ctx_err_msg)
    return top.app


_app_ctx_stack = LocalStack()
_request_ctx_stack = LocalStack()

# LocalProxy answers for any attribute, so a type checker is told Any.
current_app: Any = LocalProxy(_find_app)
g: Any = LocalProxy(partial(_lookup_app_object, "g"))
request: Any = LocalProxy(partial(_lookup_req_object, "request"))
session: Any = LocalProxy(partial(_lookup_req_object, "session"))
