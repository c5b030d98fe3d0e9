"""send_file with each of its arguments."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import io
from typing import Any

from flask import Flask, send_file, send_from_directory
from werkzeug.exceptions import HTTPException

app = Flask(__name__)
app.config['SEND_FILE_MAX_AGE_DEFAULT'] = 77


@app.route('/memory')
def memory() -> Any:
    return send_file(io.BytesIO(b'in memory'), mimetype='text/plain')


@app.route('/name')
def name() -> Any:
    return send_file(io.BytesIO(b'named'), attachment_filename='naïve 文.txt', as_attachment=True)


@app.route('/ascii')
def ascii_name() -> Any:
    return send_file(io.BytesIO(b'named'), attachment_filename='a b.csv', as_attachment=True, cache_timeout=-1)


@app.route('/file')
def file() -> Any:
    return send_file('data/lines.txt', add_etags=False, last_modified=1700000000)


@app.route('/plain')
def plain() -> Any:
    return send_file('data/lines.txt', conditional=True, cache_timeout=0)


@app.route('/folder/<path:place>')
def folder(place: str) -> Any:
    return send_from_directory('data', place)


@app.route('/wrong')
def wrong() -> Any:
    found = []
    for call in (lambda: send_file(io.BytesIO(b'')), lambda: send_file(io.StringIO('text'), mimetype='text/plain')):
        try:
            found.append(repr(call().status_code))
        except (ValueError, TypeError, HTTPException) as error:
            found.append(type(error).__name__)
    return ' '.join(found)


REQUESTS = [
    'GET /memory',
    'GET /name',
    'GET /ascii',
    'GET /file',
    'GET /plain',
    'HEAD /plain',
    'GET /folder/lines.txt',
    'GET /folder/none',
    'GET /folder/../send_files.py',
    'GET /folder/%2e%2e/send_files.py',
    'GET /wrong',
    {'path': '/plain', 'headers': {'Range': 'bytes=3-6'}},
    {'path': '/plain', 'headers': {'Range': 'bytes=900-'}},
    {'path': '/plain', 'headers': {'If-None-Match': '*'}},
]


if __name__ == '__main__':
    app.run()
