"""Threads: each request runs in a thread of its own.

The server that `app.run` starts is a `ThreadedWSGIServer`. Look where the chain leaves the main thread:
`ThreadingMixIn.process_request` starts a thread and goes straight back to the selector, while
`process_request_thread` carries the request on. All of the application's code is over there.
"""

import threading

from flask import Flask

app = Flask(__name__)
main_thread = threading.current_thread()


@app.route('/')
def index() -> str:
    is_main = threading.current_thread() is main_thread
    return f'the view runs in the main thread: {is_main}\n'


REQUESTS = ['GET /', 'GET /']


if __name__ == '__main__':
    app.run()
