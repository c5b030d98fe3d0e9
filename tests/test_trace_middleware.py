"""``flasktrace.TraceMiddleware``: what is recorded, what is kept, and that no response changes."""

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import create_environ, run_wsgi_app

from flasktrace import TraceMiddleware
from flasktrace.tracer.store import read_trace


def make_app() -> Flask:
    app = Flask("shop")

    @app.route("/")
    def index() -> str:
        return "index"

    @app.route("/stream")
    def stream() -> Response:
        def parts() -> Iterator[str]:
            yield part(1)
            yield part(2)

        return Response(parts())

    @app.route("/fail")
    def fail() -> str:
        raise LookupError("gone")

    return app


def part(number: int) -> str:
    return f"part {number},"


def traces_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.flasktrace"))


def test_a_header_asks_for_a_trace(tmp_path: Path) -> None:
    app = make_app()
    app.wsgi_app = TraceMiddleware(app.wsgi_app, tmp_path / "traces")  # type: ignore[method-assign]
    client = app.test_client()
    assert client.get("/").text == "index"
    assert not (tmp_path / "traces").exists()
    with_header = client.get("/", headers={"X-Flasktrace": "1"})
    assert (with_header.text, with_header.headers) == (client.get("/").text, client.get("/").headers)
    assert client.get("/", headers={"X-Flasktrace": "0"}).text == "index"
    [path] = traces_in(tmp_path / "traces")
    assert path.name.startswith("request-")
    assert path.name.endswith("-GET-root-200.flasktrace")
    trace = read_trace(path)
    trace.validate()
    assert [(r.method, r.target, r.status) for r in trace.requests] == [("GET", "/", 200)]
    names = {function.qualname for function in trace.functions.values()}
    assert {"Flask.wsgi_app", "make_app.<locals>.index"} <= names


def test_a_query_argument_asks_for_a_trace_until_the_body_has_ended(tmp_path: Path) -> None:
    app = make_app()
    traced = TraceMiddleware(app.wsgi_app, tmp_path, header=None)
    environ = create_environ("/stream", query_string="flasktrace")
    body, status, _ = run_wsgi_app(traced, environ)
    assert (status, traces_in(tmp_path)) == ("200 OK", [])
    assert b"".join(body) == b"part 1,part 2,"
    [path] = traces_in(tmp_path)
    trace = read_trace(path)
    assert sum(trace.functions[call.function_id].qualname == "part" for call in trace.calls) == 2


def test_a_key_must_be_right_and_is_masked(tmp_path: Path) -> None:
    app = make_app()
    app.wsgi_app = TraceMiddleware(app.wsgi_app, tmp_path, key="opensesame")  # type: ignore[method-assign]
    client = app.test_client()
    client.get("/", headers={"X-Flasktrace": "1"})
    client.get("/?flasktrace=guess")
    assert traces_in(tmp_path) == []
    client.get("/?flasktrace=opensesame")  # neither read nor closed: the next request ends it
    client.get("/", headers={"X-Flasktrace": "opensesame"}).close()
    assert len(traces_in(tmp_path)) == 2
    for path in traces_in(tmp_path):
        assert b"opensesame" not in path.read_bytes()


def test_a_share_is_recorded_and_the_oldest_are_removed(tmp_path: Path) -> None:
    app = make_app()
    app.wsgi_app = TraceMiddleware(app.wsgi_app, tmp_path, share=1.0, max_traces=2)  # type: ignore[method-assign]
    Path(tmp_path, "mine.flasktrace").write_text("not theirs to remove")
    for target in ("/", "/stream", "/nobody"):
        app.test_client().get(target, buffered=True)
    names = [path.name for path in traces_in(tmp_path)]
    assert len(names) == 3
    assert "mine.flasktrace" in names
    assert not any("root" in name for name in names)


def test_an_app_that_raises_is_recorded_and_its_exception_passes(tmp_path: Path) -> None:
    app = make_app()
    app.testing = True
    profile = sys.getprofile()
    traced = TraceMiddleware(app.wsgi_app, tmp_path, share=1.0)
    with pytest.raises(LookupError):
        run_wsgi_app(traced, create_environ("/fail"))
    assert sys.getprofile() is profile
    assert [path.name.endswith("-GET-fail-0.flasktrace") for path in traces_in(tmp_path)] == [True]


def test_only_one_request_is_recorded_at_a_time(tmp_path: Path) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/outer":
            inner = traced(create_environ("/inner"), lambda *given: None)
            return iter(inner)
        return [b"inner"]

    traced = TraceMiddleware(app, tmp_path, share=1.0)
    body, _, _ = run_wsgi_app(traced, create_environ("/outer"), buffered=True)
    assert list(body) == [b"inner"]
    [path] = traces_in(tmp_path)
    assert "outer" in path.name
    assert list(traced(create_environ("/inner"), lambda *given: None)) == [b"inner"]
    assert len(traces_in(tmp_path)) == 2


def test_a_list_stays_a_list(tmp_path: Path) -> None:
    body = [b"as it is"]
    traced = TraceMiddleware(lambda environ, start_response: body, tmp_path, share=1.0)
    assert traced(create_environ("/"), lambda *given: None) is body


def test_a_folder_that_cannot_be_written_costs_the_trace_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    Path(tmp_path, "file").write_text("")
    app = make_app()
    app.wsgi_app = TraceMiddleware(app.wsgi_app, tmp_path / "file", share=1.0)  # type: ignore[method-assign]
    assert app.test_client().get("/").text == "index"
    assert "the trace of this request is lost" in told.getvalue()


def test_wrong_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"from 0\.0 to 1\.0"):
        TraceMiddleware(make_app().wsgi_app, tmp_path, share=2)
    with pytest.raises(ValueError, match="at least one"):
        TraceMiddleware(make_app().wsgi_app, tmp_path, max_traces=0)
