"""URL processors: a part of every URL that no view has to name.

`url_value_preprocessor` takes the language out of the matched values before any hook or view sees them;
`url_defaults` puts it back when `url_for` builds a URL. Look for both at the start of
`preprocess_request` and inside `url_for`, in `inject_url_defaults`.
"""

from typing import Any

from flask import Flask, g, url_for

app = Flask(__name__)


@app.url_value_preprocessor
def take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.language = values.pop('language', 'en') if values else 'en'


@app.url_defaults
def give_language(endpoint: str, values: dict[str, Any]) -> None:
    if app.url_map.is_endpoint_expecting(endpoint, 'language'):
        values.setdefault('language', g.language)


@app.route('/<language>/')
def index() -> str:
    return f"{g.language}: about is at {url_for('about')}\n"


@app.route('/<language>/about')
def about() -> str:
    return f'about, in {g.language}\n'


REQUESTS = ['GET /zh/', 'GET /en/about', 'GET /']


if __name__ == '__main__':
    app.run()
