"""Templates: where they are looked for, what they can see, and rendering them.

Place in the pipeline: a view calls :func:`render_template`; the application adds the context
processors' values, Jinja renders, and the text goes back through the view to ``make_response``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from .globals import _app_ctx_stack, _request_ctx_stack
from .signals import before_render_template, template_rendered

if TYPE_CHECKING:
    from .app import Flask

# Extensions of older Jinja that are part of the language now and no longer exist as extensions.
_BUILT_IN_EXTENSIONS = {"jinja2.ext.autoescape", "jinja2.ext.with_"}


def _default_template_ctx_processor() -> dict[str, Any]:
    reqctx, appctx = _request_ctx_stack.top, _app_ctx_stack.top
    values = {} if appctx is None else {"g": appctx.g}
    if reqctx is not None:
        values |= {"request": reqctx.request, "session": reqctx.session}
    return values


class Environment(BaseEnvironment):
    """Jinja's environment, knowing its application and the blueprints' template folders."""

    def __init__(self, app: "Flask", **options: Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        wanted = options.get("extensions", ())
        options["extensions"] = [name for name in wanted if name not in _BUILT_IN_EXTENSIONS]
        super().__init__(**options)
        self.app = app


class DispatchingJinjaLoader(BaseLoader):
    """Looks in the application's template folder, then in each blueprint's, in order of registration."""

    def __init__(self, app: "Flask") -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> Any:
        """Give a template's source, file name and check for changes, as Jinja asks for them."""
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            return self._get_source_explained(environment, template)
        return self._get_source_fast(environment, template)

    def _get_source_explained(self, environment: BaseEnvironment, template: str) -> Any:
        attempts: list[tuple[Any, Any, Any]] = []
        for owner, loader in self._iter_loaders(template):
            try:
                source = loader.get_source(environment, template)
            except TemplateNotFound:
                source = None
            attempts.append((loader, owner, source))

        from .debughelpers import explain_template_loading_attempts

        explain_template_loading_attempts(self.app, template, attempts)
        for _, _, source in attempts:
            if source is not None:
                return source
        raise TemplateNotFound(template)

    def _get_source_fast(self, environment: BaseEnvironment, template: str) -> Any:
        for _, loader in self._iter_loaders(template):
            try:
                return loader.get_source(environment, template)
            except TemplateNotFound:
                pass
        raise TemplateNotFound(template)

    def _iter_loaders(self, template: str) -> Iterator[tuple[Any, Any]]:
        own_loader = self.app.jinja_loader
        if own_loader is not None:
            yield self.app, own_loader
        for blueprint in self.app.iter_blueprints():
            its_loader = blueprint.jinja_loader
            if its_loader is not None:
                yield blueprint, its_loader

    def list_templates(self) -> list[str]:
        """Name all templates of the application and its blueprints."""
        names: set[str] = set()
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            names.update(() if loader is None else loader.list_templates())
        return list(names)


def _render(template: Any, context: dict[str, Any], app: "Flask") -> str:
    before_render_template.send(app, template=template, context=context)
    text: str = template.render(context)
    template_rendered.send(app, template=template, context=context)
    return text


def render_template(template_name_or_list: Any, **context: Any) -> str:
    """Render a template from the template folders.

    Args:
        template_name_or_list: its name, or several names of which the first that exists is taken.
        context: what the template can see, beside the context processors' values.
    """
    app = _app_ctx_stack.top.app
    app.update_template_context(context)
    return _render(app.jinja_env.get_or_select_template(template_name_or_list), context, app)


def render_template_string(source: str, **context: Any) -> str:
    """Render a template given as text; it is autoescaped."""
    app = _app_ctx_stack.top.app
    app.update_template_context(context)
    return _render(app.jinja_env.from_string(source), context, app)
