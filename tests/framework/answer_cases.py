"""Expressions whose answers genuine Werkzeug 1.0.1 has given, and how they are evaluated.

The same expressions run on genuine Werkzeug, which writes ``data/werkzeug_answers.json``
(``record_answers.py``), and on the bundle in the tests. They see all public names of the modules below.
"""

import importlib
import io
import re
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

MODULES = (
    "_internal",
    "datastructures",
    "exceptions",
    "formparser",
    "http",
    "local",
    "routing",
    "test",
    "urls",
    "useragents",
    "utils",
    "wrappers",
    "wrappers.base_response",
    "wrappers.cors",
    "wrappers.json",
    "wsgi",
)

#: Run before the expressions, with the modules' names at hand.
SETUP = """
import copy, pickle

plain_map = Map([
    Rule("/", endpoint="index"),
    Rule("/about", endpoint="about"),
    Rule("/branch/", endpoint="branch"),
    Rule("/loose/", endpoint="loose", strict_slashes=False),
    Rule("/loose-leaf", endpoint="loose-leaf", strict_slashes=False),
    Rule("/keep//two", endpoint="two", merge_slashes=False),
    Rule("/user/<name>", endpoint="user"),
    Rule("/user/me", endpoint="me"),
    Rule("/user/<int:id>", endpoint="user-by-id"),
    Rule("/user/<int(min=10, max=20):age>/age", endpoint="age"),
    Rule("/year/<int(4):year>", endpoint="year"),
    Rule("/signed/<int(signed=True):n>", endpoint="signed"),
    Rule("/float/<float:x>", endpoint="float"),
    Rule("/float/<float(signed=True, min=-1.5):x>/s", endpoint="signed-float"),
    Rule("/lang/<string(length=2):code>", endpoint="lang"),
    Rule("/len/<string(minlength=2, maxlength=4):word>", endpoint="len"),
    Rule("/any/<any(a, 'b c', \\"d\\"):which>/", endpoint="any"),
    Rule("/files/<path:p>", endpoint="files"),
    Rule("/files/<path:p>/edit", endpoint="edit"),
    Rule("/id/<uuid:u>", endpoint="uuid"),
    Rule("/post", endpoint="post", methods=["POST"]),
    Rule("/both", endpoint="get-both", methods=["get"]),
    Rule("/both", endpoint="post-both", methods=["POST", "PUT"]),
    Rule("/build-only/<x>", endpoint="build-only", build_only=True),
    Rule("/archive/", endpoint="archive", defaults={"page": 1}),
    Rule("/archive/page/<int:page>", endpoint="archive"),
    Rule("/old/<int:id>", endpoint="old", redirect_to="user/<id>"),
    Rule("/older/<int:id>", endpoint="older", redirect_to=lambda adapter, id: "user/%d?x=1" % id),
    Rule("/shop/<int:id>", endpoint="shop"),
    Rule("/store/<int:id>", endpoint="shop", alias=True),
    Rule("/ws", endpoint="ws", websocket=True),
    Rule("/ws-or-not", endpoint="http", websocket=False),
    Rule("/a.b+c/<x>-<y>.html", endpoint="pair"),
    Rule("/\\xe4/<v>", endpoint="umlaut"),
])
plain = plain_map.bind("example.com", "/app", path_info="/about", query_args="k=v")
bare = plain_map.bind("example.com")
secure = plain_map.bind("example.com", url_scheme="https")
socket = plain_map.bind("example.com", url_scheme="wss")

sub_map = Map([
    Rule("/", endpoint="root", subdomain=""),
    Rule("/", endpoint="blog", subdomain="blog"),
    Rule("/p/<int:n>", endpoint="post", subdomain="blog"),
    Rule("/", endpoint="user", subdomain="<name>"),
    Subdomain("kb", [Rule("/", endpoint="kb/index"), Rule("/browse/", endpoint="kb/browse")]),
    Submount("/wiki", [Rule("/", endpoint="wiki/index"), Rule("/<page>", endpoint="wiki/page")]),
    EndpointPrefix("api/", [Rule("/v1/", endpoint="root1"), Rule("/v1/<x>", endpoint="x", methods=["PUT"])]),
], default_subdomain="www")
sub = sub_map.bind("example.com")
blog = sub_map.bind("example.com", subdomain="blog")

host_map = Map([
    Rule("/", endpoint="index", host="www.<domain>"),
    Rule("/", endpoint="files", host="files.example.com"),
    Rule("/x/<y>", endpoint="x", host="files.example.com"),
    Rule("/x/<y>", endpoint="x", host="www.example.com"),
], host_matching=True)
www_host = host_map.bind("www.example.com")
files_host = host_map.bind("files.example.com")

template = RuleTemplate([
    Rule("/$name/", endpoint="$name.list"),
    Rule("/$name/<int:id>", endpoint="$name.show", defaults={"kind": "${name}s"}, subdomain="$sub"),
])
template_map = Map([template(name="page", sub="s"), template({"name": "user"}, sub="")])
loose_map = Map([Rule("/leaf", endpoint="leaf"), Rule("/branch/", endpoint="branch"),
                 Rule("/x/<a>/<b>/", endpoint="x")], strict_slashes=False, merge_slashes=False)
loose = loose_map.bind("h")
sorted_map = Map([Rule("/", endpoint="i")], sort_parameters=True)
no_defaults = Map([Rule("/", endpoint="i", defaults={"p": 1}), Rule("/<int:p>", endpoint="i")],
                  redirect_defaults=False).bind("h")

class ListConverter(BaseConverter):
    regex = "[a-z]+(?:,[a-z]+)*"
    def to_python(self, value):
        if "zz" in value:
            raise ValidationError()
        return value.split(",")
    def to_url(self, value):
        return ",".join(BaseConverter.to_url(self, v) for v in value)

custom = Map([Rule("/<list:xs>", endpoint="l"), Rule("/<any>", endpoint="s")],
             converters={"list": ListConverter}).bind("h")

def env(*args, **kwargs):
    return create_environ(*args, **kwargs)

def request(*args, **kwargs):
    return Request(env(*args, **kwargs))

def req_header(**headers):
    return Request({"HTTP_" + k: v for k, v in headers.items()})

def sent(response, *args, **kwargs):
    started = []
    body = response(env(*args, **kwargs), lambda status, headers, exc_info=None: started.append((status, headers)))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return started + [content]

def changed(obj, **values):
    for name, value in values.items():
        setattr(obj, name, value)
    return sorted(obj.headers)

@Request.application
def echo(request):
    if request.path == "/loop":
        return Response("", status=302, headers=[("Location", "/loop")])
    if request.path.startswith("/to/"):
        code, _, target = request.path[4:].partition("/")
        return Response("", status=int(code), headers=[("Location", request.args.get("at") or "/" + target)])
    if request.path == "/cookie":
        response = Response("set")
        response.set_cookie("c", request.args.get("v", "1"))
        response.delete_cookie("gone")
        return response
    if request.path == "/missing":
        return Response(request.form["nothing"])
    text = [request.method, request.script_root, request.path, sorted(request.args.items(multi=True)),
            sorted(request.form.items(multi=True)), sorted(request.cookies.items()),
            sorted((k, f.filename, f.content_type, f.read()) for k, f in request.files.items(multi=True)),
            request.content_type and request.content_type.split("boundary")[0], request.data]
    return Response(repr(text))

def client_answer(method, *args, **kwargs):
    client = Client(echo, BaseResponse, kwargs.pop("cookies", True))
    client.allow_subdomain_redirects = kwargs.pop("sub", False)
    for before in kwargs.pop("before", ()):
        client.get(before)
    response = getattr(client, method)(*args, **kwargs)
    return response.status, response.get_data()

def matched(adapter, *args, **kwargs):
    try:
        return adapter.match(*args, **kwargs)
    except RequestRedirect as redirect:
        return "redirect to", redirect.new_url, redirect.code
    except MethodNotAllowed as error:
        return "method not allowed", sorted(error.valid_methods)
    except HTTPException as error:
        return type(error).__name__
"""


def namespace(package: str) -> dict[str, Any]:
    """All names the expressions use, from the modules of ``package``."""
    names: dict[str, Any] = {}
    for module in MODULES:
        loaded = importlib.import_module(f"{package}.{module}")
        names.update({name: value for name, value in vars(loaded).items() if not name.startswith("_")})
    names.update(io=io, datetime=datetime, timedelta=timedelta)
    exec(SETUP, names)
    return names


def show(value: Any) -> str:
    """A value as text that is the same in each run: sets sorted, no addresses."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(show, value)))}}}"
    if isinstance(value, dict) and type(value) is dict:
        return f"{{{', '.join(f'{show(key)}: {show(item)}' for key, item in value.items())}}}"
    if type(value) in (list, tuple):
        return f"{type(value).__name__}({', '.join(map(show, value))})"
    if isinstance(value, Iterator):
        return f"iterator of {show(list(value))}"
    return (
        f"{type(value).__name__} {value!r}" if isinstance(value, str | bytes | int | float) else repr(value)
    )


def answer(expression: str, names: dict[str, Any]) -> str:
    """What an expression gives, as text: its value, or the exception with its message."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = show(eval(expression, dict(names)))
        except Exception as error:
            # Python words these two differently from version to version.
            words = "" if type(error) in (TypeError, AttributeError) else f": {error}"
            found = f"raises {type(error).__name__}{words}"
    # The boundary of a form is another one each time.
    found = re.sub(r"WerkzeugFormPart_[\d.]+", "WerkzeugFormPart", found)
    ours = [f" warns {item.category.__name__}: {item.message}" for item in caught if _counts(item)]
    return found + "".join(ours)


def _counts(item: warnings.WarningMessage) -> bool:
    # Files left open and what this Python thinks of 1.0.1's own code are not the matter here.
    return item.category not in (ResourceWarning, DeprecationWarning, SyntaxWarning)
