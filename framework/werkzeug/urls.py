"""URLs: taking them apart, putting them together, quoting, query strings.

Place in the pipeline: routing quotes the URLs it builds, requests decode their query string with
:func:`url_decode`, and responses make ``Location`` absolute with :func:`url_join`.

Functions that take text or bytes give back what they were given.
"""

import codecs
import ntpath
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from ._internal import _decode_idna, _encode_idna
from ._text import to_text

_scheme_re = re.compile(r"[a-zA-Z0-9+-.]+\Z")
_always_safe = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
#: What an IRI keeps quoted although it could be shown: quoted, these mean something else.
_to_iri_unsafe = "".join(chr(code) for code in range(128) if code not in _always_safe)
_to_uri_safe = ":/?#[]@!$&'()*+,;=%"
_netloc_safe = "/:%"


class _URLTuple(NamedTuple):
    scheme: Any
    netloc: Any
    path: Any
    query: Any
    fragment: Any


class BaseURL(_URLTuple):
    """A URL's five parts, with properties for what the network location is made of."""

    __slots__ = ()
    _at: Any
    _colon: Any
    _lbracket: Any
    _rbracket: Any

    def replace(self, **kwargs: Any) -> Any:
        """The same URL with some parts changed."""
        return self._replace(**kwargs)

    @property
    def host(self) -> Any:
        """Name or address without port; an IPv6 address without its brackets."""
        return self._split_host()[0]

    @property
    def ascii_host(self) -> str | None:
        """The host as the network writes it: internationalised names encoded."""
        host = self.host
        if isinstance(host, str):
            try:
                host = _encode_idna(host)
            except UnicodeError:
                host = host.encode("ascii", "ignore")
        found: str | None = to_text(host, "ascii", "ignore")
        return found

    @property
    def port(self) -> int | None:
        try:
            number = int(to_text(self._split_host()[1]))
        except (ValueError, TypeError):
            return None
        return number if 0 <= number <= 65535 else None

    @property
    def auth(self) -> Any:
        return self._split_netloc()[0]

    @property
    def username(self) -> str | None:
        return _unquote_or_none(self.raw_username)

    @property
    def raw_username(self) -> Any:
        return self._split_auth()[0]

    @property
    def password(self) -> str | None:
        return _unquote_or_none(self.raw_password)

    @property
    def raw_password(self) -> Any:
        return self._split_auth()[1]

    def decode_query(self, *args: Any, **kwargs: Any) -> Any:
        """The query string as a dict, see :func:`url_decode`."""
        return url_decode(self.query, *args, **kwargs)

    def join(self, *args: Any, **kwargs: Any) -> Any:
        """What another URL means, seen from this one."""
        return url_parse(url_join(self, *args, **kwargs))

    def to_url(self) -> Any:
        return url_unparse(self)

    def decode_netloc(self) -> str:
        """The network location as people write it."""
        user, password = self.raw_username or "", self.raw_password or ""
        auth = (_url_unquote_legacy(user, "/:%@"), _url_unquote_legacy(password, "/:%@"))
        return _netloc(_decode_idna(self.host or ""), self.port, auth)

    def to_uri_tuple(self) -> Any:
        return url_parse(iri_to_uri(self).encode("ascii"))

    def to_iri_tuple(self) -> Any:
        return url_parse(uri_to_iri(self))

    def get_file_location(self, pathformat: str | None = None) -> tuple[Any, Any]:
        """Server and path that a ``file:`` URL means; the server is None for this machine.

        Raises:
            TypeError: ``pathformat`` is neither ``"windows"`` nor ``"posix"``.
        """
        if self.scheme != "file":
            return None, None
        location = _file_locations.get(pathformat or ("windows" if os.name == "nt" else "posix"))
        if location is None:
            raise TypeError(f"Invalid path format {pathformat!r}")
        host, path = location(self.netloc or None, url_unquote(self.path))
        return (None if host in ("127.0.0.1", "::1", "localhost") else host), path

    def _split_netloc(self) -> Any:
        if self._at not in self.netloc:
            return None, self.netloc
        return self.netloc.split(self._at, 1)

    def _split_auth(self) -> Any:
        user, colon, password = (self.auth or self._colon[:0]).partition(self._colon)
        return user or (user if colon else None), (password if colon else None)

    def _split_host(self) -> Any:
        rest = self._split_netloc()[1]
        if not rest:
            return None, None
        if rest.startswith(self._lbracket) and self._rbracket in rest:
            host, _, rest = rest[1:].partition(self._rbracket)
            return host, (rest[1:] if rest.startswith(self._colon) else None)
        if rest.startswith(self._lbracket):
            return rest, None
        host, colon, port = rest.partition(self._colon)
        return host, (port if colon else None)


class URL(BaseURL):
    """A URL given as text."""

    __slots__ = ()
    _at, _colon, _lbracket, _rbracket = "@:[]"

    def __str__(self) -> str:
        return str(self.to_url())

    def encode_netloc(self) -> str:
        """The network location as the network writes it."""
        if not self.netloc:
            return ""
        user, password = self.raw_username or "", self.raw_password or ""
        auth = tuple(url_quote(part, "utf-8", "strict", _netloc_safe) for part in (user, password))
        return _netloc(self.ascii_host or "", self.port, auth)

    def encode(self, charset: str = "utf-8", errors: str = "replace") -> "BytesURL":
        rest = (part.encode(charset, errors) for part in (self.path, self.query, self.fragment))
        return BytesURL(self.scheme.encode("ascii"), self.encode_netloc(), *rest)


class BytesURL(BaseURL):
    """A URL given as bytes."""

    __slots__ = ()
    _at, _colon, _lbracket, _rbracket = b"@", b":", b"[", b"]"

    def __str__(self) -> str:
        return str(self.to_url().decode("utf-8", "replace"))

    def encode_netloc(self) -> bytes:
        return bytes(self.netloc)

    def decode(self, charset: str = "utf-8", errors: str = "replace") -> URL:
        rest = (part.decode(charset, errors) for part in (self.path, self.query, self.fragment))
        return URL(self.scheme.decode("ascii"), self.decode_netloc(), *rest)


def _netloc(host: str, port: int | None, auth: Iterable[str]) -> str:
    """Put a network location together."""
    shown_host = f"[{host}]" if ":" in host else host
    shown_auth = ":".join(part for part in auth if part)
    return f"{shown_auth}{'@' if shown_auth else ''}{shown_host}{'' if port is None else f':{port}'}"


def _windows_location(host: Any, path: str) -> tuple[Any, str]:
    if path[:1] == "/" and path[1:2].isalpha() and path[2:3] in ("|", ":"):
        path = f"{path[1]}:{path[3:]}"
    is_share = host is None and path[:3] in ("\\\\\\", "///")
    path = ntpath.normpath(path)
    if is_share:
        host, _, path = path.lstrip("\\").partition("\\")
    return host, path


def _posix_location(host: Any, path: str) -> tuple[Any, str]:
    return host, posixpath.normpath(path)


_file_locations = {"windows": _windows_location, "posix": _posix_location}


def _as_text(*values: Any) -> tuple[list[str], Callable[[str], Any]]:
    """The values as text, and a function that gives a result the type they had.

    Raises:
        TypeError: text and bytes are mixed.
    """
    if all(isinstance(value, str) for value in values):
        return list(values), str
    if any(isinstance(value, str) for value in values):
        raise TypeError(f"Cannot mix str and bytes arguments (got {values!r})")
    return [value.decode("latin1") for value in values], lambda text: text.encode("latin1")


def url_parse(url: Any, scheme: Any = None, allow_fragments: bool = True) -> Any:
    """Take a URL apart.

    Args:
        scheme: the one to assume if the URL has none.
        allow_fragments: whether ``#`` starts a fragment.

    Raises:
        ValueError: brackets that do not match, in the place of an IPv6 address.
    """
    (rest,), back = _as_text(url)
    found_scheme = "" if scheme is None else _as_text(scheme)[0][0]
    netloc = query = fragment = ""
    name, colon, after = rest.partition(":")
    # What looks like a scheme but is followed by digits only is a host with its port.
    if colon and name and _scheme_re.match(name) and not (after and re.fullmatch("[0-9]+", after)):
        found_scheme, rest = name.lower(), after
    if rest.startswith("//"):
        end = min((at for at in (rest.find(mark, 2) for mark in "/?#") if at >= 0), default=len(rest))
        netloc, rest = rest[2:end], rest[end:]
        if ("[" in netloc) != ("]" in netloc):
            raise ValueError("Invalid IPv6 URL")
    if allow_fragments:
        rest, _, fragment = rest.partition("#")
    path, _, query = rest.partition("?")
    kind = URL if isinstance(url, str) else BytesURL
    return kind(*map(back, (found_scheme, netloc, path, query, fragment)))


def url_unparse(components: Iterable[Any]) -> Any:
    """Put the five parts together again."""
    (scheme, netloc, path, query, fragment), back = _as_text(*components)
    url = path
    if netloc or (scheme and path.startswith("/")):
        slash = "/" if path and not path.startswith("/") else ""
        url = f"//{netloc}{slash}{path}"
    head = f"{scheme}:" if scheme else ""
    tail = (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    return back(head + url + tail)


@lru_cache(maxsize=64)
def _quoting_table(safe: bytes, unsafe: bytes) -> list[str]:
    """For each byte, what stands for it in a URL."""
    kept = (frozenset(safe) | _always_safe) - frozenset(unsafe)
    return [chr(code) if code in kept else f"%{code:02X}" for code in range(256)]


def _make_fast_url_quote(
    charset: str = "utf-8", errors: str = "strict", safe: str = "/:", unsafe: str = ""
) -> Callable[[bytes], str]:
    """A quoting function with its table prepared."""
    table = _quoting_table(safe.encode(charset, errors), unsafe.encode(charset, errors))
    look_up = table.__getitem__

    def quote(string: bytes) -> str:
        return "".join(map(look_up, string))

    return quote


_fast_url_quote = _make_fast_url_quote()
_fast_quote_plus = _make_fast_url_quote(safe=" ", unsafe="+")


def _fast_url_quote_plus(string: bytes) -> str:
    return _fast_quote_plus(string).replace(" ", "+")


def url_quote(
    string: Any, charset: str = "utf-8", errors: str = "strict", safe: Any = "/:", unsafe: Any = ""
) -> str:
    """Quote everything but letters, digits, ``-._~`` and what is ``safe``."""
    if not isinstance(string, bytes | bytearray):
        string = str(string).encode(charset, errors)
    if isinstance(safe, str):
        safe = safe.encode(charset, errors)
    if isinstance(unsafe, str):
        unsafe = unsafe.encode(charset, errors)
    return "".join(map(_quoting_table(safe, unsafe).__getitem__, string)) if string else ""


def url_quote_plus(string: Any, charset: str = "utf-8", errors: str = "strict", safe: str = "") -> str:
    """Quote for a query string: a space becomes ``+``."""
    return url_quote(string, charset, errors, f"{safe} ", "+").replace(" ", "+")


def _unquote_to_bytes(string: Any, unsafe: str = "") -> bytes:
    """Undo the quoting, but for the characters in ``unsafe``, which stay quoted."""
    raw: bytes = string.encode("utf-8") if isinstance(string, str) else memoryview(string).tobytes()
    if not unsafe:
        return unquote_to_bytes(raw)
    kept = frozenset(unsafe.encode("utf-8"))

    def replacement(found: re.Match[bytes]) -> bytes:
        code = int(found[1], 16)
        return found[0] if code in kept else bytes([code])

    return re.sub(b"%([0-9A-Fa-f]{2})", replacement, raw)


def url_unquote(string: Any, charset: str | None = "utf-8", errors: str = "replace", unsafe: str = "") -> Any:
    """Undo :func:`url_quote`; without a charset the result is bytes."""
    raw = _unquote_to_bytes(string, unsafe)
    return raw if charset is None else raw.decode(charset, errors)


def url_unquote_plus(s: Any, charset: str | None = "utf-8", errors: str = "replace") -> Any:
    """Undo :func:`url_quote_plus`."""
    spaced = s.replace("+", " ") if isinstance(s, str) else s.replace(b"+", b" ")
    return url_unquote(spaced, charset, errors)


def _url_unquote_legacy(value: Any, unsafe: str = "") -> str:
    """As UTF-8 if it is that, else as latin-1, in which anything can be read."""
    try:
        return str(url_unquote(value, "utf-8", "strict", unsafe))
    except UnicodeError:
        return str(url_unquote(value, "latin1", unsafe=unsafe))


def _unquote_or_none(value: Any) -> str | None:
    return None if value is None else _url_unquote_legacy(value)


def url_fix(s: Any, charset: str = "utf-8") -> str:
    """Quote what a person who typed a URL forgot to quote."""
    typed = to_text(s, charset, "replace").replace("\\", "/")
    if typed.startswith("file://") and typed[7:8].isalpha() and typed[8:10] in (":/", "|/"):
        typed = f"file:///{typed[7:]}"
    url = url_parse(typed)
    path = url_quote(url.path, charset, safe="/%+$!*'(),")
    query, anchor = (url_quote_plus(part, charset, safe=":&%=+$!*'(),") for part in (url.query, url.fragment))
    return str(url_unparse((url.scheme, url.encode_netloc(), path, query, anchor)))


def _codec_error_url_quote(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no text in the wanted charset stay quoted."""
    assert isinstance(error, UnicodeDecodeError)
    return _fast_url_quote(error.object[error.start : error.end]), error.end


codecs.register_error("werkzeug.url_quote", _codec_error_url_quote)


def uri_to_iri(uri: Any, charset: str = "utf-8", errors: str = "werkzeug.url_quote") -> str:
    """Make a URL readable: undo the quoting where this does not change its meaning."""
    url = url_parse(to_text(url_unparse(uri) if isinstance(uri, tuple) else uri, charset))
    rest = (url_unquote(part, charset, errors, _to_iri_unsafe) for part in url[2:])
    return str(url_unparse((url.scheme, url.decode_netloc(), *rest)))


def _is_plain(url: Any) -> bool:
    """Whether a URL is ASCII and one word, so that it need not be touched."""
    try:
        return len(to_text(url).encode("ascii").split()) == 1
    except UnicodeError:
        return False


def iri_to_uri(
    iri: Any, charset: str = "utf-8", errors: str = "strict", safe_conversion: bool = False
) -> str:
    """Make a URL fit for the network.

    Args:
        safe_conversion: leave it alone if it is fit already (for redirects to odd schemes).
    """
    whole = url_unparse(iri) if isinstance(iri, tuple) else iri
    if safe_conversion and _is_plain(whole):
        return str(to_text(whole))
    url = url_parse(to_text(whole, charset, errors))
    rest = (url_quote(part, charset, errors, _to_uri_safe) for part in url[2:])
    return str(url_unparse((url.scheme, url.encode_netloc(), *rest)))


def url_decode(
    s: Any,
    charset: str | None = "utf-8",
    decode_keys: bool = False,
    include_empty: bool = True,
    errors: str = "replace",
    separator: Any = "&",
    cls: Callable[..., Any] | None = None,
) -> Any:
    """Read a query string (or a form sent like one) into a :class:`MultiDict`, or into ``cls``.

    Args:
        include_empty: keep keys that have no ``=``.
    """
    if isinstance(s, bytes) and isinstance(separator, str):
        separator = separator.encode(charset or "ascii")
    elif isinstance(s, str) and isinstance(separator, bytes):
        separator = separator.decode(charset or "ascii")
    pairs = _url_decode_impl(s.split(separator), charset, include_empty, errors)
    return (cls or _multi_dict())(pairs)


def url_decode_stream(
    stream: Any,
    charset: str | None = "utf-8",
    decode_keys: bool = False,
    include_empty: bool = True,
    errors: str = "replace",
    separator: str | bytes = "&",
    cls: Callable[..., Any] | None = None,
    limit: int | None = None,
    return_iterator: bool = False,
) -> Any:
    """Like :func:`url_decode` for a stream of ``limit`` bytes, without holding all of it in memory."""
    from .wsgi import make_chunk_iter

    chunks = make_chunk_iter(stream, separator, limit)
    pairs = _url_decode_impl(chunks, charset, include_empty, errors)
    return pairs if return_iterator else (cls or _multi_dict())(pairs)


def _multi_dict() -> Any:
    # Imported late: datastructures needs http, which needs this module.
    from .datastructures import MultiDict

    return MultiDict


def _url_decode_impl(
    chunks: Iterable[Any], charset: str | None, include_empty: bool, errors: str
) -> Iterator[tuple[Any, Any]]:
    for chunk in chunks:
        if not chunk:
            continue
        equals = "=" if isinstance(chunk, str) else b"="
        key, found, value = chunk.partition(equals)
        if found or include_empty:
            yield url_unquote_plus(key, charset, errors), url_unquote_plus(value, charset, errors)


def url_encode(
    obj: Any,
    charset: str = "utf-8",
    encode_keys: bool = False,
    sort: bool = False,
    key: Callable[[Any], Any] | None = None,
    separator: Any = b"&",
) -> str:
    """Make a query string of a mapping or of pairs; values that are None are left out."""
    return str(to_text(separator, "ascii")).join(_url_encode_impl(obj, charset, sort, key))


def url_encode_stream(
    obj: Any,
    stream: Any = None,
    charset: str = "utf-8",
    encode_keys: bool = False,
    sort: bool = False,
    key: Callable[[Any], Any] | None = None,
    separator: Any = b"&",
) -> Any:
    """Like :func:`url_encode`, written to ``stream``; without one, an iterator over the pairs' text."""
    pairs = _url_encode_impl(obj, charset, sort, key)
    if stream is None:
        return pairs
    for index, pair in enumerate(pairs):
        stream.write(pair if index == 0 else f"{to_text(separator, 'ascii')}{pair}")
    return None


def _url_encode_impl(
    obj: Any, charset: str, sort: bool, sort_key: Callable[[Any], Any] | None
) -> Iterator[str]:
    from .datastructures import iter_multi_items

    items: Iterable[tuple[Any, Any]] = iter_multi_items(obj)
    for pair in sorted(items, key=sort_key) if sort else items:
        if pair[1] is not None:
            name, value = (x if isinstance(x, bytes) else str(x).encode(charset) for x in pair)
            yield f"{_fast_url_quote_plus(name)}={_fast_url_quote_plus(value)}"


def url_join(base: Any, url: Any, allow_fragments: bool = True) -> Any:
    """What ``url``, found on the page ``base``, means in full."""
    base = url_unparse(base) if isinstance(base, tuple) else base
    url = url_unparse(url) if isinstance(url, tuple) else url
    (base, url), back = _as_text(base, url)
    if not base or not url:
        return back(url or base)
    origin = url_parse(base, allow_fragments=allow_fragments)
    target = url_parse(url, origin.scheme, allow_fragments)
    if target.scheme != origin.scheme:
        return back(url)
    if target.netloc:
        return back(url_unparse(target))
    here = origin.path.split("/")
    query = target.query
    if target.path.startswith("/"):
        segments = target.path.split("/")
    elif target.path:
        segments = here[:-1] + target.path.split("/")
    else:
        segments, query = here, query or origin.query
    path = "/".join(_resolve_dots(segments))
    return back(url_unparse((target.scheme, origin.netloc, path, query, target.fragment)))


def _resolve_dots(segments: list[str]) -> list[str]:
    """Carry out the ``.`` and ``..`` of a path; what would climb above the root stays at the root."""
    if segments[-1] == ".":
        segments[-1] = ""
    resolved: list[str] = []
    last = len(segments) - 1
    for index, segment in enumerate(segments):
        # A ".." at the very end stays as written.
        if segment == ".." and resolved and resolved[-1] not in ("", "..") and index < last:
            resolved.pop()
        elif segment != ".":
            resolved.append(segment)
    while resolved[:2] == ["", ".."]:
        del resolved[1]
    return resolved


class Href:
    """Makes URLs below a base: ``Href("/blog")("post", 7, page=2)`` is ``/blog/post/7?page=2``."""

    def __init__(
        self,
        base: str = "./",
        charset: str = "utf-8",
        sort: bool = False,
        key: Callable[[Any], Any] | None = None,
    ) -> None:
        self.base = base or "./"
        self.charset = charset
        self.sort = sort
        self.key = key

    def __getattr__(self, name: str) -> "Href":
        if name.startswith("__"):
            raise AttributeError(name)
        below = url_join(self.base if self.base.endswith("/") else f"{self.base}/", name)
        return Href(below, self.charset, self.sort, self.key)

    def __call__(self, *path: Any, **query: Any) -> str:
        arguments: Mapping[str, Any] = {name.removesuffix("_"): value for name, value in query.items()}
        if path and isinstance(path[-1], dict):
            if query:
                raise TypeError("keyword arguments and query-dicts can't be combined")
            path, arguments = path[:-1], path[-1]
        below = "/".join(url_quote(part, self.charset) for part in path if part is not None).lstrip("/")
        url = self.base
        if below:
            url = url_join(url if url.endswith("/") else f"{url}/", f"./{below}")
        if arguments:
            url += f"?{url_encode(arguments, self.charset, sort=self.sort, key=self.key)}"
        return str(url)
