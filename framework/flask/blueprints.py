"""Blueprints: parts of an application that are written down first and registered later.

Place in the pipeline: before it. A blueprint notes what was asked of it as functions to be called later;
``Flask.register_blueprint`` calls them with a :class:`BlueprintSetupState`, and they fill the same tables
of the application that its own decorators fill, under the blueprint's name.
"""

import warnings
from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

from ._registering import add_hook
from .helpers import _endpoint_from_view_func, _PackageBoundObject

if TYPE_CHECKING:
    from .app import Flask

_F = TypeVar("_F", bound=Callable[..., Any])

# Tells "no argument" from None, which means "no group".
_sentinel: Any = object()


class BlueprintSetupState:
    """One registration of a blueprint with an application: whose URL prefix counts, and so on."""

    def __init__(
        self, blueprint: "Blueprint", app: "Flask", options: dict[str, Any], first_registration: bool
    ) -> None:
        self.app, self.blueprint = app, blueprint
        #: What was given to ``register_blueprint``; it goes before the blueprint's own.
        self.options = options
        #: A blueprint may be registered again elsewhere; hooks count only the first time.
        self.first_registration = first_registration
        given_subdomain, given_prefix = options.get("subdomain"), options.get("url_prefix")
        self.subdomain = blueprint.subdomain if given_subdomain is None else given_subdomain
        self.url_prefix = blueprint.url_prefix if given_prefix is None else given_prefix
        self.url_defaults = {**blueprint.url_values_defaults, **dict(options.get("url_defaults", ()))}

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a rule to the application, below the prefix, its endpoint named ``blueprint.endpoint``."""
        if self.url_prefix is not None:
            below = f"{self.url_prefix.rstrip('/')}/{rule.lstrip('/')}"
            rule = below if rule else self.url_prefix
        options.setdefault("subdomain", self.subdomain)
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)
        options["defaults"] = {**self.url_defaults, **options.get("defaults", {})}
        self.app.add_url_rule(rule, f"{self.blueprint.name}.{endpoint}", view_func, **options)


class Blueprint(_PackageBoundObject):
    """A part of an application.

    Args:
        name: the first part of its endpoints' names.
        import_name: the module's ``__name__``; templates and static files are looked for beside it.
        static_folder: the static files' folder, relative to the root path.
        static_url_path: their URL prefix, below the blueprint's.
        template_folder: the templates' folder; those of the application go first.
        url_prefix: what all its rules begin with.
        subdomain: the subdomain that all its rules are for.
        url_defaults: values that all its rules get.
        root_path: the folder of the blueprint, where it cannot be found out.
        cli_group: the group its commands go into: by default one of its name; None for none.
    """

    #: Warn when something is added after the first registration, which will not see it.
    warn_on_modifications = False
    _got_registered_once = False
    #: Classes for JSON in this blueprint's requests; None for the application's.
    json_encoder: type[Any] | None = None
    json_decoder: type[Any] | None = None

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: Any = None,
        static_url_path: str | None = None,
        template_folder: str | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _sentinel,
    ) -> None:
        _PackageBoundObject.__init__(self, import_name, template_folder, root_path=root_path)
        self.name, self.cli_group = name, cli_group
        self.url_prefix, self.subdomain = url_prefix, subdomain
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.url_values_defaults = {} if url_defaults is None else url_defaults
        #: What to do at registration, in order.
        self.deferred_functions: list[Callable[[BlueprintSetupState], Any]] = []

    def record(self, func: Callable[[BlueprintSetupState], Any]) -> None:
        """Have ``func`` called with the setup state at each registration."""
        if self.warn_on_modifications and self._got_registered_once:
            warnings.warn(
                Warning(
                    "The blueprint was already registered once but is getting modified now. These changes"
                    " will not show up."
                ),
                stacklevel=3,
            )
        self.deferred_functions.append(func)

    def record_once(self, func: Callable[[BlueprintSetupState], Any]) -> None:
        """The same, but only at the first registration with an application."""

        def wrapper(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        return self.record(update_wrapper(wrapper, func))

    def make_setup_state(
        self, app: "Flask", options: dict[str, Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Make the state that the deferred functions get. For overriding."""
        return BlueprintSetupState(self, app, options, first_registration)

    def register(self, app: "Flask", options: dict[str, Any], first_registration: bool = False) -> None:
        """Call the deferred functions; ``Flask.register_blueprint`` calls this.

        Args:
            app: the application.
            options: what was given to ``register_blueprint``.
            first_registration: whether it is the first one with ``app``.
        """
        self._got_registered_once = True
        state = self.make_setup_state(app, options, first_registration)
        if self.has_static_folder:
            files_rule = f"{self.static_url_path}/<path:filename>"
            state.add_url_rule(files_rule, view_func=self.send_static_file, endpoint="static")
        for perform in self.deferred_functions:
            perform(state)

        if not self.cli.commands:
            return
        group = options.get("cli_group", self.cli_group)
        if group is None:
            app.cli.commands.update(self.cli.commands)
        else:
            self.cli.name = self.name if group is _sentinel else group
            app.cli.add_command(self.cli)

    # ---- Routes ------------------------------------------------------------------------------------

    def route(self, rule: str, **options: Any) -> Callable[[_F], _F]:
        """Decorator for a view function, see ``Flask.route``; the endpoint gets the blueprint's name."""

        def decorator(f: _F) -> _F:
            name = options.pop("endpoint", f.__name__)
            self.add_url_rule(rule, name, f, **options)
            return f

        return decorator

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Connect a rule with an endpoint and a view function, see ``Flask.add_url_rule``.

        Raises:
            AssertionError: a dot in a name; dots part the blueprint's name from the endpoint's.
        """
        assert "." not in (endpoint or ""), "Blueprint endpoints should not contain dots"
        view_name = getattr(view_func, "__name__", "") if view_func else ""
        assert "." not in view_name, "Blueprint view function name should not contain dots"
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def endpoint(self, endpoint: str) -> Callable[[_F], _F]:
        """Decorator: make a function the view of an endpoint, named in full."""

        def decorator(f: _F) -> _F:
            def register_endpoint(state: BlueprintSetupState) -> None:
                state.app.view_functions[endpoint] = f

            self.record_once(register_endpoint)
            return f

        return decorator

    # ---- Templates ---------------------------------------------------------------------------------

    def app_template_filter(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a filter in all templates."""

        def decorator(f: _F) -> _F:
            self.add_app_template_filter(f, name=name)
            return f

        return decorator

    def add_app_template_filter(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`app_template_filter`, without a decorator."""

        def register_template(state: BlueprintSetupState) -> None:
            state.app.jinja_env.filters[name or f.__name__] = f

        self.record_once(register_template)

    def app_template_test(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a test (``is name``) in all templates."""

        def decorator(f: _F) -> _F:
            self.add_app_template_test(f, name=name)
            return f

        return decorator

    def add_app_template_test(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`app_template_test`, without a decorator."""

        def register_template(state: BlueprintSetupState) -> None:
            state.app.jinja_env.tests[name or f.__name__] = f

        self.record_once(register_template)

    def app_template_global(self, name: str | None = None) -> Callable[[_F], _F]:
        """Decorator: make a function a global name in all templates."""

        def decorator(f: _F) -> _F:
            self.add_app_template_global(f, name=name)
            return f

        return decorator

    def add_app_template_global(self, f: Callable[..., Any], name: str | None = None) -> None:
        """The same as :meth:`app_template_global`, without a decorator."""

        def register_template(state: BlueprintSetupState) -> None:
            state.app.jinja_env.globals[name or f.__name__] = f

        self.record_once(register_template)

    # ---- Hooks: those named "app" count for every request, the others for this blueprint's ----------

    def before_request(self, f: _F) -> _F:
        """Like ``Flask.before_request``, for requests to this blueprint."""
        self.record_once(lambda state: add_hook(state.app.before_request_funcs, self.name, f))
        return f

    def before_app_request(self, f: _F) -> _F:
        """``Flask.before_request``, for every request."""
        self.record_once(lambda state: add_hook(state.app.before_request_funcs, None, f))
        return f

    def before_app_first_request(self, f: _F) -> _F:
        """``Flask.before_first_request``."""
        self.record_once(lambda state: state.app.before_first_request_funcs.append(f))
        return f

    def after_request(self, f: _F) -> _F:
        """Like ``Flask.after_request``, for requests to this blueprint."""
        self.record_once(lambda state: add_hook(state.app.after_request_funcs, self.name, f))
        return f

    def after_app_request(self, f: _F) -> _F:
        """``Flask.after_request``, for every request."""
        self.record_once(lambda state: add_hook(state.app.after_request_funcs, None, f))
        return f

    def teardown_request(self, f: _F) -> _F:
        """Like ``Flask.teardown_request``, for requests to this blueprint."""
        self.record_once(lambda state: add_hook(state.app.teardown_request_funcs, self.name, f))
        return f

    def teardown_app_request(self, f: _F) -> _F:
        """``Flask.teardown_request``, for every request."""
        self.record_once(lambda state: add_hook(state.app.teardown_request_funcs, None, f))
        return f

    def context_processor(self, f: _F) -> _F:
        """Like ``Flask.context_processor``, for templates rendered in this blueprint's requests."""
        self.record_once(lambda state: add_hook(state.app.template_context_processors, self.name, f))
        return f

    def app_context_processor(self, f: _F) -> _F:
        """``Flask.context_processor``, for all templates."""
        self.record_once(lambda state: add_hook(state.app.template_context_processors, None, f))
        return f

    def url_value_preprocessor(self, f: _F) -> _F:
        """Like ``Flask.url_value_preprocessor``, for requests to this blueprint."""
        self.record_once(lambda state: add_hook(state.app.url_value_preprocessors, self.name, f))
        return f

    def app_url_value_preprocessor(self, f: _F) -> _F:
        """``Flask.url_value_preprocessor``, for every request."""
        self.record_once(lambda state: add_hook(state.app.url_value_preprocessors, None, f))
        return f

    def url_defaults(self, f: _F) -> _F:
        """Like ``Flask.url_defaults``, for URLs of this blueprint."""
        self.record_once(lambda state: add_hook(state.app.url_default_functions, self.name, f))
        return f

    def app_url_defaults(self, f: _F) -> _F:
        """``Flask.url_defaults``, for all URLs."""
        self.record_once(lambda state: add_hook(state.app.url_default_functions, None, f))
        return f

    # ---- Error handlers ----------------------------------------------------------------------------

    def app_errorhandler(self, code: Any) -> Callable[[_F], _F]:
        """``Flask.errorhandler``, for every request."""

        def decorator(f: _F) -> _F:
            self.record_once(lambda state: state.app.errorhandler(code)(f))
            return f

        return decorator

    def errorhandler(self, code_or_exception: Any) -> Callable[[_F], _F]:
        """Like ``Flask.errorhandler``, for requests to this blueprint.

        A 404 for a URL that no rule fits belongs to no blueprint: it goes to the application's handler.
        """

        def decorator(f: _F) -> _F:
            self.record_once(lambda state: state.app._register_error_handler(self.name, code_or_exception, f))
            return f

        return decorator

    def register_error_handler(self, code_or_exception: Any, f: Callable[..., Any]) -> None:
        """The same as :meth:`errorhandler`, without a decorator."""
        self.record_once(lambda state: state.app._register_error_handler(self.name, code_or_exception, f))
