"""Local by thread: the same name, another value in each thread.

A thread that the view starts sees an empty stack: `request` is of no use there. A function wrapped by
`copy_current_request_context` pushes a copy of the context in the new thread, and works. In Flask 1.1 the
storage is a dictionary keyed by the thread; look for `Local.__getattr__` in both threads.
"""

import threading
from collections.abc import Callable

from flask import Flask, copy_current_request_context, has_request_context, request

app = Flask(__name__)


def run_in_thread(function: Callable[[], None]) -> None:
    """Call the function in a new thread, and wait for it."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@app.route('/plain')
def plain() -> str:
    seen = []

    def look() -> None:
        seen.append(has_request_context())

    run_in_thread(look)
    return f'here {has_request_context()}, in the new thread {seen[0]}\n'


@app.route('/copied')
def copied() -> str:
    seen = []

    @copy_current_request_context
    def look() -> None:
        seen.append(request.path)

    run_in_thread(look)
    return f'in the new thread the path is {seen[0]}\n'


REQUESTS = ['GET /plain', 'GET /copied']


if __name__ == '__main__':
    app.run()
