"""Error paths: each way a request can fail, and who turns it into a response.

Compare where the chains part. `/abort` raises an HTTP error in a view, `/bug` something unexpected,
which goes past `handle_user_exception` to `handle_exception` and becomes an Internal Server Error; `/hook`
fails before the view; `/form` lacks a key. `/posted` is asked with the wrong method, and a path
that is not there fails while it is matched.
"""

from flask import Flask, abort, request

app = Flask(__name__)


@app.before_request
def fragile_hook() -> None:
    if request.path == '/hook':
        raise OSError('the hook fell over')


@app.errorhandler(OSError)
def lost(error: OSError) -> tuple[str, int]:
    return f'handled: {type(error).__name__}\n', 500


@app.route('/abort')
def give_up() -> str:
    abort(418)
    return 'never seen\n'


@app.route('/bug')
def bug() -> str:
    raise RuntimeError('a mistake in the view')


@app.route('/hook')
def behind_hook() -> str:
    return 'never seen\n'


@app.route('/form')
def form() -> str:
    return str(request.form['name'])


@app.route('/posted', methods=['POST'])
def posted() -> str:
    return 'thanks\n'


REQUESTS = [
    'GET /abort',
    'GET /bug',
    'GET /hook',
    'GET /form',
    'GET /posted',
    'GET /not-there',
]


if __name__ == '__main__':
    app.run()
