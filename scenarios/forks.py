"""Forks: each request in a process of its own.

With `processes=2` the server is a `ForkingWSGIServer`: `ForkingMixIn.process_request` forks, the child
handles the request and exits, the parent goes back to the selector. What a view changes in the child's
memory is lost, as the second answer shows.
"""

import os

from flask import Flask

app = Flask(__name__)
parent = os.getpid()
visits: list[str] = []


@app.route('/')
def index() -> str:
    visits.append('one more')
    return f'{len(visits)} visit, in a child process: {os.getpid() != parent}\n'


REQUESTS = ['GET /', 'GET /']


if __name__ == '__main__':
    app.run(threaded=False, processes=2)
