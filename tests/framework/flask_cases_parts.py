"""Parts: sessions, files, templates, JSON, class-based views, settings, the test client, commands."""

import io
import os
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

from tests.framework.flask_case_tools import FILES, Load, answer, make_app, outcome, told

KEPT: dict[str, Any] = {
    "tuple": (1, 2, (3,)),
    "bytes": b"\xff",
    "uuid": uuid.UUID(int=5),
    "datetime": datetime(2020, 1, 2, 3, 4, 5),
    "list": [1, (2,)],
    "looks like a tag": {" t": 1},
    "looks escaped": {" di": {"a": 1}},
    "deep": {"a": {"b": (1,)}},
    "none": None,
}


def case_session_values(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)

    def keep(name: str) -> str:
        flask.session[name] = KEPT[name]
        return str((flask.session.new, flask.session.modified, flask.session.accessed))

    def pop() -> str:
        return f"{flask.session.pop('tuple', None)} {flask.session.pop('absent', None)}"

    def change_inside() -> str:
        flask.session["list"].append(3)
        return str(flask.session.modified)

    def make_permanent() -> str:
        flask.session.permanent = True
        return ""

    app.add_url_rule("/keep/<name>", "keep", keep)
    app.add_url_rule("/all", "all", lambda: str(sorted(flask.session.items(), key=str)))
    app.add_url_rule("/untouched", "untouched", lambda: "")
    app.add_url_rule("/pop", "pop", pop)
    app.add_url_rule("/inside", "inside", change_inside)
    app.add_url_rule("/permanent", "permanent", make_permanent)
    app.add_url_rule("/clear", "clear", lambda: str(flask.session.clear()))
    client = app.test_client()
    for name in KEPT:
        client.get(f"/keep/{name}")
    for path in ("/all", "/untouched", "/inside", "/pop", "/permanent", "/untouched", "/clear", "/all"):
        response = client.get(path)
        yield f"{path} {'Expires' in response.headers.get('Set-Cookie', '')}"
        if path != "/permanent" and "Expires" not in response.headers.get("Set-Cookie", ""):
            yield told(response)
    serializer = load("flask.json.tag").TaggedJSONSerializer()
    for value in KEPT.values():
        yield f"{serializer.dumps(value)} {serializer.loads(serializer.dumps(value))!r}"
    client.set_cookie("localhost", "session", "abc.def.ghi")
    yield told(client.get("/all"))


def case_session_cookie(load: Load) -> Iterator[str]:
    flask = load("flask")
    settings: list[dict[str, Any]] = [
        {"SERVER_NAME": "example.com:80"},
        {"SERVER_NAME": "example.com", "APPLICATION_ROOT": "/a"},
        {"SERVER_NAME": "localhost"},
        {"SESSION_COOKIE_DOMAIN": ".foo.com", "SESSION_COOKIE_PATH": "/x", "SESSION_COOKIE_NAME": "sid"},
        {"SESSION_COOKIE_HTTPONLY": False, "SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_SAMESITE": "Lax"},
    ]
    for chosen in settings:
        app = make_app(load)
        app.config.update(chosen)
        app.add_url_rule("/", "index", lambda: str(flask.session.update(a=1)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            base_url = f"http://{chosen.get('SERVER_NAME', 'localhost')}/"
            yield told(app.test_client().get("/", base_url=base_url))
        warned = [warning for warning in caught if "cookie domain" in str(warning.message)]
        yield f"{chosen} {len(warned)} {app.config['SESSION_COOKIE_DOMAIN']}"


def case_session_transactions(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    app.add_url_rule("/", "index", lambda: str(dict(flask.session)))
    client = app.test_client()
    with client.session_transaction() as session:
        session["kept"] = [1]
    yield told(client.get("/"))
    with client.session_transaction() as session:
        yield str(dict(session))
        session.clear()
    yield told(client.get("/"))
    yield outcome(app.test_client(use_cookies=False).session_transaction().__enter__)
    app.secret_key, app.testing = None, True
    yield outcome(client.session_transaction().__enter__)
    app.add_url_rule("/write", "write", lambda: flask.session.update(a=1))
    yield answer(client.get, "/write")[:60]
    yield answer(client.get, "/")


def case_send_file(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)

    def sent(*arguments: Any, **options: Any) -> str:
        response = flask.send_file(*arguments, **options)
        response.direct_passthrough = False
        disposition = response.headers.get("Content-Disposition")
        return f"{told(response)} {disposition} {response.expires is not None}"

    path = "static/digits.txt"
    with app.test_request_context("/"):
        yield outcome(sent, path)
        yield outcome(sent, path, mimetype="x/y", add_etags=False, cache_timeout=10)
        yield outcome(sent, path, as_attachment=True)
        yield outcome(sent, path, as_attachment=True, attachment_filename='Ñandú/x "q".txt')
        yield outcome(sent, path, as_attachment=True, attachment_filename="a b;c.txt")
        yield outcome(sent, io.BytesIO(b"abc"), mimetype="a/b")
        yield outcome(sent, io.BytesIO(b"abc"), attachment_filename="q.png")
        yield outcome(sent, io.BytesIO(b"abc"))[:60]
        yield outcome(sent, io.BytesIO(b"abc"), as_attachment=True, mimetype="a/b")
        for directory, name in (("static", "../x"), ("static", "/etc/passwd"), ("static", "absent")):
            yield outcome(flask.send_from_directory, directory, name)
        for parts in (("b",), ("../b",), ("b/../c",), ("/b",), ("b", ".."), ("",)):
            yield outcome(flask.safe_join, "/a", *parts)
    for header in ("bytes=2-4", "bytes=-3", "bytes=20-", "bytes=0-1,3-4", "other=1-2"):
        yield f"{header} {answer(app.test_client().get, '/static/digits.txt', headers={'Range': header})}"
    first = app.test_client().get("/static/digits.txt")
    again = {"If-None-Match": first.headers["ETag"]}
    yield f"{told(first)} {answer(app.test_client().get, '/static/digits.txt', headers=again)}"
    for name in ("../settings.cfg", "%2e%2e/settings.cfg", "", "absent", "/etc/passwd"):
        yield answer(app.test_client().get, f"/static/{name}")
    app.use_x_sendfile = True
    response = app.test_client().get("/static/digits.txt")
    yield f"{response.headers['X-Sendfile'] == str(FILES / 'static' / 'digits.txt')} {response.data!r}"
    response.close()


def case_templates(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    app.template_filter("backwards")(lambda text: text[::-1])
    app.template_test("odd")(lambda number: number % 2 == 1)
    app.template_global("shout")(lambda: "HEY")
    app.context_processor(lambda: {"cp": "CP", "value": "hidden"})
    shelf = flask.Blueprint("shelf", "case", root_path=str(FILES), template_folder="templates/shelf")
    shelf.context_processor(lambda: {"own": "OWN"})
    shelf.add_url_rule("/only", "only", lambda: flask.render_template("only.html"))
    shelf.add_url_rule("/page", "page", lambda: flask.render_template("page.txt", value="v"))
    app.register_blueprint(shelf)
    with app.test_request_context("/where"):
        yield flask.render_template("page.html", value="<v>")
        yield flask.render_template(["absent", "page.txt"], value="<v>")
        yield flask.render_template_string("{{ value }} {{ config.DEBUG }}", value="<")
        yield flask.get_template_attribute("macros.html", "hi")("you")
        yield outcome(flask.render_template, "absent.html")
        yield str(sorted(app.jinja_env.list_templates()))
    yield told(app.test_client().get("/only"))
    yield told(app.test_client().get("/page"))
    yield f"{app.templates_auto_reload} {app.jinja_env.auto_reload}"
    app.debug = True
    yield f"{app.templates_auto_reload} {app.jinja_env.auto_reload}"


@dataclass
class Point:
    x: int = 1


class Marked:
    def __html__(self) -> str:
        return "<b>"


def case_json(load: Load) -> Iterator[str]:
    flask, json, app = load("flask"), load("flask").json, make_app(load)
    app.testing = True
    aware = datetime(2020, 1, 1, tzinfo=UTC)
    for value in ({"b": 1, "a": "é"}, datetime(2020, 1, 2), aware, date(2020, 1, 2), Point(), Marked()):
        yield outcome(json.dumps, value)
    yield outcome(json.dumps, object)[:20]
    for suffix in ("8", "8-sig", "16", "32", "16-le", "16-be", "32-le", "32-be"):
        data = "[1]".encode(f"utf-{suffix}")
        yield f"{json.detect_encoding(data)} {json.loads(data)}"
    yield json.htmlsafe_dumps("</script>&'")
    yield repr(json.dumps("é", ensure_ascii=False, encoding="latin1"))
    yield repr(json.load(io.BytesIO('"é"'.encode("latin1")), encoding="latin1"))
    for setting in ("TESTING", "JSONIFY_PRETTYPRINT_REGULAR", "DEBUG"):
        app.config[setting] = True
        with app.test_request_context("/"):
            yield f"{setting} {told(flask.jsonify(b=1, a='é'))} {told(flask.jsonify(1, 2))}"
            yield outcome(flask.jsonify, 1, a=2)
    app.config.update(JSON_AS_ASCII=False, JSON_SORT_KEYS=False, JSONIFY_MIMETYPE="a/b", DEBUG=False)
    app.add_url_rule("/", "index", lambda: flask.jsonify(flask.request.get_json(), "é"), methods=["POST"])
    yield answer(app.test_client().post, "/", json={"z": 1, "a": Point(2)})
    yield answer(app.test_client().post, "/", data="{bad", content_type="application/json")
    yield answer(app.test_client().post, "/", data="{}")
    yield str(app.test_client().post("/", json=[1]).get_json())


def case_class_views(load: Load) -> Iterator[str]:
    views, app = load("flask.views"), make_app(load)

    def quoted(function: Any) -> Any:
        return lambda *args, **kwargs: f"'{function(*args, **kwargs)}'"

    class Plain(views.View):  # type: ignore[misc, name-defined]
        methods = ("GET", "POST")

        def __init__(self, text: str) -> None:
            self.text = text

        def dispatch_request(self, **values: Any) -> str:
            return f"{self.text} {load('flask').request.method} {values}"

    class Decorated(Plain):
        decorators = (quoted,)

    class ByMethod(views.MethodView):  # type: ignore[misc, name-defined]
        """A documented view."""

        def get(self, number: int = 0) -> str:
            return f"got {number}"

        def post(self) -> str:
            return "posted"

    class More(ByMethod):
        def delete(self, number: int = 0) -> str:
            return f"deleted {number}"

    made = [Plain.as_view("plain", "p"), Decorated.as_view("decorated", text="d")]
    made += [ByMethod.as_view("by-method"), More.as_view("more")]
    for view in made:
        yield f"{view.__name__} {view.__doc__} {sorted(view.methods)} {view.view_class.__name__}"
        app.add_url_rule(f"/{view.__name__}", view_func=view)
        app.add_url_rule(f"/{view.__name__}/<int:number>", view_func=view)
        for method in ("get", "post", "head", "options", "delete"):
            yield f"{method} {answer(getattr(app.test_client(), method), f'/{view.__name__}')}"
        yield answer(app.test_client().get, f"/{view.__name__}/3")
    yield outcome(views.View().dispatch_request)


def case_settings(load: Load) -> Iterator[str]:
    flask, app = load("flask"), make_app(load)
    for name, setting in sorted(flask.Flask("case", root_path=str(FILES)).config.items()):
        yield f"{name} {setting!r}"
    config = app.config
    yield f"{config.from_pyfile('settings.cfg')} {config['NAME']} {'lower' in config}"
    yield f"{config.from_json('settings.json')} {config['NUMBER']} {'lower' in config}"
    yield f"{config.from_pyfile('absent', silent=True)} {config.from_json('absent', silent=True)}"
    yield f"{config.from_envvar('CASE_ABSENT', silent=True)} {outcome(config.from_pyfile, 'absent')[:60]}"
    yield f"{config.from_mapping({'A': 1, 'b': 2}, C=3)} {config['A']} {config['C']} {'b' in config}"
    yield outcome(config.from_mapping, {}, {})
    config.from_object(type("Base", (), {"LIMIT": 4, "other": 5}))
    yield f"{config['LIMIT']} {'other' in config}"
    config.update(GROUP_A=1, GROUP_B=2)
    yield f"{config.get_namespace('GROUP_')} {config.get_namespace('GROUP_', False, False)}"
    yield f"{app.send_file_max_age_default} {app.permanent_session_lifetime}"
    app.permanent_session_lifetime = 5
    yield f"{app.permanent_session_lifetime == timedelta(seconds=5)} {config['PERMANENT_SESSION_LIFETIME']}"
    helpers = load("flask.helpers")
    for variable, value in (("ENV", "development"), ("DEBUG", "1"), ("DEBUG", "no"), ("SKIP_DOTENV", "1")):
        with mock.patch.dict(os.environ, {f"FLASK_{variable}": value}):
            yield f"{helpers.get_env()} {helpers.get_debug_flag()} {helpers.get_load_dotenv()}"


def case_late_setup(load: Load) -> Iterator[str]:
    app = make_app(load)
    yield outcome(app.add_url_rule, "/x")
    yield outcome(app.add_url_rule, "/x", "x", len, methods="GET")
    app.add_url_rule("/x", "x", len)
    yield outcome(app.add_url_rule, "/y", "x", min)
    blueprint = load("flask").Blueprint("b", "case")
    yield outcome(blueprint.add_url_rule, "/", "a.b", len)
    app.register_blueprint(blueprint)
    yield outcome(app.register_blueprint, load("flask").Blueprint("b", "case"))[:60]
    app.debug, app._got_first_request = True, True
    yield outcome(app.before_request, len)[:80]


def case_commands(load: Load) -> Iterator[str]:
    flask, cli = load("flask"), load("flask.cli")
    click = load("click")
    module = type(os)("probed")
    info = cli.ScriptInfo()
    factories: list[dict[str, Any]] = [
        {"app": flask.Flask("one", root_path="/")},
        {"application": flask.Flask("two", root_path="/")},
        {"any_name": flask.Flask("three", root_path="/")},
        {"create_app": lambda: flask.Flask("four", root_path="/")},
        {"make_app": lambda script_info: flask.Flask("five", root_path="/")},
        {"create_app": lambda a, b: None},
        {"a": flask.Flask("six", root_path="/"), "b": flask.Flask("seven", root_path="/")},
        {},
    ]
    for names in factories:
        module = type(os)("probed")
        vars(module).update(names)
        yield outcome(cli.find_best_app, info, module)
    module.make = lambda number, *, named=0: flask.Flask(f"made{number}", root_path="/")  # type: ignore[attr-defined]
    for text in ("make(3)", "make('x',)", "make(1, 2)", "make(", "make(x)", "absent", "a.b"):
        yield f"{text} {outcome(cli.find_app_by_string, info, module, text)}"
    app = make_app(load)

    def greet(name: str) -> None:
        click.echo(f"{name} in {flask.current_app.name}")

    app.cli.command("greet")(click.argument("name")(greet))
    shelf = flask.Blueprint("shelf", "case")
    shelf.cli.command("count")(lambda: click.echo(f"context {flask.has_app_context()}"))
    app.register_blueprint(shelf)
    app.add_url_rule("/b/<int:x>", "b", len, methods=["GET", "POST"])
    runner = app.test_cli_runner()
    yield runner.invoke(args=["greet", "you"]).output
    yield runner.invoke(args=["shelf", "count"]).output
    group = cli.FlaskGroup(create_app=lambda *_: app)
    for arguments in (["routes"], ["routes", "-s", "rule", "--all-methods"], ["greet", "me"]):
        with mock.patch.dict(os.environ, FLASK_SKIP_DOTENV="1"):
            yield runner.invoke(group, arguments).output
    state = app.config.copy()
    yield str(state["ENV"])
