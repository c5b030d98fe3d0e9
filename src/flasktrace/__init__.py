"""flasktrace: see how a Flask request really runs."""

from pathlib import Path

# In a checkout the four packages are the folders at the repository's root; in a wheel they are inside
# this one. The root goes in front, so that tracebacks show the real files and a checkout without
# symbolic links works too.
_root = Path(__file__).resolve().parents[2]
if (_root / "framework").is_dir() and (_root / "pyproject.toml").is_file():
    __path__.insert(0, str(_root))

__version__ = "0.1.0"

__all__ = ["__version__"]
