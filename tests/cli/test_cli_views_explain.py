"""``flasktrace explain``: where a function is, what it does, who calls it; near names for unknown ones."""

import io
from pathlib import Path

import pytest
from tests.commands import flasktrace

from flasktrace.cli.explaining import explain
from flasktrace.cli.sources import find_source, has_function
from flasktrace.tracer.errors import UsageError


def _explained(name: str, engine: str = "bundled", language: str = "en") -> str:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="utf-8", newline="\n")
    explain(name, engine, language, stream)
    stream.flush()
    return written.getvalue().decode("utf-8")


def test_it_tells_place_purpose_callers_and_source() -> None:
    text = _explained("Flask.wsgi_app")
    lines = text.splitlines()
    assert lines[0] == "flask.app.Flask.wsgi_app"
    assert "flask" in lines[1] and lines[1].rpartition(":")[2].isdigit()
    assert "https://flask.palletsprojects.com/api/#flask.Flask.wsgi_app" in text
    assert "  flask.app.Flask.__call__" in lines
    assert "hello" in text
    assert "def wsgi_app(self" in text


@pytest.mark.parametrize(
    "name",
    [
        "wsgi_app",
        "flask.app:Flask.wsgi_app",
        "flask.app.Flask.wsgi_app",
        "Flask.wsgi_app()",
        " Flask.wsgi_app ",
    ],
)
def test_a_name_may_be_written_in_many_ways(name: str) -> None:
    assert _explained(name) == _explained("Flask.wsgi_app")


def test_an_inner_function_is_found_as_people_write_it() -> None:
    text = _explained("run_wsgi.execute")
    assert text.startswith("werkzeug.serving.WSGIRequestHandler.run_wsgi.<locals>.execute\n")
    assert "def execute(" in text


def test_it_speaks_chinese() -> None:
    text = _explained("Flask.wsgi_app", language="zh")
    assert "阶段：" in text and "文档：" in text and "场景：hello、" in text


def test_the_engines_have_their_own_sources() -> None:
    bundled, installed = _explained("Flask.wsgi_app"), _explained("Flask.wsgi_app", "installed")
    assert bundled.splitlines()[1] != installed.splitlines()[1]


def test_a_function_of_the_other_engine_is_explained_and_said_to_be_so() -> None:
    text = _explained("flask.sansio.app:App.add_url_rule", "bundled")
    assert "installed engine only" in text and "def add_url_rule(" in text


def test_several_functions_of_that_name_are_listed() -> None:
    text = _explained("push")
    for name in (
        "flask.ctx.AppContext.push",
        "flask.ctx.RequestContext.push",
        "werkzeug.local.LocalStack.push",
    ):
        assert f"  {name}\n" in text


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Flask.full_dispatch_requst", "Flask.full_dispatch_request"),
        ("dispach_request", "Flask.dispatch_request"),
        ("wsgiapp", "Flask.wsgi_app"),
        ("Zebra", "such as Flask.wsgi_app"),
        ("", "such as Flask.wsgi_app"),
    ],
)
def test_an_unknown_name_gets_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UsageError, match="no function") as caught:
        _explained(name)
    assert near in str(caught.value)


def test_an_unknown_name_is_wrong_use(tmp_path: Path) -> None:
    done = flasktrace(tmp_path, "explain", "Flask.wsgi_ap\x1b[31m")
    assert done.returncode == 2 and done.stdout == ""
    assert "Flask.wsgi_app" in done.stderr and "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_sources_are_found_without_importing() -> None:
    source = find_source("http.server", "BaseHTTPRequestHandler.parse_request", "installed")
    assert source is not None and source.lines[0].lstrip().startswith("def parse_request(")
    assert source.last_line - source.first_line + 1 == len(source.lines)
    assert find_source("no.such.module", "f", "bundled") is None
    assert find_source("flask.app", "Flask.nothing", "bundled") is None
    assert has_function("flask.app", "Flask.wsgi_app", "bundled")
    assert not has_function("flask.sansio.app", "App.add_url_rule", "bundled")
    assert has_function("flask.sansio.app", "App.add_url_rule", "installed")
