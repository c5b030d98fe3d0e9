"""Shutdown from a request: how a view ended the server in 1.1.

`environ['werkzeug.server.shutdown']` sets a flag on the server; when the request is done,
`WSGIRequestHandler.handle` sees it and calls `initiate_shutdown`, which ends the selector loop in the other
thread. Werkzeug 2.1 took it away, and the view says so.
"""

from flask import Flask, request

app = Flask(__name__)


@app.route('/')
def index() -> str:
    return 'running\n'


@app.route('/shutdown', methods=['POST'])
def shutdown() -> str:
    end_server = request.environ.get('werkzeug.server.shutdown')
    if end_server is None:
        return 'this server cannot be ended by a request\n'
    end_server()
    return 'the server ends\n'


REQUESTS = ['GET /', {'method': 'POST', 'path': '/shutdown'}]


if __name__ == '__main__':
    app.run()
