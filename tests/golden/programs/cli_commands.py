"""The flask command: routes, discovery of the application, commands of app and blueprint."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import os
import sys
import tempfile
from typing import Any

import click
from flask import Blueprint, Flask
from flask.cli import AppGroup, FlaskGroup, NoAppException, ScriptInfo, find_best_app, locate_app, prepare_import, with_appcontext

app = Flask(__name__)
part = Blueprint('part', __name__, cli_group='of-part')
flat = Blueprint('flat', __name__, cli_group=None)
group = AppGroup('tools')
FILES = {
    'has_app.py': 'from flask import Flask\napp = Flask("has_app")\n',
    'has_application.py': 'from flask import Flask\napplication = Flask("has_application")\n',
    'has_other.py': 'from flask import Flask\nmy_own = Flask("has_other")\n',
    'has_two.py': 'from flask import Flask\none = Flask("one")\ntwo = Flask("two")\n',
    'has_factory.py': 'from flask import Flask\ndef create_app(name="made"):\n    return Flask(name)\n',
    'has_make.py': 'from flask import Flask\ndef make_app(script_info, suffix="x"):\n    return Flask("made_" + suffix)\n',
    'has_none.py': 'x = 1\n',
    'has_error.py': 'import nothing_of_that_name\n',
}
folder = tempfile.mkdtemp()
for name, text in FILES.items():
    with open(os.path.join(folder, name), 'w') as file:
        file.write(text)
sys.path.insert(0, folder)


@app.cli.command('plain')
@click.argument('word')
@click.option('--times', default=1)
def plain(word: str, times: int) -> None:
    click.echo(word * times)


@app.cli.command('context')
@with_appcontext
def context() -> None:
    from flask import current_app

    click.echo(current_app.name)


@part.cli.command('inside')
def inside() -> None:
    click.echo('inside the blueprint')


@flat.cli.command('flat')
def flat_command() -> None:
    click.echo('flat')


@group.command('tool')
def tool() -> None:
    click.echo('tool')


app.cli.add_command(group)
app.register_blueprint(part)
app.register_blueprint(flat)


@app.route('/run/<path:words>')
def run(words: str) -> Any:
    result = app.test_cli_runner().invoke(args=words.split('/'))
    return f'{result.exit_code} {type(result.exception).__name__} {result.output}'


@app.route('/locate')
def locate() -> Any:
    found = []
    for module, name in [('has_app', None), ('has_application', None), ('has_other', None), ('has_two', None), ('has_factory', None), ('has_factory', 'create_app("named")'),
                         ('has_make', 'make_app'), ('has_make', "make_app('y')"), ('has_none', None), ('has_none', 'x'), ('has_error', None), ('none_such', None),
                         ('has_app', 'app'), ('has_app', 'none'), ('has_app', '5x')]:  # fmt: skip
        try:
            found.append(f'{module}:{name} {locate_app(ScriptInfo(), module, name).name}')
        except NoAppException as error:
            found.append(f'{module}:{name} {type(error).__name__} {len(str(error)) > 10}')
        except Exception as error:
            found.append(f'{module}:{name} {type(error).__name__}')
    return '\n'.join(found)


@app.route('/info')
def info() -> Any:
    found = []
    for path in ('has_app', 'has_other:my_own', 'has_factory:create_app("here")', os.path.join(folder, 'has_app.py')):
        found.append(ScriptInfo(app_import_path=path).load_app().name)
    found.append(ScriptInfo(create_app=lambda info: Flask('created')).load_app().name)
    found.append(prepare_import(os.path.join(folder, 'has_app.py')))
    found.append(find_best_app(ScriptInfo(), sys.modules['has_other']).name)
    listed = FlaskGroup(create_app=lambda info: app).list_commands(click.Context(click.Command('x'), obj=ScriptInfo(create_app=lambda info: app)))
    found.append(sorted(set(listed) - {'trace'}))  # a plug-in, there where flasktrace is installed
    return repr(found)


REQUESTS = [
    'GET /run/plain/word/--times/2', 'GET /run/context', 'GET /run/of-part/inside', 'GET /run/flat', 'GET /run/tools/tool', 'GET /run/routes',
    'GET /run/routes/--sort/rule', 'GET /run/routes/--all-methods', 'GET /run/routes/-s/match', 'GET /run/none-such', 'GET /locate', 'GET /info',
]  # fmt: skip


if __name__ == '__main__':
    app.run()
