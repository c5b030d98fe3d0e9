"""Values as they are at the moment of a call: shallow, bounded, and without running the program's code.

Capturing happens in two steps. :func:`capture` runs inside the hook and only copies: atoms by reference,
exact containers as their length and first items, anything else as its type and id. :class:`Texts` makes
the text later, when the trace is built. No ``repr``, ``len``, ``getattr`` or comparison ever meets an object
whose type is not exactly a built-in one, as those would run the traced program's code on half-built objects.

A captured value is an ``int``, ``str`` or ``bytes`` itself, or a tuple that begins with the class's name and
the object's id; two items are an object of the program's, three a text, four a container. No class is kept or
hashed, as a metaclass may define ``__hash__`` too.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, repeat
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from flasktrace.tracer.masking import MASK, Masking, printable
from flasktrace.tracer.model import Value

MAX_TEXT_CHARS = 120
MAX_ITEMS = 4

Place = tuple[int, int | None]  # id of a code object, line number; 0 for the function as a whole
Captured = Any  # int | str | bytes | tuple[str, int, ...]; see the module's docstring

# Read through the type's own descriptors: a metaclass may define __name__ as a property of its own.
_type_name: Callable[[type], str] = type.__dict__["__name__"].__get__
_type_qualname: Callable[[type], str] = type.__dict__["__qualname__"].__get__
_type_flags: Callable[[type], int] = type.__dict__["__flags__"].__get__
_IS_TEXT = 1 << 28  # Py_TPFLAGS_UNICODE_SUBCLASS
_plain_text: Callable[[Any], str] = str.__str__  # of str itself: copies, and asks nothing
_module_dict: Callable[[ModuleType], dict[str, object]] = vars(ModuleType)["__dict__"].__get__

CAPTURED_NONE = ("NoneType", 0, "None")
CAPTURED_TRUE = ("bool", 0, "True")
CAPTURED_FALSE = ("bool", 0, "False")


def class_name_of(kind: type) -> str:
    """The name of a class, without running a metaclass's code, or that of a class of names."""
    name = _type_name(kind)
    return name if type(name) is str else str.__str__(name)


def capture(value: object) -> Captured:
    """A bounded copy of ``value`` that holds no object of the traced program alive, but its type."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= MAX_TEXT_CHARS else ("str", id(value), value[:MAX_TEXT_CHARS])  # type: ignore[arg-type,index]
    if value is None:
        return CAPTURED_NONE
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else ("int", id(value), _int_text(value))  # type: ignore[operator,arg-type]
    special = _get_special(id(kind))
    if special is None:
        return (_type_name(kind), id(value))
    return special(value)


def _atom(value: object) -> Captured:
    """A captured item of a container: never deeper than one level."""
    kind = type(value)
    if kind is dict or kind is list or kind is tuple or kind is set or kind is frozenset:
        return (_type_name(kind), id(value), len(value), None)  # type: ignore[arg-type]
    return capture(value)


def _pair(value: object) -> Captured:
    """An item of a list or tuple; a pair of atoms is kept whole, as headers are such pairs."""
    if type(value) is tuple and len(value) == 2:
        return ("tuple", id(value), 2, (_atom(value[0]), _atom(value[1])))
    return _atom(value)


def _int_text(value: int) -> str:
    return f"<int of {value.bit_length()} bits>"


def _capture_bytes(value: bytes) -> Captured:
    return value if len(value) <= MAX_TEXT_CHARS else ("bytes", id(value), value[:MAX_TEXT_CHARS])


def _capture_sequence(value: Any) -> Captured:
    # Slicing and islice run in C from start to end, so another thread cannot change the list between.
    return (_type_name(type(value)), id(value), len(value), tuple(map(_pair, value[:MAX_ITEMS])))


def _capture_set(value: Any) -> Captured:
    return (
        _type_name(type(value)),
        id(value),
        len(value),
        tuple(map(_atom, tuple(islice(value, MAX_ITEMS)))),
    )


def _capture_dict(value: dict[Any, Any]) -> Captured:
    items = tuple(islice(value.items(), MAX_ITEMS))
    return ("dict", id(value), len(value), tuple((_key(key), _atom(item)) for key, item in items))


def _key(key: object) -> Captured:
    """A dict's key; a text of a class of its own (a ``StrEnum``) is kept as text, as it names the value."""
    kind = type(key)
    return _atom(key) if kind is str or not _type_flags(kind) & _IS_TEXT else capture(_plain_text(key))


def _capture_function(value: FunctionType) -> Captured:
    return ("function", id(value), f"<function {value.__qualname__}>")


def _capture_builtin(value: BuiltinFunctionType) -> Captured:
    return ("builtin_function_or_method", id(value), f"<built-in {value.__name__}>")


def _capture_method(value: MethodType) -> Captured:
    function = value.__func__
    # The function of a method can be any callable; its type decides what may be asked.
    name = function.__qualname__ if type(function) is FunctionType else _type_name(type(function))
    return ("method", id(value), f"<method {name}>")


def _capture_module(value: ModuleType) -> Captured:
    name = _module_dict(value).get("__name__")
    return ("module", id(value), f"<module {name}>" if type(name) is str else "<module>")


_SPECIAL: dict[type, Callable[[Any], Captured]] = {
    bool: lambda value: CAPTURED_TRUE if value else CAPTURED_FALSE,
    float: lambda value: ("float", id(value), repr(value)),
    bytes: _capture_bytes,
    list: _capture_sequence,
    tuple: _capture_sequence,
    dict: _capture_dict,
    set: _capture_set,
    frozenset: _capture_set,
    type: lambda value: ("type", id(value), f"<class {_type_qualname(value)}>"),
    FunctionType: _capture_function,
    BuiltinFunctionType: _capture_builtin,
    MethodType: _capture_method,
    ModuleType: _capture_module,
}
# By the class's id, as hashing a class may run its metaclass's code.
_get_special = {id(kind): special for kind, special in _SPECIAL.items()}.get

_KEY_NAMES = frozenset({"key", "name", "keyword", "header_name", "k"})  # parameters that name another one
_KEY_NAMES |= {prefix + name for name in _KEY_NAMES for prefix in ("_", "__")}
# Parameters that say where a cookie or token belongs, not what it is: Werkzeug's test client hands its
# cookie functions the path of each request, which must not be masked all over the trace.
_PLACE_NAMES = frozenset({"path", "server_name", "domain", "host", "environ", "url", "method", "samesite"})
_CACHE_LIMIT = 10_000
_MAX_CHAIN = 5  # exceptions, each raised while the one before was handled


class Texts(Masking):
    """Makes the texts of captured values, with secrets masked.

    A value whose name (of the parameter, of the key in a dict, the first of a pair) sounds secret is
    masked, and is remembered: wherever the same text turns up later it is masked too.

    Args:
        mask_patterns: regular expressions of further names, as ``--mask`` gives them.

    Raises:
        UsageError: a pattern is no regular expression.
    """

    def __init__(self, mask_patterns: Iterable[str] = ()) -> None:
        super().__init__(mask_patterns)
        self._values: dict[Any, Value] = {}

    def on_learned(self) -> None:
        """Make the texts anew, without the secret."""
        self._values.clear()

    def secret_flags(
        self, function: str, names: Sequence[str], captured: Sequence[Captured]
    ) -> Iterable[bool]:
        """For each of a call's parameters, whether it is secret whatever its own name is.

        Those are that go with a secret key (``add("Set-Cookie", value)``) or into a function of a secret
        name (``dump_cookie(key, value)``).
        """
        is_secret = self.is_secret_name(function)
        if not is_secret and not _KEY_NAMES.isdisjoint(names):
            pairs = zip(names, captured, strict=True)
            is_secret = any(
                name in _KEY_NAMES and type(item) is str and self.is_secret_name(item) for name, item in pairs
            )
        if not is_secret:
            return repeat(False, len(names))
        return [name not in _KEY_NAMES and name.lstrip("_") not in _PLACE_NAMES for name in names]

    def value(self, name: str, captured: Captured, is_secret: bool = False) -> Value:
        """The model's value of a captured one."""
        key = (name, captured, is_secret)
        value = self._values.get(key)
        if value is None:
            value = self._make_value(name, captured, is_secret)
            if len(self._values) > _CACHE_LIMIT:
                self._values.clear()
            self._values[key] = value
        return value

    def _make_value(self, name: str, captured: Captured, is_secret: bool) -> Value:
        kind = type(captured)
        if kind is tuple:
            class_name, object_id = printable(captured[0]), captured[1]
        else:
            class_name, object_id = _type_name(kind), 0
        is_named = bool(name) and self.is_secret_name(name)
        if (is_secret or is_named) and self._is_data(captured):
            # Beside a secret stands more than the secret: ``parse_cookie`` is handed the whole environ.
            # And numbers may be ages and sizes.
            if is_named or (len(captured) != 4 if kind is tuple else kind is not int):
                self._learn_captured(captured)
            return Value(name, class_name, object_id, MASK)
        if kind is int:
            return Value(name, class_name, object_id, self.clean(repr(captured)))
        if kind is tuple and len(captured) == 2:
            return Value(name, class_name, object_id, self.text(captured))
        return Value(name, class_name, object_id, self.clean(self.text(captured)))

    def _is_data(self, captured: Captured) -> bool:
        """Objects of the program show their class only; there is nothing to hide in them, nor in a flag."""
        if type(captured) is not tuple:
            return True
        return captured is not CAPTURED_NONE and captured[0] != "bool" and len(captured) > 2

    def _learn_captured(self, captured: Captured) -> None:
        if type(captured) is not tuple:
            self.learn(captured)
        elif len(captured) == 3 and captured[0] in ("str", "bytes"):
            self.learn(captured[2])
        elif len(captured) == 4:
            for item in captured[3] or ():
                self._learn_item(item)

    def _learn_item(self, item: Any) -> None:
        # Of a dict (and of a pair) the second is the value; both are captured values, or pairs of them.
        parts = item if type(item) is tuple and len(item) == 2 and type(item[1]) is not int else (item,)
        for part in parts[-1:]:
            if type(part) is not tuple or len(part) == 3:
                self._learn_captured(part)

    def text(self, captured: Captured) -> str:
        """The text of a captured value, before the masking of what was learned."""
        kind = type(captured)
        if kind is not tuple:
            return repr(captured)
        if len(captured) == 2:
            return f"<{printable(captured[0])}>"
        if len(captured) == 3:
            cut = captured[0] in ("str", "bytes")
            return f"{captured[2]!r}…" if cut else printable(captured[2])
        return self._container_text(*captured)

    def _container_text(self, kind: str, _object_id: int, length: int, items: tuple[Any, ...] | None) -> str:
        opening, closing = _BRACKETS[kind]
        if items is None:
            return f"{kind} of {length}" if length else f"{opening}{closing}"
        if kind == "dict":
            parts = [f"{self.text(key)}: {self._named(key, item)}" for key, item in items]
        elif kind == "tuple" and length == 2:
            parts = [self.text(items[0]), self._named(items[0], items[1])]
        else:
            parts = [self.text(item) for item in items]
            for i, item in enumerate(items[1:], 1):
                # The arguments of a command; a list of two that is a pair.
                is_option = type(items[i - 1]) is str and (items[i - 1][:1] == "-" or length == 2)
                if is_option and self.is_secret_name(items[i - 1].lstrip("-")) and self._is_data(item):
                    parts[i] = MASK
        if length > len(items):
            parts.append(f"… {length} in all")
        elif kind == "tuple" and length == 1:
            parts.append("")
        return f"{opening}{', '.join(parts).rstrip() if length == 1 else ', '.join(parts)}{closing}"

    def _named(self, key: Captured, item: Captured) -> str:
        if type(key) is bytes:
            key = key.decode("latin-1")
        if type(key) is str and self.is_secret_name(key) and self._is_data(item):
            self._learn_captured(item)
            return MASK
        return self.text(item)


_BRACKETS: dict[str, tuple[str, str]] = {
    "list": ("[", "]"),
    "tuple": ("(", ")"),
    "dict": ("{", "}"),
    "set": ("{", "}"),
    "frozenset": ("frozenset({", "})"),
}


_args_of = BaseException.__dict__["args"].__get__  # no __getattribute__ of the program's


def exception_text(error: BaseException) -> str:
    """What an exception says, from its ``args`` alone, uncleaned: no ``__str__`` of the program's runs."""
    args = _args_of(error)
    if not args:
        return ""
    if len(args) == 1 and type(args[0]) is str:  # as a rule
        return printable(args[0][:MAX_TEXT_CHARS])
    texts = [
        value[:MAX_TEXT_CHARS] if type(value) is str else Texts().text(_atom(value))
        for value in args[:MAX_ITEMS]
    ]
    return printable(", ".join(texts)[:MAX_TEXT_CHARS])


def exception_chain(error: BaseException) -> list[tuple[str, str, frozenset[Place]]]:
    """An exception that is being handled and those it replaced: class, text, and the places on its way.

    Each function on its way is there with the line that it was left at, and without one.
    """
    chain: list[tuple[str, str, frozenset[Place]]] = []
    following: BaseException | None = error
    while following is not None and len(chain) < _MAX_CHAIN:
        places: set[Place] = set()
        traceback = following.__traceback__
        while traceback is not None:
            code_id = id(traceback.tb_frame.f_code)
            places |= {(code_id, traceback.tb_lineno), (code_id, 0)}
            traceback = traceback.tb_next
        chain.append((class_name_of(type(following)), exception_text(following), frozenset(places)))
        following = following.__cause__ or following.__context__
    return chain
