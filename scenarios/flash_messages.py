"""Flash messages: a note for the next request, kept in the session.

`flash` puts the message into the session and sends `message_flashed`; the page that is shown next takes it
out with `get_flashed_messages`, which remembers it on the request context, so that a second call
gives the same list. After that the session no longer has it.
"""

from flask import Flask, flash, get_flashed_messages, redirect, url_for
from werkzeug.wrappers import Response

app = Flask(__name__)
app.secret_key = 'only for this lesson'


@app.route('/')
def index() -> str:
    messages = get_flashed_messages(with_categories=True)
    return f'{messages} {len(get_flashed_messages())}\n'


@app.route('/save', methods=['POST'])
def save() -> Response:
    flash('saved', 'success')
    return redirect(url_for('index'))


REQUESTS = [{'method': 'POST', 'path': '/save'}, 'GET /', 'GET /']


if __name__ == '__main__':
    app.run()
