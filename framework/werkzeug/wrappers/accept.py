"""What the client would like to get, from its ``Accept`` headers. Part of :class:`Request`."""

from typing import Any

from ..datastructures import CharsetAccept, LanguageAccept, MIMEAccept
from ..http import parse_accept_header
from ..utils import cached_property


class AcceptMixin:
    """The four ``Accept`` headers of a request, each sorted by preference."""

    environ: dict[str, Any]

    @cached_property
    def accept_mimetypes(self) -> Any:
        """Kinds of content, a :class:`MIMEAccept`."""
        return parse_accept_header(self.environ.get("HTTP_ACCEPT"), MIMEAccept)

    @cached_property
    def accept_charsets(self) -> Any:
        """Charsets, a :class:`CharsetAccept`."""
        return parse_accept_header(self.environ.get("HTTP_ACCEPT_CHARSET"), CharsetAccept)

    @cached_property
    def accept_encodings(self) -> Any:
        """Compressions (``gzip``), not charsets."""
        return parse_accept_header(self.environ.get("HTTP_ACCEPT_ENCODING"))

    @cached_property
    def accept_languages(self) -> Any:
        """Languages, a :class:`LanguageAccept`."""
        return parse_accept_header(self.environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
