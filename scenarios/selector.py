"""Selector: how the server waits for clients.

`BaseServer.serve_forever` registers the listening socket with a selector and calls `select` in a loop. It
gives the socket as soon as a client connects, and `_handle_request_noblock` accepts; or nothing after half a
second, so that the loop can see whether it should end. `/slow` takes longer than that, in its own thread: the
server's thread waits on, and makes an idle turn. Add `--level all` to see each call.
"""

import socketserver
import time

from flask import Flask

app = Flask(__name__)


@app.route('/')
def index() -> str:
    # `poll` where the system has it: it takes any number of sockets, where `select` ends at 1024.
    selector = socketserver._ServerSelector  # type: ignore[attr-defined]
    return f'the server waits with {selector.__name__}\n'


@app.route('/slow')
def slow() -> str:
    time.sleep(0.6)
    return 'and has looked meanwhile whether it should end\n'


REQUESTS = ['GET /', 'GET /slow']


if __name__ == '__main__':
    app.run()
