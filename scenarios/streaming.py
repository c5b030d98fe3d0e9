"""Streaming: the body is made while it is being sent.

The view returns a generator and is over at once; its first line runs when the server asks for the first
part, in `write`, after the context is popped. `stream_with_context` keeps the context until
the generator ends. No length is known beforehand, so there is no Content-Length.
"""

from collections.abc import Iterator

from flask import Flask, Response, has_request_context, request, stream_with_context

app = Flask(__name__)


def numbers(count: int) -> Iterator[str]:
    for number in range(count):
        yield f'{number} context={has_request_context()}\n'


@app.route('/popped')
def popped() -> Response:
    return Response(numbers(3), mimetype='text/plain')


@app.route('/kept')
def kept() -> Response:
    def lines() -> Iterator[str]:
        yield f'path {request.path}\n'
        yield f"name {request.args['name']}\n"

    return Response(stream_with_context(lines()), mimetype='text/plain')


REQUESTS = ['GET /popped', 'GET /kept?name=ada']


if __name__ == '__main__':
    app.run()
