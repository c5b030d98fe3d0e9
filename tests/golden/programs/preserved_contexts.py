"""Debug mode: contexts are preserved after an error, errors are propagated, some get explained."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import os
from typing import Any

import flask
from flask import Flask, request

os.environ['WERKZEUG_DEBUG_PIN'] = 'off'
app = Flask(__name__)
seen: list[str] = []


@app.teardown_request
def teardown(error: Any) -> None:
    seen.append(type(error).__name__)


@app.route('/')
def index() -> Any:
    found, seen[:] = list(seen), []
    return repr(found)


@app.route('/fails')
def fails() -> Any:
    raise ValueError('preserved')


@app.route('/slash/', methods=['GET', 'POST'])
def slash() -> Any:
    return 'slash'


@app.route('/file', methods=['POST'])
def file() -> Any:
    try:
        return request.files['upload'].filename
    except KeyError as error:
        return type(error).__name__


@app.route('/key')
def key() -> Any:
    return request.args['missing']


@app.route('/stack')
def stack() -> Any:
    top = flask._request_ctx_stack.top
    return repr([top.preserved, top.request.path])


REQUESTS = [
    'GET /', 'GET /fails', 'GET /', 'GET /stack', 'POST /slash', 'GET /slash', {'method': 'POST', 'path': '/file', 'data': 'upload=name.txt'},
    'GET /key', 'GET /none', 'GET /',
]  # fmt: skip


if __name__ == '__main__':
    app.run(debug=True, use_reloader=False, use_debugger=True, threaded=False)
