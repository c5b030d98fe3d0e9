"""Static files: a rule that every application has, and `send_file` behind it.

`Flask.__init__` adds the rule `/static/<path:filename>`. Its view is `send_static_file`, which leads to
`send_from_directory` and `send_file`. A client that has the file already gets 304 without a body, one
that asks for a part gets 206, and a path that climbs out of the folder is not found.
"""

from flask import Flask, send_from_directory, url_for
from werkzeug.wrappers import Response

app = Flask(__name__)


@app.route('/')
def index() -> str:
    return f"<link rel=stylesheet href={url_for('static', filename='style.css')}>\n"


@app.route('/download')
def download() -> Response:
    return send_from_directory(f'{app.root_path}/static', 'style.css', as_attachment=True)


REQUESTS = [
    'GET /',
    'GET /static/style.css',
    {
        'path': '/static/style.css',
        'headers': {'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT'},
    },
    {'path': '/static/style.css', 'headers': {'Range': 'bytes=0-3'}},
    'GET /static/../static_files.py',
    'GET /static/nothing.css',
    'GET /download',
]


if __name__ == '__main__':
    app.run()
