"""Reloader: a parent watches over a child, and starts it again after a change.

With `use_reloader=True` the process you started serves nobody. It opens the listening socket, runs this very
program again as a child (`restart_with_reloader`), and waits. The child serves in a thread, while its main
thread looks at the files: after a change it exits with status 3, and the parent starts the next one, which
reads the new text. The children are traced too. `reloads` has the next request wait for the next child.
"""

import atexit
import os
import tempfile
from pathlib import Path

from flask import Flask
from werkzeug.serving import is_running_from_reloader

# One file for the parent and its children, who inherit its name.
path = os.path.join(tempfile.gettempdir(), f'lesson-{os.getpid()}.txt')
note = Path(os.environ.setdefault('LESSON_NOTE', path))
if not is_running_from_reloader():
    note.write_text('first edition\n')
    atexit.register(note.unlink)

text = note.read_text()
app = Flask(__name__)


@app.route('/')
def index() -> str:
    return text


@app.route('/edit', methods=['POST'])
def edit() -> str:
    note.write_text('second edition\n')
    return f'edited; this process still has the {text}'


REQUESTS = ['GET /', {'method': 'POST', 'path': '/edit', 'reloads': True}, 'GET /']


if __name__ == '__main__':
    app.run(use_reloader=True, reloader_type='stat', reloader_interval=0.5, extra_files=[str(note)])
