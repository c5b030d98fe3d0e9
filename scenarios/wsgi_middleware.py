"""WSGI middleware: something between the server and the application.

`app.wsgi_app` is replaced by an object that calls the original one. `Flask.__call__` still comes first,
then `Shouting.__call__`, then `Flask.wsgi_app`; on the way back the body passes through it. A second
application answers below `/admin`: `DispatcherMiddleware` moves that part of the path to `SCRIPT_NAME`.
"""

from collections.abc import Iterable
from typing import Any

from flask import Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask('front')
admin = Flask('admin')


class Shouting:
    """Turns the body into capitals, and counts the requests in environ."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.count = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.count += 1
        environ['lesson.count'] = self.count
        return [part.upper() for part in self.application(environ, start_response)]


@app.route('/')
def index() -> str:
    return f"request {request.environ['lesson.count']} from {request.remote_addr}\n"


@admin.route('/')
def admin_index() -> str:
    return f'below {request.script_root}\n'


inner = DispatcherMiddleware(app.wsgi_app, {'/admin': admin})
app.wsgi_app = Shouting(ProxyFix(inner))  # type: ignore[method-assign]

REQUESTS = [
    'GET /',
    'GET /admin/',
    {'path': '/', 'headers': {'X-Forwarded-For': '192.0.2.7'}},
]


if __name__ == '__main__':
    app.run()
