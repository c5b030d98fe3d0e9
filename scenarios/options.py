"""OPTIONS: an answer that nobody wrote.

A rule allows OPTIONS by itself. `dispatch_request` sees `provide_automatic_options` on the rule, asks the
URL map which methods the path has, and answers from `make_default_options_response`; the view does not
run. A view that handles OPTIONS itself is called as usual. HEAD goes to the view of GET, without the body.
"""

from flask import Flask, request

app = Flask(__name__)


@app.route('/things', methods=['GET', 'POST'])
def things() -> str:
    return f'{request.method} things\n'


@app.route('/own', methods=['GET', 'OPTIONS'])
def own() -> str:
    return f'{request.method} by the view\n'


REQUESTS = ['OPTIONS /things', 'OPTIONS /own', 'HEAD /things', 'DELETE /things']


if __name__ == '__main__':
    app.run()
