"""Secrets never reach a file: many are planted, then all that was written is searched for them."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.one_python import in_turn
from tests.unbreakable.fuzz_traces import run
from tests.unbreakable.odd_runs import flasktrace

from flasktrace.reports.exports.registry import EXPORTERS
from flasktrace.tracer.capture import Texts, capture
from flasktrace.tracer.engines import available_engines
from flasktrace.tracer.masking import MASK
from flasktrace.tracer.requests import PlannedRequest, secrets_of
from flasktrace.tracer.store import read_trace

# The secrets are in a file that no view shows, as the source of a view would be shown.
SHOP = """\
import json, os
from flask import Flask, g, jsonify, make_response, redirect, request, session, url_for

S = json.load(open("planted.json"))
app = Flask(__name__)
app.secret_key = S["secret_key"]
app.config.from_mapping(DB_PASSWORD=S["config"], PLAIN="shown-in-the-trace")
app.config["MAIL_API_KEY"] = S["config_item"]

class Account:
    def __init__(self, name, password):
        self.name, self.password = name, password
    def get_token(self):
        return S["returned"]
    @property
    def secret(self):
        return S["property"]

def connect(url): return url
def log(line): return line
def show(thing): return thing
def hold(credentials): pass
def options(**settings): return settings
def tell(nickname, more): return more
def check(account):
    raise ValueError("wrong password=" + account.password)
def refuse(value):
    raise KeyError(value)

def database(url="mysql://shop:LITERAL-in-a-url@db/shop", password="LITERAL-of-a-parameter"):
    token: str = "LITERAL-with-a-type"
    return {"Authorization": "Bearer LITERAL-in-a-dict", "api_key": "LITERAL-by-its-key"}

@app.before_request
def load():
    database()
    g.api_token = S["g"]

@app.route("/login/<name>", methods=["GET", "POST"])
def login(name):
    session["token"] = S["session"]
    account = Account(name, S["argument"])
    try:
        check(account)
    except ValueError as error:
        log(str(error))
    try:
        refuse(account.get_token())
    except KeyError:
        pass
    account.secret
    connect("postgres://shop:" + S["in_url"] + "@db.example/shop")
    connect("/next?page=2&to=/x?access_token=" + S["nested_query"])
    log("Authorization: Bearer " + S["log_line"])
    log('{"user": {"passphrase": "' + S["json_text"] + '"}}')
    log("x" * 100 + S["argument"])
    show(dict(os.environ)); show(str(dict(os.environ))); show(os.environ["SHOP_CLIENT_SECRET"])
    hold([S["list"], "b"]); show([("csrf", S["pair"])])
    show(S["list"]); show(json.dumps(S["argument"])); show(S["argument"].encode())
    options(private_key=S["keyword"], colour="red")
    tell(S["nickname"], "nickname: " + S["nickname"])
    show(request.get_data()); show(request.form); show(request.get_json(silent=True))
    show(request.headers.get("Authorization")); show(request.headers.get("X-Forwarded-Secret"))
    show(request.cookies); show(request.full_path); show(request.url)
    response = make_response(jsonify(access_token=S["response"]))
    response.set_cookie("remember", S["set_cookie"])
    response.headers["X-Auth-Token"] = S["response_header"]
    return response

@app.route("/reset/<reset_token>")
def reset(reset_token):
    show(reset_token)
    show(request.cookies.get("remember"))
    return redirect(url_for("login", name="ada", token=S["redirect"]))

@app.route("/fails")
def fails():
    raise RuntimeError("cannot reach https://ada:" + S["in_failure"] + "@host/ with token " + S["returned"])

app.run()
"""
NAMES = re.findall(r'S\["(\w+)"\]', SHOP)
EXPORTS = (*EXPORTERS, "sequence", "svg")
# Of each secret this long a piece must be nowhere; a whole one may be cut.
PIECE = 12


def planted(name: str) -> str:
    """A secret with characters that are written in other ways in URLs, JSON and HTML."""
    return f"pl+{abs(hash(name)) % 10**12:012d}-{name}'s <%>&ö end"


def plant(folder: Path) -> dict[str, str]:
    secrets = {name: planted(name) for name in NAMES}
    for name in ("in_url", "in_failure", "log_line", "set_cookie", "response_header", "nested_query"):
        secrets[name] = secrets[name].split("'")[0].replace("+", "-")  # where such characters end a value
    (folder / "planted.json").write_text(json.dumps(secrets))
    (folder / "shop.py").write_text(SHOP)
    return secrets


def requests_of(secrets: dict[str, str]) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Arguments of the command, and what of the secrets is sent."""
    sent = {name: planted(name).split("'")[0].replace("+", "-") for name in
            ("query", "basic", "cookie", "header", "form", "body", "multipart", "path", "mine")}  # fmt: skip
    import base64

    basic = base64.b64encode(f"ada:{sent['basic']}".encode()).decode()
    login = "POST /login/ada?password=" + sent["query"] + "&nickname=" + sent["mine"]
    parts = f'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\n{sent["multipart"]}\r\n--B--\r\n'
    arguments = [
        *("-r", login, "-d", f"password={sent['form']}&colour=red"),
        *("-H", f"Authorization: Basic {basic}", "-H", f"Cookie: sid={sent['cookie']}; theme=dark"),
        *("-H", f"X-Forwarded-Secret: {sent['header']}"),
        *("-r", "POST /login/bob", "-H", "Content-Type: application/json"),
        *("-d", json.dumps({"user": {"password": sent["body"]}})),
        *("-r", "POST /login/eve", "-H", "Content-Type: multipart/form-data; boundary=B", "-d", parts),
        *("-r", f"GET /reset/{sent['path']}", "-r", "GET /fails"),
    ]
    return arguments, sent, {"basic_encoded": basic}


def found_in(content: bytes, secrets: dict[str, str]) -> list[str]:
    """Which secrets a piece of is in a file, as text or as the numbers that make each its own."""
    return [name for name, text in secrets.items() if _mark_of(text).encode() in content]


def _mark_of(text: str) -> str:
    number = re.search(r"\d{12}", text)
    return number[0] if number else text[:PIECE]


@pytest.mark.parametrize("engine", in_turn(["bundled", "installed"], "secrets in one of the engines"))
def test_no_planted_secret_is_in_any_file_written_or_view_printed(engine: str, tmp_path: Path) -> None:
    secrets = plant(tmp_path)
    arguments, sent, more = requests_of(secrets)
    environment = {"SHOP_CLIENT_SECRET": planted("environment"), "PYTHONHASHSEED": "0"}
    everything = secrets | sent | more | {"environment": planted("environment")}
    done = flasktrace(
        tmp_path, "run", "shop.py", "--engine", engine, "--level", "all", "--mask", "nick", *arguments,
        environment=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not found_in(done.stdout.encode(), everything)
    assert "login" in done.stdout and MASK in done.stdout
    trace = read_trace(tmp_path / "shop-trace" / "trace.flasktrace")
    text = json_of(tmp_path / "shop-trace" / "trace.flasktrace")
    leaks = [
        re.findall(f".{{90}}{_mark_of(everything[n])}.{{20}}", text)
        for n in found_in(text.encode(), everything)
    ]
    assert not leaks
    for path in all_written(tmp_path, engine):
        content = path.read_bytes()
        assert not found_in(content, everything), path.name
        # The source of the functions is shown, without what is written out in it.
        assert b"LITERAL" not in content, path.name
    assert "eyJ" not in text  # of the session's cookie
    assert "shown-in-the-trace" in text and "'red'" in text  # what is not secret is there
    assert len(trace.requests) == 5


LESSON = """\
---
title: The shop
scenario: ../shop.py
engine: installed
requests: GET /fails
---

```flasktrace show source
of: database
```

```flasktrace show tree
level: pipeline
```

```flasktrace show diagram
```
"""


def all_written(folder: Path, engine: str) -> list[Path]:
    """All files that a run, its page, every export and a lesson write."""
    trace, exports = str(folder / "shop-trace"), folder / "exports"
    exports.mkdir()
    for name in EXPORTS if engine == "installed" else ("json", "tour"):
        status, said = run(["export", trace, "--format", name, "-o", str(exports / f"shop.{name}")])
        assert status == 0, said
    assert run(["show", trace, "--view", "page", "--level", "pipeline"])[0] == 0
    (folder / "lessons").mkdir()
    (folder / "lessons" / "shop.en.md").write_text(LESSON)
    if engine == "installed":
        done = flasktrace(folder, "lesson", "build", "lessons/shop.en.md", "-o", "built")
        assert done.returncode == 0, done.stderr
    written = [path for path in folder.rglob("*") if path.is_file()]
    given = {folder / "shop.py", folder / "planted.json", folder / "lessons" / "shop.en.md"}
    assert len(written) >= len(given) + 6
    return sorted(set(written) - given)


def json_of(path: Path) -> str:
    from flasktrace.reports.exports.json_export import write_json

    stream = io.StringIO()
    write_json(read_trace(path), stream)
    return stream.getvalue()


PLAYER = """\
import json, sys
from pathlib import Path
from flasktrace.tracer.play import PlayOptions, Scenario, play
from flasktrace.cli.recording import join_requests, split_request
words = join_requests(json.loads(sys.argv[2]))
requests = tuple(split_request(word) for word in words[1::2])
play(Scenario("shop.py"), PlayOptions(engine="installed", recorder=sys.argv[1], mask=("nick",),
     requests=requests, trace_path=Path("out.flasktrace")))
"""


@pytest.mark.parametrize("recorder", available_engines()[1:])
def test_the_other_recorders_leak_nothing_either(recorder: str, tmp_path: Path) -> None:
    secrets = plant(tmp_path)
    arguments, sent, more = requests_of(secrets)
    subprocess.run(
        [sys.executable, "-c", PLAYER, recorder, json.dumps(arguments)],
        cwd=tmp_path, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    path = tmp_path / "out.flasktrace"
    assert read_trace(path).metadata.recorder == recorder
    everything = secrets | sent | more
    assert not found_in(path.read_bytes(), everything)
    assert not found_in(json_of(path).encode(), everything)


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter2x"}',
        "{'api_key': b'hunter2x'}",
        r"{\"token\": \"hunter2x\"}",
        "a=password=hunter2x",
        "next=/x?token=hunter2x&b=1",
        "config['SECRET_KEY'] = 'hunter2x'",
        "Cookie: a=hunter2x; b=hunter2x",
        "Proxy-Authorization: Basic hunter2x",
        "redis://:hunter2x@host:6379/0",
        "Bearer hunter2x",
        "(AWS_SECRET_ACCESS_KEY=>hunter2x)",
        "eyJhbGciOiJIUzI1NiJ9.hunter2x.sig",
    ],
)
def test_a_text_that_looks_secret_is_masked(text: str) -> None:
    cleaned = Texts().clean(text)
    assert "hunter2x" not in cleaned and MASK in cleaned


@pytest.mark.parametrize("text", ["a=1&b=2", "key: value", "http://host:80/x", "the keyboard", "x-y: z"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert Texts().clean(text) == text


@pytest.mark.parametrize("length", [10, 60, 119, 120, 121, 500])
@pytest.mark.parametrize("before", [0, 7, 60, 110, 119])
def test_a_secret_is_masked_where_the_text_is_cut_inside_it(length: int, before: int) -> None:
    secret = "".join(chr(97 + i * 7 % 26) for i in range(length))
    texts = Texts()
    texts.learn(secret)
    for value in ("_" * before + secret, ["_" * before + secret, "b"], ("_" * before + secret).encode()):
        text = texts.value("x", capture(value)).text
        assert secret[:7] not in text


def test_secrets_are_masked_in_every_way_of_writing_them() -> None:
    import base64
    import html
    from urllib.parse import quote, quote_plus

    secret = "pä ss'w\"<&>ord/1"
    texts = Texts()
    texts.learn(secret)
    written = [secret, repr(secret), json.dumps(secret), html.escape(secret), quote(secret),
               quote_plus(secret),
               quote(secret, safe=""), repr(secret.encode()), secret.encode().decode("latin-1")]  # fmt: skip
    for text in written:
        assert "ord" not in texts.clean(text), text
    credentials = base64.b64encode(b"ada:" + b"hunter22").decode()
    request = PlannedRequest("GET", "/", (("Authorization", "Basic " + credentials),))
    assert "hunter22" in set(secrets_of(request, texts.is_secret_name))


def test_hostile_texts_are_cleaned_in_no_time() -> None:
    texts = Texts(["nick"])
    for text in ("password" * 2000, "=" * 9000, "a" * 9000, "'" * 9000, "password='" * 2000, "://" * 5000,
                 "cookie" * 2000 + ":", "eyJ" * 5000, "a:" * 5000, " " * 9000):  # fmt: skip
        texts.clean(text)
