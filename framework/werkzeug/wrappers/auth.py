"""Who the client is, and how a response asks for that. Part of :class:`Request` and :class:`Response`."""

from typing import Any

from ..http import parse_authorization_header, parse_www_authenticate_header
from ..utils import cached_property


class AuthorizationMixin:
    """The request's ``Authorization`` header."""

    environ: dict[str, Any]

    @cached_property
    def authorization(self) -> Any:
        """An :class:`Authorization`, or None."""
        return parse_authorization_header(self.environ.get("HTTP_AUTHORIZATION"))


class WWWAuthenticateMixin:
    """The response's ``WWW-Authenticate`` header."""

    headers: Any

    @property
    def www_authenticate(self) -> Any:
        """A :class:`WWWAuthenticate`; changes to it show in the header."""

        def on_update(wanted: Any) -> None:
            if wanted:
                self.headers["WWW-Authenticate"] = wanted.to_header()
            else:
                self.headers.pop("www-authenticate", None)

        return parse_www_authenticate_header(self.headers.get("www-authenticate"), on_update)
