"""A hook that ends the chain: the view never runs.

The first function of `before_request` that returns a value has answered the request. The hooks after it
are left out, `dispatch_request` is not called, and the view is not either; but `make_response` and the
functions of `after_request` run as ever. Compare the two requests.
"""

from flask import Flask, Response, request

app = Flask(__name__)


@app.before_request
def log_it() -> None:
    app.logger.debug('somebody is at the door')


@app.before_request
def door_keeper() -> tuple[str, int] | None:
    if request.args.get('key') != 'right':
        return 'the door stays closed\n', 401
    return None


@app.before_request
def never_for_strangers() -> None:
    app.logger.debug('a friend')


@app.after_request
def always(response: Response) -> Response:
    response.headers['X-After'] = 'ran'
    return response


@app.route('/room')
def room() -> str:
    return 'come in\n'


REQUESTS = ['GET /room', 'GET /room?key=right']


if __name__ == '__main__':
    app.run()
