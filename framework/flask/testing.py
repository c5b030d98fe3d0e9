"""Sending requests to an application without a server, and running its commands.

Place in the pipeline: in the server's place. ``Flask.test_client`` makes a :class:`FlaskClient`, whose
``open`` builds an environ and calls the application as the server would.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

import flasktrace.framework.werkzeug as werkzeug
from flasktrace.framework.werkzeug.test import Client
from flasktrace.framework.werkzeug.test import EnvironBuilder as BaseEnvironBuilder
from flasktrace.framework.werkzeug.urls import url_parse

from .cli import ScriptInfo
from .globals import _request_ctx_stack
from .json import dumps as json_dumps

if TYPE_CHECKING:
    from .app import Flask


class EnvironBuilder(BaseEnvironBuilder):
    """Builds a WSGI environ with the host, root path and scheme of an application's settings.

    Args:
        app: the application.
        path: the URL, or its path.
        base_url: scheme, host and root path; it excludes the next two.
        subdomain: goes in front of ``SERVER_NAME``.
        url_scheme: in place of ``PREFERRED_URL_SCHEME``.
        args: with ``kwargs``, for :class:`werkzeug.test.EnvironBuilder`.
    """

    def __init__(
        self,
        app: "Flask",
        path: Any = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        assert not base_url or not (subdomain or url_scheme), (
            'Cannot pass "subdomain" or "url_scheme" with "base_url".'
        )
        if base_url is None:
            host = app.config.get("SERVER_NAME") or "localhost"
            root = app.config["APPLICATION_ROOT"].lstrip("/")
            scheme = app.config["PREFERRED_URL_SCHEME"] if url_scheme is None else url_scheme
            url = url_parse(path)
            host = f"{subdomain}.{host}" if subdomain else host
            base_url = f"{url.scheme or scheme}://{url.netloc or host}/{root}"
            separator = b"?" if isinstance(url.query, bytes) else "?"
            path = url.path + separator + url.query if url.query else url.path
        self.app = app
        super().__init__(path, base_url, *args, **kwargs)

    def json_dumps(self, obj: Any, **kwargs: Any) -> Any:
        """Write JSON as the application does."""
        kwargs.setdefault("app", self.app)
        return json_dumps(obj, **kwargs)


def make_test_environ_builder(*args: Any, **kwargs: Any) -> EnvironBuilder:
    """Deprecated: use :class:`EnvironBuilder`."""
    warnings.warn(
        '"make_test_environ_builder()" is deprecated and will be removed in 2.0. Construct'
        ' "flask.testing.EnvironBuilder" directly instead.',
        DeprecationWarning,
        stacklevel=2,
    )
    return EnvironBuilder(*args, **kwargs)


class FlaskClient(Client):
    """A browser for tests. In a ``with`` statement the last request's context stays until the end."""

    application: Any
    preserve_context = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agent = f"werkzeug/{werkzeug.__version__}"
        self.environ_base = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": agent}

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Open the session that the next request will see, to read or change it; saved at the end.

        The arguments are those of ``test_request_context``.

        Raises:
            RuntimeError: the client keeps no cookies, or the application has no sessions.
        """
        if self.cookie_jar is None:
            raise RuntimeError("Session transactions only make sense with cookies enabled.")
        app = self.application
        self.cookie_jar.inject_wsgi(kwargs.setdefault("environ_overrides", {}))
        callers_context = _request_ctx_stack.top
        with app.test_request_context(*args, **kwargs) as ctx:
            interface, request = app.session_interface, ctx.request
            opened = interface.open_session(app, request)
            if opened is None:
                raise RuntimeError("Session backend did not open a session. Check the configuration")

            # The test's own context goes on top: the made-up request here is nobody else's business.
            _request_ctx_stack.push(callers_context)
            try:
                yield opened
            finally:
                _request_ctx_stack.pop()

            response = app.response_class()
            if not interface.is_null_session(opened):
                interface.save_session(app, opened, response)
            headers = response.get_wsgi_headers(request.environ)
            self.cookie_jar.extract_wsgi(request.environ, headers)

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; the arguments are those of :class:`EnvironBuilder`, or one builder or environ.

        ``as_tuple``, ``buffered`` and ``follow_redirects`` are those of :class:`werkzeug.test.Client`.
        """
        names = ("as_tuple", "buffered", "follow_redirects")
        how = {name: kwargs.pop(name, False) for name in names}
        only = args[0] if len(args) == 1 and not kwargs else None
        if isinstance(only, BaseEnvironBuilder | dict):
            given = only if isinstance(only, dict) else only.get_environ()
            environ = {**self.environ_base, **given, "flask._preserve_context": self.preserve_context}
            return Client.open(self, environ, **how)

        overrides = kwargs.setdefault("environ_overrides", {})
        overrides["flask._preserve_context"] = self.preserve_context
        kwargs.setdefault("environ_base", self.environ_base)
        request = EnvironBuilder(self.application, *args, **kwargs)
        try:
            environ = request.get_environ()
        finally:
            request.close()
        return Client.open(self, environ, **how)

    def __enter__(self) -> "FlaskClient":
        if self.preserve_context:
            raise RuntimeError("Cannot nest client invocations")
        self.preserve_context = True
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.preserve_context = False
        # Usually one context is left; a view that used a client itself leaves more.
        top = _request_ctx_stack.top
        while top is not None and top.preserved:
            top.pop()
            top = _request_ctx_stack.top


class FlaskCliRunner(CliRunner):
    """Runs an application's commands in this process and gives what they printed."""

    def __init__(self, app: "Flask", **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: Any = None, args: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Run a command.

        Args:
            cli: the command; by default the application's group.
            args: its arguments, as a list or a string.
            kwargs: for :meth:`click.testing.CliRunner.invoke`.
        """
        command = self.app.cli if cli is None else cli
        if "obj" not in kwargs:
            kwargs["obj"] = ScriptInfo(create_app=lambda: self.app)
        return super().invoke(command, args, **kwargs)
