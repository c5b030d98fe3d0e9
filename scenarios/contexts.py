"""Contexts: what request, session, g and current_app stand for.

They are proxies: each time one is used, it looks at the top of a stack. Watch `RequestContext.push`
put the application's context on its stack first, then itself on the other, and `RequestContext.auto_pop`
take both away again before the body is written. Outside a request the stacks are empty.
"""

from flask import Flask, current_app, g, has_request_context, request, session

app = Flask(__name__)
app.secret_key = 'only for this lesson'
OUTSIDE = has_request_context()


@app.before_request
def remember() -> None:
    g.user = request.args.get('user', 'nobody')


@app.route('/')
def index() -> str:
    here = has_request_context()
    return f'{current_app.name} {request.path} {g.user} {len(session)} outside={OUTSIDE} inside={here}\n'


REQUESTS = ['GET /?user=ada', 'GET /']


if __name__ == '__main__':
    app.run()
