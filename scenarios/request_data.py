"""Request data: where the view finds what the client sent.

Nothing is read before it is asked for. `request.args` is parsed from the query when it is first used,
`request.form` and `request.files` when the body is, `get_json` when that is; each is then kept on the
request. Headers and cookies come from environ.
"""

from flask import Flask, jsonify, request
from werkzeug.wrappers import Response

app = Flask(__name__)


@app.route('/query')
def query() -> Response:
    return jsonify(all=request.args.getlist('tag'), page=request.args.get('page', 1, int))


@app.route('/form', methods=['POST'])
def form() -> Response:
    return jsonify(dict(request.form))


@app.route('/json', methods=['POST'])
def from_json() -> Response:
    return jsonify(got=request.get_json())


@app.route('/upload', methods=['POST'])
def upload() -> Response:
    file = request.files['file']
    return jsonify(title=request.form['title'], name=file.filename, text=file.read().decode())


@app.route('/headers')
def headers() -> Response:
    agent = request.headers.get('User-Agent')
    best = request.accept_mimetypes.best_match(['text/html', 'application/json'])
    return jsonify(agent=agent, best=best, cookie=request.cookies.get('taste'))


REQUESTS = [
    'GET /query?tag=a&tag=b&page=3',
    {'method': 'POST', 'path': '/form', 'data': 'name=Ada&born=1815'},
    {
        'method': 'POST',
        'path': '/json',
        'headers': {'Content-Type': 'application/json'},
        'data': '{"name": "Ada"}',
    },
    {
        'method': 'POST',
        'path': '/json',
        'headers': {'Content-Type': 'application/json'},
        'data': '{"name": ',
    },
    {
        'method': 'POST',
        'path': '/upload',
        'headers': {'Content-Type': 'multipart/form-data; boundary=edge'},
        'data': (
            '--edge\r\n'
            'Content-Disposition: form-data; name="title"\r\n\r\n'
            'notes\r\n'
            '--edge\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n'
            'Content-Type: text/plain\r\n\r\n'
            'line\r\n'
            '--edge--\r\n'
        ),
    },
    {
        'path': '/headers',
        'headers': {'User-Agent': 'lesson/1', 'Accept': 'application/json', 'Cookie': 'taste=sweet'},
    },
]


if __name__ == '__main__':
    app.run()
