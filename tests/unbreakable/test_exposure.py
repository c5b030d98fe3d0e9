"""What others could reach: the server, the files, the page and the drawings."""

import contextlib
import os
import re
import socket
import stat
from pathlib import Path

import pytest
from tests.unbreakable.fuzz_traces import run
from tests.unbreakable.odd_runs import APP, RUN, flasktrace, our_lines, run_script

from flasktrace.tracer.model import Thread, Trace
from flasktrace.tracer.store import write_trace
from flasktrace.tracer.surroundings import loopback_ports

LISTENING = """\
import socket
listen = socket.socket.listen
def told(self, *args):
    listen(self, *args)
    print("LISTENS", self.getsockname()[0])
socket.socket.listen = told
"""


def test_a_server_listens_on_loopback_whatever_host_it_names(tmp_path: Path) -> None:
    done = run_script(tmp_path, LISTENING + APP + "app.run(host='0.0.0.0')\n", "--no-files")
    assert done.returncode == 0, done.stderr
    assert re.findall("LISTENS (.*)", done.stderr) == ["127.0.0.1"]


def bound(family: int, kind: int, address: tuple[str, int], is_server: bool = True) -> str:
    """Where a socket is bound that wants an address while a program is played."""
    with contextlib.closing(socket.socket(family, kind)) as each, loopback_ports(lambda refusal: None):
        if is_server:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(address)
        return str(each.getsockname()[0])


@pytest.mark.parametrize("host", ["0.0.0.0", "", "127.0.0.1", "localhost", "192.0.2.7", "8.8.8.8"])
def test_servers_are_bound_to_loopback(host: str) -> None:
    assert bound(socket.AF_INET, socket.SOCK_STREAM, (host, 0)) == "127.0.0.1"


def test_servers_on_other_loopback_addresses_and_ipv6() -> None:
    assert bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.2", 0)) == "127.0.0.2"
    with contextlib.suppress(OSError):  # there may be no IPv6
        assert bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", 0)) == "::1"


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("is_bound", [True, False])
def test_what_listens_without_having_looked_like_a_server_does_so_on_loopback(
    family: socket.AddressFamily, is_bound: bool
) -> None:
    try:
        server = socket.socket(family)
        server.bind(("", 0)) if is_bound else None
    except OSError:
        pytest.skip("this system has no IPv6")
    with server, loopback_ports(lambda refusal: None):
        server.settimeout(5)
        server.listen(3)
        host, port = server.getsockname()[:2]
        assert host == ("127.0.0.1" if family == socket.AF_INET else "::1")
        with socket.create_connection((host, port), timeout=5), server.accept()[0] as connection:
            assert connection.getpeername()[0] == host
    assert "listen" not in vars(socket.socket)  # which is ours, and gone


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_clients_and_datagrams_are_bound_as_they_like(kind: int) -> None:
    assert bound(socket.AF_INET, kind, ("", 0), is_server=False) == "0.0.0.0"


def test_files_have_the_permissions_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        done = run_script(tmp_path, "import os\nos.umask(0)\n" + RUN)
        trace, output = str(tmp_path / "shop-trace"), str(tmp_path / "out.json")
        assert run(["export", trace, "--format", "json", "-o", output])[0] == 0
    finally:
        os.umask(before)
    assert done.returncode == 0
    for path in [*(tmp_path / "shop-trace").iterdir(), tmp_path / "out.json"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE((tmp_path / "shop-trace").stat().st_mode) == 0o700


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    assert run_script(tmp_path, RUN).returncode == 0
    folder, precious = tmp_path / "shop-trace", tmp_path / "precious"
    precious.write_text("as it was")
    (folder / "trace.flasktrace").rename(folder / "kept-trace.flasktrace")
    (folder / "trace.flasktrace").symlink_to(precious)
    done = run_script(tmp_path, RUN)
    assert done.returncode == 2 and len(our_lines(done)) == 1 and "link" in our_lines(done)[0]
    trace = str(folder / "kept-trace.flasktrace")
    for name in ("sequence.svg", "page.html"):
        (tmp_path / name).symlink_to(precious)
    (tmp_path / "out").symlink_to(precious)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for words in (
        ["show", trace, "-o", str(tmp_path)],
        ["show", trace, "--view", "page", "-o", str(tmp_path)],
        ["export", trace, "--format", "json", "-o", str(tmp_path / "out")],
        ["export", trace, "--format", "sequence", "-o", str(tmp_path / "out")],
        ["export", trace, "--format", "json", "-o", str(tmp_path / "dangling")],
        ["diff", trace, trace, "--format", "json", "-o", str(tmp_path / "out")],
    ):
        status, said = run(words)
        assert status == 2 and said.count("\n") == 1 and "link" in said, said
    assert precious.read_text() == "as it was" and not (tmp_path / "nowhere").exists()
    (tmp_path / "hard").hardlink_to(precious)
    assert run(["export", trace, "--format", "json", "-o", str(tmp_path / "hard")]) == (0, "")
    assert precious.read_text() == "as it was" and (tmp_path / "hard").read_text()[:1] == "{"


def test_devices_can_be_named_as_outputs(tmp_path: Path) -> None:
    trace = Trace(threads=[Thread(1, "MainThread")])
    write_trace(trace, tmp_path / "a.flasktrace")
    done = flasktrace(tmp_path, "export", "a.flasktrace", "--format", "json", "-o", "/dev/stdout")
    assert done.returncode == 0 and done.stdout.startswith("{")
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser makes links of others")
def test_a_folder_that_somebody_else_has_linked_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shop-trace").symlink_to("elsewhere")
    os.lchown(tmp_path / "shop-trace", 12345, 12345)
    done = run_script(tmp_path, RUN)
    assert done.returncode == 2 and "another user" in our_lines(done)[0]
    assert not list((tmp_path / "elsewhere").iterdir())


# A program that puts markup wherever text of its own is shown.
MARKUP = """\
from flask import Flask
app = Flask(__name__)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>]]>--><svg onload=alert(3)>"
def shown(value):
    raise LookupError(value)
class Evil: pass
Evil.__name__ = Evil.__qualname__ = EVIL
@app.route("/<path:name>")
def index(name):
    "</textarea><script>alert(4)</script>"
    import threading
    thread = threading.Thread(target=str, name=EVIL)
    thread.start()
    thread.join()
    try:
        shown({EVIL: EVIL, "x": Evil()})
    except LookupError:
        return EVIL
exec(compile("def made(javascript=1): return 1", "javascript:alert(5)//.py", "exec"))
made()
app.run()
"""


def test_no_text_of_the_program_becomes_markup_or_script(tmp_path: Path) -> None:
    target = "/%3Cscript%3Ealert(6)%3C/script%3E?q=<script>alert(7)</script>"
    done = run_script(tmp_path, MARKUP, "-r", target, "--level", "all")
    assert done.returncode == 0, done.stderr
    status, said = run(["show", str(tmp_path / "shop-trace"), "--view", "page", "--level", "all"])
    assert status == 0, said
    drawings = [path for path in (tmp_path / "shop-trace").iterdir() if path.suffix in (".svg", ".html")]
    assert len(drawings) >= 4
    for path in drawings:
        text = path.read_text()
        scripts = re.findall(r"<script[^>]*>", text)
        assert len(scripts) == (0 if path.suffix == ".svg" else len(_own_scripts(text))), path.name
        tags = re.findall(r"<[a-zA-Z][^<>]*>", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
        for tag in tags:
            assert not re.search(r"[\s\"'/]on[a-z]+\s*=", re.sub(r'"[^"]*"', '""', tag)), tag
            assert "javascript:" not in tag.lower(), tag
            assert not tag.lower().startswith(("<img", "<iframe", "<object", "<embed", "<foreignobject")), tag


def _own_scripts(text: str) -> list[str]:
    """The scripts of a page that it has itself: one that runs, the others data."""
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    running = [body for attributes, body in scripts if "application/" not in attributes]
    assert len(running) == 1 and "alert(" not in running[0]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and "default-src 'none'" in policy[1] and "unsafe" not in policy[1]
    assert re.search(r"script-src 'sha256-[^']+';", policy[1])
    return [body for _, body in scripts]
