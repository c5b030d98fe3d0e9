"""Everything that can be set on a response."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, make_response, redirect, request

app = Flask(__name__)


@app.route('/cookies')
def cookies() -> Any:
    response = make_response('cookies')
    response.set_cookie('plain', 'value')
    response.set_cookie('quoted', 'two words; "x"')
    response.set_cookie('all', 'x', max_age=60, path='/p', domain='example.com', secure=True, httponly=True, samesite='Lax')
    response.set_cookie('expires', 'x', expires=datetime(2030, 1, 2, 3, 4, 5))
    response.set_cookie('delta', 'x', max_age=timedelta(hours=1))
    response.delete_cookie('old', path='/p')
    return response


@app.route('/headers')
def headers() -> Any:
    response = make_response('headers')
    response.cache_control.public = True
    response.cache_control.max_age = 5
    response.vary.update(['Accept', 'Cookie'])
    response.allow.add('GET')
    response.content_language.add('en')
    response.age = 12
    response.retry_after = 30
    response.expires = datetime(2030, 1, 2, 3, 4, 5)
    response.date = datetime(2020, 1, 2, 3, 4, 5)
    response.content_location = '/elsewhere'
    response.location = '/there'
    response.content_encoding = 'identity'
    response.content_md5 = 'x'
    response.www_authenticate.set_basic('the realm')
    response.accept_ranges = 'bytes'
    response.content_range.set(0, 5, 10)
    response.access_control_allow_origin = '*'
    response.access_control_allow_methods = ['GET', 'PUT']
    response.headers.add('X-Several', 'one')
    response.headers.add('X-Several', 'two')
    response.headers['X-Number'] = 3
    response.mimetype_params['charset'] = 'latin1'
    return response


@app.route('/status')
def status() -> Any:
    response = Response('status')
    seen = []
    for value in (201, '299 Odd', '404', 'weird'):
        if isinstance(value, int):
            response.status_code = value
        else:
            response.status = value
        seen.append(f'{response.status_code} {response.status}')
    response.status_code = 200
    response.data = '; '.join(seen)
    return response


@app.route('/empty/<int:code>')
def empty(code: int) -> Any:
    return Response('not to be sent', status=code)


@app.route('/body')
def body() -> Any:
    response = Response(['a', b'b', 'c'])
    found = [response.is_sequence, response.is_streamed, response.get_data(as_text=True), response.content_length]
    response.stream.write('more')
    found += [list(response.iter_encoded()), response.calculate_content_length()]
    generated = Response(x for x in 'xyz')
    found += [generated.is_streamed, generated.get_data(), generated.is_sequence]
    frozen = Response(x for x in 'ab')
    frozen.freeze()
    found += [frozen.content_length, frozen.response, repr(response), response.mimetype, response.is_json]
    return repr(found)


@app.route('/etag')
def etag() -> Any:
    response = Response('with an etag')
    response.add_etag()
    found = response.get_etag()
    response.set_etag('mine', weak=True)
    return f'{found} {response.get_etag()} {response.headers["ETag"]}'


@app.route('/conditional')
def conditional() -> Any:
    response = Response('0123456789', mimetype='text/plain')
    response.set_etag('tag')
    response.last_modified = datetime(2024, 5, 17, 12)
    return response.make_conditional(request, accept_ranges=True, complete_length=10)


@app.route('/redirects/<int:code>')
def redirects(code: int) -> Any:
    return redirect('/other?a=b&c=<d>', code)


@app.route('/force')
def force() -> Any:
    plain = Response.force_type(lambda e, s: s('203 X', [('X-A', 'b')]) or [b'forced'], request.environ)
    return plain


@app.route('/from-app')
def from_app() -> Any:
    return Response.from_app(lambda e, s: (s('202 Fine', [('X-A', 'b')]), [b'from app'])[1], request.environ)


@app.route('/close')
def close() -> Any:
    response = make_response('close')
    response.call_on_close(lambda: None)
    return response


REQUESTS = [
    'GET /cookies',
    'GET /headers',
    'GET /status',
    'GET /empty/204',
    'GET /empty/304',
    'GET /body',
    'GET /etag',
    'GET /conditional',
    'HEAD /conditional',
    {'path': '/conditional', 'headers': {'If-None-Match': '"tag"'}},
    {'path': '/conditional', 'headers': {'If-None-Match': 'W/"tag"'}},
    {'path': '/conditional', 'headers': {'If-Match': '"other"'}},
    {'path': '/conditional', 'headers': {'Range': 'bytes=2-4'}},
    {'path': '/conditional', 'headers': {'Range': 'bytes=-3'}},
    {'path': '/conditional', 'headers': {'Range': 'bytes=7-'}},
    {'path': '/conditional', 'headers': {'Range': 'bytes=20-30'}},
    {'path': '/conditional', 'headers': {'Range': 'bytes=2-4', 'If-Range': '"other"'}},
    {'path': '/conditional', 'headers': {'If-Modified-Since': 'Fri, 17 May 2024 11:00:00 GMT'}},
    {'path': '/conditional', 'headers': {'If-Unmodified-Since': 'Fri, 17 May 2024 11:00:00 GMT'}},
    'GET /redirects/301',
    'GET /redirects/303',
    'GET /redirects/308',
    'GET /force',
    'GET /from-app',
    'GET /close',
]


if __name__ == '__main__':
    app.run()
