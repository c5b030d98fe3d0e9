"""What a client may send that is not a plain HTTP/1.1 request, and options of the server."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import os
from typing import Any

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler

app = Flask(__name__)
FOLDER = os.path.join(app.root_path, 'data')


class Handler(WSGIRequestHandler):
    """A handler of the program's own."""

    def make_environ(self) -> dict[str, Any]:
        environ = super().make_environ()
        environ['lesson.handler'] = 'mine'
        return environ

    def log_request(self, code: Any = '-', size: Any = '-') -> None:
        self.log('info', 'request %s', code)


@app.route('/', methods=['GET', 'POST', 'ODD'])
def index() -> Any:
    keys = ('SERVER_PROTOCOL', 'REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'lesson.handler', 'CONTENT_TYPE', 'CONTENT_LENGTH', 'HTTP_HOST')
    return repr({key: request.environ.get(key) for key in keys})


@app.route('/body', methods=['POST'])
def body() -> Any:
    return repr(request.get_data())


@app.route('/unread', methods=['POST'])
def unread() -> Any:
    return 'the body was left alone'


@app.route('/<path:rest>')
def rest(rest: str) -> Any:
    return repr([rest, request.full_path, request.environ.get('RAW_URI', None)])


REQUESTS = [
    {'raw': 'GET / HTTP/1.0\r\n\r\n'},
    {'raw': 'GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET /\r\n'},
    {'raw': 'nonsense\r\n\r\n'},
    {'raw': 'GET / HTTP/9.9\r\n\r\n'},
    {'raw': 'GET / HTTP/x\r\n\r\n'},
    {'raw': 'ODD / HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'BREW / HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET http://elsewhere.example/absolute?x=1 HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET //double//slash HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET /%E4%B8%AD%2Fx%20y?q=%ff HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET / HTTP/1.1\r\nHost: localhost:5000\r\nX-Twice: 1\r\nX-Twice: 2\r\nX_Under: no\r\n\r\n'},
    {'raw': 'POST /body HTTP/1.1\r\nHost: localhost:5000\r\nContent-Length: 3\r\n\r\nabcdef'},
    {'raw': 'POST /body HTTP/1.1\r\nHost: localhost:5000\r\nContent-Length: 10\r\n\r\nabc'},
    {'raw': 'POST /body HTTP/1.1\r\nHost: localhost:5000\r\n\r\nabc'},
    {'raw': 'POST /body HTTP/1.1\r\nHost: localhost:5000\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'},
    {'raw': 'POST /body HTTP/1.1\r\nHost: localhost:5000\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n'},
    {'raw': 'POST /unread HTTP/1.1\r\nHost: localhost:5000\r\nContent-Length: 5\r\n\r\nhello'},
    {'raw': 'GET /shared/lines.txt HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': ''},
    {'raw': 'HEAD / HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'OPTIONS * HTTP/1.1\r\nHost: localhost:5000\r\n\r\n'},
    {'raw': 'GET / HTTP/1.1\r\nHost: bad host/\r\n\r\n'},
]


if __name__ == '__main__':
    app.run(request_handler=Handler, static_files={'/shared': FOLDER}, use_evalex=False, reloader_interval=2)
