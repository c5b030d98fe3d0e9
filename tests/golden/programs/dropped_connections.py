"""Clients that go away before the answer, and a view that writes without being asked."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import select
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler

app = Flask(__name__)


class Handler(WSGIRequestHandler):
    """Gives the view the connection."""

    def make_environ(self) -> dict[str, Any]:
        return {**super().make_environ(), 'lesson.connection': self.connection}

    def connection_dropped(self, error: Any, environ: Any = None) -> None:
        self.log('info', 'dropped: %s', type(error).__name__)


def wait_until_gone() -> None:
    """Return when the client has closed its side."""
    select.select([request.environ['lesson.connection']], [], [], 10)


@app.route('/gone')
def gone() -> Any:
    wait_until_gone()
    return 'x' * 100_000


@app.route('/gone-while-streaming')
def gone_while_streaming() -> Any:
    wait_until_gone()
    return Response(('x' * 100_000 for _ in range(5)), mimetype='text/plain')


@app.route('/here')
def here() -> Any:
    return 'here'


REQUESTS = [
    {'path': '/gone', 'abandoned': True},
    'GET /here',
    {'path': '/gone-while-streaming', 'abandoned': True},
    'GET /here',
]


if __name__ == '__main__':
    app.run(request_handler=Handler)
