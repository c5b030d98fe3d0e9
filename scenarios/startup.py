"""Start-up: what an application collects before the first request.

Nothing of a request is in the first part of the trace. Follow `Flask.__init__`, then each decorator as it
fills a table of the application: `view_functions`, `url_map`, `before_request_funcs`, the error handlers,
the template filters. Then `Flask.run` builds the server: `run_simple`, `make_server`, `server_bind`,
`server_activate`, and the loop in `serve_forever`. The only view shows the tables.
"""

from flask import Flask

app = Flask(__name__)
app.config['GREETING'] = 'hello'


@app.before_request
def before() -> None:
    pass


@app.errorhandler(404)
def missing(error: Exception) -> tuple[str, int]:
    return 'no such page\n', 404


@app.template_filter('shout')
def shout(text: str) -> str:
    return text.upper() + '!'


@app.context_processor
def names() -> dict[str, str]:
    return {'course': 'flask'}


def added_by_hand() -> str:
    return 'add_url_rule is what route calls\n'


app.add_url_rule('/hand', endpoint='hand', view_func=added_by_hand)


@app.route('/')
def index() -> str:
    rules = sorted(str(rule) for rule in app.url_map.iter_rules())
    return f'{sorted(app.view_functions)}\n{rules}\n'


REQUESTS = ['GET /', 'GET /hand']


if __name__ == '__main__':
    app.run()
