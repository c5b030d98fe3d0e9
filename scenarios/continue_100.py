"""100-continue: the server says go on before it reads the body.

A client with a large body may ask first, with the header `Expect: 100-continue`. `run_wsgi` answers with a
line of its own before the application is called at all. The second request sends its body in chunks, and
has no length: `DechunkedInput` puts it together again.
"""

from flask import Flask, request

app = Flask(__name__)


@app.route('/upload', methods=['POST'])
def upload() -> str:
    return f'{len(request.get_data())} bytes arrived\n'


REQUESTS = [
    {
        'method': 'POST',
        'path': '/upload',
        'headers': {'Expect': '100-continue', 'Content-Type': 'text/plain'},
        'data': 'a large body',
    },
    {
        'method': 'POST',
        'path': '/upload',
        'headers': {'Transfer-Encoding': 'chunked', 'Content-Type': 'text/plain'},
        'data': '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
    },
]


if __name__ == '__main__':
    app.run()
