"""The private modules that extensions of the time import from; answers as genuine's on Python 3."""

import importlib
from typing import Any

import pytest

from flasktrace.framework.flask import _compat as flask_compat
from flasktrace.framework.werkzeug import _compat
from flasktrace.framework.werkzeug.datastructures import MultiDict


@pytest.mark.parametrize(
    ("function", "arguments", "answer"),
    [
        ("to_bytes", ("ä",), b"\xc3\xa4"),
        ("to_native", (b"\xe4", "latin1"), "ä"),
        ("to_native", (None,), None),
        ("to_unicode", (b"\xc3\xa4",), "ä"),
        ("to_unicode", (b"\xc3\xa4", None, "strict", True), b"\xc3\xa4"),
        ("to_unicode", (1,), "1"),
        ("to_unicode", (None,), None),
        ("wsgi_encoding_dance", ("ä",), "Ã¤"),
        ("wsgi_decoding_dance", ("Ã¤",), "ä"),
        ("wsgi_get_bytes", ("ä",), b"\xe4"),
        ("int_to_byte", (65,), b"A"),
        ("native_string_result", (len,), len),
    ],
)
def test_text_and_bytes(function: str, arguments: tuple[Any, ...], answer: Any) -> None:
    assert getattr(_compat, function)(*arguments) == answer


def test_mappings_and_bytes_are_iterated() -> None:
    values = MultiDict([("a", "1"), ("a", "2")])
    assert list(_compat.iteritems(values, multi=True)) == [("a", "1"), ("a", "2")]
    assert list(_compat.iterlists(values)) == [("a", ["1", "2"])]
    assert list(_compat.iterlistvalues(values)) == [["1", "2"]]
    assert (list(_compat.iterkeys(values)), list(_compat.itervalues(values))) == (["a"], ["1"])
    assert list(_compat.iter_bytes(b"ab")) == [b"a", b"b"]
    assert list(flask_compat.iteritems({"a": 1})) == [("a", 1)]
    assert (list(flask_compat.iterkeys({"a": 1})), list(flask_compat.itervalues({"a": 1}))) == (["a"], [1])


def test_literals_follow_their_reference() -> None:
    assert _compat.make_literal_wrapper("x")("y") == "y"
    assert _compat.make_literal_wrapper(b"x")("y") == b"y"


def test_a_class_gets_its_metaclass() -> None:
    class Meta(type):
        pass

    namespace: dict[str, Any] = {"base": flask_compat.with_metaclass(Meta, dict)}
    exec("class Made(base):\n    number = 1", namespace)
    assert type(namespace["Made"]) is Meta
    assert namespace["Made"].__mro__[1:] == (dict, object)


def test_an_error_is_raised_again_with_its_place() -> None:
    error = ValueError("again")
    with pytest.raises(ValueError, match="again"):
        _compat.reraise(ValueError, error)
    with pytest.raises(ValueError, match="again"):
        flask_compat.reraise(ValueError, error, error.__traceback__)


def test_old_flag_warns() -> None:
    with pytest.warns(DeprecationWarning, match=r"flask\.json_available"):
        assert flask_compat.json_available


@pytest.mark.parametrize("package", ["flask", "werkzeug"])
def test_python_2_is_gone(package: str) -> None:
    module = importlib.import_module(f"flasktrace.framework.{package}._compat")
    assert module.PY2 is False
    assert module.text_type is str
    assert module.implements_to_string(int) is int
