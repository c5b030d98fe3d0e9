"""Teardown: what is put away, also when the request failed.

The functions of `teardown_request` and `teardown_appcontext` run while the contexts are popped, from
the last registered to the first. They are given the error that was not handled, or None, and cannot
change the response any more. Look how `auto_pop` and `pop` lead to them.
"""

from flask import Flask, g

app = Flask(__name__)
closed: list[str] = []


@app.before_request
def open_it() -> None:
    g.connection = 'connection'


@app.teardown_appcontext
def close_it(error: BaseException | None) -> None:
    closed.append(f"{g.pop('connection', None)} closed")


@app.teardown_request
def note_error(error: BaseException | None) -> None:
    closed.append(f'request ended with {type(error).__name__}')


@app.teardown_request
def registered_last(error: BaseException | None) -> None:
    closed.append('first to be called')


@app.route('/')
def index() -> str:
    return '\n'.join(closed) + '\n'


@app.route('/bug')
def bug() -> str:
    raise RuntimeError('on purpose')


REQUESTS = ['GET /', 'GET /bug', 'GET /']


if __name__ == '__main__':
    app.run()
