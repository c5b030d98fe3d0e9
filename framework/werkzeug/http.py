"""Reading and writing the values of HTTP headers: options, lists, dates, entity tags, ranges, cookies.

Place in the pipeline: the properties of requests and responses call these. No part of the lesson: cookies
are read by today's Werkzeug; the rest is what 1.0 does.
"""

import base64
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from email.utils import parsedate_tz
from functools import lru_cache
from hashlib import md5
from http import HTTPStatus
from time import gmtime, struct_time, time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from urllib.request import parse_http_list

from ._cookies import quote_value
from ._internal import _make_cookie_domain
from ._text import to_bytes, to_text
from .urls import iri_to_uri

if TYPE_CHECKING:
    from werkzeug.http import parse_cookie as _leaf_parse_cookie
else:
    from flasktrace.framework._leaves.http import parse_cookie as _leaf_parse_cookie

_Update = Callable[[Any], None] | None

_token_chars = frozenset("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~")
_weekdays = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_etag_re = re.compile(r'(?P<weak>[Ww]/)?(?:"(?P<quoted>.*?)"|(?P<raw>.*?))(?:\s*,\s*|$)')
_quoted = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_option_re = re.compile(
    rf";\s*,?\s*(?P<key>{_quoted}|[^\s;,=*]+)"
    r"(?:\*(?P<count>\d+))?\s*"
    r"(?:(?:\*\s*=\s*(?:(?P<encoding>[^\s]+?)'(?P<language>[^\s]*?)')?|=\s*)"
    rf"(?P<value>{_quoted}|[^;,]+)?)?\s*"
)
_option_start_re = re.compile(r",\s*(?P<value>[^;,\s]+)(?P<rest>[;,]\s*.+)?")
#: A media range with its parameters, up to a parameter named just "q"; then the quality.
_accept_re = re.compile(
    r"(?P<item>[^\s;,]+(?:[ \t]*;[ \t]*(?:[^\s;,q][^\s;,]*|q[^\s;,=][^\s;,]*))*)"
    r"(?:[ \t]*;[ \t]*q=(?P<quality>\d*(?:\.\d+)?)[^,]*)?"
)
_entity_headers = frozenset((
    "allow", "content-encoding", "content-language", "content-length", "content-location", "content-md5",
    "content-range", "content-type", "expires", "last-modified",
))  # fmt: skip
_hop_by_hop_headers = frozenset((
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
))  # fmt: skip

#: The reason phrases; those that the standard library words otherwise are listed here.
HTTP_STATUS_CODES: dict[int, str] = {
    **{status.value: status.phrase for status in HTTPStatus},
    103: "Early Hints",
    203: "Non Authoritative Information",
    207: "Multi Status",
    306: "Switch Proxy",
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    425: "Too Early",
    449: "Retry With",
    451: "Unavailable For Legal Reasons",
    511: "Network Authentication Failed",
}


def wsgi_to_bytes(data: str | bytes) -> bytes:
    """Undo the latin-1 text that WSGI makes of bytes."""
    return data if isinstance(data, bytes) else data.encode("latin1")


def bytes_to_wsgi(data: bytes) -> str:
    """Dress bytes up as WSGI's latin-1 text."""
    assert isinstance(data, bytes), "data must be bytes"
    return data.decode("latin1")


def quote_header_value(value: Any, extra_chars: str = "", allow_token: bool = True) -> str:
    """Put a value in quotes; a plain word stays as it is if ``allow_token``."""
    text = value.decode("latin1") if isinstance(value, bytes) else str(value)
    if allow_token and _token_chars.union(extra_chars).issuperset(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquote_header_value(value: str, is_filename: bool = False) -> str:
    """Take the quotes off, as browsers set them; a Windows share keeps its two backslashes."""
    if not (value and value[0] == value[-1] == '"'):
        return value
    inner = value[1:-1]
    if is_filename and inner.startswith("\\\\"):
        return inner
    return inner.replace("\\\\", "\\").replace('\\"', '"')


def dump_options_header(header: str | None, options: Mapping[str, Any]) -> str:
    """``value; key=value; ...``, the opposite of :func:`parse_options_header`."""
    shown = (key if value is None else f"{key}={quote_header_value(value)}" for key, value in options.items())
    return "; ".join([*([] if header is None else [header]), *shown])


def dump_header(iterable: Any, allow_token: bool = True) -> str:
    """A list or a dict as a header's value."""
    if not isinstance(iterable, dict):
        return ", ".join(quote_header_value(item, allow_token=allow_token) for item in iterable)
    return ", ".join(
        key if value is None else f"{key}={quote_header_value(value, allow_token=allow_token)}"
        for key, value in iterable.items()
    )


def dump_csp_header(header: Mapping[str, Any]) -> str:
    """A content security policy as a header's value."""
    return "; ".join(f"{directive} {value}" for directive, value in header.items())


def _unquote_item(item: str) -> str:
    return unquote_header_value(item[1:-1]) if item[:1] == item[-1:] == '"' else item


def parse_list_header(value: str) -> list[str]:
    """Split at commas, but not in quotes."""
    return [_unquote_item(item) for item in parse_http_list(value)]


def parse_dict_header(value: str | bytes, cls: Callable[[], Any] = dict) -> Any:
    """Read ``key=value, key="value", key``; a key alone has the value None."""
    found = cls()
    for item in parse_http_list(value if isinstance(value, str) else value.decode("latin1")):
        key, equals, text = item.partition("=")
        found[key] = _unquote_item(text) if equals else None
    return found


def parse_options_header(value: str | None, multiple: bool = False) -> Any:
    """Read ``value; key=value; ...`` into the value and a dict.

    Knows values in quotes, in another charset (``key*=UTF-8''...``) and continued ones (``key*0=``).

    Args:
        multiple: go on after a comma, giving value, dict, value, dict, ...
    """
    if not value:
        return "", {}
    parsed: list[Any] = []
    rest: str | None = "," + value.replace("\n", ",")
    while rest and (start := _option_start_re.match(rest)):
        options, rest = _parse_options(start["rest"])
        parsed += [start["value"], options]
        if not multiple:
            break
    return tuple(parsed) if parsed else ("", {})


def _parse_options(rest: str | None) -> tuple[dict[str, Any], str | None]:
    """The options at the start of ``rest``, and what comes after them."""
    options: dict[str, Any] = {}
    continued_encoding = None
    while rest and (found := _option_re.match(rest)):
        encoding, count, text = found["encoding"], found["count"], found["value"]
        if count:
            encoding = encoding or continued_encoding
        continued_encoding = encoding if count else None
        key = unquote_header_value(found["key"])
        if text is not None:
            text = unquote_header_value(text, key == "filename")
            if encoding is not None:
                text = unquote_to_bytes(text).decode(encoding)
        options[key] = options.get(key, "") + text if count else text
        rest = rest[found.end() :]
    return options, rest


def parse_accept_header(value: str | None, cls: Callable[..., Any] | None = None) -> Any:
    """Read an ``Accept...`` header into an :class:`Accept`, the best first."""
    kind = cls or Accept
    if not value:
        return kind(None)
    return kind([(found["item"], _quality(found["quality"])) for found in _accept_re.finditer(value)])


def _quality(text: str | None) -> float:
    return max(min(float(text), 1), 0) if text else 1


def parse_cache_control_header(
    value: str | None, on_update: _Update = None, cls: Callable[..., Any] | None = None
) -> Any:
    """Read a ``Cache-Control`` header; ``on_update`` is told about changes to the result."""
    return (cls or RequestCacheControl)(parse_dict_header(value) if value else None, on_update)


def parse_csp_header(
    value: str | None, on_update: _Update = None, cls: Callable[..., Any] | None = None
) -> Any:
    """Read a content security policy; directives without a value are left out."""
    kind = cls or ContentSecurityPolicy
    if value is None:
        return kind(None, on_update)
    parts = (policy.strip().partition(" ") for policy in value.split(";"))
    return kind([(name.strip(), text.strip()) for name, space, text in parts if space], on_update)


def parse_set_header(value: str | None, on_update: _Update = None) -> Any:
    """Read a list into a :class:`HeaderSet`, which ignores case."""
    return HeaderSet(parse_list_header(value) if value else None, on_update)


def parse_authorization_header(value: Any) -> Any:
    """Read an ``Authorization`` header; None if there is none, or it is neither basic nor digest."""
    kind, _, info = wsgi_to_bytes(value or b"").strip().partition(b" ")
    reader = _authorization_readers.get(kind.lower())
    return reader(info.strip()) if reader and info.strip() else None


def _read_basic(info: bytes) -> Any:
    try:
        username, password = base64.b64decode(info).split(b":", 1)
        login = {"username": username.decode("utf-8"), "password": password.decode("utf-8")}
    except ValueError:
        return None
    return Authorization("basic", login)


def _read_digest(info: bytes) -> Any:
    values = parse_dict_header(info)
    if not {"username", "realm", "nonce", "uri", "response"} <= values.keys():
        return None
    if "qop" in values and not (values.get("nc") and values.get("cnonce")):
        return None
    return Authorization("digest", values)


_authorization_readers = {b"basic": _read_basic, b"digest": _read_digest}


def parse_www_authenticate_header(value: str | None, on_update: _Update = None) -> Any:
    """Read a ``WWW-Authenticate`` header."""
    if not value:
        return WWWAuthenticate(on_update=on_update)
    kind, *info = value.split(None, 1)
    if not info:
        return WWWAuthenticate(value.strip().lower(), on_update=on_update)
    return WWWAuthenticate(kind.lower(), parse_dict_header(info[0]), on_update)


def parse_if_range_header(value: str | None) -> Any:
    """Read an ``If-Range`` header, which holds a date or an entity tag."""
    if not value:
        return IfRange()
    moment = parse_date(value)
    return IfRange(date=moment) if moment is not None else IfRange(unquote_etag(value)[0])


def parse_range_header(value: str | None, make_inclusive: bool = True) -> Any:
    """Read a ``Range`` header; None if it makes no sense. The ends are exclusive."""
    units, equals, ranges = (value or "").partition("=")
    if not equals:
        return None
    parsed: list[tuple[int, int | None]] = []
    last_end: int | None = 0
    for item in ranges.split(","):
        one = _parse_range(item.strip(), last_end)
        if one is None:
            return None
        parsed.append(one)
        # After "-500" or "500-" nothing can follow.
        last_end = one[1] if one[1] is not None else -1
    return Range(units.strip().lower(), parsed)


def _parse_range(item: str, last_end: int | None) -> tuple[int, int | None] | None:
    first, dash, last = (part.strip() for part in item.partition("-"))
    if not dash or last_end is None or last_end < 0:
        return None
    if not first:
        return (-int(last), None) if last.isdigit() else None
    if not first.isdigit() or (last and not last.isdigit()):
        return None
    begin, end = int(first), int(last) + 1 if last else None
    if begin < last_end or (end is not None and begin >= end):
        return None
    return begin, end


def parse_content_range_header(value: str | None, on_update: _Update = None) -> Any:
    """Read a ``Content-Range`` header; None if there is none or it is not valid."""
    found = re.match(r"\s*(\S+)\s+(?:\*|\s*(-?\d+)\s*-\s*(\d+)\s*)/(\*|\d+)\s*$", value or "")
    if found is None:
        return None
    units, first, last, total = found.groups()
    length = None if total == "*" else int(total)
    if first is None:
        return ContentRange(units, None, None, length, on_update=on_update)
    start, stop = int(first), int(last) + 1
    if not is_byte_range_valid(start, stop, length):
        return None
    return ContentRange(units, start, stop, length, on_update=on_update)


def quote_etag(etag: str, weak: bool = False) -> str:
    """Write an entity tag.

    Raises:
        ValueError: a quote in it.
    """
    if '"' in etag:
        raise ValueError("invalid etag")
    return f'{"W/" if weak else ""}"{etag}"'


def unquote_etag(etag: str | None) -> tuple[str | None, bool | None]:
    """Read an entity tag: the tag and whether it is weak."""
    if not etag:
        return None, None
    text = etag.strip()
    is_weak = text.startswith(("W/", "w/"))
    text = text[2:] if is_weak else text
    return (text[1:-1] if text[:1] == text[-1:] == '"' else text), is_weak


def parse_etags(value: str | None) -> Any:
    """Read an ``If-Match`` or ``If-None-Match`` header."""
    tags: dict[bool, list[str]] = {True: [], False: []}
    position = 0
    while value and position < len(value):
        found = _etag_re.match(value, position)
        if found is None:
            break
        if found["raw"] == "*":
            return ETags(star_tag=True)
        tags[bool(found["weak"])].append(found["quoted"] or found["raw"])
        position = found.end()
    return ETags(tags[False], tags[True])


def generate_etag(data: bytes) -> str:
    """An entity tag made of the content; a fingerprint, not a secret."""
    return md5(data, usedforsecurity=False).hexdigest()


def parse_date(value: str | None) -> datetime | None:
    """Read one of HTTP's date formats; in UTC, without a time zone. None if it is none."""
    parts = parsedate_tz(value.strip()) if value else None
    if parts is None:
        return None
    year = parts[0]
    if 0 <= year <= 99:
        # Two digits, from before the year 2000 troubled anyone.
        year += 2000 if year <= 68 else 1900
    try:
        return datetime(year, *parts[1:6]) - timedelta(seconds=parts[-1] or 0)
    except (ValueError, OverflowError):
        return None


def _dump_date(moment: Any, delimiter: str) -> str:
    when = _utc_parts(moment)
    day = f"{when.tm_mday:02d}{delimiter}{_months[when.tm_mon - 1]}{delimiter}{when.tm_year:04d}"
    clock = f"{when.tm_hour:02d}:{when.tm_min:02d}:{when.tm_sec:02d}"
    return f"{_weekdays[when.tm_wday]}, {day} {clock} GMT"


def _utc_parts(moment: Any) -> struct_time:
    if moment is None or isinstance(moment, int | float):
        return gmtime(moment)
    if isinstance(moment, datetime):
        return moment.utctimetuple()
    return moment.timetuple() if isinstance(moment, date) else struct_time(moment)


def cookie_date(expires: Any = None) -> str:
    """A date as cookies have it, with dashes; now by default. Seconds since 1970, a datetime or a tuple."""
    return _dump_date(expires, "-")


def http_date(timestamp: Any = None) -> str:
    """A date as HTTP headers have it; now by default. Seconds since 1970, a datetime or a tuple."""
    return _dump_date(timestamp, " ")


def parse_age(value: str | None = None) -> timedelta | None:
    """Read a number of seconds; None if it is no number, negative or absurd."""
    try:
        seconds = int(value or -1)
        return timedelta(seconds=seconds) if seconds >= 0 else None
    except (ValueError, OverflowError):
        return None


def dump_age(age: Any = None) -> str | None:
    """A timedelta or a number as whole seconds.

    Raises:
        ValueError: negative.
    """
    if age is None:
        return None
    seconds = int(age.total_seconds() if isinstance(age, timedelta) else age)
    if seconds < 0:
        raise ValueError("age cannot be negative")
    return str(seconds)


def is_resource_modified(
    environ: Mapping[str, Any],
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: Any = None,
    ignore_if_range: bool = True,
) -> bool:
    """Whether the client's copy is out of date, by the conditional headers of its request.

    Args:
        etag: of the resource; or its ``data``, to make one of.
        last_modified: a datetime or a header's value.
        ignore_if_range: whether ``If-Range`` does not count.

    Raises:
        TypeError: both ``etag`` and ``data``.
    """
    if data is not None:
        if etag is not None:
            raise TypeError("both data and etag given")
        etag = generate_etag(data)
    if isinstance(last_modified, str):
        last_modified = parse_date(last_modified)
    if_range = None
    if not ignore_if_range and "HTTP_RANGE" in environ:
        if_range = parse_if_range_header(environ.get("HTTP_IF_RANGE"))

    seen = if_range.date if if_range is not None else None
    if seen is None:
        seen = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    unmodified = bool(seen and last_modified and last_modified.replace(microsecond=0) <= seen)
    if etag:
        tag = unquote_etag(etag)[0]
        if if_range is not None and if_range.etag is not None:
            unmodified = parse_etags(if_range.etag).contains(tag)
        else:
            unmodified = _matches_tags(environ, tag, unmodified)
    return not unmodified


def _matches_tags(environ: Mapping[str, Any], tag: Any, unmodified: bool) -> bool:
    """What ``If-None-Match`` and ``If-Match`` say; ``unmodified`` if they say nothing."""
    if_none_match = parse_etags(environ.get("HTTP_IF_NONE_MATCH"))
    if_match = parse_etags(environ.get("HTTP_IF_MATCH"))
    if if_match:
        return not if_match.is_strong(tag)
    return bool(if_none_match.contains_weak(tag)) if if_none_match else unmodified


def remove_entity_headers(headers: Any, allowed: Iterable[str] = ("expires", "content-location")) -> None:
    """Take out of a list or Headers what describes a body, but for ``allowed``."""
    kept = {name.lower() for name in allowed}
    headers[:] = [
        (name, value) for name, value in headers if name.lower() in kept or not is_entity_header(name)
    ]


def remove_hop_by_hop_headers(headers: Any) -> None:
    """Take out of a list or Headers what concerns one connection only."""
    headers[:] = [header for header in headers if not is_hop_by_hop_header(header[0])]


def is_entity_header(header: str) -> bool:
    """Whether it describes the body."""
    return header.lower() in _entity_headers


def is_hop_by_hop_header(header: str) -> bool:
    """Whether it concerns one connection only."""
    return header.lower() in _hop_by_hop_headers


def parse_cookie(
    header: Any, charset: str | None = "utf-8", errors: str = "replace", cls: Callable[..., Any] | None = None
) -> Any:
    """Read a ``Cookie`` header, or that of an environ, into a MultiDict or ``cls``."""
    if isinstance(header, dict):
        header = header.get("HTTP_COOKIE", "")
    text = header.decode("latin1") if isinstance(header, bytes) else (header or "")
    found = _leaf_parse_cookie(text).items(multi=True) if text else ()
    return (cls or MultiDict)(_in_charset(found, charset, errors))


def _in_charset(
    pairs: Iterable[tuple[str, str]], charset: str | None, errors: str
) -> Iterator[tuple[Any, Any]]:
    """The leaf reads UTF-8; give those who want it another charset, or bytes."""
    if charset is not None and charset.lower().replace("-", "") == "utf8":
        yield from pairs
        return
    for pair in pairs:
        key, value = (to_text(text.encode("utf-8"), charset, errors) for text in pair)
        yield key, value


def dump_cookie(
    key: str | bytes,
    value: str | bytes = "",
    max_age: Any = None,
    expires: Any = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    charset: str = "utf-8",
    sync_expires: bool = True,
    max_size: int = 4093,
    samesite: str | None = None,
) -> str:
    """Write a ``Set-Cookie`` header.

    Args:
        max_age: seconds or a timedelta; None for the length of the session.
        expires: a date for :func:`cookie_date`, or its text.
        sync_expires: give ``Expires`` too where only ``max_age`` is given, for old browsers.
        max_size: bytes above which there is a warning, since browsers drop the cookie.
        samesite: ``"Strict"``, ``"Lax"`` or ``"None"``.

    Raises:
        ValueError: another ``samesite``.
    """
    raw_key, raw_value = to_bytes(key, charset) or b"", to_bytes(value, charset) or b""
    if isinstance(max_age, timedelta):
        max_age = int(max_age.total_seconds())
    if expires is None and max_age is not None and sync_expires:
        expires = time() + max_age
    if samesite is not None and samesite.title() not in {"Strict", "Lax", "None"}:
        raise ValueError("SameSite must be 'Strict', 'Lax', or 'None'.")
    attributes = {
        "Domain": to_text(_make_cookie_domain(domain), "ascii"),
        "Expires": expires if expires is None or isinstance(expires, str) else cookie_date(expires),
        "Max-Age": max_age,
        "Secure": True if secure else None,
        "HttpOnly": True if httponly else None,
        "Path": _cookie_path(path, charset) if path is not None else None,
        "SameSite": samesite.title() if samesite is not None else None,
    }
    shown = [f"{raw_key.decode('latin1')}={quote_value(raw_value)}"]
    for name, setting in attributes.items():
        if setting is not None:
            shown.append(name if setting is True else f"{name}={setting}")
    header = "; ".join(shown)
    if max_size and len(header) > max_size:
        _warn_too_large(raw_key.decode("latin1"), len(raw_value), len(header), max_size)
    return header


# An application writes the same path into all its cookies.
_cookie_path = lru_cache(maxsize=64)(iri_to_uri)


def _warn_too_large(key: str, value_size: int, cookie_size: int, max_size: int) -> None:
    warnings.warn(
        f'The "{key}" cookie is too large: the value was {value_size} bytes but the header required'
        f" {cookie_size - value_size} extra bytes. The final size was {cookie_size} bytes but the limit is"
        f" {max_size} bytes. Browsers may silently ignore cookies larger than this.",
        stacklevel=3,
    )


def is_byte_range_valid(start: int | None, stop: int | None, length: int | None) -> bool:
    """Whether a range, its end exclusive, makes sense for content of ``length`` bytes."""
    if start is None or stop is None:
        return start is stop and (length is None or length >= 0)
    if not 0 <= start < stop:
        return False
    return length is None or start < length


# At the end: datastructures itself needs the functions above.
from .datastructures import (  # noqa: E402
    Accept,
    Authorization,
    ContentRange,
    ContentSecurityPolicy,
    ETags,
    HeaderSet,
    IfRange,
    MultiDict,
    Range,
    RequestCacheControl,
    WWWAuthenticate,
)
