"""The HTTP errors as exceptions, each of them a small WSGI application that shows its own error page.

In the pipeline: routing raises :exc:`NotFound` and :exc:`MethodNotAllowed`, views call :func:`abort`, and
``Flask.handle_http_exception`` returns the exception as the response. The server itself answers with
:exc:`InternalServerError` when the application fails.
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ._error_texts import ERROR_TEXTS
from ._internal import Environ, StartResponse, _get_environ
from .utils import escape

_PAGE = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>{code} {name}</title>
<h1>{name}</h1>
{description}
"""


class HTTPException(Exception):
    """The base of all HTTP errors; raise a subclass, or catch this one.

    Args:
        description: what to tell the user, in place of the class's own words. Escaped.
        response: a complete response to send instead of the error page.
    """

    code: int | None = None
    description: Any = None

    def __init__(self, description: str | None = None, response: Any = None) -> None:
        super().__init__()
        if description is not None:
            self.description = description
        self.response = response

    @classmethod
    def wrap(cls, exception: type[BaseException], name: str | None = None) -> Any:
        """A class that is both this HTTP error and ``exception``, so that either ``except`` catches it.

        The first argument of the new class goes to ``exception``, all others to the HTTP error. With
        ``show_exception`` set, the message of the wrapped exception stands in the error page.
        """

        class newcls(cls, exception):  # type: ignore[misc, valid-type]
            _description = cls.description
            show_exception = False

            def __init__(self, arg: Any = None, *args: Any, **kwargs: Any) -> None:
                super(cls, self).__init__(*args, **kwargs)  # type: ignore[misc]
                exception.__init__(self, *(() if arg is None else (arg,)))

            @property
            def description(self) -> Any:
                if not self.show_exception:
                    return self._description
                return f"{self._description}\n{exception.__name__}: {exception.__str__(self)}"

            @description.setter
            def description(self, value: Any) -> None:
                self._description = value

        newcls.__module__ = sys._getframe(1).f_globals.get("__name__", "")
        newcls.__name__ = newcls.__qualname__ = name or cls.__name__ + exception.__name__
        return newcls

    @property
    def name(self) -> str:
        """The reason phrase of the status."""
        from .http import HTTP_STATUS_CODES

        return HTTP_STATUS_CODES.get(self.code or 0, "Unknown Error")

    def get_description(self, environ: Environ | None = None) -> str:
        """The description as HTML."""
        return "<p>" + escape(self.description).replace("\n", "<br>") + "</p>"

    def get_body(self, environ: Environ | None = None) -> str:
        """The whole error page."""
        title = escape(self.name)
        return _PAGE.format(code=self.code, name=title, description=self.get_description(environ))

    def get_headers(self, environ: Environ | None = None) -> list[tuple[str, str]]:
        """The headers of the error page; subclasses add theirs."""
        return [("Content-Type", "text/html; charset=utf-8")]

    def get_response(self, environ: Any = None) -> Any:
        """The response that was given to the exception, or else one with the error page."""
        if self.response is not None:
            return self.response
        from .wrappers.response import Response

        request_environ = None if environ is None else _get_environ(environ)
        headers = self.get_headers(request_environ)
        return Response(self.get_body(request_environ), self.code, headers)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        return self.get_response(environ)(environ, start_response)

    def __str__(self) -> str:
        return f"{'???' if self.code is None else self.code} {self.name}: {self.description}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{'???' if self.code is None else self.code}: {self.name}'>"


class BadRequest(HTTPException):
    """*400*: the client sent something that makes no sense to the application or the server."""

    code = 400
    description = ERROR_TEXTS[400]


class ClientDisconnected(BadRequest):
    """The client went away while its request was read. Nobody is left who could see the error page."""


class SecurityError(BadRequest):
    """Something about the request is not trusted, such as its host."""


class BadHost(BadRequest):
    """The host that the client asked for is no valid name."""


class Unauthorized(HTTPException):
    """*401*: who are you? ``www_authenticate`` is one challenge or several, for the header of that name."""

    code = 401
    description = ERROR_TEXTS[401]

    def __init__(
        self, description: str | None = None, response: Any = None, www_authenticate: Any = None
    ) -> None:
        HTTPException.__init__(self, description, response)
        if www_authenticate is not None and not isinstance(www_authenticate, tuple | list):
            www_authenticate = (www_authenticate,)
        self.www_authenticate: Any = www_authenticate

    def get_headers(self, environ: Environ | None = None) -> list[tuple[str, str]]:
        """The page's headers and the challenges."""
        headers = HTTPException.get_headers(self, environ)
        if self.www_authenticate:
            headers.append(("WWW-Authenticate", ", ".join(str(one) for one in self.www_authenticate)))
        return headers


class Forbidden(HTTPException):
    """*403*: known, but not allowed."""

    code = 403
    description = ERROR_TEXTS[403]


class NotFound(HTTPException):
    """*404*: there is nothing here."""

    code = 404
    description = ERROR_TEXTS[404]


class MethodNotAllowed(HTTPException):
    """*405*: the address exists, but not for this method; ``valid_methods`` become the Allow header."""

    code = 405
    description = ERROR_TEXTS[405]

    def __init__(self, valid_methods: Iterable[str] | None = None, description: str | None = None) -> None:
        HTTPException.__init__(self, description)
        self.valid_methods = valid_methods

    def get_headers(self, environ: Environ | None = None) -> list[tuple[str, str]]:
        """The page's headers and the methods that would do."""
        headers = super().get_headers(environ)
        return [*headers, ("Allow", ", ".join(self.valid_methods))] if self.valid_methods else headers


class NotAcceptable(HTTPException):
    """*406*: nothing that the client's Accept headers would take."""

    code = 406
    description = ERROR_TEXTS[406]


class RequestTimeout(HTTPException):
    """*408*: the client took too long to send its request."""

    code = 408
    description = ERROR_TEXTS[408]


class Conflict(HTTPException):
    """*409*: the request does not fit the present state on the server."""

    code = 409
    description = ERROR_TEXTS[409]


class Gone(HTTPException):
    """*410*: it was here once, and it will not come back."""

    code = 410
    description = ERROR_TEXTS[410]


class LengthRequired(HTTPException):
    """*411*: a body without a Content-Length, where one is needed."""

    code = 411
    description = ERROR_TEXTS[411]


class PreconditionFailed(HTTPException):
    """*412*: an If-Match, If-None-Match or If-Unmodified-Since does not hold."""

    code = 412
    description = ERROR_TEXTS[412]


class RequestEntityTooLarge(HTTPException):
    """*413*: the body is beyond the limit."""

    code = 413
    description = ERROR_TEXTS[413]


class RequestURITooLarge(HTTPException):
    """*414*: the address is beyond the limit."""

    code = 414
    description = ERROR_TEXTS[414]


class UnsupportedMediaType(HTTPException):
    """*415*: the body is of a type that the server cannot handle."""

    code = 415
    description = ERROR_TEXTS[415]


class RequestedRangeNotSatisfiable(HTTPException):
    """*416*: no such part. ``length`` of the whole, in ``units``, becomes the Content-Range header."""

    code = 416
    description = ERROR_TEXTS[416]

    def __init__(
        self, length: int | None = None, units: str = "bytes", description: str | None = None
    ) -> None:
        HTTPException.__init__(self, description)
        self.length, self.units = length, units

    def get_headers(self, environ: Environ | None = None) -> list[tuple[str, str]]:
        """The page's headers and the length there is."""
        headers = HTTPException.get_headers(self, environ)
        if self.length is not None:
            headers.append(("Content-Range", f"{self.units} */{self.length:d}"))
        return headers


class ExpectationFailed(HTTPException):
    """*417*: the server cannot do what the Expect header asks for."""

    code = 417
    description = ERROR_TEXTS[417]


class ImATeapot(HTTPException):
    """*418*: no coffee from a teapot."""

    code = 418
    description = ERROR_TEXTS[418]


class UnprocessableEntity(HTTPException):
    """*422*: well formed, but the instructions make no sense."""

    code = 422
    description = ERROR_TEXTS[422]


class Locked(HTTPException):
    """*423*: somebody holds a lock on it."""

    code = 423
    description = ERROR_TEXTS[423]


class FailedDependency(HTTPException):
    """*424*: an action that this one depends on has failed."""

    code = 424
    description = ERROR_TEXTS[424]


class PreconditionRequired(HTTPException):
    """*428*: only conditional requests here, so that nobody overwrites what they have not seen."""

    code = 428
    description = ERROR_TEXTS[428]


class _RetryAfter(HTTPException):
    """An error that may pass: ``retry_after`` is a number of seconds or a datetime."""

    def __init__(
        self, description: str | None = None, response: Any = None, retry_after: datetime | int | None = None
    ) -> None:
        super().__init__(description, response)
        self.retry_after = retry_after

    def get_headers(self, environ: Environ | None = None) -> list[tuple[str, str]]:
        """The page's headers and when to come back."""
        headers = super().get_headers(environ)
        if isinstance(self.retry_after, datetime):
            from .http import http_date

            headers.append(("Retry-After", http_date(self.retry_after)))
        elif self.retry_after:
            headers.append(("Retry-After", str(self.retry_after)))
        return headers


class TooManyRequests(_RetryAfter):
    """*429*: this user asks too often."""

    code = 429
    description = ERROR_TEXTS[429]


class RequestHeaderFieldsTooLarge(HTTPException):
    """*431*: one header, or all of them together, are beyond the limit."""

    code = 431
    description = ERROR_TEXTS[431]


class UnavailableForLegalReasons(HTTPException):
    """*451*: a law or a court forbids it."""

    code = 451
    description = ERROR_TEXTS[451]


class InternalServerError(HTTPException):
    """*500*: the application failed; ``original_exception`` is what it raised, for error handlers to see."""

    code = 500
    description = ERROR_TEXTS[500]

    def __init__(
        self, description: str | None = None, response: Any = None, original_exception: Any = None
    ) -> None:
        super().__init__(description=description, response=response)
        self.original_exception: BaseException | None = original_exception


class NotImplemented(HTTPException):
    """*501*: the server does not know this action."""

    code = 501
    description = ERROR_TEXTS[501]


class BadGateway(HTTPException):
    """*502*: the server behind this one gave no sensible answer."""

    code = 502
    description = ERROR_TEXTS[502]


class ServiceUnavailable(_RetryAfter):
    """*503*: not now."""

    code = 503
    description = ERROR_TEXTS[503]


class GatewayTimeout(HTTPException):
    """*504*: the server behind this one gave no answer in time."""

    code = 504
    description = ERROR_TEXTS[504]


class HTTPVersionNotSupported(HTTPException):
    """*505*: not in this version of HTTP."""

    code = 505
    description = ERROR_TEXTS[505]


#: The exception for each status code; of a class and its subclasses the most general one.
default_exceptions: dict[int, type[HTTPException]] = {}
__all__ = ["HTTPException"]
for _name, _class in list(globals().items()):
    if isinstance(_class, type) and issubclass(_class, HTTPException) and _class.code is not None:
        default_exceptions.setdefault(_class.code, _class)
        __all__.append(_name)


class Aborter:
    """Raises the exception for a status code.

    Args:
        mapping: the exceptions by code, :data:`default_exceptions` unless given.
        extra: more of them.
    """

    def __init__(
        self,
        mapping: Mapping[int, type[Exception]] | None = None,
        extra: Mapping[int, type[Exception]] | None = None,
    ) -> None:
        known: Mapping[int, type[Exception]] = default_exceptions if mapping is None else mapping
        self.mapping: dict[int, type[Exception]] = {**known, **(extra or {})}

    def __call__(self, code: Any, *args: Any, **kwargs: Any) -> Any:
        if not (args or kwargs or isinstance(code, int)):
            # A response, or any other WSGI application, is sent as it is.
            raise HTTPException(response=code)
        if code not in self.mapping:
            raise LookupError(f"no exception for {code!r}")
        raise self.mapping[code](*args, **kwargs)


def abort(status: Any, *args: Any, **kwargs: Any) -> Any:
    """Give up: raise the HTTP error for a status code, or send a response as it is.

    Further arguments go to the exception.

    Raises:
        HTTPException: always, unless the code is unknown.
        LookupError: no exception has this status code.
    """
    return _aborter(status, *args, **kwargs)


_aborter = Aborter()

#: A key that the request does not have: a KeyError to the code that asked, a 400 to the client.
BadRequestKeyError = BadRequest.wrap(KeyError)
