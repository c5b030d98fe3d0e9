"""Which handler an error finds, and what the switches change."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Blueprint, Flask, Response, abort, request
from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError, NotFound

app = Flask(__name__)
part = Blueprint('part', __name__, url_prefix='/part')


class Base(Exception):
    pass


class Derived(Base):
    pass


class Teapot(HTTPException):
    code = 418
    description = 'short and stout'


@app.errorhandler(Base)
def on_base(error: Base) -> Any:
    return f'app base {error!r}', 501


@app.errorhandler(HTTPException)
def on_http(error: HTTPException) -> Any:
    return f'http {error.code} {error.name}: {error.description}', error.code


@app.errorhandler(Forbidden)
def on_forbidden(error: Forbidden) -> Any:
    return f'forbidden {error.description}', 403


@app.errorhandler(InternalServerError)
def on_500(error: Any) -> Any:
    return f'500 from {error.original_exception!r}', 500


@part.errorhandler(Derived)
def on_derived(error: Derived) -> Any:
    return f'part derived {error!r}', 502


@part.errorhandler(404)
def on_part_404(error: NotFound) -> Any:
    return 'part 404', 404


@part.app_errorhandler(410)
def on_gone(error: HTTPException) -> Any:
    return 'app-wide 410', 410


@app.route('/raise/<what>')
@part.route('/raise/<what>')
def raising(what: str) -> Any:
    errors = {'base': Base('b'), 'derived': Derived('d'), 'teapot': Teapot(), 'value': ValueError('v'), 'key': KeyError('k')}
    raise errors[what]


@app.route('/abort/<int:code>')
@part.route('/abort/<int:code>')
def aborting(code: int) -> Any:
    abort(code, description='because')


@app.route('/abort-response')
def abort_response() -> Any:
    abort(Response('a response raised', 409))


@app.route('/unknown-code')
def unknown_code() -> Any:
    abort(299)


@app.route('/bad-key')
def bad_key() -> Any:
    return request.args['missing']


@app.route('/returned')
def returned() -> Any:
    return NotFound('returned, not raised')


app.register_blueprint(part)

REQUESTS = [
    'GET /raise/base',
    'GET /raise/derived',
    'GET /raise/teapot',
    'GET /raise/value',
    'GET /raise/key',
    'GET /part/raise/derived',
    'GET /part/raise/base',
    'GET /abort/403',
    'GET /abort/404',
    'GET /part/abort/404',
    'GET /part/none',
    'GET /abort/410',
    'GET /abort/405',
    'GET /abort-response',
    'GET /unknown-code',
    'GET /bad-key',
    'GET /returned',
    'GET /none',
    'PUT /bad-key',
    'GET /abort/401',
    'GET /abort/416',
    'GET /abort/429',
    'GET /abort/503',
    'GET /abort/505',
]


if __name__ == '__main__':
    app.run()
