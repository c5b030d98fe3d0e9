"""Routing: from a path to a view function and its arguments.

At start-up each `route` becomes a `Rule` that the `Map` keeps. With a request, `MapAdapter.match`
tries the rules in order while the context is pushed, and leaves the endpoint and the converted values
on the request; `dispatch_request` only looks the view up. A path that lacks its last slash is redirected.
"""

from flask import Flask, request
from werkzeug.routing import BaseConverter

app = Flask(__name__)


class YearConverter(BaseConverter):
    """Four digits, given to the view as a number."""

    regex = r"\d{4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


app.url_map.converters["year"] = YearConverter


@app.route("/users/<name>")
def user(name: str) -> str:
    return f"user {name}\n"


@app.route("/posts/<int:number>")
def post(number: int) -> str:
    return f"post number {number + 0}\n"


@app.route("/files/<path:place>")
def file(place: str) -> str:
    return f"file at {place}\n"


@app.route("/archive/<year:when>/")
def archive(when: int) -> str:
    return f"archive of {when}, endpoint {request.endpoint}, rule {request.url_rule}\n"


@app.route("/pages/", defaults={"page": 1})
@app.route("/pages/<int:page>")
def pages(page: int) -> str:
    return f"page {page}\n"


REQUESTS = [
    "GET /users/ada",
    "GET /posts/7",
    "GET /posts/seven",
    "GET /files/a/b/c.txt",
    "GET /archive/2024",
    "GET /archive/2024/",
    "GET /pages/",
    "GET /pages/1",
    "GET /pages//2",
]


if __name__ == "__main__":
    app.run()
