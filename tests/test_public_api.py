"""The public API: ``flasktrace.record()`` as a context manager and a decorator, and what it leaves behind."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from flask import Flask

import flasktrace
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.store import read_trace

ENGINES = available_engines()


@pytest.fixture
def app() -> Flask:
    app = Flask("shop")

    @app.route("/users/<int:number>")
    def user(number: int) -> str:
        return greeting(number)

    return app


def greeting(number: int) -> str:
    return f"user {number}"


@pytest.mark.parametrize("recorder", ENGINES)
def test_the_requests_of_a_test_client_are_recorded(app: Flask, recorder: str) -> None:
    with flasktrace.record(recorder=recorder) as recording:
        client = app.test_client()
        assert client.get("/users/7").text == "user 7"
        assert client.get("/nobody").status_code == 404
    assert [(r.method, r.target, r.status) for r in recording.requests] == [
        ("GET", "/users/7", 200),
        ("GET", "/nobody", 404),
    ]
    assert len(recording.calls("greeting")) == 1
    call = recording.calls("greeting")[0]
    assert (call.request_id, call.parameters[0].text) == (1, "7")
    assert recording.trace.metadata.recorder == recorder
    recording.trace.validate()


def test_it_can_be_asked_while_it_records(app: Flask) -> None:
    with flasktrace.record() as recording:
        app.test_client().get("/users/1")
        recording.assert_calls(["Flask.wsgi_app", "user", "Flask.finalize_request"])
        recording.assert_calls("Flask.full_dispatch_request -> greeting")
        recording.assert_not_called("Flask.handle_http_exception")
        app.test_client().get("/nobody")
        recording.assert_calls("greeting -> Flask.handle_http_exception")


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ("greeting -> Flask.preprocess_request", "was called, but not after greeting"),
        ("Flask.wsgi_app -> pay", "pay was never called; so far the chain holds: Flask.wsgi_app"),
        ("pay", "pay was never called"),
    ],
)
def test_a_chain_that_is_not_so_fails_with_the_reason(app: Flask, chain: str, words: str) -> None:
    with flasktrace.record() as recording:
        app.test_client().get("/users/1")
    with pytest.raises(AssertionError, match=words):
        recording.assert_calls(chain)
    with pytest.raises(AssertionError, match=r"greeting was called once, by .*user"):
        recording.assert_not_called("greeting")


def test_a_file_is_written_and_can_be_shown(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "shop.flasktrace"
    with flasktrace.record(path) as recording:
        app.test_client().get("/users/1")
    trace = read_trace(path)
    trace.validate()
    assert trace.metadata.scenario == "shop"
    assert [request.target for request in trace.requests] == ["/users/1"]
    assert {call.request_id for call in trace.calls} >= {1}
    assert "user(number=1)" in recording.tree()
    copy = recording.save(tmp_path / "copy.flasktrace")
    assert len(read_trace(copy).calls) == len(trace.calls)


def test_each_request_of_a_test_client_begins_a_story_of_its_own(app: Flask) -> None:
    client = app.test_client()
    with flasktrace.record() as recording:
        client.get("/users/1")
        client.post("/users/2")
    lines = recording.tree().splitlines()
    begins = [i for i, line in enumerate(lines) if "Client." in line and "FlaskClient" not in line]
    assert len(begins) == 2
    for begin, request in zip(begins, ("GET /users/1", "POST /users/2"), strict=True):
        assert request in lines[begin - 3]
        assert "Build the WSGI environ" in lines[begin - 1]
        assert "FlaskClient.open" in lines[begin + 1] and "Flask.__call__" in lines[begin + 2]


def test_a_function_is_decorated_and_keeps_its_name(tmp_path: Path) -> None:
    recording = flasktrace.record()

    @recording
    def work(number: int) -> str:
        """Work."""
        return greeting(number)

    assert (work(3), work.__name__, work.__doc__) == ("user 3", "work", "Work.")
    recording.assert_calls(["work", "greeting"])
    assert work(4) == "user 4"
    assert [call.parameters[0].text for call in recording.calls("greeting")] == ["4"]


def test_a_coroutine_function_is_decorated() -> None:
    recording = flasktrace.record()

    @recording
    async def work() -> str:
        await asyncio.sleep(0)
        return greeting(5)

    assert asyncio.run(work()) == "user 5"
    recording.assert_calls("work -> greeting")


@pytest.mark.parametrize("recorder", ENGINES)
def test_an_exception_passes_and_no_hook_stays(recorder: str) -> None:
    def fail() -> None:
        raise LookupError("gone")

    profile = sys.getprofile()
    with pytest.raises(LookupError), flasktrace.record(recorder=recorder) as recording:
        fail()
    assert sys.getprofile() is profile
    assert [str(call.outcome.kind) for call in recording.calls("fail") if hasattr(call.outcome, "kind")] == []
    assert "raises LookupError" in recording.tree("all")


def test_recordings_nest(app: Flask) -> None:
    with flasktrace.record() as outer:
        greeting(1)
        with flasktrace.record() as inner:
            greeting(2)
        greeting(3)
    assert [call.parameters[0].text for call in inner.calls("greeting")] == ["2"]
    assert [call.parameters[0].text for call in outer.calls("greeting")][:1] == ["1"]
    assert outer.calls("greeting")[-1].parameters[0].text == "3"


def test_threads_are_joined_to_the_call_that_started_them() -> None:
    def start() -> None:
        worker = threading.Thread(target=greeting, args=(9,))
        worker.start()
        worker.join()

    with flasktrace.record() as recording:
        start()
    call = recording.calls("greeting")[0]
    assert call.parent_id == recording.calls("start")[0].id


def test_one_recording_cannot_go_on_twice() -> None:
    with flasktrace.record() as recording, pytest.raises(RuntimeError, match="going on already"), recording:
        pass
    with pytest.raises(RuntimeError, match="nothing is recorded yet"):
        _ = flasktrace.record().trace


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, flasktrace; assert callable(dir);"
        "print(sorted(n for n in sys.modules if n.startswith(('flasktrace.', 'flask.', 'click', 'rich'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
    assert {"record", "TraceMiddleware"} <= set(dir(flasktrace))
    with pytest.raises(AttributeError, match="nothing"):
        flasktrace.nothing  # noqa: B018
