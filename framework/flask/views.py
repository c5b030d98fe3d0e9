"""Views as classes: a class becomes a view function with :meth:`View.as_view`.

Place in the pipeline: ``Flask.dispatch_request`` calls the function that ``as_view`` made, which makes an
instance for this one request and calls its ``dispatch_request``.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

from .globals import request

http_method_funcs = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "trace"})


class View:
    """A view as a class; derive from it and write ``dispatch_request``."""

    #: The HTTP methods it answers; None for what ``add_url_rule`` takes by default.
    methods: ClassVar[Collection[str] | None] = None
    #: Whether OPTIONS is answered without the view; None to decide by ``methods``.
    provide_automatic_options: ClassVar[bool | None] = None
    #: Decorators for the view function, the first one innermost.
    decorators: ClassVar[Sequence[Callable[[Any], Any]]] = ()

    def dispatch_request(self) -> Any:
        """Answer the request; called with the values from the URL."""
        raise NotImplementedError()

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Any:
        """Make a view function.

        Args:
            name: the function's name, and so the endpoint unless another is given.
            class_args: arguments for each instance, with ``class_kwargs``.
        """

        def view(*args: Any, **kwargs: Any) -> Any:
            # By way of the function, so that tests and extensions can put another class there.
            instance = view.view_class(*class_args, **class_kwargs)  # type: ignore[attr-defined]
            return instance.dispatch_request(*args, **kwargs)

        view.__name__, view.__module__ = name, cls.__module__
        for decorate in cls.decorators or ():
            view = decorate(view)
        # Again, as a decorator may have given another function, whose name is "wrapper" or so.
        result: Any = view
        result.__name__, result.__module__, result.__doc__ = name, cls.__module__, cls.__doc__
        result.view_class = cls
        result.methods = cls.methods
        result.provide_automatic_options = cls.provide_automatic_options
        return result


class MethodViewType(type):
    """Fills in ``methods`` of a class from the methods ``get``, ``post``... that it has."""

    def __init__(cls, name: str, bases: tuple[type, ...], d: dict[str, Any]) -> None:
        super().__init__(name, bases, d)
        if "methods" in d:
            return
        inherited = {method for base in bases for method in getattr(base, "methods", None) or ()}
        own = {method.upper() for method in http_method_funcs if hasattr(cls, method)}
        # A base class without any stays without, so that it does not claim GET.
        if inherited or own:
            cls.methods = inherited | own


class MethodView(View, metaclass=MethodViewType):
    """A view that answers GET with its method ``get``, POST with ``post``, and so on."""

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method named like the request's; HEAD falls back on ``get``."""
        answer = getattr(self, request.method.lower(), None)
        if answer is None and request.method == "HEAD":
            answer = getattr(self, "get", None)
        assert answer is not None, f"Unimplemented method {request.method!r}"
        return answer(*args, **kwargs)
