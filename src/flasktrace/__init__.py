"""flasktrace: see how a Flask request really runs.

``record()`` records a part of a program, ``TraceMiddleware`` single requests of a WSGI app. Both are imported
when they are first asked for: importing this package costs nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flasktrace.middleware import TraceMiddleware as TraceMiddleware
    from flasktrace.recording import Recording as Recording
    from flasktrace.recording import record as record

# In a checkout the four packages are the folders at the repository's root; in a wheel they are inside
# this one. The root goes in front, so that tracebacks show the real files and a checkout without
# symbolic links works too.
_root = Path(__file__).resolve().parents[2]
if (_root / "framework").is_dir() and (_root / "pyproject.toml").is_file():
    __path__.insert(0, str(_root))

__version__ = "0.1.0"

__all__ = ["Recording", "TraceMiddleware", "__version__", "record"]

_LAZY = {
    "record": "flasktrace.recording",
    "Recording": "flasktrace.recording",
    "TraceMiddleware": "flasktrace.middleware",
}


def __getattr__(name: str) -> Any:
    """Import what is part of the public API, when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext flasktrace``: the cell magic ``%%flasktrace``."""
    import importlib

    importlib.import_module("flasktrace.jupyter").load_ipython_extension(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
