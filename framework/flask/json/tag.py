"""JSON that remembers Python types: how a session keeps tuples, bytes, markup, UUIDs and dates.

Place in the pipeline: ``SecureCookieSessionInterface`` reads and writes the session cookie with
:class:`TaggedJSONSerializer`. A value that JSON cannot hold is written as ``{" t": [...]}``: one key,
beginning with a space, that names the tag.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from markupsafe import Markup

from flasktrace.framework.werkzeug.http import http_date, parse_date

from ..json import dumps, loads


class JSONTag:
    """One type that is tagged. Derive from it and register it to keep a type of your own in a session."""

    __slots__ = ("serializer",)

    #: The one key of the object that is written; None for a tag that only walks into containers.
    key: str | None = None

    def __init__(self, serializer: "TaggedJSONSerializer") -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Tell whether this tag writes ``value``."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """Turn ``value`` into something that JSON can hold."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Turn what :meth:`to_json` gave back into the Python value."""
        raise NotImplementedError

    def tag(self, value: Any) -> Any:
        """Give the object that stands for ``value``."""
        return {self.key: self.to_json(value)}


class TagDict(JSONTag):
    """A dict whose only key happens to look like a tag; two underscores tell it from a real one."""

    __slots__ = ()
    key = " di"

    def check(self, value: Any) -> bool:
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in self.serializer.tags

    def to_json(self, value: Any) -> Any:
        [(name, inner)] = value.items()
        return {f"{name}__": self.serializer.tag(inner)}

    def to_python(self, value: Any) -> Any:
        [(name, inner)] = value.items()
        return {name[:-2]: inner}


class PassDict(JSONTag):
    """A dict is JSON already, but its values may need tags."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        return isinstance(value, dict)

    def to_json(self, value: Any) -> Any:
        return {name: self.serializer.tag(inner) for name, inner in value.items()}

    tag = to_json


class TagTuple(JSONTag):
    """A tuple, written as a list."""

    __slots__ = ()
    key = " t"

    def check(self, value: Any) -> bool:
        return isinstance(value, tuple)

    def to_json(self, value: Any) -> Any:
        return list(map(self.serializer.tag, value))

    def to_python(self, value: Any) -> Any:
        return tuple(value)


class PassList(JSONTag):
    """A list is JSON already, but its items may need tags."""

    __slots__ = ()

    def check(self, value: Any) -> bool:
        return isinstance(value, list)

    def to_json(self, value: Any) -> Any:
        return list(map(self.serializer.tag, value))

    tag = to_json


class TagBytes(JSONTag):
    """Bytes, written in base 64."""

    __slots__ = ()
    key = " b"

    def check(self, value: Any) -> bool:
        return isinstance(value, bytes)

    def to_json(self, value: Any) -> Any:
        return b64encode(value).decode("ascii")

    def to_python(self, value: Any) -> Any:
        return b64decode(value)


class TagMarkup(JSONTag):
    """Anything with ``__html__``; it comes back as :class:`markupsafe.Markup`."""

    __slots__ = ()
    key = " m"

    def check(self, value: Any) -> bool:
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        return str(value.__html__())

    def to_python(self, value: Any) -> Any:
        return Markup(value)


class TagUUID(JSONTag):
    """A UUID, written as 32 hexadecimal digits."""

    __slots__ = ()
    key = " u"

    def check(self, value: Any) -> bool:
        return isinstance(value, UUID)

    def to_json(self, value: Any) -> Any:
        return value.hex

    def to_python(self, value: Any) -> Any:
        return UUID(value)


class TagDateTime(JSONTag):
    """A date and time, written as an HTTP date: whole seconds, UTC."""

    __slots__ = ()
    key = " d"

    def check(self, value: Any) -> bool:
        return isinstance(value, datetime)

    def to_json(self, value: Any) -> Any:
        return http_date(value)

    def to_python(self, value: Any) -> Any:
        return parse_date(value)


class TaggedJSONSerializer:
    """Writes and reads tagged JSON; of the tags, in their order, the first that fits a value writes it."""

    __slots__ = ("order", "tags")

    default_tags: ClassVar[list[Callable[["TaggedJSONSerializer"], JSONTag]]] = [
        TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime,
    ]  # fmt: skip

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(
        self,
        tag_class: Callable[["TaggedJSONSerializer"], JSONTag],
        force: bool = False,
        index: int | None = None,
    ) -> None:
        """Add a tag.

        Args:
            tag_class: the class derived from :class:`JSONTag`.
            force: replace a tag that has the same key.
            index: where in the order of checks; at the end when None.

        Raises:
            KeyError: the key is taken, and not ``force``.
        """
        new_tag = tag_class(self)
        if new_tag.key is not None:
            if new_tag.key in self.tags and not force:
                raise KeyError(f"Tag '{new_tag.key}' is already registered.")
            self.tags[new_tag.key] = new_tag
        self.order.insert(len(self.order) if index is None else index, new_tag)

    def tag(self, value: Any) -> Any:
        """Give what stands for ``value`` in JSON."""
        for candidate in self.order:
            if candidate.check(value):
                return candidate.tag(value)
        return value

    def untag(self, value: dict[str, Any]) -> Any:
        """Give the Python value that an object stands for, if its one key is a tag's."""
        if len(value) == 1:
            [(key, inner)] = value.items()
            if key in self.tags:
                return self.tags[key].to_python(inner)
        return value

    def dumps(self, value: Any) -> str:
        """Write ``value`` as tagged JSON, without spaces."""
        return dumps(self.tag(value), separators=(",", ":"))  # type: ignore[no-any-return]

    def loads(self, value: str | bytes) -> Any:
        """Read tagged JSON."""
        return loads(value, object_hook=self.untag)
