"""Dispatching: what views may return, hooks, error handlers, contexts, streaming, URLs."""

import threading
from collections.abc import Iterator
from typing import Any

from tests.framework.flask_case_tools import Load, answer, make_app, outcome, told

RETURNED: dict[str, Any] = {
    "text": "hé",
    "bytes": b"x",
    "bytearray": bytearray(b"y"),
    "dict": {"b": 1, "a": [1, 2]},
    "status": ("a", 201),
    "headers": ("a", {"X-A": "1"}),
    "header-list": ("a", [("X-A", "1"), ("X-B", "2")]),
    "all-three": ("a", "404 GONE AWAY", {"X-B": "2"}),
    "dict-status": ({"a": 1}, 202),
    "content-type": ("x", {"Content-Type": "application/x-case"}),
    "bytes-status": ("a", b"201 OK"),
    "four": ("a", 1, 2, 3),
    "one": ("a",),
    "nothing": (),
    "none": None,
    "none-status": (None, 400),
    "int": 5,
    "true": True,
    "list": [1],
    "float": 1.5,
}


def case_view_results(load: Load) -> Iterator[str]:
    app = make_app(load)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    for name, value in RETURNED.items():
        app.add_url_rule(f"/{name}", name, lambda value=value: value)
    for name in RETURNED:
        yield f"{name}: {answer(app.test_client().get, f'/{name}')}"


def case_other_responses(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    base = load("werkzeug.wrappers")

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        start_response("203 Else", [("Content-Type", "text/x")])
        return [b"w", b"2"]

    app.add_url_rule("/wsgi", "wsgi", lambda: wsgi)
    app.add_url_rule("/own", "own", lambda: flask.Response("hi", 418, mimetype="text/foo"))
    app.add_url_rule("/base", "base", lambda: (base.Response("base"), 202, {"X": "y"}))
    app.add_url_rule("/abort", "abort", lambda: flask.abort(flask.Response("ab", 499)))
    app.add_url_rule("/go", "go", lambda: flask.redirect(flask.url_for("own", q="ü")))
    app.add_url_rule("/branch/", "branch", lambda: "b", methods=["GET", "POST"])
    client = app.test_client()
    for path in ("/wsgi", "/own", "/base", "/abort", "/go", "/branch", "/branch?a=b", "/none"):
        yield f"{path}: {answer(client.get, path)}"
    for method in ("post", "head", "options", "put", "delete", "trace", "patch"):
        yield f"{method}: {answer(getattr(client, method), '/own')}"
    yield answer(client.get, "/branch", follow_redirects=True)
    app.debug = True
    yield outcome(client.post, "/branch")[:75]


def case_error_handlers(load: Load) -> Iterator[str]:
    flask, errors, app = load("flask"), load("werkzeug.exceptions"), make_app(load)

    class Parent(Exception):
        pass

    class Child(Parent):
        pass

    class OwnNotFound(errors.NotFound):  # type: ignore[misc, name-defined]
        description = "own"

    class Paid(errors.HTTPException):  # type: ignore[misc, name-defined]
        code = 402

    raised = [Parent, Child, OwnNotFound, Paid, ValueError, KeyError, errors.BadRequestKeyError]
    raised += [errors.Forbidden, errors.NotFound, errors.InternalServerError]

    def handler(name: str) -> Any:
        def handle(error: Any) -> tuple[str, int]:
            behind = getattr(error, "original_exception", None)
            return f"{name} got {type(error).__name__} behind {behind!r}", getattr(error, "code", 0) or 500

        return handle

    shelf = flask.Blueprint("shelf", "case", url_prefix="/shelf")
    for place in (app, shelf):
        for error in raised:

            def view(error: Any = error) -> Any:
                raise error()

            place.add_url_rule(f"/{error.__name__}", error.__name__, view)
    for what in (404, Parent, errors.HTTPException, Exception):
        app.register_error_handler(what, handler(f"app {what}"))
    for what in (403, Child):
        shelf.register_error_handler(what, handler(f"shelf {what}"))
    app.register_blueprint(shelf)
    for path in ("/nowhere", "/shelf/nowhere"):
        yield answer(app.test_client().get, path)
    for error in raised:
        yield answer(app.test_client().get, f"/{error.__name__}")
        yield answer(app.test_client().get, f"/shelf/{error.__name__}")
    for wrong in (999, errors.NotFound(), int, "x"):
        yield outcome(app.register_error_handler, wrong, handler(""))


def case_trapping(load: Load) -> Iterator[str]:
    flask = load("flask")
    for debug in (False, True):
        for trap in (None, False, True):
            app = make_app(load)
            app.config.update(DEBUG=debug, TRAP_BAD_REQUEST_ERRORS=trap)
            app.add_url_rule("/key", "key", lambda: flask.request.form["absent"], methods=["POST"])
            app.add_url_rule("/abort", "abort", lambda: flask.abort(400))
            yield f"{debug} {trap} key: {answer(app.test_client().post, '/key')}"
            yield f"{debug} {trap} abort: {answer(app.test_client().get, '/abort')}"
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    yield answer(app.test_client().get, "/nowhere")


def case_server_errors(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)

    def after(response: Any) -> Any:
        if flask.request.args:
            raise RuntimeError("after")
        response.headers["X-After"] = "1"
        return response

    app.add_url_rule("/", "index", lambda: 1 // 0)
    app.after_request(after)
    yield answer(app.test_client().get, "/")
    yield answer(app.test_client().get, "/?bad=1")
    app.register_error_handler(500, lambda e: (f"{type(e).__name__} {e.original_exception!r}", 500))
    yield answer(app.test_client().get, "/")
    yield answer(app.test_client().get, "/?bad=1")
    app.testing = True
    yield answer(app.test_client().get, "/")


def case_hook_order(load: Load) -> Iterator[str]:
    flask, app, ran = load("flask"), make_app(load), []
    shelf = flask.Blueprint("shelf", "case", url_prefix="/shelf")

    def hook(name: str, gives_back: bool = False) -> Any:
        def run(*args: Any) -> Any:
            ran.append(name)
            return args[0] if gives_back else None

        return run

    for turn in ("1", "2"):
        for name in ("before_request", "teardown_request", "url_value_preprocessor"):
            getattr(app, name)(hook(f"app {name} {turn}"))
            getattr(shelf, name)(hook(f"shelf {name} {turn}"))
        app.after_request(hook(f"app after {turn}", True))
        shelf.after_request(hook(f"shelf after {turn}", True))
        app.before_first_request(hook(f"first {turn}"))
        app.teardown_appcontext(hook(f"appcontext {turn}"))
    for name in ("before_app_request", "teardown_app_request", "before_app_first_request"):
        getattr(shelf, name)(hook(f"shelf {name}"))
    shelf.after_app_request(hook("shelf after_app", True))

    def view() -> str:
        flask.after_this_request(hook("after_this", True))
        ran.append("view")
        return "v"

    app.add_url_rule("/", "index", view)
    shelf.add_url_rule("/", "index", view)
    app.register_blueprint(shelf)
    for path in ("/", "/shelf/", "/none"):
        ran.clear()
        app.test_client().get(path)
        yield f"{path}: {ran}"


def case_signals_and_teardown(load: Load) -> Iterator[str]:
    flask, signals, app, ran = load("flask"), load("flask.signals"), make_app(load), []
    names = (
        "appcontext_pushed", "request_started", "before_render_template", "template_rendered",
        "message_flashed", "got_request_exception", "request_finished", "request_tearing_down",
        "appcontext_tearing_down", "appcontext_popped",
    )  # fmt: skip
    receivers = []
    for name in names:

        def receive(sender: Any, name: str = name, **values: Any) -> None:
            ran.append(f"{name} {sorted(values)}")

        receivers.append(receive)
        getattr(signals, name).connect(receive, app)
    app.teardown_request(lambda error: ran.append(f"teardown_request {error!r}"))
    app.teardown_appcontext(lambda error: ran.append(f"teardown_appcontext {error!r}"))

    def page() -> Any:
        flask.flash("hey", "kind")
        return flask.render_template_string("{{ get_flashed_messages(with_categories=true) }}")

    app.add_url_rule("/page", "page", page)
    app.add_url_rule("/bug", "bug", lambda: 1 // 0)
    for path in ("/page", "/bug"):
        ran.clear()
        yield answer(app.test_client().get, path)
        yield from list(ran)


def case_contexts(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    for proxy, name in ((flask.request, "args"), (flask.g, "x"), (flask.current_app, "name")):
        yield outcome(getattr, proxy, name)
        yield f"{proxy!r} {bool(proxy)}"
    yield f"{flask.has_request_context()} {flask.has_app_context()}"
    with app.test_request_context("/a?b=c", method="POST", data={"x": "y"}) as context:
        yield f"{context!r} {context.copy()!r} {flask.request!r} {flask.request.form} {flask.g!r}"
        g = flask.g
        yield f"{'foo' in g} {g.get('foo')} {g.get('foo', 3)} {g.pop('foo', 9)} {outcome(g.pop, 'foo')}"
        g.foo = 1
        yield f"{list(g)} {g.setdefault('foo', 2)} {g.pop('foo')} {g.setdefault('bar')}"
        with app.app_context():
            flask.g.inner = 1
            yield str(vars(flask.g._get_current_object()))
        other = make_app(load)
        with other.app_context():
            yield f"{flask.current_app == other} {flask.request.path}"
        yield str(flask.current_app == app)
    yield outcome(flask.copy_current_request_context, len)[:60]
    app.testing, app.config["PRESERVE_CONTEXT_ON_EXCEPTION"] = True, True
    app.add_url_rule("/bug", "bug", lambda: 1 // 0)
    app.add_url_rule("/", "index", lambda: "i")
    yield f"{answer(app.test_client().get, '/bug')} {flask.request.path}"
    yield f"{answer(app.test_client().get, '/')} {flask.has_request_context()}"
    with app.test_client() as client:
        client.get("/?z=1")
        yield str(flask.request.args)
        client.get("/?z=2")
        yield str(flask.request.args)
        yield outcome(client.__enter__)
    yield str(flask.has_request_context())


def case_streaming_and_threads(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    def streamed() -> Any:
        def pieces() -> Iterator[str]:
            yield "a"
            yield flask.request.args["n"]

        return flask.Response(flask.stream_with_context(pieces()))

    def decorated() -> Any:
        def pieces(first: str) -> Iterator[str]:
            yield first
            yield flask.request.path

        return flask.Response(flask.stream_with_context(pieces)("H"))

    def threaded() -> str:
        seen: list[str] = []
        work = flask.copy_current_request_context(lambda: seen.append(flask.request.path))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return str(seen)

    app.add_url_rule("/streamed", "streamed", streamed)
    app.add_url_rule("/decorated", "decorated", decorated)
    app.add_url_rule("/threaded", "threaded", threaded)
    for path in ("/streamed?n=1", "/decorated", "/threaded"):
        yield told(app.test_client().get(path))
    yield outcome(flask.stream_with_context, iter([1]))[:60]


def case_urls(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    shelf = flask.Blueprint("shelf", "case", url_prefix="/<lang>/shelf")
    shelf.url_defaults(lambda endpoint, values: values.setdefault("lang", "en"))
    shelf.add_url_rule("/<int:book>", "book", lambda lang, book: f"{flask.url_for('.book', book=book + 1)}")
    app.register_blueprint(shelf)
    app.add_url_rule("/", "index", lambda: "i")
    yield told(app.test_client().get("/de/shelf/3"))
    wanted: list[tuple[str, dict[str, Any]]] = [
        ("index", {}),
        ("index", {"x": [1, 2], "y": None}),
        ("static", {"filename": "a b/c.txt"}),
        ("shelf.book", {"book": 1}),
        ("shelf.book", {"book": 1, "_external": True, "_anchor": "a b"}),
        ("index", {"_external": True, "_scheme": "https"}),
        ("index", {"_scheme": "https"}),
        (".index", {"_method": "GET"}),
        ("absent", {}),
    ]
    with app.test_request_context("/x/"):
        for endpoint, values in wanted:
            yield f"{endpoint} {values}: {outcome(flask.url_for, endpoint, **values)}"
    yield outcome(flask.url_for, "index")[:75]
    app.config.update(SERVER_NAME="example.com:90", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    app.url_build_error_handlers.append(lambda error, endpoint, values: f"/built/{endpoint}/{sorted(values)}")
    with app.app_context():
        yield f"{flask.url_for('index')} {flask.url_for('index', _external=False)}"
        yield flask.url_for("absent", a=1)
