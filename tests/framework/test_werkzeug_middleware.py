"""The middleware. Unless a comment says otherwise, genuine Werkzeug 1.0.1 has answered the same."""

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flasktrace.framework.werkzeug.exceptions import NotFound
from flasktrace.framework.werkzeug.middleware.dispatcher import DispatcherMiddleware
from flasktrace.framework.werkzeug.middleware.http_proxy import ProxyMiddleware
from flasktrace.framework.werkzeug.middleware.lint import HTTPWarning, LintMiddleware, WSGIWarning
from flasktrace.framework.werkzeug.middleware.profiler import ProfilerMiddleware
from flasktrace.framework.werkzeug.middleware.proxy_fix import ProxyFix
from flasktrace.framework.werkzeug.middleware.shared_data import SharedDataMiddleware
from flasktrace.framework.werkzeug.test import create_environ, run_wsgi_app

SHOWN = ("SCRIPT_NAME", "PATH_INFO", "REMOTE_ADDR", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT")


def show(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """An application that tells what it was asked for."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({key: environ.get(key) for key in (*SHOWN, "wsgi.url_scheme")}).encode()]


def answer_of(app: Any, path: str = "/", **environ: Any) -> tuple[str, dict[str, str], str]:
    """Status, headers and body."""
    body, status, headers = run_wsgi_app(app, {**create_environ(path), **environ}, buffered=True)
    return str(status), dict(headers), b"".join(body).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of 2020."""
    (tmp_path / "public").mkdir()
    file = tmp_path / "public" / "a.txt"
    file.write_text("hello\n")
    os.utime(file, (1577934245, 1577934245))
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "public"


def test_static_files_come_with_all_their_headers(folder: Path) -> None:
    app = SharedDataMiddleware(show, {"/static": str(folder)})
    status, headers, body = answer_of(app, "/static/a.txt")
    assert (status, body) == ("200 OK", "hello\n")
    assert re.fullmatch(r'"wzsdm-\d+-6-\d+"', headers.pop("Etag"))
    assert set(headers) >= {"Date", "Expires"}
    assert {name: value for name, value in headers.items() if name not in ("Date", "Expires")} == {
        "Cache-Control": "max-age=43200, public",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "6",
        "Last-Modified": "Thu, 02 Jan 2020 03:04:05 GMT",
    }


def test_a_file_that_did_not_change_is_not_sent_again(folder: Path) -> None:
    app = SharedDataMiddleware(show, [("/one", str(folder / "a.txt"))])
    etag = answer_of(app, "/one")[1]["Etag"]
    for known in (
        {"HTTP_IF_NONE_MATCH": etag},
        {"HTTP_IF_MODIFIED_SINCE": "Thu, 02 Jan 2020 03:04:05 GMT"},
    ):
        assert answer_of(app, "/one", **known)[0] == "304 Not Modified"


# Genuine fails on the first of them.
@pytest.mark.parametrize("path", ["/static/../secret.txt", "/static/", "/static", "/static/none", "/other"])
def test_what_is_no_file_of_the_folder_goes_to_the_application(folder: Path, path: str) -> None:
    app = SharedDataMiddleware(show, {"/static": str(folder)})
    assert json.loads(answer_of(app, path)[2])["PATH_INFO"] == path


def test_static_files_of_a_package_and_disallowed_ones() -> None:
    app = SharedDataMiddleware(show, {"/p": ("json", ".")}, disallow=["enc*"], cache=False)
    status, headers, body = answer_of(app, "/p/decoder.py")
    assert (status, headers["Cache-Control"]) == ("200 OK", "public") and "JSONDecoder" in body
    assert "PATH_INFO" in answer_of(app, "/p/encoder.py")[2]
    assert "PATH_INFO" in answer_of(app, "/p/../os.py")[2]
    app = SharedDataMiddleware(show, {"/p": ("flasktrace.framework.werkzeug.debug", "shared")})
    assert answer_of(app, "/p/debugger.js")[0] == "200 OK"
    with pytest.raises(TypeError, match="unknown def 3"):
        SharedDataMiddleware(show, {"/": 3})


@pytest.mark.parametrize(
    ("path", "script_name", "path_info"),
    [("/", "", "/"), ("/a", "/a", ""), ("/a/", "/a", "/"), ("/a/x/y", "/a", "/x/y"), ("/ab", "", "/ab")],
)
def test_a_mounted_application_thinks_it_is_at_the_root(path: str, script_name: str, path_info: str) -> None:
    shown = json.loads(answer_of(DispatcherMiddleware(show, {"/a": show}), path)[2])
    assert (shown["SCRIPT_NAME"], shown["PATH_INFO"]) == (script_name, path_info)


def test_the_longest_mount_wins() -> None:
    app = DispatcherMiddleware(NotFound(), {"/a": NotFound(), "/a/b": show})
    assert answer_of(app, "/a/b/c")[0] == "200 OK"
    assert answer_of(app, "/a/c")[0] == "404 NOT FOUND"


FORWARDED = {
    "REMOTE_ADDR": "9.9.9.9",
    "HTTP_HOST": "inner",
    "HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "ex.org:81",
    "HTTP_X_FORWARDED_PORT": "8080",
    "HTTP_X_FORWARDED_PREFIX": "/pre",
}


@pytest.mark.parametrize(
    ("trusted", "changed"),
    [
        ({}, {"REMOTE_ADDR": "2.2.2.2", "wsgi.url_scheme": "https"}),
        ({"x_for": 2, "x_proto": 0}, {"REMOTE_ADDR": "1.1.1.1"}),
        ({"x_for": 3, "x_proto": 2}, {}),
        (
            {"x_for": 0, "x_proto": 0, "x_host": 1},
            {"HTTP_HOST": "ex.org:81", "SERVER_NAME": "ex.org", "SERVER_PORT": "81"},
        ),
        (
            {"x_for": 0, "x_proto": 0, "x_port": 1, "x_prefix": 1},
            {"HTTP_HOST": "inner:8080", "SERVER_PORT": "8080", "SCRIPT_NAME": "/pre"},
        ),
    ],
)
def test_only_as_many_proxies_are_believed_as_told(trusted: dict[str, int], changed: dict[str, str]) -> None:
    before = json.loads(answer_of(show, **FORWARDED)[2])
    after = json.loads(answer_of(ProxyFix(show, **trusted), **FORWARDED)[2])
    assert {key: value for key, value in after.items() if value != before[key]} == changed


def test_the_profiler_prints_and_saves(tmp_path: Path) -> None:
    stream = io.StringIO()
    app = ProfilerMiddleware(show, stream=stream, profile_dir=str(tmp_path))
    assert answer_of(app, "/a/b")[0] == "200 OK"
    assert "PATH: '/a/b'" in stream.getvalue() and "function calls" in stream.getvalue()
    (saved,) = tmp_path.iterdir()
    assert re.fullmatch(r"GET\.a\.b\.\d+ms\.\d+\.prof", saved.name)


def responding(status: str, headers: list[tuple[str, Any]], body: Any) -> Any:
    """An application that answers so."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(status, headers)
        return body

    return app


@pytest.mark.parametrize(
    ("app", "kind", "message"),
    [
        (responding("200 OK", [], "text"), WSGIWarning, "returned a string"),
        (responding("200 OK", [], [b"text"]), WSGIWarning, "'application iterator items' requires strings"),
        (responding("200", [], [b""]), WSGIWarning, "Invalid value for status '200'"),
        (responding("200 OK", [("Content-Length", "5")], [b"1"]), WSGIWarning, "do not match"),
        (responding("304 X", [("Content-Type", "a")], []), HTTPWarning, "'content-type' found in 304"),
        (responding("304 X", [], [b"x"]), HTTPWarning, "304 responses must not have a body"),
        (responding("204 X", [("Content-Length", "0")], [b"x"]), HTTPWarning, "must not have a body"),
        (responding("200 OK", [("ETag", "x")], []), HTTPWarning, "unquoted etag"),
        (responding("200 OK", [("ETag", 'w/"x"')], []), HTTPWarning, "should be upcase"),
        (responding("302 X", [("Location", "/x")], []), HTTPWarning, "absolute URLs required"),
        (responding("200 OK", [("Status", "x")], []), WSGIWarning, "status header"),
    ],
)
@pytest.mark.filterwarnings("ignore::flasktrace.framework.werkzeug.middleware.lint.WSGIWarning")
def test_lint_warns_of_what_is_wrong(app: Any, kind: type[Warning], message: str) -> None:
    with pytest.warns(kind, match=message):
        run_wsgi_app(LintMiddleware(app), create_environ(), buffered=True)


def test_lint_has_nothing_to_say_of_a_good_application() -> None:
    # 1.0 asks for text in the body too, so a good application has none.
    assert answer_of(LintMiddleware(responding("304 X", [], [])))[0] == "304 X"


def test_lint_warns_three_times_of_a_status_of_two_digits() -> None:
    with pytest.warns(WSGIWarning) as warned:
        run_wsgi_app(LintMiddleware(responding("20 OK", [], ["text"])), create_environ(), buffered=True)
    assert len(warned) == 3


def test_lint_warns_of_reads_without_an_end() -> None:
    def reading(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["wsgi.input"].read()
        start_response("204 X", [("Content-Length", "0")])
        return []

    with pytest.warns(WSGIWarning, match="may never return"):
        run_wsgi_app(LintMiddleware(reading), create_environ(), buffered=True)


def test_a_target_that_does_not_answer_is_a_bad_gateway() -> None:
    app = ProxyMiddleware(show, {"/there": {"target": "http://127.0.0.1:1/"}})
    assert answer_of(app, "/there/x")[0] == "502 BAD GATEWAY"
    assert answer_of(app, "/here")[0] == "200 OK"
