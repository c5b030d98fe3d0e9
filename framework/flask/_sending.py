"""The parts of ``send_file`` that are about files rather than responses. Called by ``helpers``."""

import io
import mimetypes
import os
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import IO, Any
from zlib import adler32

from flasktrace.framework.werkzeug.exceptions import RequestedRangeNotSatisfiable


@dataclass
class FileToSend:
    """A file given by its path or as an open file; size in bytes, time in seconds since the epoch."""

    path: str | None
    file: IO[bytes] | None
    size: int | None = None
    mtime_s: float | None = None

    @classmethod
    def of(cls, filename_or_fp: Any) -> "FileToSend":
        """Tell a path from an open file."""
        if hasattr(filename_or_fp, "__fspath__"):
            filename_or_fp = os.fspath(filename_or_fp)
        is_path = isinstance(filename_or_fp, str)
        return cls(filename_or_fp, None) if is_path else cls(None, filename_or_fp)

    def use_size_only(self) -> int:
        """Give the size of the file behind the path, without opening it."""
        assert self.path is not None
        self.size = os.path.getsize(self.path)
        return self.size

    def open(self) -> int | None:
        """Open the file if it is a path; give its size, when it can be known."""
        if self.file is None:
            assert self.path is not None
            self.file = open(self.path, "rb")  # noqa: SIM115 (the response closes it)
            self.mtime_s = os.path.getmtime(self.path)
            self.size = os.path.getsize(self.path)
        elif isinstance(self.file, io.BytesIO):
            self.size = self.file.getbuffer().nbytes
        return self.size

    def close(self) -> None:
        """Close the file, if it was opened."""
        if self.file is not None:
            self.file.close()


def infer_mimetype(filename: str | None) -> str:
    """Guess the content type from a name.

    Raises:
        ValueError: there is no name.
    """
    if filename is None:
        raise ValueError(
            "Unable to infer MIME-type because no filename is available. Please set either"
            " `attachment_filename`, pass a filepath to `filename_or_fp` or set your own MIME-type via"
            " `mimetype`."
        )
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def attachment_names(filename: Any, quote: Callable[..., str]) -> dict[str, str]:
    """Give the options of Content-Disposition for a name; one beyond ASCII is given twice (RFC 5987).

    Raises:
        TypeError: there is no name.
    """
    if filename is None:
        raise TypeError("filename unavailable, required for sending as attachment")
    name: str = filename.decode("utf-8") if isinstance(filename, bytes) else filename
    if name.isascii():
        return {"filename": name}
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe=b'')}"}


def set_lifetime(response: Any, seconds: float | None) -> None:
    """Say how long browsers may keep the file, in both ways: by duration and by date."""
    if seconds is not None:
        response.cache_control.max_age = seconds
        response.expires = int(time() + seconds)


def set_file_etag(response: Any, path: str) -> None:
    """Give the response an entity tag of the file's time, size and name; warn if it is not there."""
    name_sum = adler32(os.fsencode(path)) & 0xFFFFFFFF
    try:
        response.set_etag(f"{os.path.getmtime(path)}-{os.path.getsize(path)}-{name_sum}")
    except OSError:
        warnings.warn(
            f"Access {path} failed, maybe it does not exist, so ignore etags in headers", stacklevel=3
        )


def meet_conditions(response: Any, request: Any, sent: FileToSend) -> Any:
    """Answer If-None-Match, If-Range and the like; the file is closed when the range is impossible."""
    try:
        response = response.make_conditional(request, accept_ranges=True, complete_length=sent.size)
    except RequestedRangeNotSatisfiable:
        sent.close()
        raise
    if response.status_code == 304:
        response.headers.pop("x-sendfile", None)
    return response
