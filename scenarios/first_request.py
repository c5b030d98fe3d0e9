"""First request: functions that run once, when the first request arrives.

Flask 1.1 has `before_first_request`: `try_trigger_before_first_request_functions` is called with each
request, but only the first finds work to do, under a lock. Flask 2.3 took it away; there, a program does
such work at start-up, which is what the other branch shows.
"""

from flask import Flask

app = Flask(__name__)
started: list[int] = []


def warm_up() -> None:
    started.append(len(started) + 1)


if hasattr(app, 'before_first_request'):
    app.before_first_request(warm_up)
else:
    warm_up()


@app.route('/')
def index() -> str:
    return f'warmed up {len(started)} time\n'


REQUESTS = ['GET /', 'GET /']


if __name__ == '__main__':
    app.run()
