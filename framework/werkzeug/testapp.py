"""A WSGI application that shows where it runs: ``python -m werkzeug.testapp`` to try out a server."""

import os
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from textwrap import wrap
from typing import Any

from . import __version__ as _werkzeug_version
from .utils import escape
from .wrappers import BaseRequest as Request
from .wrappers import BaseResponse as Response

_page = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>WSGI Information</title>
<style>
body {{ font: 15px/1.4 sans-serif; max-width: 45em; margin: 2em auto; padding: 0 1em; color: #222 }}
h1, h2 {{ font-weight: normal }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: 2px 6px; border-bottom: 1px solid #ddd }}
td {{ overflow-wrap: anywhere }}
li.virtual, li.egg {{ color: #777 }}
</style>
<h1>WSGI Information</h1>
<p>What this page shows is the server's and the interpreter's own account of themselves.
<h2>Python Interpreter</h2>
<table>
<tr><th>Python Version<td>{python_version}
<tr><th>Platform<td>{platform} [{os}]
<tr><th>API Version<td>{api_version}
<tr><th>Byteorder<td>{byteorder}
<tr><th>Werkzeug Version<td>{werkzeug_version}
</table>
<h2>WSGI Environment</h2>
<table>{environ}</table>
<h2>Installed Packages</h2>
<ul>{packages}</ul>
<h2>System Path</h2>
<ul>{path}</ul>
"""


def iter_sys_path() -> Iterator[tuple[str, bool, bool]]:
    """Each entry of ``sys.path``: as shown, whether it is no folder, and whether its shown form differs."""
    home = os.path.expanduser("~") + os.sep if os.name == "posix" else None
    for entry in sys.path:
        full = os.path.join(os.getcwd(), entry or os.path.curdir)
        shown = f"~/{full.removeprefix(home)}" if home and full.startswith(home) else full
        yield shown, not os.path.isdir(full), shown != entry


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{escape(line)}" for line in lines)


def _environ_rows(environ: dict[str, Any]) -> str:
    rows = sorted(environ.items(), key=lambda item: str(item[0]).lower())
    return "".join(
        f"<tr><th>{escape(str(name))}<td><code>{' '.join(wrap(escape(repr(value))))}</code>"
        for name, value in rows
    )


def render_testapp(req: Any) -> bytes:
    """The page for one request."""
    packages = {f"{dist.metadata['Name']} [{dist.version}]" for dist in metadata.distributions()}
    paths = ("".join((shown, " (no folder)" * virtual)) for shown, virtual, _ in iter_sys_path())
    page = _page.format(
        python_version=escape(sys.version),
        platform=escape(sys.platform),
        os=escape(os.name),
        api_version=sys.api_version,
        byteorder=sys.byteorder,
        werkzeug_version=_werkzeug_version,
        environ=_environ_rows(req.environ),
        packages=_items(sorted(packages, key=str.lower)),
        path=_items(paths),
    )
    return page.encode("utf-8")


def test_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The application. ``?resource=logo`` of old answers with nothing but a 404."""
    request = Request(environ, populate_request=False)
    if request.args.get("resource"):
        return Response("not found", status=404)(environ, start_response)
    return Response(render_testapp(request), mimetype="text/html")(environ, start_response)


if __name__ == "__main__":
    from .serving import run_simple

    run_simple("localhost", 5000, test_app, use_reloader=True)
