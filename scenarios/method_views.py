"""Method views: a class with a method for each HTTP method.

`as_view` makes the function that the rule knows. With each request it builds a new object and calls
`dispatch_request`, which picks `get`, `post` or `delete`. The rule's methods come from the class, so
that others are refused with 405 before the class is asked.
"""

from typing import Any

from flask import Flask, request
from flask.views import MethodView, View

app = Flask(__name__)
notes: dict[int, str] = {1: 'read the trace'}


class About(View):
    """The simplest class-based view."""

    methods = ('GET',)

    def dispatch_request(self) -> str:
        return 'made by View.as_view\n'


class NoteView(MethodView):
    """Reads, replaces and deletes a note."""

    def get(self, number: int) -> Any:
        return notes.get(number, 'no such note') + '\n'

    def put(self, number: int) -> Any:
        notes[number] = request.form['text']
        return 'kept\n', 201

    def delete(self, number: int) -> Any:
        notes.pop(number, None)
        return '', 204


app.add_url_rule('/about', view_func=About.as_view('about'))
app.add_url_rule('/notes/<int:number>', view_func=NoteView.as_view('note'))

REQUESTS = [
    'GET /about',
    'GET /notes/1',
    {'method': 'PUT', 'path': '/notes/1', 'data': 'text=draw+it'},
    'HEAD /notes/1',
    'DELETE /notes/1',
    'POST /notes/1',
]


if __name__ == '__main__':
    app.run()
