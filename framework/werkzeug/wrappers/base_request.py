"""The request: an environ, read as late as possible.

Place in the pipeline: ``Flask.request_context`` makes one of each request's environ, before anything is
matched or read. Everything here is a property computed on first use, so that a view pays only for
what it looks at; the body in particular is not touched until ``form``, ``data`` or ``stream`` is.
"""

from collections.abc import Callable
from functools import update_wrapper
from io import BytesIO
from typing import Any, Self

from .._text import to_text, wsgi_bytes, wsgi_to_text
from ..datastructures import (
    CombinedMultiDict,
    EnvironHeaders,
    ImmutableList,
    ImmutableMultiDict,
    MultiDict,
    iter_multi_items,
)
from ..formparser import FormDataParser, default_stream_factory
from ..http import parse_cookie, parse_list_header, parse_options_header
from ..urls import url_decode
from ..utils import cached_property, environ_property
from ..wsgi import get_content_length, get_current_url, get_host, get_input_stream

Environ = dict[str, Any]


class BaseRequest:
    """A request without the mixins: URL, body, form, cookies.

    Args:
        environ: the WSGI environ.
        populate_request: note the request object in the environ.
        shallow: forbid reading the body, for those who look on (middlewares).
    """

    #: For decoding the URL and the form.
    charset = "utf-8"
    encoding_errors = "replace"
    #: Larger bodies are refused with 413, in bytes.
    max_content_length: int | None = None
    #: Forms with more text than this are refused, in bytes.
    max_form_memory_size: int | None = None
    parameter_storage_class: Any = ImmutableMultiDict
    list_storage_class: Any = ImmutableList
    dict_storage_class: Any = ImmutableMultiDict
    form_data_parser_class: Any = FormDataParser
    #: Host names to accept; any other is refused. None for all.
    trusted_hosts: list[str] | None = None
    disable_data_descriptor = False

    def __init__(self, environ: Environ, populate_request: bool = True, shallow: bool = False) -> None:
        self.environ = environ
        self.shallow = shallow
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    def __repr__(self) -> str:
        # Shown in tracebacks, where it must not fail in turn.
        try:
            shown = f"'{to_text(self.url, self.url_charset)}' [{self.method}]"
        except Exception:
            shown = "(invalid WSGI environ)"
        return f"<{type(self).__name__} {shown}>"

    @property
    def url_charset(self) -> str:
        """The charset of the URL, where it is not that of the form."""
        return self.charset

    @classmethod
    def from_values(cls, *args: Any, **kwargs: Any) -> Self:
        """A request made up for a test, see :class:`werkzeug.test.EnvironBuilder` for the arguments."""
        from ..test import EnvironBuilder

        kwargs.setdefault("charset", cls.charset)
        builder = EnvironBuilder(*args, **kwargs)
        try:
            made: Self = builder.get_request(cls)
        finally:
            builder.close()
        return made

    @classmethod
    def application(cls, f: Callable[..., Any]) -> Callable[..., Any]:
        """Make a WSGI application of a function from request to response; HTTP errors are responses too."""
        from ..exceptions import HTTPException

        def application(*args: Any) -> Any:
            # In a method, self comes first.
            *before, environ, start_response = args
            with cls(environ) as request:
                try:
                    response = f(*before, request)
                except HTTPException as error:
                    response = error.get_response(environ)
                return response(environ, start_response)

        return update_wrapper(application, f)

    def _get_file_stream(
        self,
        total_content_length: Any,
        content_type: str | None,
        filename: str | None = None,
        content_length: Any = None,
    ) -> Any:
        """Where an uploaded file goes while the form is read; a subclass can put it elsewhere."""
        return default_stream_factory(
            total_content_length=total_content_length,
            content_type=content_type,
            filename=filename,
            content_length=content_length,
        )

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether there is a body that could be a form."""
        return bool(self.environ.get("CONTENT_TYPE"))

    def make_form_data_parser(self) -> Any:
        """The parser, with the request's limits."""
        text = self.charset, self.encoding_errors
        limits = self.max_form_memory_size, self.max_content_length
        storage = self.parameter_storage_class
        return self.form_data_parser_class(self._get_file_stream, *text, *limits, storage)

    def _load_form_data(self) -> None:
        """Read the body once; puts ``stream``, ``form`` and ``files`` where their properties would."""
        if "form" in self.__dict__:
            return
        _assert_not_shallow(self)
        if self.want_form_data_parsed:
            length = get_content_length(self.environ)
            mimetype, options = parse_options_header(self.environ.get("CONTENT_TYPE", ""))
            parser = self.make_form_data_parser()
            parsed = parser.parse(self._get_stream_for_parsing(), mimetype, length, options)
        else:
            parsed = self.stream, self.parameter_storage_class(), self.parameter_storage_class()
        self.__dict__.update(zip(("stream", "form", "files"), parsed, strict=True))

    def _get_stream_for_parsing(self) -> Any:
        """The body; what has been read already is read again from memory."""
        kept = getattr(self, "_cached_data", None)
        return self.stream if kept is None else BytesIO(kept)

    def close(self) -> None:
        """Close the uploaded files."""
        for _, file in iter_multi_items(self.__dict__.get("files") or ()):
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, tb: Any) -> None:
        self.close()

    @cached_property
    def stream(self) -> Any:
        """The body to be read by hand. Empty once it has been parsed as a form."""
        _assert_not_shallow(self)
        return get_input_stream(self.environ)

    input_stream = environ_property("wsgi.input", doc="the server's stream; nothing stops at the body's end")

    @cached_property
    def args(self) -> Any:
        """The query string's arguments, by default an :class:`ImmutableMultiDict`."""
        return url_decode(
            wsgi_bytes(self.environ.get("QUERY_STRING", "")),
            self.url_charset,
            errors=self.encoding_errors,
            cls=self.parameter_storage_class,
        )

    @cached_property
    def data(self) -> bytes:
        """The body as bytes; empty if it was a form."""
        if self.disable_data_descriptor:
            raise AttributeError("data descriptor is disabled")
        body: bytes = self.get_data(parse_form_data=True)
        return body

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """The body, read whole: check ``content_length`` first.

        Args:
            cache: keep it, so that it can be asked for again.
            as_text: decode it.
            parse_form_data: if it is a form, parse it; then nothing is left here.
        """
        body = getattr(self, "_cached_data", None)
        if body is None:
            if parse_form_data:
                self._load_form_data()
            body = self.stream.read()
            if cache:
                self._cached_data = body
        return body.decode(self.charset, self.encoding_errors) if as_text else body

    @cached_property
    def form(self) -> Any:
        """The form's fields, by default an :class:`ImmutableMultiDict`."""
        self._load_form_data()
        # Loading has put the real one in this property's place.
        return self.form

    @cached_property
    def values(self) -> Any:
        """``args`` and ``form`` together, ``args`` first."""
        sources = [self.args, self.form]
        return CombinedMultiDict(
            [source if isinstance(source, MultiDict) else MultiDict(source) for source in sources]
        )

    @cached_property
    def files(self) -> Any:
        """The uploaded files, :class:`FileStorage` objects by field."""
        self._load_form_data()
        return self.files

    @cached_property
    def cookies(self) -> Any:
        """The cookies the client has sent."""
        return parse_cookie(self.environ, self.charset, self.encoding_errors, cls=self.dict_storage_class)

    @cached_property
    def headers(self) -> EnvironHeaders:
        """The request's headers, which cannot be changed."""
        return EnvironHeaders(self.environ)

    @cached_property
    def path(self) -> str:
        """The path below the application, always with its first slash."""
        raw = wsgi_to_text(self.environ.get("PATH_INFO") or "", self.charset, self.encoding_errors)
        return f"/{raw.lstrip('/')}"

    @cached_property
    def full_path(self) -> str:
        """The path with the query string; the question mark is always there."""
        return f"{self.path}?{to_text(self.query_string, self.url_charset)}"

    @cached_property
    def script_root(self) -> str:
        """Where the application is mounted, without a final slash."""
        raw = wsgi_to_text(self.environ.get("SCRIPT_NAME") or "", self.charset, self.encoding_errors)
        return raw.rstrip("/")

    @cached_property
    def url(self) -> str:
        """The whole URL, readable (as an IRI)."""
        return get_current_url(self.environ, trusted_hosts=self.trusted_hosts)

    @cached_property
    def base_url(self) -> str:
        """The URL without the query string."""
        return get_current_url(self.environ, strip_querystring=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def url_root(self) -> str:
        """The application's URL."""
        return get_current_url(self.environ, True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def host_url(self) -> str:
        """Scheme and host."""
        return get_current_url(self.environ, host_only=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def host(self) -> str:
        """The host as the client wrote it, with the port if that is unusual."""
        return get_host(self.environ, trusted_hosts=self.trusted_hosts)

    query_string = environ_property(
        "QUERY_STRING", "", read_only=True, load_func=wsgi_bytes, doc="the query string as bytes"
    )
    method = environ_property(
        "REQUEST_METHOD", "GET", read_only=True, load_func=lambda name: name.upper(), doc="GET, POST, ..."
    )

    @cached_property
    def access_route(self) -> Any:
        """All addresses from the client to here, as proxies report them (and clients may forge them)."""
        if "HTTP_X_FORWARDED_FOR" in self.environ:
            return self.list_storage_class(parse_list_header(self.environ["HTTP_X_FORWARDED_FOR"]))
        if "REMOTE_ADDR" in self.environ:
            return self.list_storage_class([self.environ["REMOTE_ADDR"]])
        return self.list_storage_class()

    @property
    def remote_addr(self) -> str | None:
        """The address at the other end of the connection."""
        return self.environ.get("REMOTE_ADDR")

    remote_user = environ_property("REMOTE_USER", doc="who the server says the client is")
    scheme = environ_property("wsgi.url_scheme", doc="http or https")
    is_secure = property(lambda self: self.environ["wsgi.url_scheme"] == "https", doc="whether it is https")
    is_multithread = environ_property("wsgi.multithread", doc="whether the server uses threads")
    is_multiprocess = environ_property("wsgi.multiprocess", doc="whether the server uses processes")
    is_run_once = environ_property("wsgi.run_once", doc="whether the process serves this one request only")


def _assert_not_shallow(request: BaseRequest) -> None:
    if request.shallow:
        raise RuntimeError(
            "A shallow request tried to consume form data. If you really want to do that,"
            " set `shallow` to False."
        )
