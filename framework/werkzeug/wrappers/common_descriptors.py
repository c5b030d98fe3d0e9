"""The headers that most requests and responses have, as attributes. Part of Request and Response."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ..datastructures import CallbackDict
from ..http import (
    dump_age,
    dump_csp_header,
    dump_header,
    dump_options_header,
    http_date,
    parse_age,
    parse_csp_header,
    parse_date,
    parse_options_header,
    parse_set_header,
)
from ..utils import cached_property, environ_property, get_content_type, header_property
from ..wsgi import get_content_length


class CommonRequestDescriptorsMixin:
    """Common headers of a request."""

    environ: dict[str, Any]

    content_type = environ_property("CONTENT_TYPE", doc="the body's type with its parameters")

    @cached_property
    def content_length(self) -> int | None:
        """The body's size in bytes, None if it is not known (sent in chunks)."""
        return get_content_length(self.environ)

    content_encoding = environ_property("HTTP_CONTENT_ENCODING", doc="how the body is compressed")
    content_md5 = environ_property("HTTP_CONTENT_MD5", doc="the body's checksum")
    referrer = environ_property("HTTP_REFERER", doc="the page with the link that was followed")
    date = environ_property("HTTP_DATE", None, parse_date, doc="when the request was sent")
    max_forwards = environ_property("HTTP_MAX_FORWARDS", None, int, doc="how many proxies may pass it on")

    def _parse_content_type(self) -> None:
        if not hasattr(self, "_parsed_content_type"):
            self._parsed_content_type = parse_options_header(self.environ.get("CONTENT_TYPE", ""))

    @property
    def mimetype(self) -> str:
        """The body's type without parameters, in lower case; empty if there is none."""
        self._parse_content_type()
        name: str = self._parsed_content_type[0]
        return name.lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The parameters of the body's type, such as its charset."""
        self._parse_content_type()
        params: dict[str, str] = self._parsed_content_type[1]
        return params

    @cached_property
    def pragma(self) -> Any:
        """Directives for caches of old, a :class:`HeaderSet`."""
        return parse_set_header(self.environ.get("HTTP_PRAGMA", ""))


class CommonResponseDescriptorsMixin:
    """Common headers of a response."""

    headers: Any
    charset: str

    @property
    def mimetype(self) -> str | None:
        """The body's type without parameters; set it and a charset is added where one belongs."""
        content_type: str | None = self.headers.get("content-type")
        return content_type.partition(";")[0].strip() if content_type else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.headers["Content-Type"] = get_content_type(value, self.charset)

    @property
    def mimetype_params(self) -> Any:
        """The parameters of the body's type; changes to them show in the header."""

        def on_update(params: Any) -> None:
            self.headers["Content-Type"] = dump_options_header(self.mimetype, params)

        return CallbackDict(parse_options_header(self.headers.get("content-type", ""))[1], on_update)

    location = header_property("Location", doc="where the client should go")
    age = header_property("Age", None, parse_age, dump_age, doc="how long it has been in a cache")
    content_type = header_property("Content-Type", doc="the body's type with its parameters")
    content_length = header_property("Content-Length", None, int, str, doc="the body's size in bytes")
    content_location = header_property("Content-Location", doc="the content's own address, if it has another")
    content_encoding = header_property("Content-Encoding", doc="how the body is compressed")
    content_md5 = header_property("Content-MD5", doc="the body's checksum")
    content_security_policy = header_property(
        "Content-Security-Policy", None, parse_csp_header, dump_csp_header, doc="where the page may load from"
    )
    content_security_policy_report_only = header_property(
        "Content-Security-Policy-Report-Only",
        None,
        parse_csp_header,
        dump_csp_header,
        doc="a policy to try out: violations are reported only",
    )
    date = header_property("Date", None, parse_date, http_date, doc="when the response was made")
    expires = header_property("Expires", None, parse_date, http_date, doc="until when it is fresh")
    last_modified = header_property(
        "Last-Modified", None, parse_date, http_date, doc="when the content was changed"
    )

    @property
    def retry_after(self) -> datetime | None:
        """When the client may try again; set it to a date or to seconds from now."""
        value = self.headers.get("retry-after")
        if value is None or not value.isdigit():
            return parse_date(value)
        return datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=int(value))

    @retry_after.setter
    def retry_after(self, value: Any) -> None:
        if value is None:
            self.headers.pop("retry-after", None)
        else:
            self.headers["Retry-After"] = http_date(value) if isinstance(value, datetime) else str(value)

    def _set_property(name: str, doc: str) -> property:  # type: ignore[misc]
        """A header that holds a list, as a :class:`HeaderSet`; changes to it show in the header."""

        def fget(self: Any) -> Any:
            def on_update(header_set: Any) -> None:
                if header_set:
                    self.headers[name] = header_set.to_header()
                else:
                    self.headers.pop(name, None)

            return parse_set_header(self.headers.get(name), on_update)

        def fset(self: Any, value: Any) -> None:
            if value:
                self.headers[name] = value if isinstance(value, str) else dump_header(value)
            else:
                del self.headers[name]

        return property(fget, fset, doc=doc)

    vary = _set_property("Vary", "the request headers that the content depends on")
    content_language = _set_property("Content-Language", "the languages of those it is meant for")
    allow = _set_property("Allow", "the methods that can be used")
    del _set_property
