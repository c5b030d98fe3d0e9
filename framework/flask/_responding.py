"""Taking apart what a view gave, and what to say when it cannot be used. Called by ``app``."""

from typing import Any, NoReturn

from flasktrace.framework.werkzeug.datastructures import Headers

INVALID_VIEW_RESULT = (
    "The view function did not return a valid response. The return type must be a string, dict, tuple,"
    " Response instance, or WSGI callable, but it was a {}."
)


def unpack_result(result: Any) -> tuple[Any, Any, Any]:
    """Split a view's value into body, status and headers; the latter two None when not given.

    Raises:
        TypeError: a tuple of another form, or no body.
    """
    body, status, headers = result, None, None
    if isinstance(result, tuple):
        if len(result) == 3:
            body, status, headers = result
        elif len(result) == 2:
            body, second = result
            if isinstance(second, Headers | dict | tuple | list):
                headers = second
            else:
                status = second
        else:
            raise TypeError(
                "The view function did not return a valid response tuple. The tuple must have the form"
                " (body, status, headers), (body, status), or (body, headers)."
            )
    if body is None:
        raise TypeError(
            "The view function did not return a valid response. The function either returned None or ended"
            " without a return statement."
        )
    return body, status, headers


def raise_again(error: BaseException) -> NoReturn:
    """Raise an exception that nobody handled. From here, so that tracebacks have 1.1's entries."""
    raise error


def key_error_detail(error: Any) -> None:
    """Have a missing form field's error say which one; for debug mode."""
    error.show_exception = True
    if error.args[0] not in error.get_description():
        error.description = f"KeyError: '{error.args[0]}'"
