"""Shared data: files served by a middleware, past the application.

`SharedDataMiddleware` sits in front of `wsgi_app`. A path it has a folder for is answered from there:
neither `wsgi_app` nor any hook is called. All other paths go on to the application. This is what
`static_files` of `run_simple` does.
"""

import os

from flask import Flask
from werkzeug.middleware.shared_data import SharedDataMiddleware

app = Flask(__name__)
FOLDER = os.path.join(app.root_path, 'static')


@app.route('/')
def index() -> str:
    return 'from the application\n'


app.wsgi_app = SharedDataMiddleware(app.wsgi_app, {'/shared': FOLDER})  # type: ignore[method-assign]

REQUESTS = ['GET /', 'GET /shared/style.css', 'GET /shared/nothing.css']


if __name__ == '__main__':
    app.run()
