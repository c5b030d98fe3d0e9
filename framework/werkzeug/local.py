"""Where "the current request" lives: one storage dict, keyed by the identity of the running context.

Place in the pipeline: Flask keeps two :class:`LocalStack` objects, one for request contexts and one for
application contexts. ``RequestContext.push`` and ``pop`` change them; ``request``, ``session``, ``g`` and
``current_app`` are :class:`LocalProxy` objects that look at the top each time they are used. The storage
itself is ``Local.__storage__``: ``{identity: {"stack": [context, ...]}}``.
"""

import copy
import operator
from collections.abc import Callable, Iterable, Iterator
from functools import update_wrapper
from typing import Any

from .wsgi import ClosingIterator

__all__ = ["Local", "LocalManager", "LocalProxy", "LocalStack", "get_ident", "release_local"]

try:
    # Every thread runs in a greenlet of its own, so this tells both threads and greenlets apart.
    from greenlet import getcurrent as get_ident
except ImportError:
    from _thread import get_ident


def release_local(local: "Local | LocalStack") -> None:
    """Forget everything that ``local`` holds for the running context, and only for this one."""
    local.__release_local__()


class Local:
    """An object whose attributes are separate for each thread (or greenlet).

    It is an ordinary dict of dicts: the outer key says which context, the inner one which attribute.
    """

    __slots__ = ("__ident_func__", "__storage__")

    __storage__: dict[Any, dict[str, Any]]
    __ident_func__: Callable[[], Any]

    def __init__(self) -> None:
        # Our own __setattr__ would store these two per context, so go round it.
        object.__setattr__(self, "__storage__", {})
        object.__setattr__(self, "__ident_func__", get_ident)

    def __iter__(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        return iter(self.__storage__.items())

    def __call__(self, proxy: str) -> "LocalProxy":
        """Make a proxy for the attribute named ``proxy``."""
        return LocalProxy(self, proxy)

    def __release_local__(self) -> None:
        self.__storage__.pop(self.__ident_func__(), None)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__storage__[self.__ident_func__()][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__storage__.setdefault(self.__ident_func__(), {})[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            self.__storage__[self.__ident_func__()].pop(name)
        except KeyError:
            raise AttributeError(name) from None


class LocalStack:
    """A stack per context, kept as the attribute ``stack`` of a :class:`Local`.

    Calling the stack gives a proxy of whatever is on top at the moment the proxy is used.
    """

    def __init__(self) -> None:
        self._local = Local()

    def __release_local__(self) -> None:
        self._local.__release_local__()

    @property
    def __ident_func__(self) -> Callable[[], Any]:
        return self._local.__ident_func__

    @__ident_func__.setter
    def __ident_func__(self, value: Callable[[], Any]) -> None:
        object.__setattr__(self._local, "__ident_func__", value)

    def __call__(self) -> "LocalProxy":
        def _lookup() -> Any:
            found = self.top
            if found is None:
                raise RuntimeError("object unbound")
            return found

        return LocalProxy(_lookup)

    # Reading path, step 13. Next: SecureCookieSessionInterface.open_session, flask/sessions.py.
    def push(self, obj: Any) -> list[Any]:
        """Put ``obj`` on top; returns the stack's list."""
        stack: list[Any] | None = getattr(self._local, "stack", None)
        if stack is None:
            stack = []
            self._local.stack = stack
        stack.append(obj)
        return stack

    # Reading path, step 31. Next: WSGIRequestHandler.run_wsgi.write, werkzeug/serving.py.
    def pop(self) -> Any:
        """Take the top off and return it; None when there is nothing on the stack."""
        stack: list[Any] | None = getattr(self._local, "stack", None)
        if stack is None:
            return None
        if len(stack) > 1:
            return stack.pop()
        # The last one: drop the context's entry too, or the storage would grow with every thread.
        release_local(self._local)
        return stack[-1]

    @property
    def top(self) -> Any:
        """What is on top, or None."""
        try:
            # ``self._local.stack``, without the look among the object's own attributes that always fails.
            return self._local.__getattr__("stack")[-1]
        except (AttributeError, IndexError):
            return None


class LocalManager:
    """Cleans up several locals together, at the end of a request.

    Args:
        locals: a Local or LocalStack, several of them, or None.
        ident_func: replaces the function that tells contexts apart, for the given locals too.
    """

    def __init__(
        self,
        locals: "Local | LocalStack | Iterable[Local | LocalStack] | None" = None,
        ident_func: Callable[[], Any] | None = None,
    ) -> None:
        if isinstance(locals, Local):
            locals = [locals]
        self.locals: list[Any] = [] if locals is None else list(locals)  # type: ignore[arg-type]
        self.ident_func: Callable[[], Any] = ident_func or get_ident
        if ident_func is not None:
            for local in self.locals:
                object.__setattr__(local, "__ident_func__", ident_func)

    def get_ident(self) -> Any:
        """The running context's identity, for other libraries that keep things per context."""
        return self.ident_func()

    def cleanup(self) -> None:
        """Release all managed locals for the running context."""
        for local in self.locals:
            release_local(local)

    def make_middleware(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a WSGI application so that the cleanup happens once its response is closed."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            return ClosingIterator(app(environ, start_response), self.cleanup)

        return application

    def middleware(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Like :meth:`make_middleware`, as a decorator that keeps name and docstring."""
        return update_wrapper(self.make_middleware(func), func)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} storages: {len(self.locals)}>"


def _forward(operation: Callable[..., Any]) -> Any:
    """A method that does ``operation`` on the object behind the proxy."""
    return lambda self, *args, **kwargs: operation(self._get_current_object(), *args, **kwargs)


def _forward_method(name: str) -> Any:
    """A method that calls the method ``name`` of the object behind the proxy."""
    return lambda self, *args: getattr(self._get_current_object(), name)(*args)


def _forward_reflected(operation: Callable[[Any, Any], Any]) -> Any:
    """The same with the operands swapped: the proxy stands at the right."""
    return lambda self, other: operation(other, self._get_current_object())


class LocalProxy:
    """Stands for an object that is looked up anew each time it is used.

    Args:
        local: a Local, of which ``name`` is the attribute; or any function without arguments.
        name: which attribute of the Local.

    Raises:
        RuntimeError: when used (not when made) and nothing is bound.
    """

    __slots__ = ("__is_named", "__local", "__name__", "__wrapped__")

    def __init__(self, local: Any, name: str | None = None) -> None:
        # Plain assignment would go to the object behind the proxy.
        object.__setattr__(self, "_LocalProxy__local", local)
        object.__setattr__(self, "__name__", name)
        object.__setattr__(self, "_LocalProxy__is_named", hasattr(local, "__release_local__"))
        if callable(local) and not self.__is_named:
            object.__setattr__(self, "__wrapped__", local)

    def _get_current_object(self) -> Any:
        """The object itself, needed where a proxy will not do: signal senders, other threads."""
        if not self.__is_named:
            return self.__local()
        try:
            return getattr(self.__local, self.__name__)
        except AttributeError:
            raise RuntimeError(f"no object bound to {self.__name__}") from None

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        try:
            return self._get_current_object().__dict__  # type: ignore[no-any-return]
        except RuntimeError:
            raise AttributeError("__dict__") from None

    def __repr__(self) -> str:
        try:
            target = self._get_current_object()
        except RuntimeError:
            return f"<{type(self).__name__} unbound>"
        return repr(target)

    def __bool__(self) -> bool:
        try:
            return bool(self._get_current_object())
        except RuntimeError:
            return False

    def __dir__(self) -> list[str]:
        try:
            return dir(self._get_current_object())
        except RuntimeError:
            return []

    def __getattr__(self, name: str) -> Any:
        target = self._get_current_object()
        return dir(target) if name == "__members__" else getattr(target, name)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._get_current_object()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._get_current_object()[key]

    __setattr__ = _forward(setattr)
    __delattr__ = _forward(delattr)
    __str__ = _forward(str)
    __hash__ = _forward(hash)
    __call__ = _forward(operator.call)
    __len__ = _forward(len)
    __getitem__ = _forward(operator.getitem)
    __iter__ = _forward(iter)
    __contains__ = _forward(operator.contains)

    __lt__ = _forward(operator.lt)
    __le__ = _forward(operator.le)
    __eq__ = _forward(operator.eq)
    __ne__ = _forward(operator.ne)
    __gt__ = _forward(operator.gt)
    __ge__ = _forward(operator.ge)

    __add__ = _forward(operator.add)
    __sub__ = _forward(operator.sub)
    __mul__ = _forward(operator.mul)
    __matmul__ = _forward(operator.matmul)
    __truediv__ = _forward(operator.truediv)
    __floordiv__ = _forward(operator.floordiv)
    __mod__ = _forward(operator.mod)
    __divmod__ = _forward_method("__divmod__")
    __pow__ = _forward(pow)
    __lshift__ = _forward(operator.lshift)
    __rshift__ = _forward(operator.rshift)
    __and__ = _forward(operator.and_)
    __xor__ = _forward(operator.xor)
    __or__ = _forward(operator.or_)

    __radd__ = _forward_reflected(operator.add)
    __rsub__ = _forward_reflected(operator.sub)
    __rmul__ = _forward_reflected(operator.mul)
    __rtruediv__ = _forward_reflected(operator.truediv)
    __rdiv__ = __rtruediv__
    __rfloordiv__ = _forward_reflected(operator.floordiv)
    __rmod__ = _forward_reflected(operator.mod)
    __rdivmod__ = _forward_method("__rdivmod__")

    __neg__ = _forward(operator.neg)
    __pos__ = _forward(operator.pos)
    __abs__ = _forward(abs)
    __invert__ = _forward(operator.invert)
    __complex__ = _forward(complex)
    __int__ = _forward(int)
    __float__ = _forward(float)
    __index__ = _forward(operator.index)

    __enter__ = _forward_method("__enter__")
    __exit__ = _forward_method("__exit__")
    __copy__ = _forward(copy.copy)
    __deepcopy__ = _forward(copy.deepcopy)
