"""Hook order with blueprints: the application's, then the blueprint's, and back.

Before the view the application's hooks come first, then those of the blueprint that the endpoint belongs
to. After it the order turns round: the blueprint's, then the application's, each list from its end. The
other blueprint's hooks are not asked, but `before_app_request` of a blueprint counts as the application's.
"""

from flask import Blueprint, Flask, Response, g

app = Flask(__name__)
red = Blueprint('red', __name__, url_prefix='/red')
blue = Blueprint('blue', __name__, url_prefix='/blue')


@app.before_request
def app_before() -> None:
    g.order = ['app_before']


@red.before_request
def red_before() -> None:
    g.order.append('red_before')


@blue.before_request
def blue_before() -> None:
    g.order.append('blue_before')


@blue.before_app_request
def blue_before_everything() -> None:
    g.order.append('blue_before_everything')


@app.after_request
def app_after(response: Response) -> Response:
    response.headers['X-Order'] = ' '.join([*g.order, 'app_after'])
    return response


@red.after_request
def red_after_1(response: Response) -> Response:
    g.order.append('red_after_1')
    return response


@red.after_request
def red_after_2(response: Response) -> Response:
    g.order.append('red_after_2')
    return response


@red.route('/')
def in_red() -> str:
    g.order.append('view')
    return 'red\n'


@blue.route('/')
def in_blue() -> str:
    g.order.append('view')
    return 'blue\n'


app.register_blueprint(red)
app.register_blueprint(blue)

REQUESTS = ['GET /red/', 'GET /blue/', 'GET /missing']


if __name__ == '__main__':
    app.run()
