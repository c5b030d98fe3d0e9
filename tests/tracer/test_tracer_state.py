"""Snapshots of the context stacks and the app's tables, seen through whole runs."""

from pathlib import Path

import pytest
from tests.tracer.test_tracer_play import run

from flasktrace.tracer.model import Marker, Trace

SOURCE = """\
from flask import Flask, g, session

app = Flask(__name__)
app.secret_key = "planted-secret-key"

class Sly:
    def __repr__(self):
        raise RuntimeError("asked")
    __eq__ = __hash__ = __len__ = __getattribute__ = lambda self, *_: 1 / 0

@app.before_request
def load():
    g.user = "ada"
    g.sly = Sly()
    session["password"] = "planted-password"

@app.route("/index/<int:n>")
def index(n):
    return "index"

REQUESTS = ["GET /index/3"]
app.run()
"""


def states(trace: Trace, name: str) -> list[Marker]:
    return [
        marker
        for marker in trace.markers
        if marker.kind == "state"
        and marker.call_id
        and trace.function_of(trace.call(marker.call_id)).name == name
    ]


@pytest.mark.parametrize("engine", ["bundled", "installed"])
def test_the_state_after_the_milestones(engine: str, tmp_path: Path) -> None:
    result, trace = run(SOURCE, tmp_path, engine=engine)
    assert trace is not None and result["responses"][0][:2] == [200, "index"]
    tables = states(trace, "add_url_rule")[-1].data
    assert tables["view_functions"] == ["static", "index"]
    assert tables["url_map"] == ["/static/<path:filename> -> static", "/index/<int:n> -> index"]
    during = states(trace, "dispatch_request")[0].data
    contexts = during["request_stack"]
    assert isinstance(contexts, list) and contexts[-1]["shows"] == "GET /index/3"
    assert during["g"] == {"user": "'ada'", "sly": "<Sly>"}
    assert during["session"] == {"password": "***"}
    assert isinstance(during["request"], dict) and during["request"]["view_args"] == "{'n': 3}"
    assert states(trace, "wsgi_app")[-1].data["request_stack"] == []
    if engine == "bundled":
        assert list(during["storage"].values()) == [["RequestContext"]]  # type: ignore[attr-defined]
