"""The requests that a scenario is played with, and the parser of ``-r 'METHOD /path'``."""

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus, urlencode

from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.masking import secrets_in

_METHOD = re.compile(r"[A-Z][A-Z-]*\Z")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_HINT = "write it as -r 'GET /path' or -r /path"


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request to send.

    Attributes:
        target: path and query as sent.
        headers: pairs, in order.
        reloads: it changes a file that the program is made of: the next one is sent when the reloader has
            started another server.
        is_abandoned: the client resets the connection once it is sent, and waits for no answer.
    """

    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    data: bytes | None = None
    reloads: bool = False
    is_abandoned: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


def parse_request(text: str, headers: Sequence[str] = (), data: str | bytes | None = None) -> PlannedRequest:
    """Read a request as the command line gives it.

    Args:
        text: ``'METHOD /path'``; the method may be left out: GET, or POST when there is data.
        headers: ``'Name: value'`` each, as for curl's ``-H``.
        data: the body, as for curl's ``-d``: form data unless a header says otherwise.

    Raises:
        UsageError: the request or a header is malformed.
    """
    words = text.split()
    if len(words) == 1 and words[0].startswith("/"):
        words.insert(0, "GET" if data is None else "POST")
    if len(words) != 2:
        raise UsageError(f"the request {text!r} is not a method and a path: {_HINT}")
    method, target = words[0].upper(), words[1]
    if not _METHOD.match(method):
        raise UsageError(f"the request {text!r} has no method that HTTP knows: {_HINT}")
    if not target.startswith("/") and target != "*":
        raise UsageError(f"the path of the request {text!r} does not begin with a slash: {_HINT}")
    if not target.isascii() or not target.isprintable():
        raise UsageError(
            f"the path of the request {text!r} has characters that HTTP does not allow: quote them as %XX"
        )
    pairs = tuple(_parse_header(header) for header in headers)
    # A command line that is no UTF-8 comes with its bytes as surrogates: they are sent as they are.
    body = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    if body is not None and not any(name.lower() == "content-type" for name, _ in pairs):
        pairs += (("Content-Type", "application/x-www-form-urlencoded"),)
    return PlannedRequest(method, target, pairs, body)


def _parse_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip()
    if not colon or not _HEADER_NAME.match(name):
        raise UsageError(f"the header {text!r} is not a name and a value: write it as -H 'Name: value'")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(
            f"the header {text!r} has characters that HTTP does not allow: use Latin-1 only"
        ) from None
    if any(c < " " and c != "\t" for c in value) or "\x7f" in value:
        raise UsageError(f"the header {text!r} has control characters: leave them out")
    return name, value


def planned_from(item: object) -> PlannedRequest:
    """Read an entry of a script's ``REQUESTS``: a string, or a dict.

    A dict has method, path, headers and data, ``reloads``, and ``abandoned`` for a client that does not wait.

    Raises:
        UsageError: the entry is neither, or malformed.
    """
    if isinstance(item, PlannedRequest):
        return item
    if isinstance(item, str):
        return parse_request(item)
    if not isinstance(item, Mapping):
        raise UsageError(f"an entry of REQUESTS is a {type(item).__name__}: write 'GET /path' or a dict")
    unknown = set(item) - {"method", "path", "headers", "data", "reloads", "abandoned"}
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise UsageError(
            f"an entry of REQUESTS has unknown keys ({names}):"
            " known are method, path, headers, data, reloads, abandoned"
        )
    data = item.get("data")
    headers = item.get("headers") or {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    if isinstance(data, Mapping):
        data = urlencode(data)
    if data is not None and not isinstance(data, str | bytes):
        raise UsageError(
            f"the data of an entry of REQUESTS is a {type(data).__name__}: use a string or a dict"
        )
    method = str(item.get("method") or ("GET" if data is None else "POST"))
    request = parse_request(
        f"{method} {item.get('path', '/')}", [f"{name}: {value}" for name, value in pairs], data
    )
    return replace(request, reloads=bool(item.get("reloads")), is_abandoned=bool(item.get("abandoned")))


def secrets_of(
    request: PlannedRequest, is_secret_name: Callable[[str], bool], rules: Iterable[str] = ()
) -> Iterator[str]:
    """The values that a request sends under secret names: in headers, cookies, the path, query and body.

    Args:
        rules: the app's routes, as ``/reset/<token>``, which name the parts of the path.
    """
    for name, value in request.headers:
        if name.lower() == "cookie":
            yield value
            yield from (pair.partition("=")[2].strip() for pair in value.split(";"))
        elif is_secret_name(name):
            yield value
            yield value.rpartition(" ")[2]  # without the scheme
            yield from _basic_credentials(value)
    path, _, query = request.target.partition("?")
    body = (request.data or b"").decode("utf-8", "replace")
    pairs = [pair.partition("=") for pair in (*query.split("&"), *body.split("&"))]
    named = [(unquote_plus(name), value) for name, _, value in pairs]
    for rule in rules:
        named += _named_parts(rule, path)
    named += [(part[1], part[2]) for part in _PART.finditer(body)]
    for name, value in named:
        if is_secret_name(name):
            yield value
            yield unquote_plus(value)
    for text in (body, *(unquote_plus(value) for _, value in named)):
        if text.lstrip()[:1] in ("{", "["):
            with contextlib.suppress(ValueError, RecursionError):
                yield from secrets_in(json.loads(text), is_secret_name)


# A field of multipart form data: its name, its value.
_PART = re.compile(r'name="([^"\r\n]*)"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n(.*?)(?:\r?\n--|\Z)', re.DOTALL)
_PLACE = re.compile(r"<(?:([^:<>]*):)?([^:<>]+)>")


def _named_parts(rule: str, path: str) -> list[tuple[str, str]]:
    """The names that a route gives to parts of a path; none when it does not match."""
    names, pattern, position = [], "", 0
    for place in _PLACE.finditer(rule):
        names.append(place[2])
        pattern += re.escape(rule[position : place.start()])
        pattern += "(.+?)" if (place[1] or "").startswith("path") else "([^/]+)"
        position = place.end()
    match = re.fullmatch(pattern + re.escape(rule[position:]) + "/?", path) if names else None
    return list(zip(names, match.groups(), strict=True)) if match else []


def _basic_credentials(value: str) -> Iterator[str]:
    """The password inside ``Basic base64(user:password)``, which the program will decode."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            yield base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[2]
