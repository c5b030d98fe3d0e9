"""Errors: a page that is not there, a refused request, and a handler for each.

`GET /missing` fails while the context is pushed, yet nothing is raised before `dispatch_request`: look
for `raise_routing_exception`. `GET /secret` calls `abort`, and the handler registered for 403 makes the
response in `handle_user_exception`. `GET /divide` finds the handler of a class further up.
"""

from flask import Flask, abort
from werkzeug.exceptions import HTTPException

app = Flask(__name__)


@app.route("/")
def index() -> str:
    return "all is well\n"


@app.route("/secret")
def secret() -> str:
    abort(403)
    return "never seen\n"


@app.route("/divide")
def divide() -> str:
    return str(1 // 0)


@app.errorhandler(403)
def refused(error: HTTPException) -> tuple[str, int]:
    return "ask first\n", 403


@app.errorhandler(ArithmeticError)
def wrong_sum(error: ArithmeticError) -> tuple[str, int]:
    return f"cannot compute: {type(error).__name__}\n", 422


REQUESTS = ["GET /", "GET /missing", "GET /secret", "GET /divide", "POST /"]


if __name__ == "__main__":
    app.run()
