"""Config, switches and helpers of the application that the lessons leave out."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import os
from typing import Any

import flask
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    get_template_attribute,
    has_app_context,
    make_response,
    render_template_string,
    request,
    session,
    stream_with_context,
    url_for,
)
from werkzeug.exceptions import BadRequest

app = Flask(__name__, static_url_path='/assets', static_folder='data', template_folder='data')
app.config.from_mapping(SECRET_KEY='k', MAX_CONTENT_LENGTH=20, EXPLAIN=False, A_ONE=1, A_TWO=2)


class Settings:
    DEBUGGING = 'no'
    lower = 'left out'


app.config.from_object(Settings)
os.environ['LESSON_SETTINGS'] = ''
calls: list[str] = []


@app.shell_context_processor
def shell() -> dict[str, int]:
    return {'x': 1}


@app.url_build_error_handlers.append
def on_build_error(error: Any, endpoint: str, values: Any) -> str:
    if endpoint == 'handled':
        return '/handled-by-app'
    raise error


@app.before_first_request
def once() -> None:
    calls.append('once')


@app.teardown_appcontext
def teardown(error: Any) -> None:
    calls.append(f'teardown {error!r}')


@app.route('/config')
def config() -> Any:
    found = [app.config['DEBUGGING'], 'lower' in app.config, app.config.get_namespace('A_'), app.config.from_envvar('NONE_SUCH', silent=True)]
    found += [app.name, app.debug, app.testing, app.env, app.propagate_exceptions, app.preserve_context_on_exception, app.jinja_env.autoescape('x.html')]
    found += [app.session_cookie_name, app.send_file_max_age_default, app.permanent_session_lifetime, app.use_x_sendfile, app.templates_auto_reload]
    found += [app.make_shell_context()['x'], app.has_static_folder, app.static_url_path, app.got_first_request, app.secret_key, app.import_name]
    return repr(found)


@app.route('/urls')
def urls() -> Any:
    found = [url_for('handled'), url_for('static', filename='lines.txt'), url_for('.urls', _external=True, _scheme='https', x=[1, 2])]
    for wrong in (lambda: url_for('none'), lambda: url_for('urls', _scheme='https'), lambda: app.config.from_envvar('NONE_SUCH')):
        try:
            found.append(wrong())
        except Exception as error:
            found.append(type(error).__name__)
    return repr(found)


@app.route('/upload', methods=['POST'])
def upload() -> Any:
    return repr(sorted(request.form.items()))


@app.route('/values/<kind>')
def values(kind: str) -> Any:
    kinds = {
        'list': lambda: ['x'], 'triple': lambda: ('body', 201, [('X-A', 'b')]), 'pair-headers': lambda: ('body', {'X-A': 'b'}),
        'status-text': lambda: ('body', '299 Odd'), 'response-tuple': lambda: (Response('r', 202), 203, {'X-A': 'c'}), 'one': lambda: ('x',),
        'four': lambda: ('a', 1, {}, 2), 'int': lambda: 5, 'bytearray': lambda: bytearray(b'array'), 'generator': lambda: Response(iter(['a', 'b'])),
        'exception': lambda: BadRequest('made by hand'), 'make': lambda: make_response(('made', 210)), 'make-none': lambda: repr(make_response()),
        'dict-status': lambda: ({'a': 1}, 207), 'empty': lambda: '', 'status-none': lambda: ('body', None, None),
    }  # fmt: skip
    return kinds[kind]()


@app.route('/flash')
def flashing() -> Any:
    flash('one')
    flash('two', 'warn')
    return repr([get_flashed_messages(with_categories=True, category_filter=['warn']), len(session)])


@app.route('/template')
def template() -> Any:
    macro = get_template_attribute('macro.html', 'hello')
    text = render_template_string('{{ g.x }} {{ request.path }} {{ session }} {{ config.A_ONE }} {{ url_for("config") }} {{ "<b>" }}', none=None)
    return macro('World') + text + app.jinja_env.from_string('{{ get_flashed_messages() }}').render()


@app.route('/stream')
def stream() -> Any:
    @stream_with_context
    def parts() -> Any:
        yield request.path
        yield str(has_app_context())

    return Response(parts(), direct_passthrough=False)


@app.route('/nested')
def nested() -> Any:
    g.value = 1
    with app.app_context():
        inner = 'value' in g
    with app.test_request_context('/other', base_url='http://b.example:81/root'):
        other = [request.url, request.script_root, current_app.name, flask._request_ctx_stack.top is not None]
    return repr([inner, g.value, other, calls])


@app.route('/abort-in-teardown')
def trap() -> Any:
    app.config['TRAP_BAD_REQUEST_ERRORS'] = True
    try:
        return request.args['none']
    finally:
        calls.append('trapped')


@app.route('/trap-off')
def trap_off() -> Any:
    app.config['TRAP_BAD_REQUEST_ERRORS'] = None
    abort(400)


@app.route('/trap-http')
def trap_http() -> Any:
    app.config['TRAP_HTTP_EXCEPTIONS'] = True
    abort(404)


@app.route('/trap-http-off')
def trap_http_off() -> Any:
    app.config['TRAP_HTTP_EXCEPTIONS'] = False
    return repr(calls)


REQUESTS = [
    'GET /config', 'GET /urls', {'method': 'POST', 'path': '/upload', 'data': 'a=1&b=2'},
    {'method': 'POST', 'path': '/upload', 'data': 'a=1&b=2&c=3&much=too-much'},
    'GET /values/list', 'GET /values/triple', 'GET /values/pair-headers', 'GET /values/status-text', 'GET /values/response-tuple',
    'GET /values/one', 'GET /values/four', 'GET /values/int', 'GET /values/bytearray', 'GET /values/generator', 'GET /values/exception',
    'GET /values/make', 'GET /values/make-none', 'GET /values/dict-status', 'GET /values/empty', 'GET /values/status-none', 'GET /flash',
    'GET /template', 'GET /stream', 'GET /nested', 'GET /assets/lines.txt', 'GET /abort-in-teardown', 'GET /trap-off', 'GET /trap-http',
    'GET /trap-http-off', 'POST /config', 'OPTIONS /upload', 'GET /favicon.ico',
]  # fmt: skip


if __name__ == '__main__':
    app.run()
