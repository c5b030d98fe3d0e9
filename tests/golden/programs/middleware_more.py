"""The other middleware: lint, and proxies trusted for more headers."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Flask, request, url_for
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)


@app.route('/')
def index() -> Any:
    return f'{request.url} {request.remote_addr} {request.script_root} {url_for("index", _external=True)} {request.environ["werkzeug.proxy_fix.orig"]["HTTP_HOST"]}'


@app.route('/post', methods=['POST'])
def post() -> Any:
    return request.get_data()


def simple(environ: Any, start_response: Any) -> Any:
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '6')])
    return [b'simple']


app.wsgi_app = DispatcherMiddleware(
    LintMiddleware(ProxyFix(app.wsgi_app, x_for=2, x_proto=1, x_host=1, x_port=1, x_prefix=1)), {'/simple': simple, '/a/b': simple}
)

REQUESTS = [
    'GET /',
    'GET /simple/x',
    'GET /a/b',
    'GET /a',
    {'method': 'POST', 'path': '/post', 'data': 'x=1'},
    {
        'path': '/',
        'headers': {
            'X-Forwarded-For': '192.0.2.1, 192.0.2.2',
            'X-Forwarded-Proto': 'https',
            'X-Forwarded-Host': 'shown.example',
            'X-Forwarded-Port': '8443',
            'X-Forwarded-Prefix': '/prefix',
        },
    },
]


if __name__ == '__main__':
    app.run()
