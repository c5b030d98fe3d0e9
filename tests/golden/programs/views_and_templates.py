"""Class-based views, template loaders and what Jinja is given."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify, render_template, render_template_string, request, session, template_rendered
from flask.views import MethodView, View
from jinja2 import TemplateNotFound

app = Flask(__name__, template_folder='data')
app.secret_key = 'k'
app.config['EXPLAIN_TEMPLATE_LOADING'] = False
part = Blueprint('part', __name__, template_folder='data/part', url_prefix='/part')
rendered: list[str] = []


def decorated(view: Any) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        response = app.make_response(view(*args, **kwargs))
        response.headers['X-Decorated'] = 'yes'
        return response

    return wrapper


class Plain(View):
    methods = ('GET', 'PUT')
    decorators = (decorated,)

    def __init__(self, word: str) -> None:
        self.word = word

    def dispatch_request(self, **values: Any) -> Any:
        return f'{self.word} {request.method} {values}'


class Base(MethodView):
    def get(self) -> Any:
        return 'get of base'

    def post(self) -> Any:
        return 'post of base'


class Derived(Base):
    def post(self) -> Any:
        return 'post of derived'

    def head(self) -> Any:
        return Response('', headers={'X-Head': 'own'})


class Options(MethodView):
    provide_automatic_options = False

    def options(self) -> Any:
        return 'own options'


class Empty(MethodView):
    pass


app.add_url_rule('/plain/<x>', view_func=Plain.as_view('plain', 'word'))
app.add_url_rule('/base', view_func=Base.as_view('base'))
app.add_url_rule('/derived', view_func=Derived.as_view('derived'))
app.add_url_rule('/options', view_func=Options.as_view('options'))
app.add_url_rule('/empty', view_func=Empty.as_view('empty'))


@template_rendered.connect_via(app)
def on_rendered(sender: Any, template: Any, context: Any, **extra: Any) -> None:
    rendered.append(f'{template.name} {sorted(context)}')


@app.context_processor
def first() -> dict[str, Any]:
    return {'a': 'from processor', 'b': 'from processor'}


@app.template_test()
def even(value: int) -> bool:
    return value % 2 == 0


@app.template_global()
def add(x: int, y: int) -> int:
    return x + y


@app.template_filter()
def backwards(value: str) -> str:
    return value[::-1]


@app.route('/text')
def text() -> Any:
    session['s'] = 1
    g.g = 2
    source = '{{ a }} {{ b }} {{ "abc"|backwards }} {{ 4 is even }} {{ add(1, 2) }} {{ session.s }} {{ g.g }} {{ request.method }} {{ config.TESTING }}'
    return render_template_string(source, b='from view')


@app.route('/file')
def file() -> Any:
    return render_template('page.txt', who='<you>') + render_template(['none.html', 'page.html'], who='<you>')


@part.route('/file')
def part_file() -> Any:
    return render_template('only_part.html', who='part')


@app.route('/missing')
def missing() -> Any:
    try:
        return render_template('none.html')
    except TemplateNotFound as error:
        return f'missing {error.name}'


@app.route('/rendered')
def what() -> Any:
    return jsonify(rendered)


app.register_blueprint(part)

REQUESTS = [
    'GET /plain/1', 'PUT /plain/2', 'POST /plain/3', 'GET /base', 'POST /base', 'HEAD /base', 'PUT /base', 'OPTIONS /base', 'POST /derived',
    'HEAD /derived', 'OPTIONS /options', 'GET /options', 'GET /empty', 'GET /text', 'GET /file', 'GET /part/file', 'GET /missing', 'GET /rendered',
]  # fmt: skip


if __name__ == '__main__':
    app.run()
