"""Flask's request and response: Werkzeug's, plus what the matched URL rule and the app's config say.

Place in the pipeline: ``RequestContext.__init__`` makes the :class:`Request`, ``match_request`` fills in
its ``url_rule`` and ``view_args``; ``Flask.make_response`` makes the :class:`Response`.
"""

from typing import Any

import flasktrace.framework.flask.json as json
from flasktrace.framework.werkzeug.exceptions import BadRequest
from flasktrace.framework.werkzeug.wrappers import Request as RequestBase
from flasktrace.framework.werkzeug.wrappers import Response as ResponseBase
from flasktrace.framework.werkzeug.wrappers.json import JSONMixin as _JSONMixin

from .globals import current_app


class JSONMixin(_JSONMixin):
    """Reads JSON with the application's decoder."""

    json_module: Any = json

    def on_json_loading_failed(self, e: Exception | None) -> Any:
        """Answer 400; only in debug mode say what was wrong with the data."""
        if current_app and current_app.debug:
            raise BadRequest(f"Failed to decode JSON object: {e}")
        raise BadRequest()


class Request(RequestBase, JSONMixin):
    """The request that ``flask.request`` stands for."""

    #: The rule that matched, with its methods; None while nothing has matched.
    url_rule: Any = None
    #: The values that the rule's converters took out of the URL.
    view_args: dict[str, Any] | None = None
    #: What ``dispatch_request`` has to raise: a 404, a 405 or a redirect.
    routing_exception: Exception | None = None

    @property
    def max_content_length(self) -> int | None:  # type: ignore[override]
        """The largest body in bytes that is accepted, from ``MAX_CONTENT_LENGTH``."""
        return current_app.config["MAX_CONTENT_LENGTH"] if current_app else None

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the matched rule."""
        return None if self.url_rule is None else self.url_rule.endpoint

    @property
    def blueprint(self) -> str | None:
        """The name of the blueprint that the endpoint belongs to."""
        if self.url_rule and "." in self.url_rule.endpoint:
            name: str = self.url_rule.endpoint.rpartition(".")[0]
            return name
        return None

    def _load_form_data(self) -> None:
        RequestBase._load_form_data(self)
        # Someone who forgot enctype="multipart/form-data" is told so, instead of a bare KeyError.
        if current_app and current_app.debug and self.mimetype != "multipart/form-data" and not self.files:
            from .debughelpers import attach_enctype_error_multidict

            attach_enctype_error_multidict(self)


class Response(ResponseBase, JSONMixin):  # type: ignore[misc]
    """The response that views give, HTML unless they say otherwise."""

    default_mimetype = "text/html"

    def _get_data_for_json(self, cache: bool) -> bytes:
        body: bytes = self.get_data()
        return body

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """The size in bytes above which setting a cookie warns, from ``MAX_COOKIE_SIZE``."""
        if current_app:
            return current_app.config["MAX_COOKIE_SIZE"]  # type: ignore[no-any-return]
        return super().max_cookie_size
