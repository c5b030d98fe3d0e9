"""Werkzeug without Flask: a WSGI application of request, response, routing, locals and exceptions."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from werkzeug.datastructures import CombinedMultiDict, Headers, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestedRangeNotSatisfiable, Unauthorized, abort, default_exceptions
from werkzeug.routing import Map, Rule
from werkzeug.security import check_password_hash, generate_password_hash, safe_join, safe_str_cmp
from werkzeug.test import Client, EnvironBuilder, create_environ, run_wsgi_app
from werkzeug.urls import iri_to_uri, uri_to_iri, url_decode, url_encode, url_join, url_parse, url_quote, url_quote_plus, url_unquote
from werkzeug.utils import append_slash_redirect, cached_property, escape, find_modules, import_string, redirect, secure_filename
from werkzeug.wrappers import BaseRequest, BaseResponse, Request, Response
from werkzeug.wsgi import extract_path_info, get_current_url, get_host, get_path_info, get_query_string, peek_path_info, pop_path_info, responder

url_map = Map([
    Rule('/', endpoint='index'), Rule('/hello/<name>', endpoint='hello'), Rule('/error/<int:code>', endpoint='error'), Rule('/tools', endpoint='tools'),
    Rule('/urls', endpoint='urls'), Rule('/structures', endpoint='structures'), Rule('/clients', endpoint='clients'), Rule('/errors', endpoint='errors'),
    Rule('/wsgi/<path:rest>', endpoint='wsgi'), Rule('/redirect', endpoint='redirected'), Rule('/slash', endpoint='slash'),
])  # fmt: skip


def index(request: Any) -> Any:
    return Response('index')


def hello(request: Any, name: str) -> Any:
    return Response(f'hello {name}', mimetype='text/html')


def error(request: Any, code: int) -> Any:
    abort(code)


def errors(request: Any) -> Any:
    lines = [f'{code} {kind.__name__} {kind().name} {kind().get_body()[-120:]!r}' for code, kind in sorted(default_exceptions.items())]
    for made in (
        MethodNotAllowed(['GET', 'PUT']),
        RequestedRangeNotSatisfiable(10),
        Unauthorized(www_authenticate=None),
        NotFound('x<y'),
        NotFound(response=Response('r')),
    ):
        lines.append(f'{made!r} {made} {made.get_headers() if made.response is None else ""} {made.get_response(request.environ).status}')
    return Response('\n'.join(lines))


class Lazy:
    count = 0

    @cached_property
    def value(self) -> int:
        self.count += 1
        return self.count


def tools(request: Any) -> Any:
    lazy = Lazy()
    hashed = generate_password_hash('secret', 'pbkdf2:sha256:1000')
    found = [
        lazy.value,
        lazy.value,
        secure_filename('../../a b/é.txt'),
        escape('<a href="x">'),
        import_string('werkzeug.utils:escape') is escape,
    ]
    found += [
        check_password_hash(hashed, 'secret'),
        check_password_hash(hashed, 'other'),
        safe_join('/a', 'b/../c'),
        safe_join('/a', '../b'),
        safe_str_cmp('a', 'a'),
    ]
    found += [sorted(find_modules('werkzeug.middleware')), import_string('none.such', silent=True)]
    return Response(repr(found))


def urls(request: Any) -> Any:
    parsed = url_parse('http://user:pw@Ex.com:80/a%20b;p?q=1#f')
    found = [
        tuple(parsed),
        parsed.host,
        parsed.port,
        parsed.username,
        parsed.password,
        parsed.auth,
        parsed.ascii_host,
        parsed.to_url(),
        parsed.replace(path='/z').to_url(),
    ]
    found += [
        url_quote('a b/é'),
        url_quote_plus('a b&'),
        url_unquote('a%20b%C3%A9'),
        url_encode({'a': [1, 2], 'b': 'é'}),
        url_encode([('z', 1), ('a', 2)], sort=True),
    ]
    found += [
        url_decode('a=1&a=2&b=%C3%A9&c'),
        url_join('http://x/a/b', '../c'),
        url_join('http://x/a', '//y/b'),
        iri_to_uri('http://é.com/ü?x=ä'),
        uri_to_iri('http://xn--9ca.com/%C3%BC'),
    ]
    return Response(repr(found))


def structures(request: Any) -> Any:
    multi = MultiDict([('a', '1'), ('a', '2'), ('b', '3')])
    found: list[Any] = [
        multi['a'],
        multi.getlist('a'),
        multi.get('b', type=int),
        multi.to_dict(flat=False),
        list(multi.items(multi=True)),
        multi.poplist('a'),
        multi,
    ]
    combined = CombinedMultiDict([ImmutableMultiDict({'x': 1}), MultiDict({'x': 2, 'y': 3})])
    found += [combined['x'], combined.getlist('x'), sorted(combined.keys())]
    headers = Headers([('A', 'b'), ('a', 'c')])
    headers.add('X', 'y', z='w')
    found += [
        headers['a'],
        headers.getlist('A'),
        headers.get('none', 'd'),
        headers.to_wsgi_list(),
        'x' in headers,
        list(headers),
        headers.pop('x'),
        str(headers),
    ]
    for wrong in (
        lambda: ImmutableMultiDict().add('a', 1),
        lambda: multi['none'],
    ):
        try:
            found.append(wrong())
        except Exception as error:
            found.append(type(error).__name__)
    return Response(repr(found))


def clients(request: Any) -> Any:
    inner = Client(application, Response)
    found: list[Any] = [inner.get('/hello/x').data, inner.get('/redirect', follow_redirects=True).data, inner.post('/', data={'a': 'b'}).status_code]
    environ = create_environ('/a?b=c', 'http://h.example/root')
    found += [environ['SCRIPT_NAME'], environ['QUERY_STRING'], get_host(environ), get_current_url(environ), get_current_url(environ, root_only=True)]
    iterator, status, headers = run_wsgi_app(application, EnvironBuilder('/hello/y').get_environ())
    found += [b''.join(iterator), status, sorted(headers), BaseRequest(environ).url, Request.from_values('/v?x=1').args['x'], BaseResponse('b').status]
    return Response(repr(found))


def wsgi(request: Any, rest: str) -> Any:
    environ = dict(request.environ)
    found = [pop_path_info(environ), peek_path_info(environ), pop_path_info(environ), environ['SCRIPT_NAME'], get_path_info(environ), get_query_string(environ)]
    found.append(extract_path_info('http://localhost:5000/a', 'http://localhost:5000/a/b?c'))
    return Response(repr(found))


def redirected(request: Any) -> Any:
    return redirect('/hello/redirected', 301)


def slash(request: Any) -> Any:
    return append_slash_redirect(request.environ)


@responder
def application(environ: Any, start_response: Any) -> Any:
    request = Request(environ)
    adapter = url_map.bind_to_environ(environ)
    return adapter.dispatch(lambda endpoint, values: globals()[endpoint](request, **values), catch_http_exceptions=True)


class app:
    """The name the recorder looks for."""

    @staticmethod
    def run() -> None:
        from werkzeug.serving import run_simple

        run_simple('localhost', 5000, application, use_reloader=False, threaded=True)


REQUESTS = [
    'GET /', 'GET /hello/world', 'GET /error/403', 'GET /error/418', 'GET /none', 'GET /errors', 'GET /tools', 'GET /urls', 'GET /structures', 'GET /clients',
    'GET /wsgi/a/b?c=d', 'GET /redirect', 'GET /slash?x=1', 'POST /', 'GET /hello/', 'HEAD /',
]  # fmt: skip


if __name__ == '__main__':
    app.run()
