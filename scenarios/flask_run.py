"""flask run: the other way to start the server.

The command finds the application by `FLASK_APP`, imports it in `ScriptInfo.load_app` and starts the very
same `run_simple`; only what stands before it differs. `app.run()` would be ignored in a module that is
served this way.
"""

import os

from flask import Flask
from flask.cli import cli

os.environ['FLASK_APP'] = __file__
app = Flask(__name__)


@app.route('/')
def index() -> str:
    return f'served by flask run, from the module {__name__.rpartition(".")[2]}\n'


REQUESTS = ['GET /']


if __name__ == '__main__':
    cli.main(args=['run', '--port', '5000'], standalone_mode=False)
