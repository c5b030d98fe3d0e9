"""Which encoding file names have. Called by datastructures when it saves an upload."""

import codecs
import sys
import warnings

#: Where the encoding of file names is but a custom, and often configured wrongly.
has_likely_buggy_unicode_filesystem = sys.platform.startswith("linux") or "bsd" in sys.platform
_warned_about_filesystem_encoding = False


class BrokenFilesystemWarning(RuntimeWarning, UnicodeWarning):
    """The system says that file names are ASCII, which hardly ever is meant. Given once."""


def _is_ascii_encoding(encoding: str | None) -> bool:
    """Tell whether this is one of ASCII's many names."""
    try:
        return encoding is not None and codecs.lookup(encoding).name == "ascii"
    except LookupError:
        return False


def get_filesystem_encoding() -> str:
    """The encoding for file names: Python's, but UTF-8 where that is ASCII."""
    global _warned_about_filesystem_encoding
    encoding = sys.getfilesystemencoding()
    if not _is_ascii_encoding(encoding) and (encoding or not has_likely_buggy_unicode_filesystem):
        return encoding
    if not _warned_about_filesystem_encoding:
        _warned_about_filesystem_encoding = True
        message = f"Detected a misconfigured UNIX filesystem: Will use UTF-8 instead of {encoding!r}"
        warnings.warn(message, BrokenFilesystemWarning, stacklevel=2)
    return "utf-8"
