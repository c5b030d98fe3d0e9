"""Failing app: what the server does when the application itself falls over.

Flask turns an error of a view into a response, so the server never sees it. Here the error is raised
outside, in a middleware: `run_wsgi` catches it, logs the traceback, and runs `InternalServerError` as the
application instead. The second request fails when its headers are out already: the connection just ends. The
last one calls `start_response` twice, which the server refuses.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Response

app = Flask(__name__)


class Fragile:
    """Fails for two paths, and passes all others on."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ['PATH_INFO'] == '/fragile':
            raise RuntimeError('outside of Flask')
        if environ['PATH_INFO'] == '/twice':
            start_response('200 OK', [('Content-Type', 'text/plain')])
            start_response('404 NOT FOUND', [('Content-Type', 'text/plain')])
        body: Iterable[bytes] = self.application(environ, start_response)
        return body


@app.route('/halfway')
def halfway() -> Response:
    def parts() -> Iterator[str]:
        yield 'the first part\n'
        raise RuntimeError('while the body is sent')

    return Response(parts(), mimetype='text/plain')


@app.route('/')
def index() -> str:
    return 'still here\n'


app.wsgi_app = Fragile(app.wsgi_app)  # type: ignore[method-assign]

REQUESTS = ['GET /fragile', 'GET /halfway', 'GET /', 'GET /twice']


if __name__ == '__main__':
    app.run()
