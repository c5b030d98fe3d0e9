"""JSON: what the encoder knows, the switches, custom classes."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import decimal
import uuid
from datetime import date, datetime
from typing import Any

from flask import Flask, Markup, json, jsonify, render_template_string, request

app = Flask(__name__)


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


class Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return {'x': o.x} if isinstance(o, Point) else super().default(o)


class Decoder(json.JSONDecoder):
    def decode(self, s: str, *args: Any) -> Any:
        return {'decoded': super().decode(s, *args)}


@app.route('/kinds')
def kinds() -> Any:
    return jsonify(when=datetime(2024, 5, 17, 12), day=date(2024, 5, 17), id=uuid.UUID(int=3), html=Markup('<b>&</b>'), text='é中</script>')


@app.route('/lists')
def lists() -> Any:
    return jsonify([1, 2], {'a': None})


@app.route('/both')
def both() -> Any:
    try:
        return jsonify(1, a=2)
    except TypeError as error:
        return str(error)


@app.route('/pretty')
def pretty() -> Any:
    app.config.update(JSONIFY_PRETTYPRINT_REGULAR=True, JSON_SORT_KEYS=False, JSON_AS_ASCII=False)
    try:
        return jsonify(b=1, a='é')
    finally:
        app.config.update(JSONIFY_PRETTYPRINT_REGULAR=False, JSON_SORT_KEYS=True, JSON_AS_ASCII=True)


@app.route('/custom')
def custom() -> Any:
    app.json_encoder = Encoder
    try:
        return jsonify(point=Point(3))
    finally:
        app.json_encoder = json.JSONEncoder


@app.route('/decode', methods=['POST'])
def decode() -> Any:
    app.json_decoder = Decoder
    try:
        return jsonify(request.get_json(force=True))
    finally:
        app.json_decoder = json.JSONDecoder


@app.route('/module')
def module() -> Any:
    found = [json.dumps({'b': 1, 'a': decimal.Decimal('1') == 1}), json.loads('{"a": "é"}'), json.htmlsafe_dumps('</script>&'), json.loads(b'"\xc3\xa9"')]
    try:
        json.dumps(object)
    except TypeError as error:
        found.append(str(error))
    return repr(found)


@app.route('/template')
def template() -> Any:
    return render_template_string('{{ value|tojson }} {{ value|tojson|safe }}', value={'a': "<'\">&"})


REQUESTS = [
    'GET /kinds',
    'GET /lists',
    'GET /both',
    'GET /pretty',
    'GET /custom',
    'GET /module',
    'GET /template',
    {'method': 'POST', 'path': '/decode', 'data': '[1, 2]'},
    {'method': 'POST', 'path': '/decode', 'data': '[1, 2'},
    {'path': '/pretty', 'headers': {'X-Requested-With': 'XMLHttpRequest'}},
]


if __name__ == '__main__':
    app.run()
