"""Loading and running the traced program: a script as ``__main__``, or ``package.module:app``."""

import ast
import importlib
import importlib.machinery
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import CO_VARARGS
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from flasktrace.tracer.errors import ScenarioError
from flasktrace.tracer.scope import is_library_folder
from flasktrace.tracer.surroundings import same_room

FACTORIES = ("create_app", "make_app")
APP_NAMES = ("app", "application")
_OUR_FOLDER = os.path.dirname(__file__)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is run: the path of a script or of a project's folder, or ``package.module:app``.

    Attributes:
        name: as shown; the script's stem unless given.
        arguments: the script's ``sys.argv[1:]``.
        make_program: makes the program in place of finding it by ``target``.
    """

    target: str
    name: str = ""
    arguments: tuple[str, ...] = ()
    make_program: "Callable[[], Program] | None" = None

    @property
    def is_script(self) -> bool:
        """Whether the target is a file, not a module."""
        if self.is_folder:
            return False
        path = self.path
        return path.endswith((".py", ".pyw")) or os.sep in path or Path(path).is_file()

    @property
    def is_folder(self) -> bool:
        """Whether the target is a project's folder."""
        return Path(self.target).is_dir()

    @property
    def path(self) -> str:
        """The script's path, without the ``:app`` that may follow it."""
        path, colon, expression = self.target.rpartition(":")
        return path if colon and path.endswith((".py", ".pyw")) and expression else self.target

    @property
    def shown_name(self) -> str:
        """The name in messages, metadata and folders."""
        if self.name:
            return self.name
        if self.is_folder:
            return Path(self.target).resolve().name
        return Path(self.path).stem if self.is_script else self.target.partition(":")[0].rpartition(".")[2]


@dataclass(slots=True)
class Program:
    """A program that is ready to run: the namespace it runs in, and what starts it."""

    namespace: dict[str, Any]
    run: Callable[[], None]
    app_expression: str = ""
    main: ModuleType | None = None


def load(scenario: Scenario) -> Program:
    """Find the program without running it.

    Raises:
        ScenarioError: there is no such script or module.
        SyntaxError: the script does not compile (its own failure).
    """
    if scenario.make_program is not None:
        return scenario.make_program()
    if scenario.is_folder:
        from flasktrace.tracer.project import load_project

        return load_project(Path(scenario.target))
    if scenario.is_script:
        expression = scenario.target[len(scenario.path) + 1 :]
        return _load_script(Path(scenario.path), expression)
    return load_module(scenario.target)


def _load_script(path: Path, expression: str = "") -> Program:
    if path.is_dir() or not path.exists():
        what = "a folder" if path.is_dir() else "no such script"
        raise ScenarioError(f"{path}: {what}; give the path of a Python file that makes a Flask app")
    absolute = os.path.abspath(path)
    try:
        source = Path(absolute).read_bytes()
    except OSError as error:
        raise ScenarioError(
            f"cannot read {path}: {error.strerror}; give a script that you may read"
        ) from None
    code = compile(source, absolute, "exec", dont_inherit=True)
    # To run it with `:app` is to import it: what is only for the main program is left out.
    module = _main_module(absolute, path.stem if expression else "__main__")

    def run() -> None:
        _run_code(code, module)

    return Program(module.__dict__, run, expression, module)


def _main_module(path: str, name: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = path
    module.__loader__ = importlib.machinery.SourceFileLoader(name, path)
    module.__dict__.update(__builtins__=sys.modules["builtins"], __cached__=None, __package__=None)
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    return module


def _run_code(code: CodeType, module: ModuleType) -> None:
    with same_room():
        exec(code, module.__dict__)


def load_module(target: str) -> Program:
    """A program that is imported: ``package.module:app``, or ``package.module:make()``.

    Raises:
        ScenarioError: it is no module's name.
    """
    module_name, _, expression = target.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise ScenarioError(
            f"{target}: no such script, and no module's name; give a path, or package.module:app"
        )
    namespace: dict[str, Any] = {}

    def run() -> None:
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and (module_name + ".").startswith(error.name + "."):
                raise ScenarioError(
                    f"{target}: no module {error.name!r} can be imported from here;"
                    " give the path of a script, or package.module:app"
                ) from None
            raise
        namespace.update(module.__dict__)

    return Program(namespace, run, expression)


def own_packages(scenario: Scenario) -> tuple[str, ...]:
    """The package that ``package.module:app`` or an installed command is of: the program's own."""
    if scenario.make_program is not None or scenario.is_folder:
        return ()
    if scenario.is_script:
        return _packages_of_command(Path(scenario.path))
    return (scenario.target.partition(":")[0].partition(".")[0],)


def _packages_of_command(path: Path) -> tuple[str, ...]:
    """The package behind a command that was installed with it, as ``bin/moto_server``."""
    if path.parent.resolve() != Path(sysconfig.get_path("scripts")).resolve():
        return ()
    import importlib.metadata  # only now: it is slow

    found = importlib.metadata.entry_points(group="console_scripts", name=path.name)
    return tuple(sorted({each.module.partition(".")[0] for each in found}))


def own_folders(scenario: Scenario) -> tuple[str, ...]:
    """The folder of the script or project: its code is the program's own, though it may be installed."""
    if scenario.make_program is not None:
        return ()
    if scenario.is_folder:
        folder = scenario.target
    elif scenario.is_script:
        folder = os.path.dirname(os.path.abspath(scenario.path))
    else:
        return ()
    found = {os.path.abspath(folder), os.path.realpath(folder)}
    # A script that lies right among installed packages does not make them its own.
    return tuple(sorted(path for path in found if not is_library_folder(path)))


@contextmanager
def as_main(scenario: Scenario, program: Program) -> Iterator[None]:
    """Let the interpreter look as if it had been started with the program: argv, path, ``__main__``."""
    saved_argv, saved_path, saved_main = sys.argv, sys.path[:], sys.modules.get("__main__")
    saved_environment = dict(os.environ)
    if sys.path[:1] == [os.path.dirname(os.path.realpath(sys.argv[0]))]:
        del sys.path[0]  # the folder of the `flasktrace` command, which the interpreter has put there
    if scenario.is_folder:
        sys.path.insert(0, os.path.realpath(scenario.target))
    elif scenario.is_script:
        sys.path.insert(0, os.path.dirname(os.path.realpath(scenario.path)))
    else:
        sys.path.insert(0, os.getcwd())
    sys.argv = [scenario.target, *scenario.arguments]
    if program.main is not None:
        sys.modules[program.main.__name__] = program.main
    try:
        yield
    finally:
        sys.argv, sys.path[:] = saved_argv, saved_path
        if saved_main is not None:
            sys.modules["__main__"] = saved_main
        for name in set(os.environ) - set(saved_environment):
            if name.startswith("WERKZEUG_"):
                del os.environ[name]


def find_app(program: Program) -> Any:
    """The WSGI app that the program has made; None when there is none.

    Raises:
        ScenarioError: what ``:app`` names is not there.
    """
    if program.app_expression:
        return _evaluate(program.app_expression, program.namespace)
    flask_class = _flask_class()
    namespace = program.namespace
    for name in APP_NAMES:
        if name in namespace and _is_app(namespace[name], flask_class):
            return namespace[name]
    if flask_class is not None:
        for value in list(namespace.values()):
            if issubclass(type(value), flask_class):
                return value
    for name in FACTORIES:
        factory = namespace.get(name)
        if callable(factory) and not _needs_arguments(factory):
            return factory()
    return None


def _flask_class() -> type | None:
    module = sys.modules.get("flask")
    found = module.__dict__.get("Flask") if module is not None else None
    return found if isinstance(found, type) else None


def _is_app(value: object, flask_class: type | None) -> bool:
    if flask_class is not None and issubclass(type(value), flask_class):
        return True
    return callable(value) and not issubclass(type(value), type)


def attribute(item: object, name: str) -> Any:
    """An attribute of an object of the program's; None where there is none, or where looking for it fails."""
    try:
        return getattr(item, name, None)
    except Exception:
        return None


def _needs_arguments(factory: Any) -> bool:
    code = getattr(factory, "__code__", None)
    if code is None:
        return True
    return bool(code.co_argcount > len(factory.__defaults__ or ()))


def _is_factory(found: object) -> bool:
    """Whether a function is none that a server could call as an app, with environ and start_response."""
    if not isinstance(found, FunctionType) or _needs_arguments(found):
        return False
    return found.__code__.co_argcount < 2 and not found.__code__.co_flags & CO_VARARGS


def _evaluate(expression: str, namespace: Mapping[str, Any]) -> Any:
    """``app``, or a call of a factory with literal arguments, as ``flask run`` reads it."""
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        node = ast.Constant(None)
    call = node if isinstance(node, ast.Call) else None
    name = call.func if call is not None else node
    if not isinstance(name, ast.Name):
        raise ScenarioError(
            f"{expression!r} is neither a name nor a call of one: write module:app or module:make()"
        )
    if name.id not in namespace:
        raise ScenarioError(f"the module has no {name.id!r}: write the name of its app after the colon")
    found = namespace[name.id]
    if call is None:
        return found() if _is_factory(found) else found
    try:
        arguments = [ast.literal_eval(argument) for argument in call.args]
        keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except ValueError:
        raise ScenarioError(
            f"the arguments in {expression!r} are no literals: write strings or numbers"
        ) from None
    return found(*arguments, **keywords)


def program_traceback(error: BaseException) -> str:
    """The program's own traceback, as plain ``python`` would print it: without our frames."""
    trace = error.__traceback__
    while trace is not None and _is_outer(trace.tb_frame.f_globals.get("__name__", "")):
        trace = trace.tb_next
    told = traceback.TracebackException(type(error), error, trace)
    _drop_our_frames(told)
    return "".join(told.format())


def _is_outer(module: object) -> bool:
    return type(module) is str and (module.startswith("flasktrace.tracer") or module.startswith("importlib"))


def _drop_our_frames(told: traceback.TracebackException) -> None:
    """Forget the frames of what is changed around the program, in the errors that led to this one too."""
    pending: list[traceback.TracebackException | None] = [told]
    while pending:
        each = pending.pop()
        if each is not None:
            each.stack[:] = [frame for frame in each.stack if os.path.dirname(frame.filename) != _OUR_FOLDER]
            pending += [each.__cause__, each.__context__, *(each.exceptions or ())]
