"""Inherited methods: which class does a method come from?

Much of reading the server is finding the class a method is taken from. `serve_forever` is called on a
`ThreadedWSGIServer`; its own class has none, `ThreadingMixIn` has none, `BaseWSGIServer` has one and calls
that of `BaseServer`. The view lists, for some methods, the classes that were looked through.
"""

from typing import Any

from flask import Flask, request
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

app = Flask(__name__)
METHODS: dict[Any, list[str]] = {
    ThreadedWSGIServer: ['serve_forever', 'process_request'],
    WSGIRequestHandler: ['handle', 'parse_request', 'setup'],
}


def origin(owner: Any, method: str) -> str:
    """The class that defines a method, at the end of the classes that were looked through."""
    looked_through = []
    for place in owner.__mro__:
        looked_through.append(place.__name__)
        if method in vars(place):
            break
    return f"{method}: {' -> '.join(looked_through)}"


@app.route('/origin')
def index() -> str:
    owners = [owner for owner in METHODS if owner.__name__ == request.args['class']]
    return '\n'.join(origin(owner, method) for owner in owners for method in METHODS[owner]) + '\n'


REQUESTS = ['GET /origin?class=ThreadedWSGIServer', 'GET /origin?class=WSGIRequestHandler']


if __name__ == '__main__':
    app.run()
