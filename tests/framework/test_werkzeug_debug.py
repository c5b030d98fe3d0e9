"""The debugger: pages, consoles, PIN. The HTML of values is what genuine Werkzeug 1.0.1 gives."""

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flasktrace.framework.werkzeug import debug
from flasktrace.framework.werkzeug.debug import DebuggedApplication, console, tbtools
from flasktrace.framework.werkzeug.debug.repr import debug_repr
from flasktrace.framework.werkzeug.test import Client
from flasktrace.framework.werkzeug.wrappers import Response


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """An application that fails everywhere but at /ok."""
    if environ["PATH_INFO"] == "/ok":
        return Response("fine")(environ, start_response)
    if environ["PATH_INFO"] == "/late":
        start_response("200 OK", [])
    secret_number = 41
    try:
        environ["missing"]
    except KeyError as error:
        raise ValueError(f"<bad> {secret_number}") from error


@pytest.fixture
def debugged(monkeypatch: pytest.MonkeyPatch) -> DebuggedApplication:
    """The application in the debugger, with a PIN, and no waiting after a wrong one."""
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "123-456")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return DebuggedApplication(failing, evalex=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep tracebacks out of the tests' output."""
    monkeypatch.setattr(tbtools.Traceback, "log", lambda self, logfile=None: None)
    yield


def ask(client: Client, application: DebuggedApplication, **parameters: Any) -> Any:
    """One of the requests that the debugger's page sends."""
    query = {"__debugger__": "yes", "s": application.secret, **parameters}
    return client.get("/ok", query_string=query)


def unlocked(application: DebuggedApplication) -> Client:
    """A browser whose user has entered the PIN."""
    client = Client(application, Response)
    assert ask(client, application, cmd="pinauth", pin="123456").data == b'{"auth": true, "exhausted": false}'
    return client


def last_frame(application: DebuggedApplication) -> int:
    """The frame that raised, of the only traceback there is."""
    (traceback,) = application.tracebacks.values()
    return int(traceback.frames[-1].id)


def test_a_failing_application_gets_a_page_with_its_traceback(debugged: DebuggedApplication) -> None:
    response = Client(debugged, Response).get("/boom")
    page = response.data.decode()
    assert response.status == "500 INTERNAL SERVER ERROR"
    assert response.headers["X-XSS-Protection"] == "0"
    assert "&lt;bad&gt; 41" in page
    assert "<bad>" not in page.split("<!--\n\nTraceback")[0]
    assert "exc-divider" in page and len(re.findall('class="frame"', page)) == 2
    assert "EVALEX = true, EVALEX_TRUSTED = false" in page


def test_everything_else_passes_through(debugged: DebuggedApplication) -> None:
    assert Client(debugged, Response).get("/ok").data == b"fine"


def test_files_of_the_debugger_only(debugged: DebuggedApplication) -> None:
    client = Client(debugged, Response)
    for name in ("style.css", "debugger.js", "console.png"):
        assert ask(client, debugged, cmd="resource", f=name).status_code == 200
    assert ask(client, debugged, cmd="resource", f="../__init__.py").status_code == 404


def test_a_console_runs_in_the_frame_that_raised(debugged: DebuggedApplication) -> None:
    Client(debugged, Response).get("/boom")
    client, frame = unlocked(debugged), last_frame(debugged)

    def run(line: str) -> str:
        return str(ask(client, debugged, cmd=line, frm=frame).data.decode())

    assert run("secret_number + 1") == '>>> secret_number + 1\n<span class="number">42</span>'
    assert run("print('<a>')") == ">>> print('&lt;a&gt;')\n&lt;a&gt;\n"
    assert run("for i in range(2):") == ">>> for i in range(2):\n"
    assert run("  i") == '...   i\n<span class="number">0</span><span class="number">1</span>'
    assert "ZeroDivisionError: division by zero" in run("1/0")
    assert "noframe-traceback" in run("1 +")
    assert "Local variables in frame" in run("dump()")
    assert "Contents of" in run("dump({'a': 1})")


def test_without_the_pin_no_code_is_run(debugged: DebuggedApplication) -> None:
    client = Client(debugged, Response)
    client.get("/boom")
    assert ask(client, debugged, cmd="1+1", frm=last_frame(debugged)).data == b"fine"


def test_without_the_secret_nothing_is_answered(debugged: DebuggedApplication) -> None:
    client = unlocked(debugged)
    client.get("/boom")
    frame = last_frame(debugged)
    for command in ("pinauth", "printpin", "1+1"):
        assert ask(client, debugged, cmd=command, frm=frame, pin="123456", s="guess").data == b"fine"


def test_after_many_wrong_pins_the_right_one_is_refused(debugged: DebuggedApplication) -> None:
    client = Client(debugged, Response)
    for _ in range(11):
        assert b'"auth": false' in ask(client, debugged, cmd="pinauth", pin="0").data
    answer = ask(client, debugged, cmd="pinauth", pin="123456")
    assert answer.data == b'{"auth": false, "exhausted": true}'


def test_a_cookie_for_another_pin_is_taken_away(debugged: DebuggedApplication) -> None:
    client = unlocked(debugged)
    debugged.pin = "999-999"
    answer = ask(client, debugged, cmd="pinauth", pin="999999")
    assert b'"auth": false' in answer.data and "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", ""])
def test_only_trusted_hosts_can_use_the_debugger(debugged: DebuggedApplication, host: str) -> None:
    client = Client(debugged, Response)
    assert "EVALEX = false" in client.get("/boom", headers={"Host": host}).data.decode()
    assert client.get("/console", headers={"Host": host}).status_code == 400
    query = {"__debugger__": "yes", "s": debugged.secret, "cmd": "pinauth", "pin": "123456"}
    assert client.get("/", query_string=query, headers={"Host": host}).status_code == 400


def test_the_console_page_has_the_application(debugged: DebuggedApplication) -> None:
    client = unlocked(debugged)
    assert "CONSOLE_MODE = true" in client.get("/console").data.decode()
    assert b"function failing" in ask(client, debugged, cmd="app", frm=0).data


def test_the_pin_is_stable_and_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WERKZEUG_DEBUG_PIN", raising=False)
    pin, cookie = debug.get_pin_and_cookie_name(failing)
    assert re.fullmatch(r"\d{3}-\d{3}-\d{3}", str(pin)) and str(cookie).startswith("__wzd")
    assert debug.get_pin_and_cookie_name(failing) == (pin, cookie)
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "off")
    assert debug.get_pin_and_cookie_name(failing) == (None, None)
    assert DebuggedApplication(failing).check_pin_trust({}) is True


def hidden(how: Any, then: Callable[[], None]) -> None:
    __traceback_hide__ = how  # noqa: F841
    then()


def fail() -> None:
    raise LookupError("deep")


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        (False, ["caught", "hidden", "fail"]),
        (True, ["caught", "fail"]),
        ("before", ["hidden", "fail"]),
        ("before_and_this", ["fail"]),
        # The frame that raised would be gone, so nothing is hidden.
        ("after", ["caught", "hidden", "fail"]),
    ],
)
def test_frames_can_ask_not_to_be_shown(how: Any, shown: list[str]) -> None:
    def caught() -> tbtools.Traceback:
        try:
            hidden(how, fail)
        except LookupError:
            return tbtools.get_current_traceback()
        raise AssertionError

    assert [frame.function_name for frame in caught().frames] == shown


def test_the_source_around_a_frame_is_marked() -> None:
    try:
        fail()
    except LookupError:
        frame = tbtools.get_current_traceback().frames[-1]
    lines = [line for line in frame.get_annotated_lines() if line.in_frame]
    assert [line.code for line in lines] == ["def fail() -> None:", '    raise LookupError("deep")']
    assert [line.classes for line in lines] == [["line", "in-frame"], ["line", "in-frame", "current"]]
    assert frame.eval("__name__", "eval") == __name__


class Broken:
    def __repr__(self) -> str:
        raise ValueError("<x>")


class MyList(list[Any]):
    pass


RECURSIVE: list[Any] = [1]
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (1, '<span class="number">1</span>'),
        (None, '<span class="object">None</span>'),
        ("<b>", "<span class=\"string\">'&lt;b&gt;'</span>"),
        (
            "a" * 73,
            f'<span class="string">\'{"a" * 69}<span class="extended">aaaa\'</span></span>',
        ),
        ([1], '[<span class="number">1</span>]'),
        (RECURSIVE, '[<span class="number">1</span>, [...]]'),
        ({1}, 'set([<span class="number">1</span>])'),
        (
            {"a": 1},
            '{<span class="pair"><span class="key"><span class="string">\'a\'</span></span>: '
            '<span class="value"><span class="number">1</span></span></span>}',
        ),
        (deque(), '<span class="module">collections.</span>deque([])'),
        (OrderedDict(), '<span class="module">collections.</span>OrderedDict({})'),
        (re.compile(r"\d"), 're.compile(<span class="string regex">r\'\\d\'</span>)'),
        (MyList(), f'<span class="module">{__name__}.</span>MyList([])'),
        (Broken(), '<span class="brokenrepr">&lt;broken repr (ValueError: &lt;x&gt;)&gt;</span>'),
        (
            [0] * 9,
            "[" + ", ".join(['<span class="number">0</span>'] * 8)
            + ', <span class="extended"><span class="number">0</span></span>]',
        ),
    ],
)  # fmt: skip
def test_values_are_shown_as_html(value: Any, html: str) -> None:
    assert debug_repr(value) == html


def test_other_threads_keep_printing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "42" in console.Console({"x": 42}).eval("x")
    print("still here")
    assert capsys.readouterr().out == "still here\n"
