"""What is compiled where ``pip install`` finds a C compiler: the hooks, and the reading of long columns."""

import contextlib
import importlib
from typing import Any

native: Any = None
with contextlib.suppress(ImportError):  # an install without a compiler has none, and needs none
    native = importlib.import_module("flasktrace._native")
