"""Serves static files before the application sees the request.

``run_simple`` puts it around the application for ``static_files``.
"""

import mimetypes
import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.util import find_spec
from io import BytesIO
from time import mktime, time
from typing import Any
from zlib import adler32

from .._internal import Environ, StartResponse, WSGIApp
from .._times import utc_time
from ..filesystem import get_filesystem_encoding
from ..http import http_date, is_resource_modified
from ..security import safe_join
from ..utils import get_content_type
from ..wsgi import get_path_info, wrap_file

#: Opens a file: the file, when it was changed (UTC), its size in bytes.
Opener = Callable[[], tuple[Any, datetime, int]]
#: Finds a file by its path below an export: its name and how to open it.
Loader = Callable[[str | None], tuple[str, Opener] | tuple[None, None]]


class SharedDataMiddleware:
    """Serves files for some paths and passes all other requests on.

    Args:
        app: for what is no file here.
        exports: by path: a file, a folder, or a package and a folder in it.
        disallow: patterns of file names not to serve.
        cache: let browsers keep the files, for ``cache_timeout`` seconds.
        fallback_mimetype: for files of an unknown kind.
    """

    def __init__(
        self,
        app: WSGIApp,
        exports: Mapping[str, Any] | Iterable[tuple[str, Any]],
        disallow: str | Iterable[str] | None = None,
        cache: bool = True,
        cache_timeout: int = 60 * 60 * 12,
        fallback_mimetype: str = "application/octet-stream",
    ) -> None:
        self.app = app
        self.cache, self.cache_timeout = cache, cache_timeout
        self.fallback_mimetype = fallback_mimetype
        pairs = exports.items() if isinstance(exports, Mapping) else exports
        self.exports: list[tuple[str, Loader]] = []
        for path, value in pairs:
            if isinstance(value, tuple):
                loader = self.get_package_loader(*value)
            elif not isinstance(value, str):
                raise TypeError(f"unknown def {value!r}")
            else:
                loader = (self.get_file_loader if os.path.isfile(value) else self.get_directory_loader)(value)
            self.exports.append((path, loader))
        if disallow is not None:
            patterns = [disallow] if isinstance(disallow, str) else list(disallow)
            allows = lambda name: not any(fnmatch(name, pattern) for pattern in patterns)  # noqa: E731
            setattr(self, "is_allowed", allows)  # noqa: B010

    def is_allowed(self, filename: str) -> bool:
        """Tell whether a file may be served; for subclasses to override, unless ``disallow`` is given."""
        return True

    def _opener(self, filename: str) -> Opener:
        return lambda: (open(filename, "rb"), utc_time(os.path.getmtime(filename)), os.path.getsize(filename))

    def get_file_loader(self, filename: str) -> Loader:
        """Serve one file."""
        return lambda path: (os.path.basename(filename), self._opener(filename))

    def get_package_loader(self, package: str, package_path: str) -> Loader:
        """Serve the files in a folder of an installed package, even out of a zip file."""
        loaded_at = datetime.now(UTC).replace(tzinfo=None)
        spec = find_spec(package)
        provider: Any = spec and spec.loader
        if spec is None or not hasattr(provider, "get_resource_reader"):
            raise TypeError(f"the package {package!r} has no files to serve")
        reader = provider.get_resource_reader(spec.name)

        def loader(path: str | None) -> Any:
            full_path = None if path is None else safe_join(package_path, path)
            if full_path is None:
                return None, None
            if not reader.is_resource(full_path):
                return None, None
            return posixpath.basename(full_path), lambda: opened(full_path)

        def opened(full_path: str) -> tuple[Any, datetime, int]:
            resource = reader.open_resource(full_path)
            if isinstance(resource, BytesIO):
                return resource, loaded_at, len(resource.getvalue())
            stat = os.fstat(resource.fileno())
            return resource, utc_time(stat.st_mtime), stat.st_size

        return loader

    def get_directory_loader(self, directory: str) -> Loader:
        """Serve the files in a folder."""

        def loader(path: str | None) -> Any:
            full_path = directory if path is None else safe_join(directory, path)
            if full_path is None or not os.path.isfile(full_path):
                return None, None
            return os.path.basename(full_path), self._opener(full_path)

        return loader

    def generate_etag(self, mtime: datetime, file_size: int, real_filename: str | bytes) -> str:
        """A tag that changes whenever the file does."""
        if isinstance(real_filename, str):
            real_filename = real_filename.encode(get_filesystem_encoding())
        return f"wzsdm-{int(mktime(mtime.timetuple()))}-{file_size}-{adler32(real_filename) & 0xFFFFFFFF}"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        path = get_path_info(environ)
        name, opener = None, None
        for prefix, loader in self.exports:
            if prefix == path:
                name, opener = loader(None)
            folder = prefix if prefix.endswith("/") else prefix + "/"
            if opener is None and path.startswith(folder):
                name, opener = loader(path[len(folder) :])
            if opener is not None:
                break
        if opener is None or name is None or not self.is_allowed(name):
            return self.app(environ, start_response)

        mimetype = get_content_type(mimetypes.guess_type(name)[0] or self.fallback_mimetype, "utf-8")
        file, mtime, file_size = opener()
        headers = [("Date", http_date())]
        if self.cache:
            etag = self.generate_etag(mtime, file_size, name)
            headers += [("Etag", f'"{etag}"'), ("Cache-Control", f"max-age={self.cache_timeout}, public")]
            if not is_resource_modified(environ, etag, last_modified=mtime):
                file.close()
                start_response("304 Not Modified", headers)
                return []
            headers.append(("Expires", http_date(time() + self.cache_timeout)))
        else:
            headers.append(("Cache-Control", "public"))
        headers += [("Content-Type", mimetype), ("Content-Length", str(file_size))]
        headers.append(("Last-Modified", http_date(mtime)))
        start_response("200 OK", headers)
        return wrap_file(environ, file)
