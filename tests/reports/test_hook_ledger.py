"""The hook ledger, from runs on both engines: which hooks ran, in what order, and why others did not."""

import pytest
from tests.tracer.test_tracer_play import run

from flasktrace.reports.hooks import HookRow, Ledger, Reason, hook_ledger
from flasktrace.tracer.model import Marker, Trace

SOURCE = """\
from flask import Blueprint, Flask, abort, after_this_request, request

app = Flask(__name__)
shop = Blueprint("shop", __name__, url_prefix="/shop")

if hasattr(app, "before_first_request"):
    @app.before_first_request
    def warm_up():
        pass

@app.url_value_preprocessor
def read_values(endpoint, values):
    pass

@app.before_request
def log_in():
    if request.args.get("boom") == "early":
        raise LookupError("no such user")

@app.before_request
def gate():
    if request.args.get("closed"):
        return "closed", 403

@app.before_request
def behind_gate():
    pass

@shop.before_request
def open_shop():
    pass

@shop.after_request
def close_shop(response):
    return response

@app.after_request
def first_registered(response):
    return response

@app.after_request
def last_registered(response):
    return response

@app.teardown_request
def tidy(error):
    pass

@app.context_processor
def names():
    return {}

@app.errorhandler(404)
def lost(error):
    return "lost", 404

@shop.route("/")
def window():
    @after_this_request
    def wrap(response):
        return response
    return "shop"

@app.route("/")
def index():
    return "index"

app.register_blueprint(shop)
REQUESTS = ["GET /", "GET /?closed=1", "GET /shop/", "GET /missing", "GET /?boom=early"]
app.run()
"""


@pytest.fixture(scope="module", params=["bundled", "installed"])
def ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Ledger]:
    result, trace = run(SOURCE, tmp_path_factory.mktemp("ledger"), engine=request.param)
    assert trace is not None
    assert [response[0] for response in result["responses"]] == [200, 403, 200, 404, 500]
    return hook_ledger(trace)


def row(ledger: Ledger, name: str) -> HookRow:
    return next(row for row in ledger.rows if row.name == name)


def ran(ledger: Ledger) -> list[str]:
    """The names of the hooks that ran, in their order, without the one that only 1.1 has."""
    rows = sorted((row for row in ledger.rows if row.ran_as is not None), key=lambda row: row.ran_as or 0)
    assert [row.ran_as for row in rows] == list(range(1, len(rows) + 1))
    return [row.name for row in rows if row.name != "warm_up"]


def test_the_order_in_which_hooks_ran(ledgers: list[Ledger]) -> None:
    plain = ["read_values", "log_in", "gate", "behind_gate", "last_registered", "first_registered", "tidy"]
    assert ran(ledgers[0]) == plain
    assert row(ledgers[0], "last_registered").place == 2
    before = ["read_values", "log_in", "gate", "behind_gate", "open_shop"]
    behind = ["wrap", "close_shop", "last_registered", "first_registered", "tidy"]
    assert ran(ledgers[2]) == before + behind


def test_a_response_ends_the_chain(ledgers: list[Ledger]) -> None:
    closed = ledgers[1]
    assert row(closed, "gate").ended_chain and not row(closed, "log_in").ended_chain
    assert row(closed, "behind_gate").reason is Reason.RESPONSE
    assert row(closed, "behind_gate").because == "gate"
    assert ran(closed)[-3:] == ["last_registered", "first_registered", "tidy"]


def test_another_blueprints_hooks_are_left_out(ledgers: list[Ledger]) -> None:
    for ledger in (ledgers[0], ledgers[3]):
        assert row(ledger, "open_shop").reason is Reason.OTHER_BLUEPRINT
        assert row(ledger, "close_shop").reason is Reason.OTHER_BLUEPRINT
        assert row(ledger, "close_shop").owner == "shop"


def test_an_exception_comes_first(ledgers: list[Ledger]) -> None:
    failed = ledgers[4]
    assert row(failed, "log_in").raised.startswith("LookupError")
    assert row(failed, "gate").reason is Reason.EXCEPTION
    assert row(failed, "gate").because.startswith("log_in: LookupError")
    assert row(failed, "tidy").ran_as is not None


def test_hooks_for_the_first_request_only(ledgers: list[Ledger]) -> None:
    if not any(row.name == "warm_up" for row in ledgers[0].rows):
        assert all(row.decorator != "before_first_request" for row in ledgers[0].rows)  # Flask 3
        return
    assert row(ledgers[0], "warm_up").ran_as == 1
    assert row(ledgers[1], "warm_up").reason is Reason.FIRST_REQUEST_ONLY


def test_hooks_that_had_no_occasion(ledgers: list[Ledger]) -> None:
    assert row(ledgers[0], "names").reason is Reason.NO_TEMPLATE
    assert row(ledgers[0], "lost").reason is Reason.NO_ERROR
    assert row(ledgers[4], "lost").reason is Reason.NO_ERROR, "there was an error, but of another kind"
    assert row(ledgers[3], "lost").ran_as is not None and row(ledgers[3], "lost").handles == "404"


def test_no_hooks_are_known_without_states() -> None:
    trace = Trace()
    assert hook_ledger(trace) == []
    trace.markers.append(Marker(1, "state", 7, 0, {"hook_entries": {"before_request_funcs": "odd"}}))
    assert hook_ledger(trace) == []
