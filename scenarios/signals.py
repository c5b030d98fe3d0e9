"""Signals: who else hears of a request.

Functions connected to a signal are told that something happened; they cannot change it. Find each `send`
on the request's way: `request_started` before the hooks, `template_rendered`, `request_finished` after the
response was processed, `got_request_exception` when something goes wrong, then `request_tearing_down` and
`appcontext_tearing_down`.
"""

from typing import Any

from flask import (
    Flask,
    appcontext_popped,
    appcontext_pushed,
    got_request_exception,
    render_template_string,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)

app = Flask(__name__)
heard: list[str] = []


def on_started(sender: Flask, **extra: Any) -> None:
    heard.append('started')


def on_rendered(sender: Flask, **extra: Any) -> None:
    heard.append('rendered')


def on_finished(sender: Flask, response: Any, **extra: Any) -> None:
    heard.append(f'finished {response.status_code}')


def on_exception(sender: Flask, exception: BaseException, **extra: Any) -> None:
    heard.append(f'exception {type(exception).__name__}')


def on_tearing_down(sender: Flask, **extra: Any) -> None:
    heard.append('tearing down')


def on_pushed(sender: Flask, **extra: Any) -> None:
    heard.append('pushed')


def on_popped(sender: Flask, **extra: Any) -> None:
    heard.append('popped')


request_started.connect(on_started, app)
template_rendered.connect(on_rendered, app)
request_finished.connect(on_finished, app)
got_request_exception.connect(on_exception, app)
request_tearing_down.connect(on_tearing_down, app)
appcontext_pushed.connect(on_pushed, app)
appcontext_popped.connect(on_popped, app)


@app.route('/')
def index() -> str:
    return render_template_string('a small template')


@app.route('/broken')
def broken() -> str:
    raise RuntimeError('on purpose')


@app.route('/heard')
def what_was_heard() -> str:
    return ', '.join(heard) + '\n'


REQUESTS = ['GET /', 'GET /broken', 'GET /heard']


if __name__ == '__main__':
    app.run()
