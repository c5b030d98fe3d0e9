"""Debugger: the application wrapped, so that an error becomes a page.

In debug mode `run_simple` puts a `DebuggedApplication` around the application. For `/` it only passes on
what comes back. For `/bug` Flask raises the error on, as `PROPAGATE_EXCEPTIONS` is on, and
`DebuggedApplication.debug_application` makes a page of the traceback. The context of the failed request stays
on the stack for the console, until the next request.
"""

import os

from flask import Flask

# Without the console's PIN: it is made of facts of the machine.
os.environ['WERKZEUG_DEBUG_PIN'] = 'off'
app = Flask(__name__)


@app.route('/')
def index() -> str:
    return 'no mistake here\n'


@app.route('/bug')
def bug() -> str:
    wrong = 'a local variable'
    raise RuntimeError(wrong)


REQUESTS = ['GET /', 'GET /bug', 'GET /']


if __name__ == '__main__':
    app.run(debug=True, use_reloader=False)
