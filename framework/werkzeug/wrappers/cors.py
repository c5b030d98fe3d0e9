"""Cross-origin requests: what a page of another site may do. Part of Request and Response."""

from typing import Any

from ..http import dump_header, parse_set_header
from ..utils import environ_property, header_property


class CORSRequestMixin:
    """What a browser says about the page a request comes from."""

    origin = environ_property("HTTP_ORIGIN", doc="the site the request comes from")
    access_control_request_headers = environ_property(
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
        load_func=parse_set_header,
        doc="headers that the request to come will have; sent before it, with OPTIONS",
    )
    access_control_request_method = environ_property(
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD", doc="the method that the request to come will have"
    )


def _set_header(name: str, doc: str) -> Any:
    return header_property(name, load_func=parse_set_header, dump_func=dump_header, doc=doc)


class CORSResponseMixin:
    """What the response allows pages of other sites."""

    headers: Any

    @property
    def access_control_allow_credentials(self) -> bool:
        """Whether cookies may be sent and the page may see the response to such a request."""
        return "Access-Control-Allow-Credentials" in self.headers

    @access_control_allow_credentials.setter
    def access_control_allow_credentials(self, value: bool | None) -> None:
        self.headers.pop("Access-Control-Allow-Credentials", None)
        if value is True:
            self.headers["Access-Control-Allow-Credentials"] = "true"

    access_control_allow_headers = _set_header("Access-Control-Allow-Headers", "headers a request may have")
    access_control_allow_methods = _set_header("Access-Control-Allow-Methods", "methods a request may have")
    access_control_allow_origin = header_property(
        "Access-Control-Allow-Origin", doc="the site that may send requests, or * for all"
    )
    access_control_expose_headers = _set_header("Access-Control-Expose-Headers", "headers the page may see")
    access_control_max_age = header_property(
        "Access-Control-Max-Age", load_func=int, dump_func=str, doc="how many seconds all this holds"
    )
