"""After this request: a hook for one request only.

A view, or a hook, may leave a function with `after_this_request`. It is kept on the request context, runs
first of all in `process_response`, before the blueprint's and the application's `after_request`, and is
gone with the context. The second request does not call it.
"""

from flask import Flask, Response, after_this_request, request

app = Flask(__name__)


@app.after_request
def for_all(response: Response) -> Response:
    response.headers['X-For-All'] = 'after ' + response.headers.get('X-Only-Once', 'nothing')
    return response


@app.route('/')
def index() -> str:
    if 'remember' in request.args:

        @after_this_request
        def only_once(response: Response) -> Response:
            response.headers['X-Only-Once'] = 'this one'
            response.set_cookie('remember', 'yes', path='/remembered')
            return response

    return 'done\n'


REQUESTS = ['GET /?remember=1', 'GET /']


if __name__ == '__main__':
    app.run()
