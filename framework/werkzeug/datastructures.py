"""The dicts and lists of HTTP: several values per key, headers without case, parsed header values.

Place in the pipeline: requests hand out their arguments, form, files and headers as these; responses keep
their headers in :class:`Headers`. No part of the lesson: most classes are those of today's Werkzeug, and this
module adds what behaved differently in 1.0 (cache control, authorization, bytes in headers).
"""

import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from . import exceptions

if TYPE_CHECKING:
    import werkzeug.datastructures as _leaf
    import werkzeug.datastructures.headers as _leaf_headers
    import werkzeug.datastructures.structures as _leaf_structures
else:
    import flasktrace.framework._leaves.datastructures as _leaf
    import flasktrace.framework._leaves.datastructures.headers as _leaf_headers
    import flasktrace.framework._leaves.datastructures.structures as _leaf_structures

Accept = _leaf.Accept
CallbackDict = _leaf.CallbackDict
CharsetAccept = _leaf.CharsetAccept
ContentRange = _leaf.ContentRange
ContentSecurityPolicy = _leaf.ContentSecurityPolicy
ETags = _leaf.ETags
HeaderSet = _leaf.HeaderSet
IfRange = _leaf.IfRange
ImmutableDict = _leaf.ImmutableDict
ImmutableList = _leaf.ImmutableList
ImmutableMultiDict = _leaf.ImmutableMultiDict
ImmutableTypeConversionDict = _leaf.ImmutableTypeConversionDict
LanguageAccept = _leaf.LanguageAccept
MIMEAccept = _leaf.MIMEAccept
MultiDict = _leaf.MultiDict
Range = _leaf.Range
TypeConversionDict = _leaf.TypeConversionDict
ImmutableDictMixin = _leaf.mixins.ImmutableDictMixin
ImmutableHeadersMixin = _leaf.mixins.ImmutableHeadersMixin
ImmutableListMixin = _leaf.mixins.ImmutableListMixin
ImmutableMultiDictMixin = _leaf.mixins.ImmutableMultiDictMixin
UpdateDictMixin = _leaf.mixins.UpdateDictMixin
csp_property = _leaf.csp.csp_property
iter_multi_items = _leaf.iter_multi_items

_Update = Callable[[Any], None] | None


def _unicodify_header_value(value: Any) -> str:
    """A header's value as text; bytes are latin-1, as on the wire.

    Raises:
        ValueError: a newline, with which a value could smuggle in headers of its own.
    """
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if "\n" in text or "\r" in text:
        raise ValueError("Detected newline in header value.  This is a potential security problem")
    return text


def _refuse_update(self: Any, *args: Any, **kwargs: Any) -> None:
    is_immutable(self)


def _adapt_leaves() -> None:
    """Make the leaves' classes raise our exceptions, so that a missing form key is a 400 here too."""
    setattr(_leaf_structures, "exceptions", exceptions)  # noqa: B010
    setattr(_leaf_headers, "BadRequestKeyError", exceptions.BadRequestKeyError)  # noqa: B010
    setattr(ImmutableDictMixin, "update", _refuse_update)  # noqa: B010
    setattr(_leaf_headers, "_str_header_value", _unicodify_header_value)  # noqa: B010
    for value in list(globals().values()):
        if isinstance(value, type) and value.__module__.startswith(_leaf.__name__):
            value.__module__ = __name__


def is_immutable(self: Any) -> None:
    """For the methods of an immutable class.

    Raises:
        TypeError: always.
    """
    raise TypeError(f"{type(self).__name__!r} objects are immutable")


_adapt_leaves()


class CombinedMultiDict(_leaf.CombinedMultiDict[Any, Any]):
    """Several MultiDicts seen as one; the first that has a key wins."""

    def to_dict(self, flat: bool = True) -> dict[Any, Any]:
        """An ordinary dict; without ``flat``, each value is the list of the dict that wins."""
        found: dict[Any, Any] = {}
        for source in reversed(self.dicts):
            found.update(source.to_dict(flat))
        return found

    has_key = _leaf.CombinedMultiDict.__contains__


def native_itermethods(names: Iterable[str]) -> Callable[[type], type]:
    """A class decorator without effect, as iterators are what Python 3 wants anyway."""
    return lambda cls: cls


class OrderedMultiDict(MultiDict[Any, Any]):
    """A MultiDict that remembers the order of all pairs, across keys."""

    def __init__(self, mapping: Any = None) -> None:
        dict.__init__(self)
        self._pairs: list[tuple[Any, Any]] = []
        if mapping is not None:
            self.update(mapping)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OrderedMultiDict):
            return self._pairs == other._pairs
        if isinstance(other, MultiDict):
            return dict(self.lists()) == dict(other.lists())
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (list(self._pairs),)

    def _sync(self) -> None:
        """Bring the dict underneath up to date with the pairs."""
        dict.clear(self)
        for key, value in self._pairs:
            dict.setdefault(self, key, []).append(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.setlist(key, [value])

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.fromkeys(key for key, _ in self._pairs))

    def keys(self) -> Any:
        return iter(self)

    def values(self) -> Any:
        return (value for _, value in self.items())

    def items(self, multi: bool = False) -> Any:
        if multi:
            return iter(list(self._pairs))
        return ((key, self[key]) for key in self)

    def lists(self) -> Iterator[tuple[Any, list[Any]]]:
        return ((key, self.getlist(key)) for key in self)

    def listvalues(self) -> Iterator[list[Any]]:
        return (values for _, values in self.lists())

    def add(self, key: Any, value: Any) -> None:
        self._pairs.append((key, value))
        dict.setdefault(self, key, []).append(value)

    def setlist(self, key: Any, new_list: Iterable[Any]) -> None:
        self.poplist(key)
        for value in new_list:
            self.add(key, value)

    def setlistdefault(self, key: Any, default_list: Any = None) -> Any:
        raise TypeError("setlistdefault is unsupported for ordered multi dicts")

    def update(self, mapping: Any) -> None:  # type: ignore[override]
        for key, value in iter_multi_items(mapping):
            OrderedMultiDict.add(self, key, value)

    def clear(self) -> None:
        self._pairs.clear()
        dict.clear(self)

    def poplist(self, key: Any) -> list[Any]:
        values = self.getlist(key)
        self._pairs = [pair for pair in self._pairs if pair[0] != key]
        self._sync()
        return values

    def pop(self, key: Any, default: Any = ...) -> Any:
        values = self.poplist(key)
        if values:
            return values[0]
        if default is ...:
            raise exceptions.BadRequestKeyError(key)
        return default

    def popitemlist(self) -> tuple[Any, list[Any]]:
        if not self._pairs:
            raise exceptions.BadRequestKeyError("popitem(): dictionary is empty")
        key = list(self)[-1]
        return key, self.poplist(key)

    def popitem(self) -> tuple[Any, Any]:
        key, values = self.popitemlist()
        return key, values[0]


class ImmutableOrderedMultiDict(ImmutableMultiDictMixin[Any, Any], OrderedMultiDict):  # type: ignore[misc]
    """An OrderedMultiDict that cannot be changed, and so can be hashed."""

    def __init__(self, mapping: Any = None) -> None:
        self._pairs = list(iter_multi_items(mapping or ()))
        self._sync()

    def _sync(self) -> None:
        for key, value in self._pairs:
            dict.setdefault(self, key, []).append(value)

    def _iter_hashitems(self) -> Any:
        return enumerate(self._pairs)

    def copy(self) -> Any:
        return OrderedMultiDict(self)

    def __copy__(self) -> Any:
        return self


def _as_key(key: str | bytes) -> str:
    return key if isinstance(key, str) else key.decode("latin-1")


def _checked(value: Any) -> Any:
    """Values given in a list are kept as they are, if they are no text."""
    return _unicodify_header_value(value) if isinstance(value, str | bytes) else value


def _with_options(value: Any, options: Mapping[str, Any]) -> str:
    """A value with its options; in their names, an underscore stands for a dash."""
    return dump_options_header(value, {key.replace("_", "-"): text for key, text in options.items()})


class Headers(_leaf.Headers):
    """Headers in order, names compared without case; also takes bytes, read as latin-1."""

    def __init__(self, defaults: Any = None) -> None:
        if isinstance(defaults, Headers):
            # They have been checked when they were put in.
            self._list = list(defaults)
        elif isinstance(defaults, list):
            self._list = [(_as_key(key), _checked(value)) for key, value in defaults]
        else:
            super().__init__(defaults)

    def _find(self, key: Any) -> str | None:
        # Every response asks for headers that are not there: that must not make an exception each time.
        wanted = key.lower() if isinstance(key, str) else None
        return next((value for name, value in self._list if name.lower() == wanted), None)

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def get(self, key: str, default: Any = None, type: Any = None, as_bytes: bool = False) -> Any:  # type: ignore[override]
        """The first value of a header, passed through ``type``; ``default`` if that fails too."""
        value: Any = self._find(key)
        if value is None:
            return default
        if as_bytes:
            value = value.encode("latin1")
        if type is None:
            return value
        try:
            return type(value)
        except ValueError:
            return default

    def getlist(self, key: str, type: Any = None, as_bytes: bool = False) -> list[Any]:
        """All values of a header, without those that ``type`` refuses."""
        values: list[Any] = super().getlist(key)
        if as_bytes:
            values = [value.encode("latin1") for value in values]
        return values if type is None else list(_converted(values, type))

    def extend(self, *args: Any, **kwargs: Any) -> None:
        self._check_count(args)
        super().extend(*args, **kwargs)

    def update(self, *args: Any, **kwargs: Any) -> None:
        self._check_count(args)
        super().update(*args, **kwargs)

    @staticmethod
    def _check_count(args: tuple[Any, ...]) -> None:
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 arguments, got {len(args)}")

    def add(self, _key: Any, _value: Any, /, **kw: Any) -> None:
        """Add a value beside those there are; ``kw`` are its options (``filename="x"``)."""
        self._list.append(
            (_as_key(_key), _unicodify_header_value(_with_options(_value, kw) if kw else _value))
        )

    def set(self, _key: Any, _value: Any, /, **kw: Any) -> None:
        """Put a value in the place of those there are."""
        key, value = _as_key(_key), _unicodify_header_value(_with_options(_value, kw) if kw else _value)
        lowered = key.lower()
        places = [index for index, (name, _) in enumerate(self._list) if name.lower() == lowered]
        if places:
            self._list[places[0]] = key, value
            for index in reversed(places[1:]):
                del self._list[index]
        else:
            self._list.append((key, value))

    has_key = __contains__


def _converted(values: Iterable[Any], convert: Callable[[Any], Any]) -> Iterator[Any]:
    for value in values:
        try:
            yield convert(value)
        except ValueError:
            continue


class EnvironHeaders(_leaf.EnvironHeaders, Headers):  # type: ignore[misc]
    """A request's headers, read from the environ each time."""

    def _find(self, key: Any) -> str | None:
        try:
            return self._get_key(key)
        except KeyError:
            return None

    def _get_key(self, key: str) -> str:
        if not isinstance(key, str):
            raise KeyError(key)
        name = key.upper().replace("-", "_")
        own = name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        value: str = self.environ[name if own else f"HTTP_{name}"]
        return value.decode("latin-1") if isinstance(value, bytes) else value


def cache_property(key: str, empty: Any, type: Any) -> property:
    """A cache control directive as an attribute; ``empty`` is what it means without a value."""
    return property(
        lambda self: self._get_cache_value(key, empty, type),
        lambda self, value: self._set_cache_value(key, value, type),
        lambda self: self._del_cache_value(key),
        f"accessor for {key!r}",
    )


class _CacheControl(UpdateDictMixin[str, Any]):
    """The directives of a ``Cache-Control`` header, as a dict and as attributes."""

    no_cache = cache_property("no-cache", "*", None)
    no_store = cache_property("no-store", None, bool)
    max_age = cache_property("max-age", -1, int)
    no_transform = cache_property("no-transform", None, None)
    cache_property = staticmethod(cache_property)

    def __init__(self, values: Any = (), on_update: _Update = None) -> None:
        dict.__init__(self, values or ())
        self.on_update = on_update
        self.provided = values is not None

    def _get_cache_value(self, key: str, empty: Any, type: Any) -> Any:
        if type is bool:
            return key in self
        if key not in self:
            return None
        value = self[key]
        if value is None:
            return empty
        try:
            return value if type is None else type(value)
        except ValueError:
            return value

    def _set_cache_value(self, key: str, value: Any, type: Any) -> None:
        is_set = bool(value) if type is bool else value is not None
        if not is_set:
            self.pop(key, None)
        else:
            self[key] = None if type is bool or value is True else value

    def _del_cache_value(self, key: str) -> None:
        if key in self:
            del self[key]

    def to_header(self) -> str:
        return dump_header(self)

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        shown = " ".join(f"{key}={value!r}" for key, value in sorted(self.items()))
        return f"<{type(self).__name__} {shown}>"


class RequestCacheControl(ImmutableDictMixin[str, Any], _CacheControl):  # type: ignore[misc]
    """What the client asks of caches; cannot be changed."""

    only_if_cached = cache_property("only-if-cached", None, bool)
    max_stale = cache_property("max-stale", "*", int)
    min_fresh = cache_property("min-fresh", "*", int)


class ResponseCacheControl(_CacheControl):
    """What the response allows caches to do."""

    private = cache_property("private", "*", None)
    public = cache_property("public", None, bool)
    s_maxage = cache_property("s-maxage", None, None)
    immutable = cache_property("immutable", None, bool)
    must_revalidate = cache_property("must-revalidate", None, bool)
    proxy_revalidate = cache_property("proxy-revalidate", None, bool)


def _item_property(name: str) -> property:
    return property(lambda self: self.get(name), doc=f"the {name} sent by the client, or None")


class Authorization(ImmutableDictMixin[str, Any], dict[str, Any]):  # type: ignore[misc]
    """A parsed ``Authorization`` header: ``type`` is ``basic`` or ``digest``, the rest are items."""

    def __init__(self, auth_type: str, data: Mapping[str, Any] | None = None) -> None:
        dict.__init__(self, data or {})
        self.type = auth_type

    username = _item_property("username")
    password = _item_property("password")
    realm = _item_property("realm")
    nonce = _item_property("nonce")
    uri = _item_property("uri")
    nc = _item_property("nc")
    cnonce = _item_property("cnonce")
    response = _item_property("response")
    opaque = _item_property("opaque")

    qop = _item_property("qop")


def _auth_property(name: str) -> property:
    def store(self: Any, value: Any) -> None:
        if value is None:
            self.pop(name, None)
        else:
            self[name] = str(value)

    return property(lambda self: self.get(name), store)


def _auth_set_property(name: str) -> property:
    def load(self: Any) -> Any:
        def on_update(header_set: Any) -> None:
            if header_set:
                self[name] = header_set.to_header()
            else:
                self.pop(name, None)

        return parse_set_header(self.get(name), on_update)

    return property(load)


class WWWAuthenticate(UpdateDictMixin[str, Any]):
    """A ``WWW-Authenticate`` header: how a client that is refused can prove who it is."""

    _require_quoting = frozenset(("domain", "nonce", "opaque", "realm", "qop"))
    auth_property = staticmethod(_auth_property)

    type = _auth_property("__auth_type__")
    realm = _auth_property("realm")
    domain = _auth_set_property("domain")
    nonce = _auth_property("nonce")
    opaque = _auth_property("opaque")
    algorithm = _auth_property("algorithm")
    qop = _auth_set_property("qop")

    def __init__(self, auth_type: str | None = None, values: Any = None, on_update: _Update = None) -> None:
        dict.__init__(self, values or ())
        if auth_type:
            dict.__setitem__(self, "__auth_type__", auth_type)
        self.on_update = on_update

    def _become(self, values: dict[str, Any]) -> None:
        dict.clear(self)
        dict.update(self, values)
        if self.on_update:
            cast(Any, self.on_update)(self)

    def set_basic(self, realm: str = "authentication required") -> None:
        """Ask for name and password in plain text."""
        self._become({"__auth_type__": "basic", "realm": realm})

    def set_digest(
        self,
        realm: str,
        nonce: str,
        qop: Iterable[str] = ("auth",),
        opaque: str | None = None,
        algorithm: str | None = None,
        stale: bool = False,
    ) -> None:
        """Ask for a digest of name, password and ``nonce``."""
        optional = {"stale": "TRUE" if stale else None, "opaque": opaque, "algorithm": algorithm}
        values = {"__auth_type__": "digest", "realm": realm, "nonce": nonce, "qop": dump_header(qop)}
        self._become({**values, **{key: value for key, value in optional.items() if value is not None}})

    @property
    def stale(self) -> bool | None:
        """Whether only the nonce was too old, so that the client can try again by itself."""
        value = self.get("stale")
        return None if value is None else value.lower() == "true"

    @stale.setter
    def stale(self, value: bool | None) -> None:
        if value is None:
            self.pop("stale", None)
        else:
            self["stale"] = "TRUE" if value else "FALSE"

    def to_header(self) -> str:
        values = dict(self)
        kind = values.pop("__auth_type__", None) or "basic"
        shown = (
            f"{key}={quote_header_value(value, allow_token=key not in self._require_quoting)}"
            for key, value in values.items()
        )
        return f"{kind.title()} {', '.join(shown)}"

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_header()!r}>"


class FileStorage(_leaf.FileStorage):
    """An uploaded file: its stream with name, type and headers."""

    def __init__(
        self,
        stream: Any = None,
        filename: Any = None,
        name: str | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        headers: Any = None,
    ) -> None:
        headers = Headers() if headers is None else headers
        super().__init__(stream, filename, name, content_type, content_length, headers)

    @property
    def content_length(self) -> int:
        """The size the client has stated, in bytes; 0 when it has not."""
        return int(self.headers.get("content-length") or 0)


class FileMultiDict(MultiDict[str, Any]):
    """A MultiDict of files, with a short way to add one."""

    def add_file(
        self, name: str, file: Any, filename: str | None = None, content_type: str | None = None
    ) -> None:
        """Add a FileStorage, an open file, or the path of one."""
        if isinstance(file, FileStorage):
            self.add(name, file)
            return
        if isinstance(file, str):
            filename = filename or file
            file = open(file, "rb")  # noqa: SIM115 - the form closes it
        if filename and content_type is None:
            content_type = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        self.add(name, FileStorage(file, filename, name, content_type))


# At the end: http itself needs the classes above.
from .http import dump_header, dump_options_header, parse_set_header, quote_header_value  # noqa: E402
