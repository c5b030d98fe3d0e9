"""Dropped connection: the client is gone before the answer.

The view runs to its end, and nobody is there to read: `write` meets a connection that was reset and raises.
`WSGIRequestHandler.handle` catches that and calls `connection_dropped`, which does nothing unless a handler
of your own overrides it, as this one does. It is no error of the application: the next client is served.
"""

import select
from typing import Any

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler

app = Flask(__name__)


class Handler(WSGIRequestHandler):
    """Notes who is gone, and lets the view see the connection."""

    def make_environ(self) -> dict[str, Any]:
        return {**super().make_environ(), 'lesson.connection': self.connection}

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        app.logger.warning('the client of %s is gone: %s', self.path, type(error).__name__)


@app.route('/report')
def report() -> str:
    # So that it is certain who is first: wait until the client has closed its side.
    select.select([request.environ['lesson.connection']], [], [], 10)
    return 'a report that nobody reads\n' * 1000


@app.route('/')
def index() -> str:
    return 'served as if nothing had happened\n'


REQUESTS = [{'method': 'GET', 'path': '/report', 'abandoned': True}, 'GET /']


if __name__ == '__main__':
    app.run(request_handler=Handler)
