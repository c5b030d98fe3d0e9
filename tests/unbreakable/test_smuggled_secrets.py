"""Secrets that are smuggled: handed on in odd containers, writings, orders and places, and in no file.

One program does it all, each way with a secret of its own; what was written is searched for each.
"""

import base64
import contextlib
import dataclasses
import enum
import json
import os
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unbreakable.odd_runs import calls_named
from tests.unbreakable.smuggled import check, connect, fail, get_token, give, options, show, use

from flasktrace.tracer import flusher
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.model import Trace
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.session import Session, SessionOptions
from flasktrace.tracer.store import read_trace

ENGINES = available_engines()


class Names(enum.StrEnum):
    PASSWORD = "password"


@dataclasses.dataclass
class Login:
    user: str
    password: str


Pair = namedtuple("Pair", "user password")


def _in_thread(name: str) -> object:
    thread = threading.Thread(target=show, args=(1,), name=name)
    thread.start()
    thread.join()
    return thread


def _setting(name: str, value: str, secret: str) -> object:
    os.environ[name] = value
    return show(value), show(secret)


def _b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


WAYS: dict[str, Callable[[str], object]] = {
    # Before anything has called it what it is.
    "shown_first": lambda s: (show(s), give(s), check(s)),
    "returned_first": lambda s: (give([s]), use(s)),
    "raised_first": lambda s: (fail(f"no such user {s}"), check(s)),
    "named_by_function": lambda s: (show(s), get_token(s)),
    # In containers.
    "dict": lambda s: show({"password": s}),
    "dict_in_dict": lambda s: (show({"user": {"password": s}}), show({"password": {"old": s}}), check(s)),
    "list_in_dict": lambda s: show({"tokens": [s], "user": [{"password": s}]}),
    "bytes_key": lambda s: show({b"password": s.encode()}),
    "enum_key": lambda s: show({Names.PASSWORD: s}),
    "as_key": lambda s: (check(s), show({s: 1}), show({s}), show(frozenset([s])), show({(1, s): 1})),
    "pair": lambda s: (show(("password", s)), show([("password", s)]), show(["password", s])),
    "command": lambda s: (options("mysql", "--password", s), show(["mysql", f"--password={s}"])),
    "keywords": lambda s: show(colour="red", api_key=s),
    "dataclass": lambda s: (show(Login("ada", s)), show(repr(Login("ada", s)))),
    "namedtuple": lambda s: (show(Pair("ada", s)), show(repr(Pair("ada", s)))),
    # In other writings.
    "bytes": lambda s: (check(s), show(s.encode()), show(b"\xff" + s.encode()), show(bytearray(s.encode()))),
    "base64": lambda s: (check(s), show(_b64(s)), show(_b64(f"a:{s}:b")), show(_b64(f"ab:{s}").decode())),
    "base64_in_json": lambda s: (check(s), show(json.dumps({"x": _b64("ada:" + s).decode()}))),
    "url_safe_base64": lambda s: (check(s), show(base64.urlsafe_b64encode(b"\xfb\xff" + s.encode()))),
    "hex": lambda s: (check(s), show(s.encode().hex())),
    "json_in_json": lambda s: (check(s), show(json.dumps(json.dumps({"x": s})))),
    "query": lambda s: show(f"/next?a=1&password={s}&b=2", f"/?to=%2Fx%3Faccess_token%3D{s}"),
    "query_json": lambda s: show("data=%7B%22password%22%3A%22" + s + "%22%7D"),
    "json": lambda s: show('{"user": {"password": "' + s + '"}}', "{'password': '" + s + "'}"),
    "form": lambda s: show(f"user=ada&password={s}".encode()),
    "multipart": lambda s: show(
        f'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\n{s}\r\n'.encode(),
        f'--B\r\nContent-Disposition: form-data; name="token"\r\nContent-Type: x/y\r\n\r\n{s}\r\n--B--',
    ),
    "xml": lambda s: show(f"<user><password>{s}</password></user>", f'<a:token kind="x">{s}</a:token>'),
    "html": lambda s: show(
        f'<input type="hidden" name="csrf_token" value="{s}">', f'<meta name="csrf-token" content="{s}">'
    ),
    "address": lambda s: show(f"postgres://ada:{s}@host/db", f"https://{s}{s}@github.com/x"),
    "cookie": lambda s: show(
        f"Cookie: a={s}; b=2", f"Set-Cookie: sid={s}; Path=/", {"HTTP_COOKIE": f"a={s}"}
    ),
    "header": lambda s: show(f"Authorization: Basic {s}", [("X-Api-Key", s), ("Authorization", s)]),
    "known_token": lambda s: show(f"the key is ghp_{s}{s}"),
    # In exceptions.
    "raised": lambda s: (check(s), fail(s), fail("no", s), fail({"a": s}), fail((s,)), fail(s.encode())),
    "spoken": lambda s: (fail(f"cannot be reached with token {s}"), show(f"the password was '{s}'")),
    "raised_by_name": lambda s: (fail("token", s), fail(f"pwd={s}"), fail(f"bad password: {s!r}")),
    # Under other names, and cut.
    "other_names": lambda s: (connect(pw=s), connect(pwd=s), connect(auth=("u", s)), connect(user_pass=s)),
    "long": lambda s: (check(s * 20), show(s * 20), show("x" * 30 + s * 20), show([s * 20]), fail(s * 20)),
    "number": lambda s: (check(int(s[2:])), show(int(s[2:])), show(s[2:])),
    "thread_name": lambda s: (_in_thread(f"w-{s}"), check(s)),
    "environment": lambda s: _setting("SMUGGLED_TOKEN", s, s),
    "environment_address": lambda s: _setting("SMUGGLED_URL", f"redis://:{s}@host/0", s),
    "own_pattern": lambda s: (show({"iban": s}), show(f"/pay?iban={s}"), show(s), fail(f"no iban: {s}")),
}


def planted(way: str) -> str:
    """A secret that looks like no other text: two letters and ten digits."""
    return f"Zq{10**9 + sum(ord(c) * 7919**i for i, c in enumerate(way)) % (9 * 10**9)}"


# Made before: what a function of such a name returned would be known to be secret.
PLANTED = {way: planted(way) for way in WAYS}


def writings(secret: str) -> Iterator[bytes]:
    """The secret in ways that would tell it."""
    raw = secret.encode()
    yield from (raw, raw[2:], raw.hex().encode(), _b64(secret)[:13])
    for before in (b"\0", b"\0\0"):
        yield base64.b64encode(before + raw)[4:14]


def told(content: bytes) -> list[str]:
    """The ways in which a secret has come into a file."""
    return [way for way in WAYS if any(each in content for each in writings(PLANTED[way]))]


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def recorded(path: Path, engine: str) -> Trace:
    """The trace of all ways."""
    # What calls the functions is left out: it is handed each secret under no name at all.
    scope = ScopeOptions(exclude=(__name__,))
    session = Session(SessionOptions(trace_path=path, recorder=engine, mask=("iban",), scope=scope))
    session.start()
    try:
        for way, do in WAYS.items():
            do(PLANTED[way])
    finally:
        trace = session.stop()
    trace.validate()
    return trace


def json_of(trace: Trace) -> str:
    return json.dumps([_plain(call) for call in trace.calls]) + repr(trace.markers) + repr(trace.threads)


def _plain(item: Any) -> Any:
    if dataclasses.is_dataclass(item):
        return {field.name: _plain(getattr(item, field.name)) for field in dataclasses.fields(item)}
    return [_plain(each) for each in item] if isinstance(item, tuple) else item


@pytest.mark.parametrize("engine", ENGINES)
def test_no_smuggled_secret_is_in_the_trace(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flasktrace"
    trace = recorded(path, engine)
    assert len(calls_named(trace, "show")) > len(WAYS)
    assert told(path.read_bytes()) == []
    assert told(json_of(trace).encode()) == told(json_of(read_trace(path)).encode()) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_the_settings_of_an_app_that_runs_already_are_known(engine: str, tmp_path: Path) -> None:
    """A recording in a running process has no start-up to see the settings in."""
    from flask import Flask, session

    secrets = [f"Zq{n:010d}" for n in range(1, 6)]
    app = Flask("settings")
    app.secret_key = secrets[0].encode()
    app.config.update(MAIL={"user": "ada", "password": secrets[1]}, API_TOKENS=[secrets[2]])
    app.config.update(DB=f"postgres://ada:{secrets[3]}@host/db", JWT_SECRET_KEY=secrets[4].encode())

    def index() -> str:
        session["seen"] = 1
        for secret in secrets:
            show(secret, secret.encode())
        return "kept"

    app.add_url_rule("/", view_func=index)
    client = app.test_client()
    with contextlib.closing(_Batches(tmp_path / "a.flasktrace", engine)):
        assert client.get("/").data == b"kept"
    content = (tmp_path / "a.flasktrace").read_bytes()
    assert b"kept" in content
    assert [secret for secret in secrets if secret.encode() in content] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_written_before_it_was_known_to_be_secret_is_gone(engine: str, tmp_path: Path) -> None:
    """Each batch is on the disk before the next call: its values are written over, free places too."""
    path, secret = tmp_path / "a.flasktrace", PLANTED["shown_first"]
    with contextlib.closing(_Batches(path, engine)) as batches:
        show(secret, "kept")
        fail(f"no {secret}")
        batches.write()
        was_there = secret.encode() in path.read_bytes()
        check(secret)
        batches.write()
        is_there = secret.encode() in path.read_bytes()
    assert was_there and not is_there
    content = path.read_bytes()
    assert secret.encode() not in content and b"kept" in content
    texts = [value.text for call in read_trace(path).calls for value in call.parameters]
    assert "('***', 'kept')" in texts


class _Batches:
    """A recording whose batches are written when it is told to."""

    def __init__(self, path: Path, engine: str) -> None:
        self._session = Session(SessionOptions(trace_path=path, recorder=engine))
        self._session.start()

    def write(self) -> None:
        self._session._flusher.write_now()

    @property
    def has_let_go(self) -> bool:
        return self._session._builder.has_let_go

    def close(self) -> None:
        self._session.stop()


def test_many_secrets_at_once_are_found_too(tmp_path: Path) -> None:
    secrets = [f"Zq{n:012d}" for n in range(400)]

    def late() -> None:
        for secret in secrets:
            show(secret)
        for secret in secrets:
            check(secret)

    with contextlib.closing(_Batches(tmp_path / "a.flasktrace", "")) as batches:
        late()
        batches.write()
    content = (tmp_path / "a.flasktrace").read_bytes()
    assert [secret for secret in secrets if secret.encode() in content] == []


@pytest.mark.parametrize(
    "values",
    [
        {"SESSION_COOKIE_NAME": "my_session", "SESSION_COOKIE_PATH": "/shop/all"},
        {"WTF_CSRF_HEADERS": ["X-CSRFToken", "X-CSRF-Token"], "TOKEN_URL": "https://id.example/token"},
        {"JWT_TOKEN_LOCATION": "my_headers", "PWD": "/nowhere/at/all", "OLD_PWD": "/nowhere/else"},
        {"PASSWORD_HASHER": "plain", "SESSION_COOKIE_SECURE": "disabled"},
    ],
)
def test_what_only_says_where_a_secret_is_is_shown(values: Mapping[str, Any], tmp_path: Path) -> None:
    from flasktrace.tracer.capture import Texts

    texts = Texts()
    texts.learn_named(values.items())
    for value in values.values():
        for text in [value] if isinstance(value, str) else value:
            assert texts.clean(f"x {text} y") == f"x {text} y"


def test_a_secret_learned_when_its_calls_were_let_go_is_masked_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a long recording only the file has the calls: in the end it is gone through once more."""
    monkeypatch.setattr(flusher, "MAX_HELD_CALLS", 0)
    path, secret = tmp_path / "a.flasktrace", PLANTED["shown_first"]
    with contextlib.closing(_Batches(path, "")) as batches:
        show(secret, "kept")
        fail(f"no {secret}")
        _in_thread(f"worker {secret}")
        batches.write()
        assert batches.has_let_go
        assert secret.encode() in path.read_bytes()
        check(secret)
        batches.write()
    assert told(path.read_bytes()) == []
    trace = read_trace(path)
    trace.validate()
    assert "kept" in json_of(trace)
