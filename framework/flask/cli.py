"""The ``flask`` command: it finds the application, and runs it, lists its routes or opens a shell.

Place in the pipeline: before it. ``run_command`` wraps the application that ``FLASK_APP`` names in a
:class:`DispatchingApp` and hands it to ``werkzeug.serving.run_simple``, just as ``Flask.run`` does.
"""

import ast
import code
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import update_wrapper
from importlib.metadata import entry_points
from threading import Lock, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

import flasktrace.framework.flask._cli_texts as texts

from ._cli_options import ROUTES_OPTIONS, RUN_OPTIONS, VERSION_SETTINGS, add_options, key_problem, optional
from ._cli_options import CertParamType as CertParamType
from ._cli_options import SeparatedPathType as SeparatedPathType
from .globals import _app_ctx_stack, current_app
from .helpers import get_debug_flag, get_env, get_load_dotenv

# Both may be missing; a test may take them away too.
dotenv, ssl = optional("dotenv"), optional("ssl")

if TYPE_CHECKING:
    from .app import Flask


class NoAppException(click.UsageError):
    """No application was found, or it could not be loaded."""


def find_best_app(script_info: "ScriptInfo", module: ModuleType) -> "Flask":
    """Find the application in a module: by its usual names, the only one, or a factory.

    Raises NoAppException: there is none, or more than one.
    """
    from .app import Flask

    for name in ("app", "application"):
        candidate = getattr(module, name, None)
        if isinstance(candidate, Flask):
            return candidate
    found = [value for value in vars(module).values() if isinstance(value, Flask)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoAppException(texts.several_apps(module))
    for name in ("create_app", "make_app"):
        factory = getattr(module, name, None)
        if not inspect.isfunction(factory):
            continue
        try:
            made = call_factory(script_info, factory)
        except TypeError as problem:
            if not _called_with_wrong_args(factory):
                raise
            raise NoAppException(texts.needs_arguments(module, name)) from problem
        if isinstance(made, Flask):
            return made
    raise NoAppException(texts.no_app(module))


def call_factory(
    script_info: "ScriptInfo", app_factory: Callable[..., Any], arguments: Iterable[Any] = ()
) -> Any:
    """Call an application factory, with the script info if it wants it."""
    spec = inspect.getfullargspec(app_factory)
    given = tuple(arguments)
    if "script_info" in spec.args:
        return app_factory(*given, script_info=script_info)
    # One argument without a default can only be the script info.
    if not given and len(spec.args) == 1 and spec.defaults is None:
        return app_factory(script_info)
    return app_factory(*given)


def _called_with_wrong_args(factory: Any) -> bool:
    """Tell whether the TypeError being handled came from calling ``factory``, not from inside it."""
    frames = [frame for frame, _ in traceback.walk_tb(sys.exc_info()[2])]
    return all(frame.f_code is not factory.__code__ for frame in frames)


def find_app_by_string(script_info: "ScriptInfo", module: ModuleType, app_name: str) -> "Flask":
    """Find the application that ``name`` or ``factory(arguments)`` stands for in a module.

    Raises NoAppException: it does not name an application.
    """
    from .app import Flask

    match = re.match(r"^ *([^ ()]+) *(?:\((.*?) *,? *\))? *$", app_name)
    if match is None:
        raise NoAppException(f'"{app_name}" is not a valid variable name or function expression.')
    name, written_args = match.groups()
    try:
        app = getattr(module, name)
    except AttributeError as problem:
        raise NoAppException(problem.args[0]) from problem
    if inspect.isfunction(app):
        factory = app
        try:
            # Literals only: this is text from the environment, not code to run.
            arguments = ast.literal_eval(f"({written_args},)") if written_args else ()
        except (ValueError, SyntaxError) as problem:
            raise NoAppException(f'Could not parse the arguments in "{app_name}".') from problem
        try:
            app = call_factory(script_info, factory, arguments)
        except TypeError as problem:
            if not _called_with_wrong_args(factory):
                raise
            raise NoAppException(
                f'{problem}\nThe factory "{app_name}" in module "{module.__name__}" could not be called with'
                " the specified arguments."
            ) from problem
    if isinstance(app, Flask):
        return app
    raise NoAppException(f'A valid Flask application was not obtained from "{module.__name__}:{app_name}".')


def prepare_import(path: str) -> str:
    """Put the folder that a file or package is imported from on ``sys.path``; give its import name."""
    path = os.path.realpath(path)
    stem, extension = os.path.splitext(path)
    path = stem if extension == ".py" else path
    if os.path.basename(path) == "__init__":
        path = os.path.dirname(path)
    folder, import_name = os.path.split(path)
    # As long as the folder is a package, the name gets longer.
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        import_name = f"{package}.{import_name}"
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    return import_name


def locate_app(
    script_info: "ScriptInfo", module_name: str, app_name: str | None, raise_if_not_found: bool = True
) -> "Flask | None":
    """Import a module and find the application in it.

    Raises NoAppException: the module cannot be imported, or has no application.
    """
    __traceback_hide__ = True  # noqa: F841
    try:
        __import__(module_name)
    except ImportError as problem:
        # A traceback of more than this frame: the module is there, but an import in it failed.
        if problem.__traceback__ is not None and problem.__traceback__.tb_next:
            raise NoAppException(
                f'While importing "{module_name}", an ImportError was raised:\n\n{traceback.format_exc()}'
            ) from problem
        if raise_if_not_found:
            raise NoAppException(f'Could not import "{module_name}".') from problem
        return None
    module = sys.modules[module_name]
    if app_name is None:
        return find_best_app(script_info, module)
    return find_app_by_string(script_info, module, app_name)


def get_version(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Print the versions and end; behind ``--version``."""
    if value and not ctx.resilient_parsing:
        click.echo(texts.version_text(), color=ctx.color)
        ctx.exit()


version_option = click.Option(["--version"], callback=get_version, **VERSION_SETTINGS)


class DispatchingApp:
    """A WSGI application that loads the real one, at once or in the background while the server starts.

    In the background, an error while loading is raised to the first request, where the debugger shows
    it, instead of ending the server at each typing mistake.
    """

    def __init__(self, loader: Callable[[], Any], use_eager_loading: bool = False) -> None:
        self.loader, self._lock = loader, Lock()
        self._app: Any = None
        self._bg_loading_exc_info: Exception | None = None
        if use_eager_loading:
            self._load_unlocked()
        else:
            self._load_in_background()

    def _load_in_background(self) -> None:
        def _load_app() -> None:
            __traceback_hide__ = True  # noqa: F841
            with self._lock:
                try:
                    self._load_unlocked()
                except Exception as problem:
                    self._bg_loading_exc_info = problem

        Thread(target=_load_app).start()

    def _flush_bg_loading_exception(self) -> None:
        __traceback_hide__ = True  # noqa: F841
        problem, self._bg_loading_exc_info = self._bg_loading_exc_info, None
        if problem is not None:
            raise problem

    def _load_unlocked(self) -> Any:
        __traceback_hide__ = True  # noqa: F841
        self._app = self.loader()
        self._bg_loading_exc_info = None
        return self._app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        __traceback_hide__ = True  # noqa: F841
        if self._app is not None:
            return self._app(environ, start_response)
        self._flush_bg_loading_exception()
        with self._lock:
            app = self._load_unlocked() if self._app is None else self._app
            return app(environ, start_response)


class ScriptInfo:
    """What the commands know of the application: how to load it, and the application once it is.

    ``app_import_path`` is as in ``FLASK_APP``, its default; ``create_app`` makes the application instead.
    """

    def __init__(
        self, app_import_path: str | None = None, create_app: Any = None, set_debug_flag: bool = True
    ) -> None:
        self.app_import_path = app_import_path or os.environ.get("FLASK_APP")
        self.create_app, self.set_debug_flag = create_app, set_debug_flag
        #: For commands to put things in.
        self.data: dict[Any, Any] = {}
        self._loaded_app: Any = None

    def load_app(self) -> Any:
        """Load the application, once.

        Raises NoAppException: there is none to be found.
        """
        __traceback_hide__ = True  # noqa: F841
        if self._loaded_app is not None:
            return self._loaded_app
        app: Any = None
        if self.create_app is not None:
            app = call_factory(self, self.create_app)
        elif self.app_import_path:
            # A colon before a backslash belongs to a drive: C:\app.py
            path, *names = re.split(r":(?![\\/])", self.app_import_path, maxsplit=1)
            app = locate_app(self, prepare_import(path), names[0] if names else None)
        else:
            for path in ("wsgi.py", "app.py"):
                app = app or locate_app(self, prepare_import(path), None, raise_if_not_found=False)
        if not app:
            raise NoAppException(texts.NOT_LOCATED)
        if self.set_debug_flag:
            # By way of the setter, so that the template settings follow.
            app.debug = get_debug_flag()
        self._loaded_app = app
        return app


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)


def with_appcontext(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command's function so that it runs in the application's context."""

    @click.pass_context
    def decorator(__ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        with __ctx.ensure_object(ScriptInfo).load_app().app_context():
            return __ctx.invoke(f, *args, **kwargs)

    return update_wrapper(decorator, f)


class AppGroup(click.Group):
    """A group whose commands run in the application's context."""

    def command(self, *args: Any, **kwargs: Any) -> Any:
        """Decorator for a command; ``with_appcontext=False`` leaves the context away."""
        wanted = kwargs.pop("with_appcontext", True)

        def decorator(f: Callable[..., Any]) -> click.Command:
            inner = with_appcontext(f) if wanted else f
            return click.Group.command(self, *args, **kwargs)(inner)  # type: ignore[no-any-return]

        return decorator

    def group(self, *args: Any, **kwargs: Any) -> Any:
        """Decorator for a group of the same kind."""
        kwargs.setdefault("cls", AppGroup)
        return click.Group.group(self, *args, **kwargs)


class FlaskGroup(AppGroup):
    """The ``flask`` group: its own commands, those of plug-ins and those of the application.

    ``create_app`` makes the application; else ``FLASK_APP`` names it. ``extra`` is for :class:`click.Group`.
    """

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: Any = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: Any,
    ) -> None:
        options = [*(extra.pop("params", None) or ())]
        AppGroup.__init__(self, params=options + [version_option] * bool(add_version_option), **extra)
        self.create_app, self.set_debug_flag = create_app, set_debug_flag
        self.load_dotenv = load_dotenv
        for command in (run_command, shell_command, routes_command) if add_default_commands else ():
            self.add_command(command)
        self._loaded_plugin_commands = False

    def _load_plugin_commands(self) -> None:
        if self._loaded_plugin_commands:
            return
        for plugin in entry_points(group="flask.commands"):
            self.add_command(plugin.load(), plugin.name)
        self._loaded_plugin_commands = True

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Find a command: a built-in one or a plug-in's, else the application's."""
        self._load_plugin_commands()
        command = AppGroup.get_command(self, ctx, name)
        if command is not None:
            return command
        try:
            its_cli = ctx.ensure_object(ScriptInfo).load_app().cli
        except NoAppException:
            return None
        return its_cli.get_command(ctx, name)  # type: ignore[no-any-return]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands; an application that does not load must not keep the help from being shown."""
        self._load_plugin_commands()
        names = {*click.Group.list_commands(self, ctx)}
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except Exception:
            traceback.print_exc()
        return sorted(names)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name."""
        # Tells Flask.run, should the script call it while it is imported.
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        if get_load_dotenv(self.load_dotenv):
            load_dotenv()
        if kwargs.get("obj") is None:
            kwargs["obj"] = ScriptInfo(create_app=self.create_app, set_debug_flag=self.set_debug_flag)
        kwargs.setdefault("auto_envvar_prefix", "FLASK")
        return super().main(*args, **kwargs)


def _path_is_ancestor(path: str, other: str) -> bool:
    """Tell whether ``other`` lies in the folder ``path``."""
    return other == os.path.join(path, other[len(path) :].lstrip(os.sep))


def load_dotenv(path: str | None = None) -> bool:
    """Set environment variables, those that are not set, from files.

    ``path`` is the file; else .env and .flaskenv are looked for from the current folder upwards, and the
    folder of the first one becomes the current folder. Tells whether a file was found.
    """
    if dotenv is None:
        if path or os.path.isfile(".env") or os.path.isfile(".flaskenv"):
            click.secho(texts.DOTENV_TIP, fg="yellow", err=True)
        return False
    if path is not None:
        return os.path.isfile(path) and dotenv.load_dotenv(path)
    found = [file for name in (".env", ".flaskenv") if (file := dotenv.find_dotenv(name, usecwd=True))]
    for file in found:
        dotenv.load_dotenv(file)
    if found and os.path.dirname(found[0]) != os.getcwd():
        os.chdir(os.path.dirname(found[0]))
    return bool(found)


def show_server_banner(
    env: str, debug: bool | None, app_import_path: str | None, eager_loading: bool | None
) -> None:
    """Say what is being served and that this server is not for production; once, not at each reload."""
    if os.environ.get("WERKZEUG_RUN_MAIN") == "true":
        return
    if app_import_path is not None:
        lazily = "" if eager_loading else " (lazy loading)"
        click.echo(f' * Serving Flask app "{app_import_path}"{lazily}')
    click.echo(f" * Environment: {env}")
    if env == "production":
        click.secho(texts.DEVELOPMENT_ONLY, fg="red")
        click.secho("   Use a production WSGI server instead.", dim=True)
    if debug is not None:
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")


def _validate_key(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Check ``--key`` against ``--cert``; the two together become the certificate."""
    cert = ctx.params.get("cert")
    problem = key_problem(cert, ssl is not None and isinstance(cert, ssl.SSLContext), value)
    if problem is not None:
        raise click.BadParameter(problem, ctx, param)
    if value is not None:
        ctx.params["cert"] = cert, value
    return value


@click.command("run", short_help="Run a development server.")
@add_options(RUN_OPTIONS, key=_validate_key)
@pass_script_info
def run_command(
    info: ScriptInfo,
    host: str,
    port: int,
    reload: bool | None,
    debugger: bool | None,
    eager_loading: bool | None,
    with_threads: bool,
    cert: Any,
    extra_files: list[str] | None,
) -> None:
    """Run a local development server.

    It is neither fast nor safe enough for production. The reloader and debugger are on by default if
    FLASK_ENV=development or FLASK_DEBUG=1.
    """
    debug = get_debug_flag()
    use_reloader = debug if reload is None else reload
    use_debugger = debug if debugger is None else debugger
    # With the reloader, an application that does not load must not end the server.
    eager = not use_reloader if eager_loading is None else eager_loading
    show_server_banner(get_env(), debug, info.app_import_path, eager)
    app = DispatchingApp(info.load_app, use_eager_loading=eager)

    from flasktrace.framework.werkzeug.serving import run_simple

    run_simple(
        host, port, app, threaded=with_threads, use_reloader=use_reloader, use_debugger=use_debugger,
        ssl_context=cert, extra_files=extra_files,
    )  # fmt: skip


@click.command("shell", short_help="Run a shell in the app context.")
@with_appcontext
def shell_command() -> None:
    """Run an interactive Python shell in the context of the application."""
    app = _app_ctx_stack.top.app
    names = texts.startup_names()
    names.update(app.make_shell_context())
    code.interact(banner=texts.shell_banner(app), local=names)


@click.command("routes", short_help="Show the routes for the app.")
@add_options(ROUTES_OPTIONS)
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """Show all registered routes with endpoints and methods."""
    for line in texts.route_lines([*current_app.url_map.iter_rules()], sort, all_methods):
        click.echo(line)


cli = FlaskGroup(help=texts.HELP)


def main(as_module: bool = False) -> None:
    """Run the ``flask`` command with the arguments of this process."""
    cli.main(args=sys.argv[1:], prog_name="python -m flask" if as_module else None)
