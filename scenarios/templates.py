"""Templates: from a file in `templates/` to the body of the response.

`render_template` asks the Jinja environment, which is made with the first use, for the template; the loader
looks in the application's folder, then in those of the blueprints. Context processors add `request`,
`session`, `g` and what the application gives. Values are escaped, as the last item shows.
"""

from flask import Flask, render_template, render_template_string

app = Flask(__name__)


@app.template_filter('shout')
def shout(text: str) -> str:
    return text.upper() + '!'


@app.context_processor
def course() -> dict[str, str]:
    return {'course': 'templates'}


@app.route('/page/<int:number>')
def page(number: int) -> str:
    items = ['first', 'second', '<b>third</b>']
    return render_template('list.html', heading='items', items=items, number=number)


@app.route('/text')
def text() -> str:
    return render_template_string('{{ 6 * 7 }} for {{ course }}\n')


REQUESTS = ['GET /page/1', 'GET /page/2', 'GET /text']


if __name__ == '__main__':
    app.run()
