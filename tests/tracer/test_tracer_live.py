"""The gate that holds real threads: who waits, where, and that nobody waits for ever."""

import logging
import queue
import signal
import socketserver
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import CodeType

import pytest

from flasktrace.tracer.engines import available_engines, make_recorder
from flasktrace.tracer.live import Bookmark, Go, Gone, Held, HoldClock, Holder, Kind
from flasktrace.tracer.recorder import Recorder, RecorderOptions

PATIENCE_S = 30
HOLDING = [name for name in available_engines() if name != "native"]  # that one holds no threads


class Walk:
    """A holder and what it told, for the functions of some names."""

    def __init__(self, *names: str, engine: str = "setprofile", milestones: tuple[str, ...] = ()) -> None:
        self.told: queue.SimpleQueue[Held | Gone] = queue.SimpleQueue()
        self.names, self.milestones = names, milestones
        self.holder = Holder(self._kind, lambda code: ("", code.co_name), self.told.put)
        options = RecorderOptions(gate=self.holder, clock=self.holder.clock)
        self.recorder: Recorder = make_recorder(options, engine)

    def _kind(self, code: CodeType) -> Kind:
        if code.co_name in self.milestones:
            return Kind.MILESTONE
        return Kind.STOP if code.co_name in self.names else Kind.NONE

    def held(self) -> Held:
        found = self.told.get(timeout=PATIENCE_S)
        assert isinstance(found, Held)
        return found


def inner(events: list[str]) -> str:
    events.append("inner")
    return "value"


def outer(events: list[str]) -> None:
    inner(events)
    events.append("between")
    inner(events)


def failing() -> None:
    raise LookupError("nothing")


@pytest.mark.parametrize("engine", HOLDING)
def test_a_thread_waits_at_each_entry_and_end_until_it_may_go_on(engine: str) -> None:
    events: list[str] = []
    walk = Walk("outer", "inner", engine=engine)
    with walk.recorder:
        thread = threading.Thread(target=outer, args=(events,))
        thread.start()
        ends = []
        for expected in ([], [], ["inner"], ["inner", "between"]):
            held = walk.held()
            ends.append(held.is_end)
            assert events == expected
            walk.holder.go_on(held.stream_id, Go.STEP)
        assert ends == [False, False, True, False]
        walk.holder.let_go()
        thread.join(PATIENCE_S)
    assert events == ["inner", "between", "inner"]


@pytest.mark.parametrize("engine", HOLDING)
def test_over_out_and_milestone_go_as_far_as_they_say(engine: str) -> None:
    events: list[str] = []
    walk = Walk("outer", "inner", engine=engine, milestones=("outer",))

    def thrice() -> None:
        for _ in range(3):
            outer(events)

    with walk.recorder:
        thread = threading.Thread(target=thrice)
        thread.start()
        stream_id = walk.held().stream_id
        walk.holder.go_on(stream_id, Go.OVER)
        assert walk.held().is_end and len(events) == 3
        walk.holder.go_on(stream_id, Go.STEP)
        assert not walk.held().is_end
        walk.holder.go_on(stream_id, Go.STEP)
        assert not walk.held().is_end and len(events) == 3
        walk.holder.go_on(stream_id, Go.OVER)
        assert walk.held().is_end and len(events) == 4
        walk.holder.go_on(stream_id, Go.OUT)
        assert walk.held().is_end and len(events) == 6
        walk.holder.go_on(stream_id, Go.MILESTONE)
        assert not walk.held().is_end and len(events) == 6
        walk.holder.let_go()
        thread.join(PATIENCE_S)
    assert len(events) == 9


@pytest.mark.parametrize("engine", HOLDING)
def test_a_run_stops_at_a_bookmark_and_a_raise_is_an_end(engine: str) -> None:
    def program() -> None:
        for _ in range(3):
            outer([])
        with pytest.raises(LookupError):
            failing()

    walk = Walk("outer", engine=engine)
    walk.holder.set_bookmark(Bookmark("", "failing", True), True)
    with walk.recorder:
        thread = threading.Thread(target=program)
        thread.start()
        walk.holder.go_on(walk.held().stream_id, Go.RUN)
        assert walk.held().is_end
        walk.holder.let_go()
        thread.join(PATIENCE_S)
    assert walk.told.empty()


def test_two_threads_are_held_and_let_go_each_by_itself() -> None:
    events: dict[str, list[str]] = {"a": [], "b": []}
    walk = Walk("inner")
    with walk.recorder:
        threads = [threading.Thread(target=inner, args=(own,)) for own in events.values()]
        for thread in threads:
            thread.start()
        first, second = walk.held(), walk.held()
        assert first.stream_id != second.stream_id and not any(events.values())
        walk.holder.go_on(second.stream_id, Go.STEP)
        again = walk.held()
        assert (again.stream_id, again.is_end) == (second.stream_id, True)
        assert sorted(map(len, events.values())) == [0, 1]
        walk.holder.let_go()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_the_waiting_is_in_no_time() -> None:
    now = [0]
    clock = HoldClock(lambda: now[0])
    now[0] = 10
    assert clock() == 10
    clock.hold()
    now[0] = 50
    clock.hold()
    assert clock() == 10
    clock.release()
    now[0] = 90
    assert clock() == 10
    clock.release()
    now[0] = 95
    assert clock() == 15


def test_no_thread_is_held_inside_logging() -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            inner([])

    logger = logging.getLogger("flasktrace-live-test")
    logger.propagate = False
    logger.addHandler(Handler())
    walk = Walk("inner")
    try:
        with walk.recorder:
            thread = threading.Thread(target=logger.warning, args=("tea",))
            thread.start()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    finally:
        logger.handlers.clear()
    assert walk.told.empty()


@pytest.mark.parametrize("engine", HOLDING)
def test_ctrl_c_goes_through_to_the_program_and_nothing_stays_held(engine: str) -> None:
    walk = Walk("inner", engine=engine)
    main_ident = threading.main_thread().ident
    assert main_ident is not None

    def interrupt() -> None:
        walk.held()
        # Whether the main thread waits on its lock by now or not: it is to notice.
        signal.pthread_kill(main_ident, signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    with pytest.raises(KeyboardInterrupt), walk.recorder:
        inner([])
    helper.join(PATIENCE_S)
    assert isinstance(walk.told.get(timeout=PATIENCE_S), Gone)


def test_a_real_client_gets_its_true_answer_while_the_server_thread_was_held() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, HTTPServer):
        daemon_threads = False

    answers: dict[str, bytes] = {}

    def ask(path: str) -> None:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{server.server_port}{path}", timeout=PATIENCE_S
        ) as got:
            answers[path] = got.read()

    walk = Walk("do_GET")
    clients = [threading.Thread(target=ask, args=(path,)) for path in ("/tea", "/coffee")]
    with Server(("127.0.0.1", 0), Handler) as server, walk.recorder:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        for client in clients:
            client.start()
        held = [walk.held(), walk.held()]
        assert held[0].stream_id != held[1].stream_id and answers == {}
        for each in held:
            walk.holder.go_on(each.stream_id, Go.RUN)
        for client in clients:
            client.join(PATIENCE_S)
        server.shutdown()
        serving.join(PATIENCE_S)
    assert answers == {"/tea": b"/tea", "/coffee": b"/coffee"}
