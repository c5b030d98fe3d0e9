"""The test client, used by a view."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Flask, g, jsonify, redirect, request, session

app = Flask(__name__)
app.secret_key = 'secret'
inner = Flask('inner')
inner.secret_key = 'secret'
inner.testing = True


@inner.route('/echo', methods=['GET', 'POST', 'PUT'])
def echo() -> Any:
    session['seen'] = session.get('seen', 0) + 1
    return jsonify(
        method=request.method,
        args=request.args,
        form=request.form,
        json=request.get_json(silent=True),
        seen=session['seen'],
        files={name: file.read().decode() for name, file in request.files.items()},
        url=request.url,
    )


@inner.route('/go')
def go() -> Any:
    return redirect('/echo?from=go')


@inner.cli.command('hello')
def hello() -> None:
    print('hello from the command')


@app.route('/client')
def client() -> Any:
    import io

    found = []
    with inner.test_client() as tester:
        found.append(tester.get('/echo?a=1', query_string=None).get_json())
        found.append(tester.post('/echo', data={'a': '1', 'file': (io.BytesIO(b'content'), 'name.txt')}).get_json())
        found.append(tester.put('/echo', json={'x': [1]}).get_json())
        found.append(tester.get('/go', follow_redirects=True).get_json())
        found.append(tester.get('/go').headers['Location'])
        found.append(tester.get('/none').status)
        with tester.session_transaction() as saved:
            saved['seen'] = 40
        found.append(tester.get('/echo', base_url='http://localhost').get_json()['seen'])
        tester.set_cookie('localhost', 'c', 'v')
        found.append(request.path)
    return jsonify(found)


@app.route('/runner')
def runner() -> Any:
    result = inner.test_cli_runner().invoke(args=['hello'])
    return f'{result.exit_code} {result.output}'


@app.route('/context')
def context() -> Any:
    with inner.test_request_context('/echo?b=2', method='POST', data={'x': 'y'}, headers={'X-A': 'b'}):
        inner.preprocess_request()
        g.value = 1
        found = [request.path, request.args['b'], request.form['x'], request.headers['X-A'], g.value, request.endpoint]
    return repr(found)


REQUESTS = ['GET /client', 'GET /runner', 'GET /context']


if __name__ == '__main__':
    app.run()
