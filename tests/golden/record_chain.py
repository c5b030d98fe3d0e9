"""Run one scenario as ``__main__`` and write what really happened: its responses and its call chains.

Only the standard library is used, so that genuine Flask 1.1.4 in an environment of its own, the bundle
and the installed Flask are all recorded by the very same code, and like is compared with like:

    python record_chain.py [--bundle] SCENARIO.py
    python record_chain.py [--bundle] --serve

The second form records what its standard input asks for, see :func:`serve`.

The server's port 5000 is replaced by a free one; the requests (the script's list ``REQUESTS``, see
:func:`normalised_request`) go one by one over a real socket, from a thread that is not recorded.
What changes from run to run (dates, versions, signatures, the idle turns of the server's loop) is left out.

A program with a reloader runs once more in child processes, which this script runs as well
(``--child FOLDER``): each leaves its facts in the folder, and the first process puts them together.
"""

import argparse
import ast
import contextlib
import dis
import importlib
import inspect
import json
import os
import re
import runpy
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

DEFAULT_PORT = 5000
HOST_HEADER = f"localhost:{DEFAULT_PORT}"
TIMEOUT_S = 20.0
LIMIT_S = 60  # for one program in all
REQUEST_STARTS = ("socketserver", "BaseServer._handle_request_noblock")
# How often these run depends on how long the selector waited, and how long a child lived.
IDLE = {
    ("socketserver", "BaseServer.service_actions"),
    ("socketserver", "ForkingMixIn.service_actions"),
    ("socketserver", "ForkingMixIn.collect_children"),
}
LIBRARIES = ("flask", "werkzeug", "socketserver")
ROOTS = (*LIBRARIES, "__main__")
# Leaves: both sides take them from elsewhere, and they are no part of the lesson.
LEAF_MODULES = {
    "werkzeug.datastructures",
    "werkzeug.http",
    "werkzeug.urls",
    "werkzeug.formparser",
    "werkzeug._internal",
    # The debugger's page: its frames are those of the whole process.
    "werkzeug.debug.tbtools",
    "werkzeug.debug.console",
    "werkzeug.debug.repr",
}
NAMELESS = ("<lambda>", "<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<module>")
# With all that they call: a module's body (decorators, class bodies), and what runs whenever garbage happens
# to be collected.
SILENT = ("<module>", "__del__")


def is_pipeline(module: str, qualname: str) -> bool:
    """Tell whether a function belongs to the recorded chain."""
    if module != "http.server" and module.partition(".")[0] not in ROOTS:
        return False
    if module in LEAF_MODULES or any(part.startswith("_") for part in module.split(".")[1:]):
        return False
    return not qualname.endswith(NAMELESS) and (module, qualname) not in IDLE


class ThreadChain:
    """What one thread called: parallel lists of functions and depths."""

    def __init__(self, name: str, request_index: int) -> None:
        self.name = name
        self.request_index = request_index
        self.calls: list[tuple[int, int]] = []
        self.depth = 0
        # How many functions of SILENT are running.
        self.silence = 0


class Recorder:
    """A profile hook for all threads of the program."""

    def __init__(self) -> None:
        self.functions: list[tuple[str, str]] = []
        self.chains: list[ThreadChain] = []
        self._function_ids: dict[tuple[str, str], int] = {}
        # id(code) -> (function id, the code kept alive); -1 out of scope, -2 one of SILENT.
        self._scope: dict[int, tuple[int, CodeType]] = {}
        self._local = threading.local()
        self.request_index = -1

    def _decide(self, frame: FrameType) -> int:
        code = frame.f_code
        key = (str(frame.f_globals.get("__name__")), code.co_qualname)
        if key[1].endswith(SILENT) and key[0].partition(".")[0] in LIBRARIES:
            return -2
        if not is_pipeline(*key) or code.co_filename == __file__:
            return -1
        if key not in self._function_ids:
            self._function_ids[key] = len(self.functions)
            self.functions.append(key)
        return self._function_ids[key]

    def _chain(self) -> ThreadChain:
        chain = getattr(self._local, "chain", None)
        if chain is None:
            chain = ThreadChain(threading.current_thread().name, self.request_index)
            self._local.chain = chain
            self.chains.append(chain)
        return chain

    def hook(self, frame: FrameType, event: str, _argument: object) -> None:
        """The profile function."""
        if event not in ("call", "return"):
            return
        known = self._scope.get(id(frame.f_code))
        if known is None:
            known = (self._decide(frame), frame.f_code)
            self._scope[id(frame.f_code)] = known
        function_id = known[0]
        if function_id == -1:
            return
        chain = self._chain()
        if function_id == -2:
            chain.silence += 1 if event == "call" else -1
        elif not chain.silence:
            self._append(chain, function_id, frame, event)

    def _append(self, chain: ThreadChain, function_id: int, frame: FrameType, event: str) -> None:
        if event == "return":
            chain.depth -= 1
            return
        if self.functions[function_id] == REQUEST_STARTS:
            self.request_index += 1
        if not is_resumed(frame):
            chain.calls.append((function_id, chain.depth))
        chain.depth += 1

    def has_begun(self, request_index: int) -> bool:
        """Tell whether a thread other than the server's works, or has worked, on a request."""
        return any(chain.request_index == request_index for chain in self.chains[1:])

    def start(self) -> None:
        """Install the hook here and in the threads to come."""
        self._local.chain = ThreadChain("main", -1)
        self.chains.append(self._local.chain)
        threading.setprofile(self.hook)
        sys.setprofile(self.hook)

    def stop(self) -> None:
        """Take the hook away."""
        sys.setprofile(None)
        threading.setprofile(None)


def is_resumed(frame: FrameType) -> bool:
    """Tell a generator that goes on, or is closed, from one that starts."""
    if not frame.f_code.co_flags & inspect.CO_GENERATOR:
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    # RESUME has 0 in its lowest bits at a function's start, another number after a yield. Any other
    # instruction: the generator is being closed, which some Pythons tell even of one that never ran.
    return dis.opname[code[at]] != "RESUME" or code[at + 1] & 3 != 0


class Client(threading.Thread):
    """Sends the requests when the server listens, and ends the server afterwards."""

    def __init__(self, requests: list[dict[str, Any]]) -> None:
        super().__init__(name="client", daemon=True)
        self.requests = requests
        self.responses: list[dict[str, Any]] = []
        self.failure: str | None = None
        self.listening = threading.Event()
        self.address: Any = None
        self.server: Any = None
        self.cookies: dict[str, str] = {}
        # Threads that are no request's.
        self.standing: set[threading.Thread] = {self, threading.main_thread()}
        # Tells whether a worker of that request has made a call; set before the program runs.
        self.has_begun: Callable[[int], bool] = lambda index: True

    def run(self) -> None:
        """Send all, one after the other; a failure is kept for the report."""
        if not self.listening.wait(TIMEOUT_S):
            self.failure = "no server listened"
            return
        try:
            for index, request in enumerate(self.requests):
                self.responses.append(self.send(request))
                self.await_workers(index, bool(request.get("abandoned")))
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            # As shutdown() does; the connection wakes the selector, which would sleep on for half a second.
            self.server._BaseServer__shutdown_request = True
            # A request may have ended it already.
            with contextlib.suppress(ConnectionError):
                socket.create_connection(self.address, TIMEOUT_S).close()

    def await_workers(self, index: int, is_abandoned: bool) -> None:
        """Wait for the threads of the request, so that no chain is cut short."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            others = set(threading.enumerate()) - self.standing
            # A client that did not wait may be here before the server has begun.
            if not others and (self.has_begun(index) or not is_abandoned):
                return
            time.sleep(0.001)

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request on a connection of its own and read to the end."""
        with socket.create_connection(self.address, TIMEOUT_S) as connection:
            raw = request.get("raw")
            connection.sendall(raw.encode("latin-1") if raw is not None else self.encoded(request))
            if raw is not None:
                connection.shutdown(socket.SHUT_WR)
            if request.get("abandoned"):
                # Closing at once resets the connection: nothing more can be sent to it.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return {"protocol": "", "status": "abandoned", "headers": [], "body": ""}
            received = bytearray()
            while block := connection.recv(65536):
                received += block
        return self.decoded(bytes(received))

    def encoded(self, request: dict[str, Any]) -> bytes:
        """The bytes on the wire."""
        headers = {"Host": HOST_HEADER, **request["headers"]}
        if self.cookies and "Cookie" not in headers:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body: bytes = request["data"].encode()
        if body and "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            headers["Content-Length"] = str(len(body))
        lines = [f"{request['method']} {request['path']} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head: bytes = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head + body

    def decoded(self, received: bytes) -> dict[str, Any]:
        """Status, headers and body, with what changes from run to run taken out."""
        head, _, body = received.partition(b"\r\n\r\n")
        interim_count = 0
        while head.startswith(b"HTTP/1.1 100"):
            interim_count += 1
            head, _, body = body.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines[1:] if ": " in line]
        for name, value in pairs:
            if name == "Set-Cookie":
                cookie = value.partition(";")[0].partition("=")
                self.cookies[cookie[0]] = cookie[2]
        protocol, _, status = lines[0].partition(" ")
        response = {
            "protocol": protocol,
            "status": status,
            "headers": [[name, scrubbed(name, value)] for name, value in pairs],
            "body": scrubbed_body(body.decode("utf-8", "backslashreplace")),
        }
        return {"interim_count": interim_count, **response} if interim_count else response


class ReloadedClient(Client):
    """Sends requests from inside the reloader's child: those that the children before it have not sent.

    After each it waits until the reloader has looked at the files, which may be the end of this process;
    after the last it ends the process itself.
    """

    def __init__(self, requests: list[dict[str, Any]], folder: str) -> None:
        sent_count = sum(len(facts["requests"]) for facts in read_children(folder))
        super().__init__(requests[sent_count:])
        self.look_count = 0
        self.looks = threading.Semaphore(0)

    def run(self) -> None:
        """Send what is left; the reloader sleeps for the first time when all is set up."""
        self.look(2)
        self.standing |= set(threading.enumerate())
        with socket.socket(fileno=os.dup(int(os.environ["WERKZEUG_SERVER_FD"]))) as listening:
            self.address = listening.getsockname()
        try:
            for index, request in enumerate(self.requests):
                self.responses.append(self.send(request))
                self.await_workers(index, False)
                self.look()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        os.kill(os.getpid(), signal.SIGTERM)

    def look(self, count: int = 1) -> None:
        """Let the reloader look at all files, and wait until it sleeps again, ``count`` times from now."""
        wanted = self.look_count + count
        deadline_s = time.monotonic() + TIMEOUT_S
        self.looks.release()
        while self.look_count < wanted and time.monotonic() < deadline_s:
            time.sleep(0.001)

    def sleep(self, _seconds: float) -> None:
        """What the reloader does between two looks: it waits, so that it ends no process amid a request."""
        self.look_count += 1
        self.looks.acquire(timeout=TIMEOUT_S)


def read_children(folder: str) -> list[dict[str, Any]]:
    """The facts that the reloader's children have left so far."""
    facts = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            facts.append(json.load(file))
    return facts


@contextlib.contextmanager
def recorded_children(script: str, options: list[str]) -> Iterator[str]:
    """While inside, a reloader runs this script as its child; gives the folder of the children's facts."""
    import werkzeug._reloader as reloader

    folder = tempfile.mkdtemp()
    child = [sys.executable, __file__, *options, "--child", folder, script]
    original: Any = getattr(reloader, "_get_args_for_reloading")  # noqa: B009, typed otherwise

    def args() -> list[str]:
        original()
        return child

    setattr(reloader, "_get_args_for_reloading", args)  # noqa: B010
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def sleep_by(client: ReloadedClient) -> None:
    """Let the reloader of this process sleep as the client says."""
    import types

    import werkzeug._reloader as reloader

    loop: Any = reloader.ReloaderLoop
    if hasattr(loop, "_sleep"):
        loop._sleep = staticmethod(client.sleep)
    else:
        setattr(reloader, "time", types.SimpleNamespace(sleep=client.sleep))  # noqa: B010


def scrubbed(name: str, value: str) -> str:
    """A header's value without dates, versions, signatures and the order of sets."""
    if name in ("Date", "Last-Modified", "Expires"):
        return "..."
    if name == "Server":
        return re.sub(r"/[\d.]+\S*", "", value)
    if name == "Allow":
        return ", ".join(sorted(value.split(", ")))
    if name.lower() == "etag":
        return re.sub(r'"(wzsdm-)?[\d.]+-(\d+)-\d+"', r'"\1...-\2-..."', value)
    if name == "Set-Cookie":
        # A signed cookie: data, time stamp, signature.
        value = re.sub(r"^(\w+=\.?[\w-]+)\.[\w-]{6}\.[\w-]{27}(?=;)", r"\1...", value)
        # The names of days and months stay; today's leaf writes blanks where 1.0 wrote dashes.
        return re.sub(r"(?i)(expires=)[^;]*", r"\1...", value)
    return value


def scrubbed_body(body: str) -> str:
    """A body without memory addresses; of the debugger's page the error's class."""
    if "debugger" in body and "TRACEBACK" in body:
        return "".join(re.findall(r"<title>[\w.]+", body)[:1])
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", body)


def normalised_request(request: str | dict[str, Any]) -> dict[str, Any]:
    """Give a request from ``REQUESTS`` all its keys: ``'GET /x'`` or method, path, headers, data.

    A dict with ``raw`` is sent as it is, for what is not HTTP, or not of today; one with ``abandoned`` is
    sent by a client that does not wait for the answer.
    """
    if isinstance(request, str):
        method, _, path = request.partition(" ")
        return {"method": method, "path": path, "headers": {}, "data": ""}
    if "raw" in request:
        return {"method": "raw", "path": request["raw"].partition("\r\n")[0], **request}
    return {"method": "GET", "headers": {}, "data": "", **request}


def read_requests(path: str) -> list[dict[str, Any]]:
    """The script's list ``REQUESTS``, read from its source; else a GET of each route without parameters."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "REQUESTS":
            return [normalised_request(request) for request in ast.literal_eval(node.value)]
    routes = re.findall(r"""^@app\.route\(["']([^"'<]+)["']""", source, re.MULTILINE)
    return [normalised_request(f"GET {route}") for route in routes]


def redirect_sockets(client: Client | None) -> None:
    """Let a program that wants port 5000 have a free one, and let the client, if any, know which it got."""
    bind, listen = socket.socket.bind, socket.socket.listen

    def bind_freely(self: socket.socket, address: Any) -> None:
        wanted = isinstance(address, tuple) and address[1] == DEFAULT_PORT
        bind(self, (address[0], 0, *address[2:]) if wanted else address)

    def listen_and_tell(self: socket.socket, *backlog: int) -> None:
        listen(self, *backlog)
        server = sys._getframe(1).f_locals.get("self")
        if client is None or client.server is not None:
            return
        if server is not None and hasattr(server, "serve_forever"):
            client.server, client.address = server, self.getsockname()
            client.listening.set()

    socket.socket.bind = bind_freely  # type: ignore[assignment,method-assign]
    socket.socket.listen = listen_and_tell  # type: ignore[assignment,method-assign]


def as_lists(calls: list[tuple[int, int]]) -> dict[str, list[int]]:
    """Parallel lists of function ids and depths."""
    return {"functions": [call[0] for call in calls], "depths": [call[1] for call in calls]}


def renumber(facts: dict[str, Any]) -> None:
    """Number the functions in the order of the recorded calls, and drop those of the imports."""
    chains = chains_of(facts)
    numbers: dict[int, int] = {}
    for chain in chains:
        chain["functions"] = [numbers.setdefault(number, len(numbers)) for number in chain["functions"]]
    facts["functions"] = [facts["functions"][old] for old in numbers]


def split_main(recorder: Recorder, server: int = 0) -> list[list[tuple[int, int]]]:
    """The server thread's calls: start-up, each request, shutdown; ``server`` is its place in the chains."""
    parts: list[list[tuple[int, int]]] = [[]]
    start_depth = -1
    for function_id, depth in recorder.chains[server].calls:
        if recorder.functions[function_id] == REQUEST_STARTS:
            parts.append([])
            start_depth = depth
        parts[-1].append((function_id, depth))
    last = parts[-1]
    end = next((i for i, (_, depth) in enumerate(last) if i and depth <= start_depth), len(last))
    if len(parts) == 1:
        return [last, []]
    return [*parts[:-1], last[:end], last[end:]]


def request_facts(recorder: Recorder, client: Client, server: int = 0) -> list[dict[str, Any]]:
    """What each request did, thread by thread, and what came back."""
    parts = split_main(recorder, server)
    mains = parts[1:] if server else parts[1:-1]
    facts = []
    for index, response in enumerate(client.responses):
        workers = [
            chain for chain in recorder.chains[server + 1 :] if chain.request_index == index and chain.calls
        ]
        roles = ["worker", *(f"worker-{number}" for number in range(2, len(workers) + 1))]
        threads = {role: as_lists(chain.calls) for role, chain in zip(roles, workers, strict=False)}
        request = client.requests[index]
        label = f"{request['method']} {request['path']}"
        threads = {"main": as_lists(mains[index]), **threads}
        facts.append({"request": label, "response": response, "threads": threads})
    return facts


def record(path: str) -> dict[str, Any]:
    """Run a scenario and give its facts."""
    client = Client(read_requests(path))
    redirect_sockets(client)
    recorder = Recorder()
    client.has_begun = recorder.has_begun
    client.start()
    sys.argv = [path]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    recorder.start()
    try:
        runpy.run_path(path, run_name="__main__")
    finally:
        recorder.stop()
    client.join(TIMEOUT_S)
    if client.failure:
        raise SystemExit(f"{path}: {client.failure}")
    parts = split_main(recorder)
    facts = {
        "scenario": os.path.splitext(os.path.basename(path))[0],
        "python": ".".join(map(str, sys.version_info[:2])),
        "functions": [list(function) for function in recorder.functions],
        "startup": as_lists(parts[0]),
        "requests": request_facts(recorder, client),
        "shutdown": as_lists(parts[-1]),
    }
    renumber(facts)
    return facts


def record_child(path: str, folder: str) -> int:
    """Run a program as the reloader's child, leave its facts in the folder, and give its exit status."""
    client = ReloadedClient(read_requests(path), folder)
    sleep_by(client)
    recorder = Recorder()
    client.start()
    status: Any = 0
    sys.argv = [path]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    recorder.start()
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as error:
        status = error.code
    finally:
        recorder.stop()
    if client.failure:
        raise SystemExit(f"{path}: {client.failure}")
    # The main thread looks at files; the first thread it starts serves.
    facts = {
        "functions": [list(function) for function in recorder.functions],
        "startup": as_lists(recorder.chains[0].calls),
        "server": as_lists(split_main(recorder, 1)[0]),
        "requests": request_facts(recorder, client, 1),
    }
    with open(os.path.join(folder, f"{len(read_children(folder))}.json"), "w", encoding="utf-8") as file:
        json.dump(facts, file)
    return int(status or 0)


def record_reloader(path: str, options: list[str]) -> dict[str, Any]:
    """Run a program with a reloader and give its facts, those of its children among them."""
    recorder = Recorder()
    redirect_sockets(None)
    sys.argv = [path]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    with recorded_children(os.path.abspath(path), options) as folder:
        recorder.start()
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as error:
            if error.code:
                raise SystemExit(f"{path}: the reloader's child failed") from None
        finally:
            recorder.stop()
        children = read_children(folder)
    facts: dict[str, Any] = {
        "scenario": os.path.splitext(os.path.basename(path))[0],
        "python": ".".join(map(str, sys.version_info[:2])),
        "functions": [list(function) for function in recorder.functions],
        "startup": as_lists(split_main(recorder)[0]),
        "requests": [],
        "shutdown": as_lists([]),
        "children": [],
    }
    for child in children:
        join_child(facts, child)
    renumber(facts)
    return facts


def join_child(facts: dict[str, Any], child: dict[str, Any]) -> None:
    """Add a child's facts to its parent's, with the parent's numbers of the functions."""
    known: dict[tuple[str, ...], int] = {tuple(name): i for i, name in enumerate(facts["functions"])}
    for name in child["functions"]:
        known.setdefault(tuple(name), len(known))
    facts["functions"] = [list(name) for name in known]
    for chain in chains_of(child):
        chain["functions"] = [known[tuple(child["functions"][number])] for number in chain["functions"]]
    facts["requests"] += child["requests"]
    facts["children"].append({"startup": child["startup"], "server": child["server"]})


def chains_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """All chains of a process's facts."""
    chains = [facts["startup"]]
    for request in facts["requests"]:
        chains += request["threads"].values()
    for child in facts.get("children", ()):
        chains += child.values()
    return [*chains, *(facts[key] for key in ("server", "shutdown") if key in facts)]


def has_reloader(path: str) -> bool:
    """Whether a program asks for a reloader."""
    with open(path, encoding="utf-8") as file:
        return "use_reloader=True" in file.read()


def dumped(facts: dict[str, Any]) -> str:
    """Compact JSON that gives small diffs: a line for each list."""
    lines = []
    for key, value in facts.items():
        if key in ("functions", "requests", "children"):
            items = ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in value)
            lines.append(f'"{key}":[\n{items}\n]')
        else:
            lines.append(f'"{key}":{json.dumps(value, separators=(",", ":"))}')
    return "{" + ",\n".join(lines) + "}\n"


def facts_text(path: str, bundle: bool) -> str:
    """Run a program in this process and give its facts as text."""
    if has_reloader(path):
        return dumped(record_reloader(path, ["--bundle"] if bundle else []))
    return dumped(record(path))


def serve(bundle: bool) -> None:
    """Record one program after the other, each in a fork of this process, which has the framework imported.

    Each line of the standard input asks for one: the program's path, a tab, and the path of the file to
    write, whose folder is the program's current one. Each is answered with a line on the standard output:
    the exit status, 0 if all is well. What goes wrong is told in ``stderr.txt`` beside the file.
    """
    for name in ("flask", "werkzeug.serving"):
        importlib.import_module(name)  # what runs at an import is no part of the facts
    for line in sys.stdin:
        path, output = line.rstrip("\n").split("\t")
        process_id = os.fork()
        if process_id == 0:
            record_apart(path, output, bundle)
        print(os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1]), flush=True)


def record_apart(path: str, output: str, bundle: bool) -> None:
    """Record a program in this process, a fork, and end it."""
    os.chdir(os.path.dirname(output))
    for number, name in enumerate((os.devnull, os.devnull, "stderr.txt")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    sys.stdin = open(os.devnull)  # noqa: SIM115, the other one holds what this process was asked
    signal.alarm(LIMIT_S)
    text = facts_text(path, bundle)
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)
    sys.exit()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Record the responses and call chains of a scenario.")
    parser.add_argument("script", nargs="?")
    parser.add_argument("--serve", action="store_true", help="record what the standard input asks for")
    parser.add_argument("--bundle", action="store_true", help="on the bundled framework")
    parser.add_argument(
        "--child", metavar="FOLDER", help="as the reloader's child, which leaves its facts there"
    )
    options = parser.parse_args()
    if options.bundle:
        import flasktrace.framework

        flasktrace.framework.activate()
    if options.serve:
        serve(options.bundle)
        return
    if not options.script:
        parser.error("name a script")
    if options.child:
        sys.exit(record_child(options.script, options.child))
    sys.stdout.write(facts_text(options.script, options.bundle))


if __name__ == "__main__":
    main()
