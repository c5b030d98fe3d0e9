"""Small decisions of the test client: where the query string is, whether a redirect may be followed."""

from typing import Any


def split_query(path: Any, query_string: Any) -> tuple[Any, Any]:
    """Path and query string, which may have come with the path.

    Raises:
        ValueError: the query string in two places.
    """
    mark = "?" if isinstance(path, str) else b"?"
    if mark not in path:
        return path, query_string
    if query_string is not None:
        raise ValueError("Query string is defined in the path and as an argument")
    path, _, query_string = path.partition(mark)
    return path, query_string


def check_redirect_host(target: list[str], current: list[str], allow_subdomains: bool) -> None:
    """Compare two hosts, each as a list of its parts.

    Raises:
        RuntimeError: another host, or a subdomain where these are not allowed.
    """
    if target == current:
        return
    if target[-len(current) :] != current:
        raise RuntimeError("Following external redirects is not supported.")
    if not allow_subdomains:
        raise RuntimeError("Following subdomain redirects is not enabled.")


def as_bytes(data: Any, charset: str) -> bytes | None:
    """The body that ``data`` is, if it is text, bytes or a file; None if it is a form's fields."""
    if hasattr(data, "read"):
        data = data.read()
    if isinstance(data, str):
        return data.encode(charset)
    return data if isinstance(data, bytes) else None
