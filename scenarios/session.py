"""Session: a signed cookie is opened before the view and saved after it.

Follow `open_session`, called while the request context is pushed, and `save_session`, called at the end
of `process_response`. The first request has no cookie and gets an empty session; the second brings the
cookie back, so the signature is checked; the last one empties the session, and the cookie is deleted.
"""

from flask import Flask, redirect, request, session
from werkzeug.wrappers import Response

app = Flask(__name__)
app.secret_key = "only for this lesson"


@app.route("/")
def index() -> str:
    return f"hello {session.get('name', 'stranger')}\n"


@app.route("/login", methods=["POST"])
def login() -> Response:
    session["name"] = request.form["name"]
    return redirect("/")


@app.route("/logout")
def logout() -> str:
    session.clear()
    return "bye\n"


REQUESTS = [
    "GET /",
    {"method": "POST", "path": "/login", "data": "name=Ada"},
    "GET /",
    "GET /logout",
]


if __name__ == "__main__":
    app.run()
