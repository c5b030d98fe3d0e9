"""url_for: the way back, from an endpoint to a URL.

`url_for` asks the adapter that the request was matched with: `MapAdapter.build` looks for a rule of the
endpoint that the values fit, and appends what is left over as a query. A wrong endpoint raises a
`BuildError` that suggests another; outside a request, a context and `SERVER_NAME` are needed.
"""

from flask import Flask, url_for
from werkzeug.routing import BuildError

app = Flask(__name__)


@app.route('/')
def index() -> str:
    urls = [
        url_for('index'),
        url_for('user', name='ada'),
        url_for('user', name='ada l', page=2, _anchor='top'),
        url_for('user', name='ada', _external=True),
        url_for('user', name='ada', _external=True, _scheme='https'),
        url_for('static', filename='style.css'),
    ]
    return '\n'.join(urls) + '\n'


@app.route('/users/<name>')
def user(name: str) -> str:
    return f'user {name}\n'


@app.route('/wrong')
def wrong() -> str:
    try:
        return url_for('usr', name='ada')
    except BuildError as error:
        return f'{error}\n'


REQUESTS = ['GET /', 'GET /users/ada', 'GET /wrong']


if __name__ == '__main__':
    app.run()
