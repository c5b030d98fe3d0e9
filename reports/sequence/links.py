"""Where a function's name leads to: the file on this machine, or the line in its project's repository."""

import re
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from urllib.parse import quote

from flasktrace.reports.sequence.options import LinkMode
from flasktrace.tracer.model import Function, Metadata, Origin

_REPOSITORIES = {
    "flask": "https://github.com/pallets/flask",
    "werkzeug": "https://github.com/pallets/werkzeug",
}
_PYTHON = "https://github.com/python/cpython"
_VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?$")


def source_link(function: Function, metadata: Metadata, mode: LinkMode) -> str:
    """The address of a function's source, or "" where there is none to name."""
    if mode is LinkMode.LOCAL:
        return _local(function)
    if mode is LinkMode.UPSTREAM:
        return _upstream(function, metadata)
    return ""


def _local(function: Function) -> str:
    path: PurePath = PurePosixPath(function.file_path)
    if not path.is_absolute():
        path = PureWindowsPath(function.file_path)
    if not path.is_absolute() or not function.file_path.isprintable():
        return ""
    return f"{path.as_uri()}#L{function.line_number}"


def _upstream(function: Function, metadata: Metadata) -> str:
    package = function.module.partition(".")[0]
    is_package = function.file_path.replace("\\", "/").endswith("/__init__.py")
    path = function.module.replace(".", "/") + ("/__init__.py" if is_package else ".py")
    if function.origin in (Origin.FLASK, Origin.WERKZEUG) and package in _REPOSITORIES:
        version = metadata.flask_version if package == "flask" else metadata.werkzeug_version
        if not _VERSION.match(version):
            return ""
        # The bundled engine is upstream's in names and order, not line by line.
        line = "" if metadata.engine == "bundled" else f"#L{function.line_number}"
        return f"{_REPOSITORIES[package]}/blob/{version}/src/{quote(path)}{line}"
    if function.origin in (Origin.SERVER, Origin.STDLIB) and _VERSION.match(metadata.python_version):
        return f"{_PYTHON}/blob/v{metadata.python_version}/Lib/{quote(path)}#L{function.line_number}"
    return ""
