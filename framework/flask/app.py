"""The application object: where a request's way through Flask is laid out.

Place in the pipeline: the server calls the application (``Flask.__call__``) once per request.
:meth:`Flask.wsgi_app` is the whole way in a dozen lines: push a context, :meth:`full_dispatch_request`,
call the response, pop the context. Everything before that (``route``, ``before_request``...) only fills
tables that those lines look into.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import update_wrapper
from itertools import chain
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, TypeVar

import flasktrace.framework.flask.cli as cli
import flasktrace.framework.flask.json as json
from flasktrace.framework.werkzeug.datastructures import ImmutableDict
from flasktrace.framework.werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
    default_exceptions,
)
from flasktrace.framework.werkzeug.routing import BuildError, Map, RequestRedirect, RoutingException, Rule
from flasktrace.framework.werkzeug.wrappers import BaseResponse

from ._registering import DEFAULT_SETTINGS, TOO_LATE, complete_methods, server_address, warn_moved
from ._responding import INVALID_VIEW_RESULT, key_error_detail, raise_again, unpack_result
from .config import Config, ConfigAttribute
from .ctx import AppContext, RequestContext, _AppCtxGlobals
from .globals import _request_ctx_stack, g, request, session
from .helpers import (
    _endpoint_from_view_func,
    _PackageBoundObject,
    find_package,
    get_debug_flag,
    get_env,
    get_flashed_messages,
    get_load_dotenv,
    locked_cached_property,
    url_for,
)
from .json import jsonify
from .logging import create_logger
from .sessions import SecureCookieSessionInterface, SessionInterface
from .signals import (
    appcontext_tearing_down,
    got_request_exception,
    request_finished,
    request_started,
    request_tearing_down,
)
from .templating import DispatchingJinjaLoader, Environment, _default_template_ctx_processor
from .wrappers import Request, Response

if TYPE_CHECKING:
    from .blueprints import Blueprint

_F = TypeVar("_F", bound=Callable[..., Any])
#: Hooks by blueprint name; None stands for the application.
HookTable = dict[str | None, list[Callable[..., Any]]]

# Tells "no argument" from None, which means "no exception".
_sentinel: Any = object()


def _make_timedelta(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


def setupmethod(f: _F) -> _F:
    """Mark a method that must not be called any more once requests are served (checked in debug mode)."""

    def wrapper_func(self: "Flask", *args: Any, **kwargs: Any) -> Any:
        if self.debug and self._got_first_request:
            raise AssertionError(TOO_LATE)
        return f(self, *args, **kwargs)

    return update_wrapper(wrapper_func, f)  # type: ignore[return-value]


class Flask(_PackageBoundObject):
    """A WSGI application.

    Args:
        import_name: the module's ``__name__``; templates and static files are looked for beside it.
        static_url_path: URL prefix of the static files; by default the folder's name.
        static_folder: their folder, relative to the root path; None for none.
        static_host: the host they are served on, with ``host_matching``.
        host_matching: rules name their host.
        subdomain_matching: rules are matched by subdomain of ``SERVER_NAME``.
        template_folder: the templates' folder, relative to the root path.
        instance_path: the absolute path of the folder for what belongs to this deployment.
        instance_relative_config: configuration files are looked for there.
        root_path: the folder of the application, where it cannot be found out.

    Raises:
        ValueError: ``instance_path`` is relative.
    """

    # Classes that a derived application may replace.
    request_class: type[Any] = Request
    response_class: type[Any] = Response
    app_ctx_globals_class: type[Any] = _AppCtxGlobals
    jinja_environment: type[Any] = Environment
    config_class: type[Any] = Config
    json_encoder: type[Any] = json.JSONEncoder
    json_decoder: type[Any] = json.JSONDecoder
    url_rule_class: type[Any] = Rule
    url_map_class: type[Any] = Map
    test_client_class: type[Any] | None = None
    test_cli_runner_class: type[Any] | None = None
    session_interface: SessionInterface = SecureCookieSessionInterface()

    #: Options for the Jinja environment.
    jinja_options: Any = {"extensions": ["jinja2.ext.autoescape", "jinja2.ext.with_"]}  # noqa: RUF012
    #: The settings that every application begins with.
    default_config = ImmutableDict(DEFAULT_SETTINGS)

    # Attributes that are settings, see ConfigAttribute.
    env = ConfigAttribute("ENV")
    testing = ConfigAttribute("TESTING")
    secret_key = ConfigAttribute("SECRET_KEY")
    use_x_sendfile = ConfigAttribute("USE_X_SENDFILE")
    session_cookie_name = ConfigAttribute("SESSION_COOKIE_NAME")
    permanent_session_lifetime = ConfigAttribute("PERMANENT_SESSION_LIFETIME", _make_timedelta)
    send_file_max_age_default = ConfigAttribute("SEND_FILE_MAX_AGE_DEFAULT", _make_timedelta)

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: Any = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        _PackageBoundObject.__init__(self, import_name, template_folder=template_folder, root_path=root_path)
        self.static_url_path = static_url_path
        self.static_folder = static_folder
        if instance_path is not None and not os.path.isabs(instance_path):
            raise ValueError(
                "If an instance path is provided it must be absolute. A relative path was given instead."
            )
        self.instance_path = self.auto_find_instance_path() if instance_path is None else instance_path
        self.config = self.make_config(instance_relative_config)

        # What to do with a request: an endpoint names the view, the map finds the endpoint.
        self.view_functions: dict[str, Callable[..., Any]] = {}
        self.url_map = self.url_map_class()
        self.url_map.host_matching = host_matching
        self.subdomain_matching = subdomain_matching
        self.url_build_error_handlers: list[Callable[..., Any]] = []
        #: blueprint name or None -> code or None -> exception class -> handler
        self.error_handler_spec: dict[str | None, dict[int | None, dict[Any, Callable[..., Any]]]] = {}

        # The hooks, in the order in which a request meets them.
        self.before_first_request_funcs: list[Callable[[], Any]] = []
        self.url_value_preprocessors: HookTable = {}
        self.before_request_funcs: HookTable = {}
        self.url_default_functions: HookTable = {}
        self.template_context_processors: HookTable = {None: [_default_template_ctx_processor]}
        self.after_request_funcs: HookTable = {}
        self.teardown_request_funcs: HookTable = {}
        self.teardown_appcontext_funcs: list[Callable[..., Any]] = []
        self.shell_context_processors: list[Callable[[], Any]] = []

        self.blueprints: dict[str, Blueprint] = {}
        self._blueprint_order: list[Blueprint] = []
        self.extensions: dict[str, Any] = {}
        self._got_first_request = False
        self._before_request_lock = Lock()

        # The first rule of every application; which folder it is may change later.
        if self.has_static_folder:
            assert bool(static_host) == host_matching, "Invalid static_host/host_matching combination"
            rule = f"{self.static_url_path}/<path:filename>"
            self.add_url_rule(rule, endpoint="static", host=static_host, view_func=self.send_static_file)
        self.cli.name = self.name

    # ---- What the application is -------------------------------------------------------------------

    @locked_cached_property
    def name(self) -> str:
        """The import name, or the script's name when the application is run as a script."""
        if self.import_name != "__main__":
            return self.import_name
        script = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if script is None else os.path.splitext(os.path.basename(script))[0]

    @property
    def propagate_exceptions(self) -> bool:
        """Whether errors go on to the server or test, instead of becoming a 500 response."""
        setting: bool | None = self.config["PROPAGATE_EXCEPTIONS"]
        return self.testing or self.debug if setting is None else setting

    @property
    def preserve_context_on_exception(self) -> bool:
        """Whether the context of a failed request stays, for the debugger to look at."""
        setting: bool | None = self.config["PRESERVE_CONTEXT_ON_EXCEPTION"]
        return self.debug if setting is None else setting

    @property
    def debug(self) -> bool:
        """Whether debug mode is on."""
        setting: bool = self.config["DEBUG"]
        return setting

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        self.jinja_env.auto_reload = self.templates_auto_reload

    @property
    def got_first_request(self) -> bool:
        """Whether a request has been handled yet."""
        return self._got_first_request

    @locked_cached_property
    def logger(self) -> Any:
        """The application's :class:`logging.Logger`, named like the application."""
        return create_logger(self)

    def make_config(self, instance_relative: bool = False) -> Any:
        """Make the settings; called by ``__init__``."""
        folder = self.instance_path if instance_relative else self.root_path
        settings = {**self.default_config, "ENV": get_env(), "DEBUG": get_debug_flag()}
        return self.config_class(folder, settings)

    def auto_find_instance_path(self) -> str:
        """Give the instance folder: beside the package, or in the prefix that it is installed under."""
        prefix, package_path = find_package(self.import_name)
        if prefix is not None:
            return os.path.join(prefix, "var", f"{self.name}-instance")
        return os.path.join(package_path, "instance")

    def open_instance_resource(self, resource: str, mode: str = "rb") -> IO[Any]:
        """Open a file of the instance folder."""
        return open(os.path.join(self.instance_path, resource), mode)

    # ---- Templates ---------------------------------------------------------------------------------

    @locked_cached_property
    def jinja_env(self) -> Any:
        """The Jinja environment, made when it is first used."""
        return self.create_jinja_environment()

    @property
    def templates_auto_reload(self) -> bool:
        """Whether changed templates are read again; by default in debug mode only."""
        setting: bool | None = self.config["TEMPLATES_AUTO_RELOAD"]
        return self.debug if setting is None else setting

    @templates_auto_reload.setter
    def templates_auto_reload(self, value: bool) -> None:
        self.config["TEMPLATES_AUTO_RELOAD"] = value

    def create_jinja_environment(self) -> Any:
        """Make the Jinja environment, with Flask's names in it."""
        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        if "auto_reload" not in options:
            options["auto_reload"] = self.templates_auto_reload
        environment = self.jinja_environment(self, **options)
        # The proxies are here too, as imported templates do not see the context processors' values.
        environment.globals.update(
            config=self.config, request=request, session=session, g=g,
            url_for=url_for, get_flashed_messages=get_flashed_messages,
        )  # fmt: skip
        environment.filters["tojson"] = json.tojson_filter
        return environment

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Make the loader that asks the application's and the blueprints' loaders."""
        return DispatchingJinjaLoader(self)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Tell whether a template is escaped: HTML, XML, and templates given as text."""
        return filename is None or filename.endswith((".html", ".htm", ".xml", ".xhtml"))

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add the context processors' values; what the view gave stays as it is."""
        processors: Iterable[Any] = self.template_context_processors[None]
        top = _request_ctx_stack.top
        if top is not None:
            blueprint = top.request.blueprint
            if blueprint is not None and blueprint in self.template_context_processors:
                processors = chain(processors, self.template_context_processors[blueprint])
        from_view = context.copy()
        for processor in processors:
            context.update(processor())
        context.update(from_view)

    def make_shell_context(self) -> dict[str, Any]:
        """Give the names that ``flask shell`` starts with."""
        names = {"app": self, "g": g}
        for processor in self.shell_context_processors:
            names.update(processor())
        return names

    # ---- Running -----------------------------------------------------------------------------------

    def run(
        self,
        host: str | None = None,
        port: Any = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: Any,
    ) -> None:
        """Serve the application with the development server until it is stopped.

        Args:
            host: the address to listen on; by default that of ``SERVER_NAME``, else 127.0.0.1.
            port: likewise, else 5000.
            debug: switch debug mode on or off.
            load_dotenv: read .env and .flaskenv first.
            options: for :func:`werkzeug.serving.run_simple`.
        """
        # "flask run" imports the script to find the application; it must not start a second server.
        is_imported_by_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
        if is_imported_by_command:
            from .debughelpers import explain_ignored_app_run

            return explain_ignored_app_run()
        if get_load_dotenv(load_dotenv):
            cli.load_dotenv()
            # The files may have set these.
            names_environment = "FLASK_ENV" in os.environ
            if names_environment:
                self.env = get_env()
            if names_environment or "FLASK_DEBUG" in os.environ:
                self.debug = get_debug_flag()
        if debug is not None:
            self.debug = bool(debug)

        address = server_address(host, port, self.config.get("SERVER_NAME"))
        options.setdefault("use_reloader", self.debug)
        options.setdefault("use_debugger", self.debug)
        options.setdefault("threaded", True)
        cli.show_server_banner(self.env, self.debug, self.name, False)

        from flasktrace.framework.werkzeug.serving import run_simple

        try:
            run_simple(*address, self, **options)
        finally:
            # In an interactive session, the application may be set up further and run again.
            self._got_first_request = False

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> Any:
        """Make a client that sends requests to the application without a server."""
        if self.test_client_class is not None:
            return self.test_client_class(self, self.response_class, use_cookies=use_cookies, **kwargs)
        from .testing import FlaskClient

        return FlaskClient(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: Any) -> Any:
        """Make a runner for the application's commands."""
        from .testing import FlaskCliRunner

        return (self.test_cli_runner_class or FlaskCliRunner)(self, **kwargs)

    def open_session(self, request: Request) -> Any:
        """Deprecated: use ``session_interface.open_session``."""
        warn_moved("open_session")
        return self.session_interface.open_session(self, request)

    def save_session(self, session: Any, response: Response) -> None:
        """Deprecated: use ``session_interface.save_session``."""
        warn_moved("save_session")
        self.session_interface.save_session(self, session, response)

    def make_null_session(self) -> Any:
        """Deprecated: use ``session_interface.make_null_session``."""
        warn_moved("make_null_session")
        return self.session_interface.make_null_session(self)

    # ---- Setting up: blueprints and routes ---------------------------------------------------------

    @setupmethod
    def register_blueprint(self, blueprint: "Blueprint", **options: Any) -> None:
        """Add a blueprint's rules, hooks and commands.

        Args:
            blueprint: the blueprint.
            options: ``url_prefix``, ``subdomain``, ``url_defaults`` override the blueprint's own.
        """
        known = self.blueprints.setdefault(blueprint.name, blueprint)
        assert known is blueprint, (
            f"A name collision occurred between blueprints {blueprint!r} and {known!r}. Both share the same"
            f' name "{blueprint.name}". Blueprints that are created on the fly need unique names.'
        )
        is_first = blueprint not in self._blueprint_order
        if is_first:
            self._blueprint_order.append(blueprint)
        blueprint.register(self, options, is_first)

    def iter_blueprints(self) -> "Iterator[Blueprint]":
        """Give the blueprints in the order in which they were registered."""
        return iter(self._blueprint_order)

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        """Connect a URL rule to an endpoint, and the endpoint to a view function.

        Args:
            rule: the path, with parts like ``<int:year>``.
            endpoint: by default the function's name.
            view_func: what answers; it may be put into ``view_functions`` later.
            provide_automatic_options: answer OPTIONS without the view; by default unless the view does.
            options: for :class:`werkzeug.routing.Rule`; ``methods`` by default GET.

        Raises:
            TypeError: ``methods`` is a string.
            AssertionError: the endpoint has another function already.
        """
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)
        options["endpoint"] = endpoint
        methods, automatic = complete_methods(
            options.pop("methods", None), view_func, provide_automatic_options
        )
        url_rule = self.url_rule_class(rule, methods=methods, **options)
        url_rule.provide_automatic_options = automatic
        self.url_map.add(url_rule)
        if view_func is None:
            return
        known = self.view_functions.setdefault(endpoint, view_func)
        if known != view_func:
            raise AssertionError(
                f"View function mapping is overwriting an existing endpoint function: {endpoint}"
            )

    def route(self, rule: str, **options: Any) -> Callable[[_F], _F]:
        """Decorator for a view function: the same as :meth:`add_url_rule`."""

        def decorator(f: _F) -> _F:
            name = options.pop("endpoint", None)
            self.add_url_rule(rule, name, f, **options)
            return f

        return decorator

    @setupmethod
    def endpoint(self, endpoint: str) -> Callable[[_F], _F]:
        """Decorator: make a function the view of an endpoint, whose rules are added elsewhere."""

        def decorator(f: _F) -> _F:
            self.view_functions[endpoint] = f
            return f

        return decorator

    # ---- Setting up: error handlers ----------------------------------------------------------------

    @staticmethod
    def _get_exc_class_and_code(exc_class_or_code: Any) -> tuple[type[Exception], int | None]:
        is_code = isinstance(exc_class_or_code, int)
        exc_class = default_exceptions[exc_class_or_code] if is_code else exc_class_or_code
        assert issubclass(exc_class, Exception)
        return exc_class, exc_class.code if issubclass(exc_class, HTTPException) else None

    @setupmethod
    def errorhandler(self, code_or_exception: Any) -> Callable[[_F], _F]:
        """Decorator: have a function answer for a status code or an exception class."""

        def decorator(f: _F) -> _F:
            self._register_error_handler(None, code_or_exception, f)
            return f

        return decorator

    @setupmethod
    def register_error_handler(self, code_or_exception: Any, f: Callable[..., Any]) -> None:
        """The same as :meth:`errorhandler`, without a decorator."""
        self._register_error_handler(None, code_or_exception, f)

    @setupmethod
    def _register_error_handler(self, key: str | None, code_or_exception: Any, f: Callable[..., Any]) -> None:
        if isinstance(code_or_exception, HTTPException):
            raise ValueError(
                f"Tried to register a handler for an exception instance {code_or_exception!r}."
                " Handlers can only be registered for exception classes or HTTP error codes."
            )
        try:
            exc_class, code = self._get_exc_class_and_code(code_or_exception)
        except KeyError:
            raise KeyError(
                f"'{code_or_exception}' is not a recognized HTTP error code. Use a subclass of"
                " HTTPException with that code instead."
            ) from None
        by_code = self.error_handler_spec.setdefault(key, {})
        by_code.setdefault(code, {})[exc_class] = f

    # ---- Setting up: templates and hooks -----------------------------------------------------------

    @setupmethod
    def template_filter(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a filter in templates."""

        def decorator(f: _F) -> _F:
            self.add_template_filter(f, name=name)
            return f

        return decorator

    @setupmethod
    def add_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`template_filter`, without a decorator."""
        self.jinja_env.filters[name or f.__name__] = f

    @setupmethod
    def template_test(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a test (``is name``) in templates."""

        def decorator(f: _F) -> _F:
            self.add_template_test(f, name=name)
            return f

        return decorator

    @setupmethod
    def add_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`template_test`, without a decorator."""
        self.jinja_env.tests[name or f.__name__] = f

    @setupmethod
    def template_global(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a global name in templates."""

        def decorator(f: _F) -> _F:
            self.add_template_global(f, name=name)
            return f

        return decorator

    @setupmethod
    def add_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`template_global`, without a decorator."""
        self.jinja_env.globals[name or f.__name__] = f

    @setupmethod
    def before_first_request(self, f: _F) -> _F:
        """Have ``f`` called once, when the first request comes."""
        self.before_first_request_funcs.append(f)
        return f

    @setupmethod
    def before_request(self, f: _F) -> _F:
        """Have ``f`` called before each view; if it gives a value, that is the response."""
        self.before_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def after_request(self, f: _F) -> _F:
        """Have ``f`` called with each response; it gives the response to use. The last one runs first."""
        self.after_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def teardown_request(self, f: _F) -> _F:
        """Have ``f`` called with the exception or None when a request context ends."""
        self.teardown_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def teardown_appcontext(self, f: _F) -> _F:
        """Have ``f`` called with the exception or None when an application context ends."""
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def context_processor(self, f: _F) -> _F:
        """Have ``f`` called before each template; the dict it gives is visible there."""
        self.template_context_processors[None].append(f)
        return f

    @setupmethod
    def shell_context_processor(self, f: _F) -> _F:
        """Have ``f`` called by ``flask shell``; the dict it gives is visible there."""
        self.shell_context_processors.append(f)
        return f

    @setupmethod
    def url_value_preprocessor(self, f: _F) -> _F:
        """Have ``f`` called with the endpoint and the URL's values, which it may change, before the hooks."""
        self.url_value_preprocessors.setdefault(None, []).append(f)
        return f

    @setupmethod
    def url_defaults(self, f: _F) -> _F:
        """Have ``f`` called by ``url_for`` with the endpoint and the values, to which it may add."""
        self.url_default_functions.setdefault(None, []).append(f)
        return f

    # ---- Errors ------------------------------------------------------------------------------------

    def _find_error_handler(self, e: Exception) -> Callable[..., Any] | None:
        exc_class, code = self._get_exc_class_and_code(type(e))
        # By code before by class only, and within each the blueprint before the application.
        places = ((request.blueprint, code), (None, code), (request.blueprint, None), (None, None))
        for name, its_code in places:
            handlers = self.error_handler_spec.setdefault(name, {}).get(its_code)
            # The nearest class that has a handler: that of the error, its parent...
            for candidate in exc_class.__mro__ if handlers else ():
                if handlers and handlers.get(candidate) is not None:
                    return handlers[candidate]
        return None

    def handle_http_exception(self, e: HTTPException) -> Any:
        """Answer for an :class:`HTTPException`: by its handler, else with itself, being a response."""
        # A proxy exception without code must pass untouched, and routing redirects do their own work.
        if e.code is None or isinstance(e, RoutingException):
            return e
        handler = self._find_error_handler(e)
        return e if handler is None else handler(e)

    def trap_http_exception(self, e: Exception) -> bool:
        """Tell whether an HTTP exception is to be handled as if it were any other (``TRAP_*``)."""
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        setting = self.config["TRAP_BAD_REQUEST_ERRORS"]
        # In debug mode, a missing form field is worth a traceback.
        if setting is None and self.debug and isinstance(e, BadRequestKeyError):
            return True
        return isinstance(e, BadRequest) if setting else False

    def handle_user_exception(self, e: Exception) -> Any:
        """Answer for an exception that a view or hook raised, or raise it again for a 500.

        Raises:
            Exception: ``e``, when nothing handles it.
        """
        if isinstance(e, BadRequestKeyError) and (self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]):
            key_error_detail(e)
        if isinstance(e, HTTPException) and not self.trap_http_exception(e):
            return self.handle_http_exception(e)
        handler = self._find_error_handler(e)
        if handler is None:
            raise_again(e)
        return handler(e)

    def handle_exception(self, e: Exception) -> Any:
        """Answer 500 for an exception that nothing handled, after logging it.

        Raises:
            Exception: ``e``, when exceptions are to be propagated (debug mode, testing).
        """
        exc_info = sys.exc_info()
        got_request_exception.send(self, exception=e)
        if self.propagate_exceptions:
            raise_again(e)
        self.log_exception(exc_info)
        server_error: Any = InternalServerError()
        # For handlers of 500, which get this error rather than the one behind it.
        server_error.original_exception = e
        handler = self._find_error_handler(server_error)
        if handler is not None:
            server_error = handler(server_error)
        return self.finalize_request(server_error, from_error_handler=True)

    def log_exception(self, exc_info: Any) -> None:
        """Log an exception with its traceback."""
        self.logger.error(f"Exception on {request.path} [{request.method}]", exc_info=exc_info)

    def raise_routing_exception(self, request: Any) -> None:
        """Raise what URL matching found wrong: a 404, a 405 or a redirect."""
        problem = request.routing_exception
        is_redirect = self.debug and isinstance(problem, RequestRedirect)
        if not is_redirect or request.method in ("GET", "HEAD", "OPTIONS"):
            raise problem
        # A form's data would be lost on the way; a developer should hear of it.
        from .debughelpers import FormDataRoutingRedirect

        raise FormDataRoutingRedirect(request)

    # ---- A request, from the inside out ------------------------------------------------------------

    # Reading path, step 21. Next: Flask.finalize_request, flask/app.py.
    def dispatch_request(self) -> Any:
        """Call the view of the rule that matched while the context was pushed; give what it returned."""
        req = _request_ctx_stack.top.request
        if req.routing_exception is not None:
            self.raise_routing_exception(req)
        rule = req.url_rule
        if getattr(rule, "provide_automatic_options", False) and req.method == "OPTIONS":
            return self.make_default_options_response()
        view = self.view_functions[rule.endpoint]
        return view(**req.view_args)

    # Reading path, step 18. Next: Flask.try_trigger_before_first_request_functions, flask/app.py.
    def full_dispatch_request(self) -> Any:
        """Run the hooks and the view, handle what they raise, and give the finished response."""
        self.try_trigger_before_first_request_functions()
        try:
            request_started.send(self)
            result = self.preprocess_request()
            # A before_request function that gave a value has answered in the view's place.
            if result is None:
                result = self.dispatch_request()
        except Exception as problem:
            result = self.handle_user_exception(problem)
        return self.finalize_request(result)

    # Reading path, step 22. Next: Flask.make_response, flask/app.py.
    def finalize_request(self, rv: Any, from_error_handler: bool = False) -> Any:
        """Make a response of what a view gave, and run the after-request functions on it.

        Args:
            rv: the view's value.
            from_error_handler: only log what goes wrong now, as an error is being reported already.
        """
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            request_finished.send(self, response=response)
        except Exception:
            if from_error_handler:
                self.logger.exception("Request finalizing failed with an error while handling an error")
            else:
                raise
        return response

    # Reading path, step 19. Next: Flask.preprocess_request, flask/app.py.
    def try_trigger_before_first_request_functions(self) -> None:
        """Run the ``before_first_request`` functions if no request has; others wait until they are done."""
        if self._got_first_request:
            return
        with self._before_request_lock:
            # Another thread may have been quicker.
            if not self._got_first_request:
                for hook in self.before_first_request_funcs:
                    hook()
                self._got_first_request = True

    def make_default_options_response(self) -> Any:
        """Answer OPTIONS with the methods that the matched URL allows."""
        adapter = _request_ctx_stack.top.url_adapter
        methods = adapter.allowed_methods()
        response = self.response_class()
        response.allow.update(methods)
        return response

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Tell whether the teardown functions should not hear of ``error``. For overriding."""
        return False

    # Reading path, step 23. Next: BaseResponse.__init__, werkzeug/wrappers/base_response.py.
    def make_response(self, rv: Any) -> Any:
        """Turn what a view gave into a response.

        Args:
            rv: a response, str, bytes, dict, WSGI callable, or a tuple of one of these with a status,
                headers, or both.

        Raises:
            TypeError: it is something else.
        """
        rv, status, headers = unpack_result(rv)
        if not isinstance(rv, self.response_class):
            if isinstance(rv, dict):
                rv = jsonify(rv)
            elif isinstance(rv, str | bytes | bytearray):
                # At once with status and headers, as the class may use them in making the response.
                rv, status, headers = self.response_class(rv, status=status, headers=headers), None, None
            elif isinstance(rv, BaseResponse) or callable(rv):
                try:
                    rv = self.response_class.force_type(rv, request.environ)
                except TypeError as problem:
                    reason = INVALID_VIEW_RESULT.format(type(rv).__name__)
                    raise TypeError(f"{problem}\n{reason}").with_traceback(sys.exc_info()[2]) from None
            else:
                raise TypeError(INVALID_VIEW_RESULT.format(type(rv).__name__))
        if isinstance(status, str | bytes | bytearray):
            rv.status = status
        elif status is not None:
            rv.status_code = status
        if headers:
            rv.headers.extend(headers)
        return rv

    def create_url_adapter(self, request: Any) -> Any:
        """Bind the URL map to a request, or to ``SERVER_NAME`` when there is none; else give None."""
        if request is not None:
            # Unless asked for, the subdomain is not looked at, however the server was reached.
            subdomain = None if self.subdomain_matching else self.url_map.default_subdomain or None
            server_name = self.config["SERVER_NAME"]
            return self.url_map.bind_to_environ(request.environ, server_name=server_name, subdomain=subdomain)
        if self.config["SERVER_NAME"] is None:
            return None
        host, root = self.config["SERVER_NAME"], self.config["APPLICATION_ROOT"]
        scheme = self.config["PREFERRED_URL_SCHEME"]
        return self.url_map.bind(host, script_name=root, url_scheme=scheme)

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Let the ``url_defaults`` functions add to the values of a URL that is being built."""
        hooks: Iterable[Any] = self.url_default_functions.get(None, ())
        blueprint, dot, _ = endpoint.rpartition(".")
        if dot:
            hooks = chain(hooks, self.url_default_functions.get(blueprint, ()))
        for hook in hooks:
            hook(endpoint, values)

    def handle_url_build_error(self, error: BuildError, endpoint: str, values: dict[str, Any]) -> Any:
        """Ask the ``url_build_error_handlers`` for the URL that could not be built.

        Raises:
            BuildError: none of them gave one.
        """
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as problem:
                # The next handler, and at last the caller, hear of the latest error.
                error = problem
            else:
                if url is not None:
                    return url
        raise error

    # Reading path, step 20. Next: Flask.dispatch_request, flask/app.py.
    def preprocess_request(self) -> Any:
        """Run the URL value preprocessors, then the ``before_request`` functions.

        In both the application's come before the blueprint's. The first ``before_request`` function
        that gives a value ends the chain: the value is the response, and the view never runs.
        """
        bp = _request_ctx_stack.top.request.blueprint
        changers: Iterable[Any] = self.url_value_preprocessors.get(None, ())
        if bp is not None and bp in self.url_value_preprocessors:
            changers = chain(changers, self.url_value_preprocessors[bp])
        for change in changers:
            change(request.endpoint, request.view_args)

        hooks: Iterable[Any] = self.before_request_funcs.get(None, ())
        if bp is not None and bp in self.before_request_funcs:
            hooks = chain(hooks, self.before_request_funcs[bp])
        for hook in hooks:
            answer = hook()
            if answer is not None:
                return answer
        return None

    # Reading path, step 25. Next: BaseResponse.__call__, werkzeug/wrappers/base_response.py.
    def process_response(self, response: Any) -> Any:
        """Run the functions that may change the response, then save the session.

        First those of ``after_this_request``, then the blueprint's ``after_request`` functions, then the
        application's, both of these last registered first.
        """
        ctx = _request_ctx_stack.top
        hooks: Iterable[Any] = ctx._after_request_functions
        bp = ctx.request.blueprint
        if bp is not None:
            hooks = chain(hooks, reversed(self.after_request_funcs.get(bp, ())))
        hooks = chain(hooks, reversed(self.after_request_funcs.get(None, ())))
        for hook in hooks:
            response = hook(response)
        if not self.session_interface.is_null_session(ctx.session):
            self.session_interface.save_session(self, ctx.session, response)
        return response

    def do_teardown_request(self, exc: BaseException | None = _sentinel) -> None:
        """Run the ``teardown_request`` functions, last registered first; called by ``RequestContext.pop``."""
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        hooks: Iterable[Any] = reversed(self.teardown_request_funcs.get(None, ()))
        bp = _request_ctx_stack.top.request.blueprint
        if bp is not None and bp in self.teardown_request_funcs:
            hooks = chain(hooks, reversed(self.teardown_request_funcs[bp]))
        for hook in hooks:
            hook(exc)
        request_tearing_down.send(self, exc=exc)

    def do_teardown_appcontext(self, exc: BaseException | None = _sentinel) -> None:
        """Run the ``teardown_appcontext`` functions, last registered first; called by ``AppContext.pop``."""
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        for hook in reversed(self.teardown_appcontext_funcs):
            hook(exc)
        appcontext_tearing_down.send(self, exc=exc)

    def app_context(self) -> AppContext:
        """Make an application context; use it in a ``with`` statement."""
        return AppContext(self)

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """Make the context of the request that a WSGI environ describes."""
        return RequestContext(self, environ)

    def test_request_context(self, *args: Any, **kwargs: Any) -> RequestContext:
        """Make the context of a made-up request; the arguments are those of the test client's ``open``."""
        from .testing import EnvironBuilder

        builder = EnvironBuilder(self, *args, **kwargs)
        try:
            return self.request_context(builder.get_environ())
        finally:
            builder.close()

    # Reading path, step 9. Next: RequestContext.__init__, flask/ctx.py.
    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request. Middleware is put around this: ``app.wsgi_app = Wrapper(app.wsgi_app)``.

        Args:
            environ: the WSGI environ.
            start_response: takes status and headers; :meth:`BaseResponse.__call__` calls it.
        """
        ctx = self.request_context(environ)
        failure: BaseException | None = None
        try:
            try:
                ctx.push()
                response = self.full_dispatch_request()
            except Exception as problem:
                failure = problem
                response = self.handle_exception(problem)
            except BaseException as interruption:
                failure = interruption
                raise
            return response(environ, start_response)  # type: ignore[no-any-return]
        finally:
            # The contexts are gone before the server writes the body.
            ctx.auto_pop(None if self.should_ignore_error(failure) else failure)

    # Reading path, step 8. Next: Flask.wsgi_app, flask/app.py.
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """What the server calls; all the work is done in :meth:`wsgi_app`, so that it can be wrapped."""
        return self.wsgi_app(environ, start_response)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
