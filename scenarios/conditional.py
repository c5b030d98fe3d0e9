"""Conditional requests: what the client has already is not sent again.

The view makes the response as ever; `add_etag` and `make_conditional` compare it with the headers of the
request. A client that names the same ETag in `If-None-Match` gets 304 and no body. The mixin that these
methods come from is `ETagResponseMixin` in 1.1.
"""

from datetime import datetime, timezone

from flask import Flask, make_response, request
from werkzeug.wrappers import Response

app = Flask(__name__)
CHANGED = datetime(2024, 5, 17, 12, 0, 0, tzinfo=timezone.utc)  # noqa: UP017


@app.route('/report')
def report() -> Response:
    response = make_response('a long report\n')
    response.last_modified = CHANGED
    response.cache_control.max_age = 60
    response.set_etag('edition-7')
    return response.make_conditional(request)


REQUESTS = [
    'GET /report',
    {'path': '/report', 'headers': {'If-None-Match': '"edition-7"'}},
    {'path': '/report', 'headers': {'If-None-Match': '"edition-6"'}},
    {'path': '/report', 'headers': {'If-Modified-Since': 'Fri, 17 May 2024 12:00:00 GMT'}},
]


if __name__ == '__main__':
    app.run()
