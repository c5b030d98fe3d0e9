"""Sessions: data that comes back with the visitor's next request, in a signed cookie.

Place in the pipeline: ``RequestContext.push`` calls ``open_session`` before the URL is matched;
``Flask.process_response`` calls ``save_session`` after the last ``after_request`` function.
The cookie is signed, not encrypted: visitors can read their session but not change it.
"""

import hashlib
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from flasktrace.framework.werkzeug.datastructures import CallbackDict

from ._cookie_domain import domain_for_host
from .helpers import total_seconds
from .json.tag import TaggedJSONSerializer

if TYPE_CHECKING:
    from .app import Flask
    from .wrappers import Request, Response


class SessionMixin(MutableMapping[str, Any]):
    """What a session has beyond a dict's methods."""

    #: Whether the session began with this request.
    new = False
    #: Whether it must be saved; a session that cannot tell says yes.
    modified = True
    #: Whether the response depends on it, and so on the cookie.
    accessed = True

    @property
    def permanent(self) -> bool:
        """Whether the cookie outlives the browser, for ``PERMANENT_SESSION_LIFETIME``."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, Any], SessionMixin):
    """A dict that notes when it is read and when it is changed.

    Only changes of the session itself are seen; after changing a list inside it, set ``modified``.
    """

    modified = False
    accessed = False

    def __init__(self, initial: Any = None) -> None:
        def on_update(changed: "SecureCookieSession") -> None:
            changed.modified = changed.accessed = True

        super().__init__(initial, on_update)

    def __getitem__(self, key: str) -> Any:
        self.accessed = True
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.accessed = True
        return super().get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        self.accessed = True
        return super().setdefault(key, default)


class NullSession(SecureCookieSession):
    """The session of an application without a secret key: empty to read, and it cannot be changed."""

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "The session is unavailable because no secret key was set. Set app.secret_key to something"
            " unique and secret."
        )

    __setitem__ = __delitem__ = _fail
    clear = pop = popitem = _fail
    update = setdefault = _fail
    del _fail


class SessionInterface:
    """How sessions are opened and saved. Derive from it and set ``app.session_interface`` to replace it."""

    null_session_class: type[Any] = NullSession
    pickle_based = False

    def make_null_session(self, app: "Flask") -> Any:
        """Make the session that stands in when :meth:`open_session` gave None."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Tell whether ``obj`` is such a stand-in; it will not be saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_domain(self, app: "Flask") -> str | None:
        """Give the cookie's domain: as configured, else derived from ``SERVER_NAME`` once and kept."""
        configured = app.config["SESSION_COOKIE_DOMAIN"]
        if configured is not None:
            return configured or None
        # False means "none, and do not look again"; the answer is kept in the config.
        derived: str | bool = False
        server_name = app.config["SERVER_NAME"]
        if server_name:
            derived = domain_for_host(server_name.rsplit(":", 1)[0].lstrip("."), self, app)
        app.config["SESSION_COOKIE_DOMAIN"] = derived
        return derived or None  # type: ignore[return-value]

    def get_cookie_path(self, app: "Flask") -> str:
        """Give the path under which browsers send the cookie."""
        return app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]  # type: ignore[no-any-return]

    def get_cookie_httponly(self, app: "Flask") -> bool:
        """Tell whether scripts in the page are kept from the cookie."""
        return app.config["SESSION_COOKIE_HTTPONLY"]  # type: ignore[no-any-return]

    def get_cookie_secure(self, app: "Flask") -> bool:
        """Tell whether the cookie goes over HTTPS only."""
        return app.config["SESSION_COOKIE_SECURE"]  # type: ignore[no-any-return]

    def get_cookie_samesite(self, app: "Flask") -> str | None:
        """Give the cookie's SameSite: ``"Strict"``, ``"Lax"`` or None."""
        return app.config["SESSION_COOKIE_SAMESITE"]  # type: ignore[no-any-return]

    def get_expiration_time(self, app: "Flask", session: Any) -> datetime | None:
        """Give when a permanent session ends (UTC, without time zone); None for the browser's session."""
        if not session.permanent:
            return None
        lifetime: timedelta = app.permanent_session_lifetime
        return datetime.now(UTC).replace(tzinfo=None) + lifetime

    def should_set_cookie(self, app: "Flask", session: Any) -> bool:
        """Tell whether the response carries the cookie: when changed, or to prolong a permanent one."""
        return session.modified or (  # type: ignore[no-any-return]
            session.permanent and app.config["SESSION_REFRESH_EACH_REQUEST"]
        )

    def open_session(self, app: "Flask", request: "Request") -> Any:
        """Give the request's session, or None to have a null session instead."""
        raise NotImplementedError()

    def save_session(self, app: "Flask", session: Any, response: "Response") -> None:
        """Store the session; called for every response unless the session is a null session."""
        raise NotImplementedError()


session_json_serializer = TaggedJSONSerializer()


class SecureCookieSessionInterface(SessionInterface):
    """Keeps the whole session in a cookie that is signed with the application's secret key."""

    #: Keeps these signatures apart from others made with the same key.
    salt = "cookie-session"
    key_derivation = "hmac"
    digest_method = staticmethod(hashlib.sha1)
    session_class: type[Any] = SecureCookieSession
    serializer: Any = session_json_serializer

    def get_signing_serializer(self, app: "Flask") -> Any:
        """Make what signs and checks the cookie; None without a secret key.

        ``secret_key`` may be a list, oldest first: the last key signs, all of them are accepted.
        """
        if not app.secret_key:
            return None
        how = {"key_derivation": self.key_derivation, "digest_method": self.digest_method}
        return URLSafeTimedSerializer(
            app.secret_key, salt=self.salt, serializer=self.serializer, signer_kwargs=how
        )

    # Reading path, step 14. Next: RequestContext.match_request, flask/ctx.py.
    def open_session(self, app: "Flask", request: "Request") -> Any:
        """Read the cookie; a missing, changed or outdated one gives an empty session."""
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        cookie = request.cookies.get(app.session_cookie_name)
        if not cookie:
            return self.session_class()
        max_age_s = total_seconds(app.permanent_session_lifetime)
        try:
            return self.session_class(signer.loads(cookie, max_age=max_age_s))
        except BadSignature:
            return self.session_class()

    def save_session(self, app: "Flask", session: Any, response: "Response") -> None:
        """Write the cookie if the session changed; delete it if the session was emptied."""
        domain, path = self.get_cookie_domain(app), self.get_cookie_path(app)
        if not session:
            if session.modified:
                response.delete_cookie(app.session_cookie_name, domain=domain, path=path)
            return
        # Caches must not show one visitor's page to another.
        if session.accessed:
            response.vary.add("Cookie")
        if not self.should_set_cookie(app, session):
            return
        attributes: dict[str, Any] = {
            "httponly": self.get_cookie_httponly(app),
            "secure": self.get_cookie_secure(app),
            "samesite": self.get_cookie_samesite(app),
            "expires": self.get_expiration_time(app, session),
        }
        signed = self.get_signing_serializer(app).dumps(dict(session))
        response.set_cookie(app.session_cookie_name, signed, domain=domain, path=path, **attributes)
