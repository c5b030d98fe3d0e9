"""Sessions: every kind of value, the cookie's options, a cookie that was tampered with."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import uuid
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Markup, session

app = Flask(__name__)
app.config.update(
    SECRET_KEY='secret',
    SESSION_COOKIE_NAME='kept',
    SESSION_COOKIE_SAMESITE='Lax',
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_PATH='/',
    SESSION_COOKIE_HTTPONLY=False,
    PERMANENT_SESSION_LIFETIME=timedelta(days=2),
)


@app.route('/put')
def put() -> Any:
    session.permanent = True
    session['values'] = [(1, 2), b'bytes', Markup('<b>'), uuid.UUID(int=7), datetime(2024, 1, 2, 3, 4, 5), {' t': 1}, None]
    return 'put'


@app.route('/get')
def get() -> Any:
    return f'{session.get("values")!r} new={session.new} modified={session.modified} permanent={session.permanent}'


@app.route('/change')
def change() -> Any:
    session['count'] = session.get('count', 0) + 1
    session.pop('values', None)
    session.setdefault('x', {})['y'] = 1
    return repr(sorted(session))


REQUESTS = [
    {'path': '/get', 'headers': {'Cookie': 'kept=tampered.with.it'}},
    'GET /change',
    'GET /get',
    'GET /put',
    'GET /get',
    'GET /change',
]


if __name__ == '__main__':
    app.run()
