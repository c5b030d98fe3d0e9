"""Maps made by hand: every converter, factory and option, matched and built."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import uuid
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import (
    BuildError,
    EndpointPrefix,
    Map,
    RequestRedirect,
    Rule,
    RuleTemplate,
    Subdomain,
    Submount,
)

app = Flask(__name__)
resource = RuleTemplate([Rule('/$name/', endpoint='$name.list'), Rule('/$name/<int:id>', endpoint='$name.show')])
converters = Map(
    [
        Rule('/string/<string(length=2):x>', endpoint='string'),
        Rule('/strings/<string(minlength=2, maxlength=3):x>', endpoint='strings'),
        Rule('/int/<int(min=2, max=9):x>', endpoint='int'),
        Rule('/fixed/<int(fixed_digits=3):x>', endpoint='fixed'),
        Rule('/signed/<int(signed=True):x>', endpoint='signed'),
        Rule('/float/<float:x>', endpoint='float'),
        Rule('/any/<any(one, two, "th/ree"):x>', endpoint='any'),
        Rule('/path/<path:x>/edit', endpoint='path'),
        Rule('/uuid/<uuid:x>', endpoint='uuid'),
        Rule('/old/<x>', endpoint='old', redirect_to='new/<x>'),
        Rule('/called/<x>', endpoint='called', redirect_to=lambda adapter, x: f'new/{x.upper()}'),
        Rule('/alias', endpoint='index', alias=True),
        Rule('/', endpoint='index'),
        Rule('/build', endpoint='build', build_only=True),
        Rule('/leaf', endpoint='leaf', strict_slashes=False),
        Rule('/branch/', endpoint='branch'),
        Rule('/ws', endpoint='ws', websocket=True),
        Rule('/double//slash', endpoint='double', merge_slashes=False),
        Rule('/only', endpoint='only', methods=['PUT', 'delete']),
        Rule('/page/', defaults={'n': 1}, endpoint='page'),
        Rule('/page/<int:n>', endpoint='page'),
    ]
)
factories = Map(
    [
        Submount('/blog', [Rule('/', endpoint='blog'), Rule('/<slug>', endpoint='entry')]),
        Subdomain('kb', [Rule('/', endpoint='kb'), EndpointPrefix('kb/', [Rule('/browse', endpoint='browse')])]),
        resource(name='user'),
        Rule('/', subdomain='<who>', endpoint='home'),
    ],
    default_subdomain='www',
)
hosts = Map([Rule('/', host='www.example.com', endpoint='www'), Rule('/', host='<x>.example.com', endpoint='x')], host_matching=True)
PATHS = """/string/ab /string/abc /strings/abc /int/1 /int/2 /fixed/007 /fixed/7 /signed/-5 /float/1.5 /float/2 /any/two /any/th/ree
    /path/a/b/c/edit /uuid/8a1b0c9e-2f6b-4d0e-9d0a-0123456789ab /uuid/x /old/a /called/a /alias / /build /leaf /leaf/ /branch /branch/
    /ws /double//slash /double/slash /leaf//x /only /page/ /page/1 /page/2 /int//3""".split()
BUILDS: list[Any] = [
    ('string', {'x': 'a b/c'}),
    ('int', {'x': 3}),
    ('fixed', {'x': 5}),
    ('float', {'x': 2}),
    ('any', {'x': 'one'}),
    ('path', {'x': 'a/b c'}),
    ('uuid', {'x': uuid.UUID(int=5)}),
    ('build', {}),
    ('page', {'n': 1}),
    ('page', {'n': 2}),
    ('page', {}),
    ('index', {'q': [1, 2], 'z': 'a&b', 'none': None}),
    ('only', {}),
    ('ws', {}),
    ('nothing', {}),
    ('int', {}),
    ('strin', {'x': 1}),
    ('only', {'_m': 'GET'}),
]


def outcome(function: Any, *args: Any, **kwargs: Any) -> str:
    try:
        return repr(function(*args, **kwargs))
    except RequestRedirect as redirect:
        return f'redirect {redirect.code} {redirect.new_url}'
    except HTTPException as error:
        return f'{type(error).__name__} {getattr(error, "valid_methods", "")}'
    except BuildError as error:
        return f'{type(error).__name__} {error}'


@app.route('/match')
def match() -> str:
    adapter = converters.bind('example.com', '/app')
    return '\n'.join(f'{path}: {outcome(adapter.match, path)}' for path in PATHS)


@app.route('/build')
def build() -> str:
    adapter = converters.bind('example.com', '/app', path_info='/x', query_args={'a': 'b'})
    lines = [f'{name} {values}: {outcome(adapter.build, name, values)}' for name, values in BUILDS]
    lines += [outcome(adapter.build, 'int', {'x': 3}, force_external=True), outcome(adapter.build, 'int', {'x': 3, 'q': 1}, append_unknown=False)]
    lines += [outcome(adapter.build, 'only', {}, 'GET'), outcome(adapter.match, '/page/1'), outcome(adapter.match, '/only', 'PUT')]
    return '\n'.join(lines)


@app.route('/factories')
def by_factory() -> str:
    lines = [repr(rule) for rule in factories.iter_rules()]
    adapter = factories.bind('example.com', subdomain='kb')
    lines += [outcome(adapter.match, path) for path in ('/', '/browse', '/blog/', '/user/')]
    adapter = factories.bind('example.com')
    lines += [outcome(adapter.match, path) for path in ('/', '/blog/', '/blog', '/blog/x', '/user/', '/user/3')]
    lines += [outcome(adapter.build, name, values) for name, values in (('kb', {}), ('kb/browse', {}), ('home', {'who': 'me'}), ('entry', {'slug': 'ü'}))]
    lines += [repr(adapter.test('/blog/')), repr(adapter.test('/none')), repr(sorted(adapter.allowed_methods('/blog/')))]
    lines += [repr(factories.is_endpoint_expecting('entry', 'slug')), repr(adapter.get_host(None)), repr(adapter.get_host('x'))]
    return '\n'.join(lines)


@app.route('/hosts')
def by_host() -> str:
    return '\n'.join(
        [
            outcome(hosts.bind('www.example.com').match, '/'),
            outcome(hosts.bind('b.example.com').match, '/'),
            outcome(hosts.bind('other.org').match, '/'),
            outcome(hosts.bind('www.example.com').build, 'x', {'x': 'c'}),
            outcome(hosts.bind('www.example.com').build, 'www'),
        ]
    )


@app.route('/dispatch')
def dispatch() -> str:
    adapter = converters.bind('example.com')
    return str(adapter.dispatch(lambda endpoint, values: f'{endpoint} {values}', '/int/5'))


REQUESTS = ['GET /match', 'GET /build', 'GET /factories', 'GET /hosts', 'GET /dispatch']


if __name__ == '__main__':
    app.run()
