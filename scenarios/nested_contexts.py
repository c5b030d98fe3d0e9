"""Nested contexts: another application and another request on top.

`/other` pushes the context of another application while a request is handled; `current_app` changes and
comes back. `/inside` pushes a whole request context made by hand. Count the pushes and the pops of both
stacks: what was pushed last is popped first.
"""

from flask import Flask, current_app, request

app = Flask('first')
other = Flask('second')


@app.route('/other')
def visit_other() -> str:
    names = [current_app.name]
    with other.app_context():
        names.append(current_app.name)
    names.append(current_app.name)
    return ' '.join(names) + '\n'


@app.route('/inside')
def inside() -> str:
    paths = [request.path]
    with app.test_request_context('/made-by-hand?x=1'):
        paths.append(f"{request.path} x={request.args['x']}")
    paths.append(request.path)
    return ' '.join(paths) + '\n'


REQUESTS = ['GET /other', 'GET /inside']


if __name__ == '__main__':
    app.run()
