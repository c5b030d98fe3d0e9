"""Conditional and partial requests: entity tags, dates, ranges, caching. Part of Request and Response."""

from typing import Any, Self

from .._internal import _get_environ
from ..datastructures import ContentRange, RequestCacheControl, ResponseCacheControl
from ..http import (
    generate_etag,
    http_date,
    is_resource_modified,
    parse_cache_control_header,
    parse_content_range_header,
    parse_date,
    parse_etags,
    parse_if_range_header,
    parse_range_header,
    quote_etag,
    unquote_etag,
)
from ..utils import cached_property, header_property
from ..wsgi import _RangeWrapper
from .base_response import _clean_accept_ranges


class ETagRequestMixin:
    """What the client knows already, and which part of the content it wants."""

    environ: dict[str, Any]

    @cached_property
    def cache_control(self) -> Any:
        """A :class:`RequestCacheControl`."""
        return parse_cache_control_header(self.environ.get("HTTP_CACHE_CONTROL"), None, RequestCacheControl)

    @cached_property
    def if_match(self) -> Any:
        """Entity tags of which one must match, an :class:`ETags`."""
        return parse_etags(self.environ.get("HTTP_IF_MATCH"))

    @cached_property
    def if_none_match(self) -> Any:
        """Entity tags of which none may match, an :class:`ETags`."""
        return parse_etags(self.environ.get("HTTP_IF_NONE_MATCH"))

    @cached_property
    def if_modified_since(self) -> Any:
        """The date of the client's copy, or None."""
        return parse_date(self.environ.get("HTTP_IF_MODIFIED_SINCE"))

    @cached_property
    def if_unmodified_since(self) -> Any:
        """A date after which nothing may have changed, or None."""
        return parse_date(self.environ.get("HTTP_IF_UNMODIFIED_SINCE"))

    @cached_property
    def if_range(self) -> Any:
        """The condition for sending a part only, an :class:`IfRange`."""
        return parse_if_range_header(self.environ.get("HTTP_IF_RANGE"))

    @cached_property
    def range(self) -> Any:
        """The wanted part, a :class:`Range`, or None."""
        return parse_range_header(self.environ.get("HTTP_RANGE"))


class ETagResponseMixin:
    """Answers "not modified" and partial content; entity tags and cache control."""

    headers: Any
    response: Any
    status_code: Any
    automatically_set_content_length: bool
    get_data: Any
    calculate_content_length: Any

    @property
    def cache_control(self) -> Any:
        """A :class:`ResponseCacheControl`; changes to it show in the header."""

        def on_update(directives: Any) -> None:
            if directives:
                self.headers["Cache-Control"] = directives.to_header()
            else:
                self.headers.pop("cache-control", None)

        return parse_cache_control_header(self.headers.get("cache-control"), on_update, ResponseCacheControl)

    def _wrap_response(self, start: int, length: int) -> None:
        """Cut the body down to the wanted range."""
        if self.status_code == 206:
            self.response = _RangeWrapper(self.response, start, length)

    def _is_range_request_processable(self, environ: dict[str, Any]) -> bool:
        """Whether a part is wanted, and the client's other parts are not out of date."""
        if "HTTP_RANGE" not in environ:
            return False
        return "HTTP_IF_RANGE" not in environ or not is_resource_modified(
            environ,
            self.headers.get("etag"),
            None,
            self.headers.get("last-modified"),
            ignore_if_range=False,
        )

    def _process_range_request(
        self, environ: dict[str, Any], complete_length: int | None = None, accept_ranges: str | None = None
    ) -> bool:
        """Become a 206 with the wanted range, if one is wanted; says whether it did.

        Raises:
            RequestedRangeNotSatisfiable: the range makes no sense or is beyond the end.
        """
        from ..exceptions import RequestedRangeNotSatisfiable

        if accept_ranges is None or complete_length is None:
            return False
        if not self._is_range_request_processable(environ):
            return False
        wanted = parse_range_header(environ.get("HTTP_RANGE"))
        if wanted is None:
            raise RequestedRangeNotSatisfiable(complete_length)
        bounds = wanted.range_for_length(complete_length)
        shown = wanted.to_content_range_header(complete_length)
        if bounds is None or shown is None:
            raise RequestedRangeNotSatisfiable(complete_length)
        start, length = bounds[0], bounds[1] - bounds[0]
        self.headers["Content-Length"] = length
        self.headers["Accept-Ranges"] = accept_ranges
        self.content_range = shown
        self.status_code = 206
        self._wrap_response(start, length)
        return True

    def make_conditional(
        self, request_or_environ: Any, accept_ranges: Any = False, complete_length: int | None = None
    ) -> Self:
        """Send no more than the client needs: 304, 412, or a part with 206.

        Args:
            accept_ranges: True, False or the unit's name; whether parts are given.
            complete_length: the whole content's length in bytes; needed for parts.

        Raises:
            RequestedRangeNotSatisfiable: see :meth:`_process_range_request`.
        """
        environ = _get_environ(request_or_environ)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self
        headers = self.headers
        if "date" not in headers:
            headers["Date"] = http_date()
        unit = _clean_accept_ranges(accept_ranges)
        is_partial = self._process_range_request(environ, complete_length, unit)
        if not is_partial and not is_resource_modified(
            environ, headers.get("etag"), None, headers.get("last-modified")
        ):
            self.status_code = 412 if parse_etags(environ.get("HTTP_IF_MATCH")) else 304
        if self.automatically_set_content_length and "content-length" not in headers:
            length = self.calculate_content_length()
            if length is not None:
                headers["Content-Length"] = length
        return self

    def add_etag(self, overwrite: bool = False, weak: bool = False) -> None:
        """Add an entity tag made of the content, unless there is one."""
        if overwrite or "etag" not in self.headers:
            self.set_etag(generate_etag(self.get_data()), weak)

    def set_etag(self, etag: str, weak: bool = False) -> None:
        """Set the entity tag."""
        self.headers["ETag"] = quote_etag(etag, weak)

    def get_etag(self) -> tuple[str | None, bool | None]:
        """The entity tag and whether it is weak; two Nones if there is none."""
        return unquote_etag(self.headers.get("ETag"))

    def freeze(self, no_etag: bool = False) -> None:
        """Make the response complete in itself, with an entity tag."""
        if not no_etag:
            self.add_etag()
        super().freeze()  # type: ignore[misc]

    accept_ranges = header_property("Accept-Ranges", doc="the unit in which parts are given: bytes or none")

    @property
    def content_range(self) -> Any:
        """Which part this is, a :class:`ContentRange`; changes to it show in the header."""

        def on_update(part: Any) -> None:
            if part:
                self.headers["Content-Range"] = part.to_header()
            else:
                del self.headers["content-range"]

        found = parse_content_range_header(self.headers.get("content-range"), on_update)
        return ContentRange(None, None, None, on_update=on_update) if found is None else found

    @content_range.setter
    def content_range(self, value: Any) -> None:
        if value:
            self.headers["Content-Range"] = value if isinstance(value, str) else value.to_header()
        else:
            del self.headers["content-range"]
