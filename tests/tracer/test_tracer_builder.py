"""A trace that is let go of bit by bit while it is written is, in its file, the trace that is held whole."""

import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.one_python import in_turn

from flasktrace.tracer import flusher
from flasktrace.tracer.builder import Builder
from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.inprocess import RequestFinder
from flasktrace.tracer.model import Metadata, Trace
from flasktrace.tracer.recorder import Recorder, RecorderOptions
from flasktrace.tracer.scope import ScopeOptions
from flasktrace.tracer.session import Session, SessionOptions
from flasktrace.tracer.store import TraceWriter, read_trace
from flasktrace.tracer.streams import EventList

HERE = ScopeOptions(own_folders=(str(Path(__file__).parent),))


def numbers(count: int) -> Iterator[int]:
    for number in range(count):
        yield helper(number)


def helper(number: int) -> int:
    if number == 2:
        try:
            fail()
        except ValueError:
            return -1
    return number


def fail() -> None:
    raise ValueError("as it should")


def work() -> None:
    given = numbers(6)
    left_open = numbers(3)
    next(left_open)
    for _ in range(3):
        next(given)
    thread = threading.Thread(target=lambda: [helper(next(given)) for _ in range(3)])
    thread.start()
    thread.join()
    for _ in range(20):
        helper(1)
    next(left_open)


def serve() -> None:
    from flask import Flask

    app = Flask("shop")
    app.add_url_rule("/item/<int:number>", view_func=lambda number: str(helper(number)), endpoint="item")
    client = app.test_client()
    for number in (1, 2):
        assert client.get(f"/item/{number}").status_code == 200
    assert client.get("/none").status_code == 404


def serve_the_same_again() -> None:
    """Calls with the very same objects: what they are called with is stored once, and may be let go of."""
    from flask import Flask
    from werkzeug.test import EnvironBuilder

    app, environ = Flask("shop"), EnvironBuilder("/none").get_environ()

    def start_response(status: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
        return len

    for _ in range(6):
        assert b"".join(app(environ, start_response))


def recorded(work: Callable[[], None], engine: str) -> Recorder:
    recorder = make_recorder(RecorderOptions(HERE, with_state=True), engine)
    with recorder:
        work()
    return recorder


def twin(recorder: Recorder) -> Recorder:
    """The same recording once more, as what a builder takes is gone."""
    other = copy.copy(recorder)
    other.streams = []
    for stream in recorder.streams:
        stream.events = EventList(stream.events.take(None))
        other.streams.append(replace(stream, events=EventList(stream.events)))
    other.secrets = list(recorder.secrets)
    return other


def times_of(recorder: Recorder) -> list[int]:
    times: list[int] = []
    for stream in recorder.streams:
        taken = stream.events.take(None)
        stream.events = EventList(taken)
        times += taken[1::4]
    return sorted(times)


def built_whole(recorder: Recorder) -> Trace:
    finder = RequestFinder()
    return Builder(recorder, finder=finder).finish(Metadata(), finder.requests)


def built_in_slices(recorder: Recorder, path: Path, count: int) -> Trace:
    finder = RequestFinder()
    builder, writer = Builder(recorder, finder=finder), TraceWriter(path)
    times = times_of(recorder)
    for until_ns in times[:: max(len(times) // count, 1)]:
        builder.take(until_ns)
        builder.set_requests(finder.requests)
        writer.write(builder.trace, builder.take_changed())
        builder.let_go()
        writer.let_go(builder.trace)
        read_trace(path)
    trace = builder.finish(Metadata(), finder.requests)
    assert builder.has_let_go
    writer.write(trace, builder.take_changed())
    writer.close()
    return read_trace(path)


@pytest.mark.parametrize("engine", available_engines())
@pytest.mark.parametrize("work", [work, serve, serve_the_same_again])
@pytest.mark.parametrize("count", in_turn([7, 20, 60], "slices of this length"))
def test_what_is_let_go_is_in_the_file(
    work: Callable[[], None], engine: str, count: int, tmp_path: Path
) -> None:
    recorder = recorded(work, engine)
    again = twin(recorder)
    whole = built_whole(recorder)
    found = built_in_slices(again, tmp_path / "t.flasktrace", count)
    assert list(found.calls) == list(whole.calls)
    assert (found.threads, found.requests) == (whole.threads, whole.requests)
    assert (found.markers, found.functions) == (whole.markers, whole.functions)
    assert found.dropped_count == whole.dropped_count


def test_no_more_is_held_than_what_is_open(tmp_path: Path) -> None:
    recorder = recorded(work, "")
    builder, writer = Builder(recorder), TraceWriter(tmp_path / "t.flasktrace")
    builder.take()
    count = builder.call_count
    writer.write(builder.trace, builder.take_changed())
    builder.let_go()
    # The generator that was left open, its caller, and the call that started the thread, at the most.
    assert len(builder.trace.calls) <= 6
    assert builder.call_count == count
    assert not builder.trace.markers
    assert not builder.trace.calls.details.shapes
    writer.close()


def test_the_limit_counts_what_was_let_go(tmp_path: Path) -> None:
    recorder = recorded(work, "")
    builder, writer = Builder(recorder, limit=20), TraceWriter(tmp_path / "t.flasktrace")
    times = times_of(recorder)
    for until_ns in itertools.islice(times, 0, None, 10):
        builder.take(until_ns)
        writer.write(builder.trace, builder.take_changed())
        builder.let_go()
        writer.let_go(builder.trace)
    builder.finish(Metadata(), [])
    assert builder.call_count == 20
    assert builder.trace.dropped_count > 0
    writer.close()


@pytest.mark.parametrize("flush_every_s", [0.001, 0.01, 0.25])
def test_a_session_gives_what_it_has_let_go(
    flush_every_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flusher, "MAX_HELD_CALLS", 5)
    monkeypatch.setattr(flusher, "_FLUSH_EVERY_S", flush_every_s)
    monkeypatch.setattr(flusher, "_LATE_NS", 0)
    path = tmp_path / "t.flasktrace"
    session = Session(SessionOptions(trace_path=path, scope=HERE))
    session.start()
    serve()
    with session.looking() as trace:
        calls_so_far, requests = len(trace.calls), list(trace.requests)
    serve()
    with session.looking() as trace:
        assert len(trace.calls) > calls_so_far
    found = session.stop()
    assert [(each.target, each.status) for each in requests] == [
        ("/item/1", 200),
        ("/item/2", 200),
        ("/none", 404),
    ]
    assert len(found.requests) == 6
    assert list(found.calls) == list(read_trace(path).calls)
    assert {function.name for function in found.functions.values()} >= {"helper", "wsgi_app"}
