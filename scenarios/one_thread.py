"""One thread: the server without threads.

With `threaded=False` the server is a `BaseWSGIServer`, and `BaseServer.process_request` calls
`finish_request` itself: the whole request happens inside `_handle_request_noblock`, and the next client
waits. Compare this chain with that of the scenario threads.
"""

import threading

from flask import Flask

app = Flask(__name__)


@app.route('/')
def index() -> str:
    is_main = threading.current_thread() is threading.main_thread()
    return f'the view runs in the main thread: {is_main}\n'


REQUESTS = ['GET /']


if __name__ == '__main__':
    app.run(threaded=False)
