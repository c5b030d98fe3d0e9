"""The chains of the hand-written walkthroughs, and what is wrong in them, in what genuine Flask 1.1.4 did.

The golden files say what happened; the bundle is held to them call by call elsewhere.
"""

import json
from collections.abc import Iterable

import pytest
from tests.golden import compare, record_genuine

START_UP = "startup"


def calls(name: str, label: str) -> list[str]:
    """The qualified names of a golden chain, in order of call."""
    facts = json.loads(record_genuine.golden_path(name).read_text(encoding="utf-8"))
    found: list[str] = []
    for chain_label, chain in compare.chains(facts, same_python=True):
        if chain_label.startswith(label):
            found += [function.partition(":")[2] for function, _ in chain]
    return found


def first_missing(wanted: Iterable[str], found: list[str]) -> str | None:
    """The first name that does not follow those before it; None if all stand in this order."""
    rest = iter(found)
    return next((name for name in wanted if name not in rest), None)


# Scenario, beginning of the chain's label in the golden file, names in order of call.
CHAINS = {
    "A.1 instance": (
        "hello",
        START_UP,
        """
        Flask.__init__ Map.__init__ Flask.route Flask.route.<locals>.decorator Flask.add_url_rule
        Rule.__init__ Map.add
        """,
    ),
    "A.2 start-up": (
        "hello",
        START_UP,
        """
        Flask.run run_simple run_simple.<locals>.inner make_server BaseWSGIServer.__init__
        TCPServer.__init__ BaseServer.__init__ HTTPServer.server_bind TCPServer.server_bind
        TCPServer.server_activate BaseWSGIServer.serve_forever BaseServer.serve_forever
        """,
    ),
    "A.3 accept": (
        "hello",
        "GET /index [main]",
        """
        BaseServer._handle_request_noblock BaseWSGIServer.get_request BaseServer.verify_request
        ThreadingMixIn.process_request
        """,
    ),
    "A.3 handle": (
        "hello",
        "GET /index [worker]",
        """
        ThreadingMixIn.process_request_thread BaseServer.finish_request BaseRequestHandler.__init__
        StreamRequestHandler.setup WSGIRequestHandler.handle BaseHTTPRequestHandler.handle
        WSGIRequestHandler.handle_one_request BaseHTTPRequestHandler.parse_request
        WSGIRequestHandler.run_wsgi WSGIRequestHandler.make_environ
        WSGIRequestHandler.run_wsgi.<locals>.execute Flask.__call__
        """,
    ),
    "A.4 context": (
        "hello",
        "GET /index [worker]",
        """
        Flask.__call__ Flask.wsgi_app Flask.request_context RequestContext.__init__ RequestContext.push
        Flask.app_context AppContext.push LocalStack.push LocalStack.push
        SecureCookieSessionInterface.open_session RequestContext.match_request Flask.full_dispatch_request
        """,
    ),
    "A.4 dispatch": (
        "hello",
        "GET /index [worker]",
        """
        Flask.full_dispatch_request Flask.try_trigger_before_first_request_functions
        Flask.preprocess_request Flask.dispatch_request index Flask.finalize_request Flask.make_response
        Flask.process_response BaseResponse.__call__ RequestContext.auto_pop RequestContext.pop
        """,
    ),
    "A.4 errors": (
        "error_paths",
        "GET /bug [worker]",
        """
        Flask.dispatch_request bug Flask.handle_user_exception Flask.handle_exception
        Flask.finalize_request
        """,
    ),
    "A.4 not found": (
        "error_paths",
        "GET /not-there [worker]",
        """
        RequestContext.match_request Flask.dispatch_request Flask.raise_routing_exception
        Flask.handle_user_exception Flask.handle_http_exception
        """,
    ),
    "A.4 options": (
        "options",
        "OPTIONS /things [worker]",
        """
        Flask.dispatch_request Flask.make_default_options_response
        """,
    ),
    "A.6 writing": (
        "hello",
        "GET /index [worker]",
        """
        WSGIRequestHandler.run_wsgi.<locals>.start_response WSGIRequestHandler.run_wsgi.<locals>.write
        WSGIRequestHandler.send_response
        """,
    ),
    "A.6 shutdown": (
        "shutdown",
        "POST /shutdown [worker]",
        """
        WSGIRequestHandler.make_environ.<locals>.shutdown_server WSGIRequestHandler.initiate_shutdown
        """,
    ),
    "A.6 failing": (
        "failing_app",
        "GET /fragile [worker]",
        """
        Fragile.__call__ InternalServerError.__init__ BaseWSGIServer.log
        """,
    ),
    "A.6 dropped": (
        "dropped_connection",
        "GET /report [worker]",
        """
        report RequestContext.pop WSGIRequestHandler.run_wsgi.<locals>.write Handler.connection_dropped
        TCPServer.shutdown_request
        """,
    ),
    "B.7 flask run": (
        "flask_run",
        START_UP,
        """
        run_command run_simple run_simple.<locals>.inner make_server
        """,
    ),
    "B.7 reloader, in the parent": (
        "reloader",
        START_UP,
        """
        Flask.run run_simple is_running_from_reloader
        """,
    ),
    "B.7 reloader, in the child after the change": (
        "reloader",
        "child 2 [",
        """
        Flask.__init__ Flask.run run_simple is_running_from_reloader run_simple.<locals>.inner make_server
        BaseServer.serve_forever
        """,
    ),
    "B.7 debugger": (
        "debugger",
        "GET /bug [worker]",
        """
        DebuggedApplication.__call__ DebuggedApplication.debug_application bug
        """,
    ),
    "B.7 static files": (
        "shared_data",
        "GET /shared/style.css [worker]",
        """
        SharedDataMiddleware.__call__
        """,
    ),
    "B.8 templates": (
        "templates",
        "GET /page/1 [worker]",
        """
        render_template Flask.update_template_context DispatchingJinjaLoader.get_source
        """,
    ),
    "B.9 routing": (
        "routing",
        "GET /users/ada [worker]",
        """
        RequestContext.match_request MapAdapter.match Rule.match Flask.full_dispatch_request
        Flask.dispatch_request user
        """,
    ),
    "C.11 before": (
        "url_processors",
        "GET /zh/ [worker]",
        """
        Flask.preprocess_request take_language Flask.dispatch_request index
        """,
    ),
    "C.12 after": (
        "hook_order_blueprints",
        "GET /red/ [worker]",
        """
        app_before blue_before_everything red_before in_red Flask.process_response red_after_2 red_after_1
        app_after
        """,
    ),
    "C.12 session": (
        "session",
        "POST /login [worker]",
        """
        Flask.process_response SecureCookieSessionInterface.save_session
        """,
    ),
    "C.10 a second start_response": (
        "failing_app",
        "GET /twice [worker]",
        """
        Fragile.__call__ WSGIRequestHandler.run_wsgi.<locals>.start_response
        WSGIRequestHandler.run_wsgi.<locals>.start_response InternalServerError.__init__
        """,
    ),
    "C.13 response": (
        "hello",
        "GET /index [worker]",
        """
        Flask.make_response BaseResponse.__init__ BaseResponse.__call__ BaseResponse.get_wsgi_response
        WSGIRequestHandler.run_wsgi.<locals>.start_response
        """,
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_of_the_walkthroughs_happens_in_this_order(name: str) -> None:
    scenario, label, chain = CHAINS[name]
    assert first_missing(chain.split(), calls(scenario, label)) is None


def test_the_view_never_runs_when_a_hook_answers() -> None:
    refused, let_in = (calls("hooks_end_chain", f"GET /room{query} [worker]") for query in ("", "?key=right"))
    assert "room" not in refused and "never_for_strangers" not in refused
    assert first_missing(["door_keeper", "never_for_strangers", "room"], let_in) is None


def test_before_first_request_runs_once() -> None:
    assert calls("first_request", "GET /").count("warm_up") == 1


def test_after_request_functions_run_once_the_response_is_there() -> None:
    found = calls("hooks", "GET / [worker]")
    assert first_missing(["Flask.make_response", "registered_last", "registered_first"], found) is None


def test_the_url_is_matched_before_the_request_is_dispatched() -> None:
    found = calls("hello", "GET /index [worker]")
    assert found.index("MapAdapter.match") < found.index("Flask.full_dispatch_request")


def test_the_contexts_are_popped_before_the_body_is_written() -> None:
    found = calls("hello", "GET /index [worker]")
    assert found.index("RequestContext.pop") < found.index("WSGIRequestHandler.run_wsgi.<locals>.write")


def test_nothing_of_flask_runs_in_the_servers_thread() -> None:
    assert not [name for name in calls("hello", "GET /index [main]") if name.startswith("Flask")]
