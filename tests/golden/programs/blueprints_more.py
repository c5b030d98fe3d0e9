"""Blueprints: every hook and table that one can fill."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Blueprint, Flask, Response, g, render_template_string, request, url_for
from flask.views import MethodView

app = Flask(__name__)
part = Blueprint('part', __name__, url_prefix='/part/<int:area>', url_defaults={'extra': 'e'}, static_folder='data', static_url_path='/files')
log: list[str] = []


@part.url_value_preprocessor
def take(endpoint: str, values: dict[str, Any]) -> None:
    g.area = values.pop('area', None)


@part.url_defaults
def give(endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault('area', g.get('area', 9))


@part.app_url_defaults
def app_give(endpoint: str, values: dict[str, Any]) -> None:
    log.append(f'defaults {endpoint}')


@part.app_url_value_preprocessor
def app_take(endpoint: str, values: dict[str, Any]) -> None:
    log.append(f'preprocess {endpoint}')


@part.before_app_first_request
def first() -> None:
    log.append('first')


@part.before_app_request
def before_app() -> None:
    log.append('before app')


@part.before_request
def before() -> None:
    log.append('before part')


@part.after_request
def after(response: Response) -> Response:
    log.append('after part')
    return response


@part.after_app_request
def after_app(response: Response) -> Response:
    log.append('after app')
    return response


@part.teardown_request
def teardown(error: Any) -> None:
    log.append('teardown part')


@part.teardown_app_request
def teardown_app(error: Any) -> None:
    log.append('teardown app')


@part.context_processor
def context() -> dict[str, str]:
    return {'inside': 'part'}


@part.app_context_processor
def app_context() -> dict[str, str]:
    return {'outside': 'app'}


@part.app_template_filter('double')
def double(value: str) -> str:
    return value * 2


@part.app_template_test('short')
def short(value: str) -> bool:
    return len(value) < 4


@part.app_template_global('now')
def now() -> str:
    return 'then'


@part.endpoint('by-endpoint')
def by_endpoint(extra: str) -> str:
    return f'by endpoint {extra}'


@part.route('/page')
def page(extra: str) -> str:
    text = '{{ inside }} {{ outside }} {{ "x"|double }} {{ "x" is short }} {{ now() }} {{ config.ENV }}'
    return render_template_string(text) + f' {extra} {g.area} {request.blueprint} {url_for(".page")} {url_for("part.static", filename="x")}'


class Things(MethodView):
    decorators = (lambda view: view,)

    def get(self, extra: str) -> str:
        return 'things'


part.add_url_rule('/things', view_func=Things.as_view('things'))
part.record_once(lambda state: log.append(f'once {state.first_registration}'))
part.record(lambda state: state.add_url_rule('/named', 'part.by-endpoint'))
app.register_blueprint(part)
app.register_blueprint(part, url_prefix='/again/<int:area>', extra_option=1)


@app.route('/')
def index() -> str:
    found, log[:] = list(log), []
    return repr(found) + render_template_string('{{ inside }}|{{ outside }}')


REQUESTS = ['GET /', 'GET /part/3/page', 'GET /', 'GET /again/4/page', 'GET /part/5/things', 'GET /part/1/files/lines.txt', 'GET /part/x/page', 'GET /']


if __name__ == '__main__':
    app.run()
