"""Return values: what a view may return, and how it becomes a response.

`Flask.make_response` looks at the type: text and bytes are the body, a tuple adds a status and headers, a
dictionary becomes JSON, a response is kept, and any WSGI application is run to make one. None is
an error, and says which view forgot its `return`.
"""

from typing import Any

from flask import Flask, Response, jsonify, make_response
from werkzeug.wrappers import Response as PlainResponse

app = Flask(__name__)


@app.route('/text')
def text() -> str:
    return 'plain text\n'


@app.route('/bytes')
def raw() -> bytes:
    return b'raw bytes\n'


@app.route('/status')
def with_status() -> tuple[str, int]:
    return 'made\n', 201


@app.route('/headers')
def with_headers() -> tuple[str, int, dict[str, str]]:
    return 'here\n', 202, {'X-Made-By': 'a tuple'}


@app.route('/dict')
def dictionary() -> dict[str, Any]:
    return {'name': 'Ada', 'born': 1815}


@app.route('/jsonify')
def as_json() -> Response:
    return jsonify([1, 2, 3])


@app.route('/response')
def response() -> Response:
    made = make_response('by hand\n', 203)
    made.headers['X-Made-By'] = 'make_response'
    return made


@app.route('/plain')
def other_class() -> PlainResponse:
    return PlainResponse('of another class\n', mimetype='text/plain')


@app.route('/wsgi')
def wsgi() -> Any:
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'an application\n']

    return application


@app.route('/none')
def nothing() -> Any:
    return None


REQUESTS = [
    'GET /text',
    'GET /bytes',
    'GET /status',
    'GET /headers',
    'GET /dict',
    'GET /jsonify',
    'GET /response',
    'GET /plain',
    'GET /wsgi',
    'GET /none',
    'HEAD /text',
]


if __name__ == '__main__':
    app.run()
