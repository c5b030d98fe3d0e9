"""What the recorder does with code; the few functions that it looks at even where they are out of scope."""

import socketserver
import threading
from types import CodeType

OUT_OF_SCOPE, IN_SCOPE, WATCHED, GENERATED = 0, 1, 2, 4
"""Of a file: what is done with its code; the last: each piece of it is decided by itself."""

THREADING_FILE = threading.Thread.start.__code__.co_filename
# The code that starts a thread, and the first that runs in it.
THREAD_STARTS = (
    threading.Thread.start.__code__,
    threading.Thread._bootstrap_inner.__code__,  # type: ignore[attr-defined]
)
SOCKETSERVER_FILE = socketserver.BaseServer.serve_forever.__code__.co_filename
SERVE_FOREVER = socketserver.BaseServer.serve_forever.__code__
SETTING = "ConfigAttribute.__get__"  # reads one of the app's settings
TEXTS = (str, bytes)  # of which a secret is one
CONFIG_ACCESS = frozenset({SETTING, "ConfigAttribute.__set__"})


def is_watched(code: CodeType) -> bool:
    """Tell whether this is one of the functions in the watched files that tell something."""
    return code in THREAD_STARTS or code is SERVE_FOREVER or code.co_qualname in CONFIG_ACCESS
