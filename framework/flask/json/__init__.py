"""JSON as the application wants it: its encoder and decoder, its sort order, its content type.

Place in the pipeline: ``Flask.make_response`` calls :func:`jsonify` for a view that gives a dict;
``request.get_json`` reads with :func:`loads`; the session cookie is written with :func:`dumps`.
"""

import codecs
import dataclasses
import io
import json as _json
import uuid
from datetime import date, datetime
from typing import IO, Any

from markupsafe import Markup

from flasktrace.framework.werkzeug.http import http_date

from ..globals import current_app, request

__all__ = [
    "JSONDecoder", "JSONEncoder", "dump", "dumps", "htmlsafe_dump", "htmlsafe_dumps", "jsonify", "load",
    "loads",
]  # fmt: skip

_HTML_UNSAFE = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&'"})


def _wrap_reader_for_text(fp: Any, encoding: str) -> Any:
    is_binary = isinstance(fp.read(0), bytes)
    return io.TextIOWrapper(io.BufferedReader(fp), encoding) if is_binary else fp


def _wrap_writer_for_text(fp: Any, encoding: str) -> Any:
    try:
        fp.write("")
    except TypeError:
        return io.TextIOWrapper(fp, encoding)
    return fp


class JSONEncoder(_json.JSONEncoder):
    """Writes dates as HTTP dates, UUIDs as text, dataclasses as objects, ``__html__`` as its markup."""

    def default(self, o: Any) -> Any:
        """Turn a value that JSON does not know into one that it does."""
        if isinstance(o, date):
            # A datetime is a date too, but knows about time zones.
            return http_date(o.utctimetuple() if isinstance(o, datetime) else o.timetuple())
        if isinstance(o, uuid.UUID):
            return str(o)
        if dataclasses.is_dataclass(o) and not isinstance(o, type):
            return dataclasses.asdict(o)
        return str(o.__html__()) if hasattr(o, "__html__") else super().default(o)


class JSONDecoder(_json.JSONDecoder):
    """The standard decoder, under a name that an application can derive from."""


def _dump_arg_defaults(kwargs: dict[str, Any], app: Any = None) -> None:
    app = current_app if app is None else app
    if not app:
        kwargs.setdefault("sort_keys", True)
        kwargs.setdefault("cls", JSONEncoder)
        return
    bp = app.blueprints.get(request.blueprint) if request else None
    own_encoder = bp.json_encoder if bp else None
    kwargs.setdefault("cls", own_encoder or app.json_encoder)
    if not app.config["JSON_AS_ASCII"]:
        kwargs.setdefault("ensure_ascii", False)
    kwargs.setdefault("sort_keys", app.config["JSON_SORT_KEYS"])


def _load_arg_defaults(kwargs: dict[str, Any], app: Any = None) -> None:
    app = current_app if app is None else app
    if not app:
        kwargs.setdefault("cls", JSONDecoder)
        return
    bp = app.blueprints.get(request.blueprint) if request else None
    own_decoder = bp.json_decoder if bp else None
    kwargs.setdefault("cls", own_decoder or app.json_decoder)


def detect_encoding(data: bytes) -> str:
    """Tell which of the UTF encodings JSON text is in, from its first four bytes (RFC 4627, part 3).

    JSON begins with two ASCII characters, so where the zero bytes are gives the width and the order.
    """
    head = data[:4]
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\0" not in head:
        return "utf-8"
    if head in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) == 4 and head.startswith(b"\0\0\0"):
        return "utf-32-be"
    if len(head) == 4 and head.endswith(b"\0\0\0"):
        return "utf-32-le"
    if len(head) in (2, 4) and not any(head[::2]):
        return "utf-16-be"
    if len(head) in (2, 4) and not any(head[1::2]):
        return "utf-16-le"
    return "utf-8"


def dumps(obj: Any, app: Any = None, **kwargs: Any) -> Any:
    """Write ``obj`` as JSON text, or as bytes when ``encoding`` is given."""
    _dump_arg_defaults(kwargs, app=app)
    wanted_encoding = kwargs.pop("encoding", None)
    text = _json.dumps(obj, **kwargs)
    return text if wanted_encoding is None else text.encode(wanted_encoding)


def dump(obj: Any, fp: IO[Any], app: Any = None, **kwargs: Any) -> None:
    """Write ``obj`` as JSON to a file; ``encoding`` is needed when the file is binary."""
    _dump_arg_defaults(kwargs, app=app)
    wanted_encoding = kwargs.pop("encoding", None)
    target = fp if wanted_encoding is None else _wrap_writer_for_text(fp, wanted_encoding)
    _json.dump(obj, target, **kwargs)


def loads(s: str | bytes, app: Any = None, **kwargs: Any) -> Any:
    """Read JSON from text or bytes; the encoding of bytes is found out unless ``encoding`` is given."""
    _load_arg_defaults(kwargs, app=app)
    if isinstance(s, bytes):
        given_encoding = kwargs.pop("encoding", None)
        s = s.decode(detect_encoding(s) if given_encoding is None else given_encoding)
    if kwargs == {"cls": JSONDecoder}:
        kwargs = {}  # it adds nothing to the standard decoder, and that one is ready made
    return _json.loads(s, **kwargs)


def load(fp: IO[Any], app: Any = None, **kwargs: Any) -> Any:
    """Read JSON from a file; a binary one is taken as UTF-8 unless ``encoding`` is given."""
    _load_arg_defaults(kwargs, app=app)
    source = _wrap_reader_for_text(fp, kwargs.pop("encoding", None) or "utf-8")
    return _json.load(source, **kwargs)


def htmlsafe_dumps(obj: Any, **kwargs: Any) -> str:
    """Write JSON that can stand inside a ``<script>`` element or an attribute in single quotes."""
    text: str = dumps(obj, **kwargs)
    return text.translate(_HTML_UNSAFE)


def htmlsafe_dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Like :func:`htmlsafe_dumps`, but write to a text file."""
    fp.write(htmlsafe_dumps(obj, **kwargs))


def jsonify(*args: Any, **kwargs: Any) -> Any:
    """Make a JSON response of one value, of several (a list), or of keyword arguments (an object).

    Raises:
        TypeError: both positional and keyword arguments were given.
    """
    indent, separators = None, (",", ":")
    if current_app.config["JSONIFY_PRETTYPRINT_REGULAR"] or current_app.debug:
        indent, separators = 2, (", ", ": ")
    if args and kwargs:
        raise TypeError("jsonify() behavior undefined when passed both args and kwargs")
    data: Any = args[0] if len(args) == 1 else args or kwargs
    response_class = current_app.response_class
    body = dumps(data, indent=indent, separators=separators) + "\n"
    return response_class(body, mimetype=current_app.config["JSONIFY_MIMETYPE"])


def tojson_filter(obj: Any, **kwargs: Any) -> Markup:
    """The template filter ``tojson``."""
    return Markup(htmlsafe_dumps(obj, **kwargs))
