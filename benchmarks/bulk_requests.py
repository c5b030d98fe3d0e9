"""Requests in bulk: none is lost, counted against the client's own count.

    python benchmarks/bulk_requests.py [--in-a-row 10000] [--at-once 200] [--recorder NAME] [--whole]

Each part plays a program in a process of its own. In a row: the client sends one request after the other
over a socket each; the trace must have as many requests with their answers, and of each one call of the app
and one of its view. At once: another process opens all connections before any of its requests is answered.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

IN_A_ROW = """\
from flask import Flask, session
app = Flask(__name__)
app.secret_key = "a key of no worth"
@app.route("/item/<int:number>")
def item(number):
    session["seen"] = number
    return str(number)
app.run()
"""

AT_ONCE = """\
import subprocess, sys, threading
from flask import Flask
app = Flask(__name__)
barrier = threading.Barrier(COUNT)
@app.route("/item/<int:number>")
def item(number):
    barrier.wait(60)  # all are inside before the first is answered
    return str(number)
@app.route("/all")
def all_of_them():
    port = sys.modules["flask"].request.host.rpartition(":")[2]
    return str(subprocess.run([sys.executable, "client.py", port, str(COUNT)]).returncode)
REQUESTS = ["/all"]
app.run()
"""

CLIENT = """\
import http.client, json, sys, threading
port, count, answers = int(sys.argv[1]), int(sys.argv[2]), []
def ask(number):
    for attempt in range(5):  # the queue of the server's socket is short
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.connect()
            break
        except OSError:
            pass
    connection.request("GET", f"/item/{number}")
    answer = connection.getresponse()
    answers.append([number, answer.status, answer.read().decode()])
threads = [threading.Thread(target=ask, args=(n,)) for n in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
json.dump(answers, open("answers.json", "w"))
"""

PLAYER = """\
import json, sys
from pathlib import Path
from flasktrace.tracer.model import Origin
from flasktrace.tracer.play import PlayOptions, Scenario, play
from flasktrace.tracer.requests import PlannedRequest
from flasktrace.tracer.scope import ScopeOptions
given = json.loads(sys.argv[1])
scope = ScopeOptions()
if not given["whole"]:  # the server's code tells whose request it is
    scope = ScopeOptions(frozenset({Origin.USER, Origin.SERVER}), ("flask.app",), ("selectors",))
result = play(Scenario("shop.py"), PlayOptions(
    engine="installed", recorder=given["recorder"], trace_path=Path("out.flasktrace"), limit=50_000_000,
    requests=tuple(PlannedRequest("GET", f"/item/{n}") for n in range(given["count"])), scope=scope,
    timeout_s=120,
))
print(json.dumps({"failure": str(result.failure or ""), "recorder": result.trace.metadata.recorder,
                  "answers": [[r.request.target, r.status, r.body.decode()] for r in result.responses]}))
"""


def play(folder: Path, source: str, count: int, recorder: str, whole: bool) -> dict[str, object]:
    """Play a program in a process of its own; its answers as the client got them."""
    (folder / "shop.py").write_text(source)
    (folder / "client.py").write_text(CLIENT)
    given = json.dumps({"count": count, "recorder": recorder, "whole": whole})
    done = subprocess.run([sys.executable, "-c", PLAYER, given], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    assert not result["failure"], result["failure"]
    return result


def in_a_row(folder: Path, count: int, recorder: str = "", whole: bool = False) -> str:
    """Send requests one after the other, and check that the trace has each of them."""
    from flasktrace.tracer.store import read_trace

    begun = time.monotonic()
    result = play(folder, IN_A_ROW, count, recorder, whole)
    took_s = time.monotonic() - begun
    answers = result["answers"]
    assert answers == [[f"/item/{n}", 200, str(n)] for n in range(count)]
    path = folder / "out.flasktrace"
    trace = read_trace(path)
    assert [(r.target, r.status) for r in trace.requests] == [(f"/item/{n}", 200) for n in range(count)]
    views, apps = Counter[tuple[int | None, str]](), Counter[int | None]()
    names = {id_: function.name for id_, function in trace.functions.items()}
    calls = trace.calls
    for i in range(len(calls)):
        name = names[calls.function_id[i]]
        if name == "item":
            call = calls[i]
            views[call.request_id, call.parameters[0].text] += 1
        elif name == "wsgi_app":
            apps[calls.request_id[i]] += 1
    assert views == Counter({(n + 1, str(n)): 1 for n in range(count)})
    assert apps == Counter({n + 1: 1 for n in range(count)})
    assert trace.dropped_count == 0
    return (
        f"{count:,} in a row, recorder {result['recorder']}: the client has {len(trace.requests):,} answers,"
        f" the trace {views.total():,} requests with their view;"
        f" {len(calls):,} calls, {path.stat().st_size:,} bytes, {took_s:.1f} s"
    )


def at_once(folder: Path, count: int, recorder: str = "", whole: bool = False) -> str:
    """Have requests answered all at the same time, and check that the trace has each of them."""
    from flasktrace.tracer.store import read_trace

    begun = time.monotonic()
    result = play(folder, AT_ONCE.replace("COUNT", str(count)), 0, recorder, whole)
    took_s = time.monotonic() - begun
    answers = json.loads((folder / "answers.json").read_text())
    assert sorted(answers) == [[n, 200, str(n)] for n in range(count)]
    trace = read_trace(folder / "out.flasktrace")
    names = {id_: function.name for id_, function in trace.functions.items()}
    seen = [call for call in trace.calls if names[call.function_id] == "item"]
    assert sorted(int(call.parameters[0].text) for call in seen) == list(range(count))
    assert len({call.thread_id for call in seen}) == count
    apps = sum(names[call.function_id] == "wsgi_app" for call in trace.calls)
    assert apps == count + 1, apps  # and the one that had them sent
    assert trace.dropped_count == 0
    return (
        f"{count:,} at once, recorder {result['recorder']}: the client has {len(answers):,} answers,"
        f" the trace {len(seen):,} views in as many threads; {len(trace.calls):,} calls, {took_s:.1f} s"
    )


def main() -> None:
    """Run both parts and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--in-a-row", type=int, default=10_000, metavar="N")
    parser.add_argument("--at-once", type=int, default=200, metavar="N")
    parser.add_argument("--recorder", default="", help="the recorder's engine; else the fastest")
    parser.add_argument("--whole", action="store_true", help="in the default scope: ten times the calls")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(in_a_row(Path(folder), options.in_a_row, options.recorder, options.whole), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print(at_once(Path(folder), options.at_once, options.recorder, options.whole))


if __name__ == "__main__":
    main()
