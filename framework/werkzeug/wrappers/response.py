"""The full response class: :class:`BaseResponse` with all mixins. Flask's Response is a subclass."""

from collections.abc import Iterable
from typing import Any

from ..utils import cached_property
from .auth import WWWAuthenticateMixin
from .base_response import BaseResponse
from .common_descriptors import CommonResponseDescriptorsMixin
from .cors import CORSResponseMixin
from .etag import ETagResponseMixin

_closed = "I/O operation on closed file"


class ResponseStream:
    """Lets code that wants a file write into a response."""

    mode = "wb+"

    def __init__(self, response: Any) -> None:
        self.response = response
        self.closed = False

    def write(self, value: bytes) -> int:
        if self.closed:
            raise ValueError(_closed)
        response = self.response
        response._ensure_sequence(mutable=True)
        response.response.append(value)
        # It was right before; the length is known again when the response is sent.
        response.headers.pop("Content-Length", None)
        return len(value)

    def writelines(self, seq: Iterable[bytes]) -> None:
        for piece in seq:
            self.write(piece)

    def close(self) -> None:
        self.closed = True

    def flush(self) -> None:
        if self.closed:
            raise ValueError(_closed)

    def isatty(self) -> bool:
        if self.closed:
            raise ValueError(_closed)
        return False

    def tell(self) -> int:
        self.response._ensure_sequence()
        return sum(len(chunk) for chunk in self.response.response)

    @property
    def encoding(self) -> Any:
        return self.response.charset


class ResponseStreamMixin:
    """A response that can be written to like a file."""

    @cached_property
    def stream(self) -> ResponseStream:
        """The response as a file open for writing."""
        return ResponseStream(self)


class Response(  # type: ignore[misc]
    BaseResponse,
    ETagResponseMixin, WWWAuthenticateMixin, CORSResponseMixin, ResponseStreamMixin,
    CommonResponseDescriptorsMixin,
):  # fmt: skip
    """A response with everything: conditions, authentication, common headers, a stream."""
