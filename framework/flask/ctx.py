"""The application context and the request context: what is known while code runs for one request.

Place in the pipeline: ``Flask.wsgi_app`` makes a :class:`RequestContext`, pushes it, dispatches the
request and lets it pop itself. Pushing is where the session is opened and the URL is matched, so both
are done before any hook or view runs.
"""

import sys
from collections.abc import Callable, Iterator
from functools import update_wrapper
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from flasktrace.framework.werkzeug.exceptions import HTTPException

from .globals import _app_ctx_stack, _request_ctx_stack
from .signals import appcontext_popped, appcontext_pushed

if TYPE_CHECKING:
    from .app import Flask

_F = TypeVar("_F", bound=Callable[..., Any])

# Tells "no argument" from None, which means "no exception".
_sentinel: Any = object()


class _AppCtxGlobals:
    """The object behind ``g``: attributes that live as long as the application context."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Give the attribute ``name``, or ``default`` when it was not set."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = _sentinel) -> Any:
        """Remove the attribute ``name`` and give it back, else ``default``, else raise KeyError."""
        arguments = (name,) if default is _sentinel else (name, default)
        return self.__dict__.pop(*arguments)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Give the attribute ``name``; set it to ``default`` first when it is missing."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        top = _app_ctx_stack.top
        return object.__repr__(self) if top is None else f"<flask.g of {top.app.name!r}>"


def after_this_request(f: _F) -> _F:
    """Have ``f`` called with the response of this request only, before the ``after_request`` hooks."""
    _request_ctx_stack.top._after_request_functions.append(f)
    return f


def copy_current_request_context(f: _F) -> _F:
    """Wrap ``f`` so that it sees this request in whatever thread or greenlet it runs.

    Raises:
        RuntimeError: no request is being handled.
    """
    top = _request_ctx_stack.top
    if top is None:
        raise RuntimeError(
            "This decorator can only be used at local scopes when a request context is on the stack,"
            " for instance within view functions."
        )
    # The copy is made now, in the thread that has the request, not when the wrapper runs.
    duplicate = top.copy()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with duplicate:
            return f(*args, **kwargs)

    return update_wrapper(wrapper, f)  # type: ignore[return-value]


def has_request_context() -> bool:
    """Tell whether ``request`` and ``session`` can be used here."""
    return _request_ctx_stack.top is not None


def has_app_context() -> bool:
    """Tell whether ``current_app`` and ``g`` can be used here."""
    return _app_ctx_stack.top is not None


class AppContext:
    """Which application is running, with its ``g``. Made and pushed by ``RequestContext.push``."""

    def __init__(self, app: "Flask") -> None:
        self.app = app
        self.url_adapter = app.create_url_adapter(None)
        self.g = app.app_ctx_globals_class()
        # The same context may be pushed several times; only the last pop tears down.
        self._refcnt = 0

    # Reading path, step 12. Next: LocalStack.push, werkzeug/local.py.
    def push(self) -> None:
        """Make this the context that ``current_app`` and ``g`` speak of."""
        self._refcnt += 1
        _app_ctx_stack.push(self)
        appcontext_pushed.send(self.app)

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Take the context off the stack and run the ``teardown_appcontext`` functions."""
        try:
            self._refcnt -= 1
            if self._refcnt <= 0:
                self.app.do_teardown_appcontext(sys.exc_info()[1] if exc is _sentinel else exc)
        finally:
            popped = _app_ctx_stack.pop()
        assert popped is self, f"Popped wrong app context.  ({popped!r} instead of {self!r})"
        appcontext_popped.send(self.app)

    def __enter__(self) -> "AppContext":
        self.push()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.pop(exc_value)


class RequestContext:
    """One request: its request object, session, URL adapter and matched rule.

    Args:
        app: the application that handles it.
        environ: the WSGI environ.
        request: an existing request object, when the context is a copy.
        session: likewise; otherwise :meth:`push` opens one.
    """

    # Reading path, step 10. Next: RequestContext.push, flask/ctx.py.
    def __init__(
        self, app: "Flask", environ: dict[str, Any], request: Any = None, session: Any = None
    ) -> None:
        self.app = app
        self.request = app.request_class(environ) if request is None else request
        self.url_adapter: Any = None
        try:
            self.url_adapter = app.create_url_adapter(self.request)
        except HTTPException as problem:
            self.request.routing_exception = problem
        self.session = session
        self.flashes: list[tuple[str, str]] | None = None
        self.preserved = False
        self._preserved_exc: BaseException | None = None
        self._after_request_functions: list[Callable[[Any], Any]] = []
        # One entry per push of this context: the app context that push had to make, or None.
        self._implicit_app_ctx_stack: list[AppContext | None] = []

    @property
    def g(self) -> Any:
        """The ``g`` of the application context that is on top."""
        return _app_ctx_stack.top.g

    @g.setter
    def g(self, value: Any) -> None:
        _app_ctx_stack.top.g = value

    def copy(self) -> "RequestContext":
        """Make a context for the same request object and session, to be pushed elsewhere."""
        return self.__class__(
            self.app, environ=self.request.environ, request=self.request, session=self.session
        )

    # Reading path, step 15. Next: MapAdapter.match, werkzeug/routing.py.
    def match_request(self) -> None:
        """Ask the URL map which rule fits; note the rule, or the error for ``dispatch_request`` to raise."""
        try:
            matched = self.url_adapter.match(return_rule=True)
            self.request.url_rule, self.request.view_args = matched
        except HTTPException as problem:
            self.request.routing_exception = problem

    # Reading path, step 11. Next: AppContext.push, flask/ctx.py.
    def push(self) -> None:
        """Become the current request: app context, stack, session, then URL matching."""
        # A failed request may have been kept for the debugger or a test client; it ends here.
        left_over = _request_ctx_stack.top
        if left_over is not None and left_over.preserved:
            left_over.pop(left_over._preserved_exc)

        # "current_app" must be right before anything below can run user code.
        app_ctx = _app_ctx_stack.top
        if app_ctx is not None and app_ctx.app == self.app:
            self._implicit_app_ctx_stack.append(None)
        else:
            app_ctx = self.app.app_context()
            app_ctx.push()
            self._implicit_app_ctx_stack.append(app_ctx)
        _request_ctx_stack.push(self)

        # After the push, as opening a session may use "request". A copied context brings its own.
        if self.session is None:
            interface = self.app.session_interface
            self.session = interface.open_session(self.app, self.request)
            if self.session is None:
                self.session = interface.make_null_session(self.app)

        # After the session, so that URL converters may use it.
        if self.url_adapter is not None:
            self.match_request()

    # Reading path, step 30. Next: LocalStack.pop, werkzeug/local.py.
    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Take the context off the stack; the last pop runs the ``teardown_request`` functions."""
        app_ctx = self._implicit_app_ctx_stack.pop()
        is_last_pop = False
        try:
            if not self._implicit_app_ctx_stack:
                self.preserved, self._preserved_exc = False, None
                if exc is _sentinel:
                    exc = sys.exc_info()[1]
                self.app.do_teardown_request(exc)
                close_request = getattr(self.request, "close", None)
                if close_request is not None:
                    close_request()
                is_last_pop = True
        finally:
            popped = _request_ctx_stack.pop()
            # The environ and the request would otherwise keep each other alive.
            if is_last_pop:
                popped.request.environ["werkzeug.request"] = None
            if app_ctx is not None:
                app_ctx.pop(exc)
            assert popped is self, f"Popped wrong request context. ({popped!r} instead of {self!r})"

    # Reading path, step 29. Next: RequestContext.pop, flask/ctx.py.
    def auto_pop(self, exc: BaseException | None) -> None:
        """Pop, unless a test client or the debugger wants to look at the request afterwards."""
        asked_for = self.request.environ.get("flask._preserve_context")
        if asked_for or (exc is not None and self.app.preserve_context_on_exception):
            self.preserved = True
            self._preserved_exc = exc
        else:
            self.pop(exc)

    def __enter__(self) -> "RequestContext":
        self.push()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.auto_pop(exc_value)

    def __repr__(self) -> str:
        kind, asked = type(self).__name__, self.request
        return f"<{kind} '{asked.url}' [{asked.method}] of {self.app.name}>"
