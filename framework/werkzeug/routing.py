"""From a path to an endpoint and back: the URL map, its rules and the converters.

Place in the pipeline: ``Flask.add_url_rule`` makes a :class:`Rule` and adds it to the app's :class:`Map`.
For each request ``Flask.create_url_adapter`` binds the map to the environ, which gives a
:class:`MapAdapter`; ``RequestContext.push`` calls its :meth:`~MapAdapter.match` and ``url_for`` its
:meth:`~MapAdapter.build`.

How a rule matches: :meth:`Rule.compile` turns ``/user/<int:id>`` into a regular expression for
``subdomain|/path``; converters turn the groups into values. How it builds: the same parts become a small
generated function that puts values back into the text.
"""

import ast
import difflib
import posixpath
import re
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pprint import pformat
from threading import Lock
from typing import Any

from ._internal import _encode_idna, _get_environ
from ._text import to_bytes, to_text, wsgi_to_text
from .datastructures import ImmutableDict, MultiDict
from .exceptions import BadHost, BadRequest, HTTPException, MethodNotAllowed, NotFound
from .urls import _fast_url_quote, url_encode, url_join, url_quote
from .utils import cached_property, format_string, redirect
from .wsgi import get_host

Environ = dict[str, Any]
#: Either (converter name, converter arguments, variable) or (None, None, static text).
RulePart = tuple[str | None, str | None, str]

_variable_re = re.compile(
    r"(?P<static>[^<]*)"
    r"<(?:(?P<converter>[a-zA-Z_]\w*)(?:\((?P<args>.*?)\))?:)?"
    r"(?P<variable>[a-zA-Z_]\w*)>",
    re.ASCII,
)
_redirect_variable_re = re.compile(r"<([^>]+)>")
_argument_re = re.compile(
    r"(?:(?P<name>\w+)\s*=\s*)?"
    r"(?P<value>True|False|\d+.\d+|\d+.|\d+|[\w\d_.]+|[urUR]?(?P<quoted>\"[^\"]*?\"|'[^']*'))\s*,"
)
_constants: dict[str, bool | None] = {"None": None, "True": True, "False": False}
#: Characters of a path that stay as they are when it is quoted.
_path_safe = "/:|+"


def _pythonize(value: str) -> Any:
    """Read one converter argument: a constant, a number or a string."""
    if value in _constants:
        return _constants[value]
    for number in int, float:
        try:
            return number(value)
        except ValueError:
            continue
    is_quoted = value[:1] == value[-1:] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value


def parse_converter_args(argstr: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Split ``"2, max=3"``, as it stands in a rule, into positional and keyword arguments."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for found in _argument_re.finditer(argstr + ","):
        value = _pythonize(found["quoted"] or found["value"])
        if found["name"]:
            named[found["name"]] = value
        else:
            positional.append(value)
    return tuple(positional), named


def parse_rule(rule: str) -> Iterator[RulePart]:
    """Take a rule apart, left to right.

    Raises:
        ValueError: a variable twice, or a bracket that is never closed.
    """
    position = 0
    seen: set[str] = set()
    while found := _variable_re.match(rule, position):
        if found["static"]:
            yield None, None, found["static"]
        variable = found["variable"]
        if variable in seen:
            raise ValueError(f"variable name {variable!r} used twice.")
        seen.add(variable)
        yield found["converter"] or "default", found["args"] or None, variable
        position = found.end()
    rest = rule[position:]
    if "<" in rest or ">" in rest:
        raise ValueError(f"malformed url rule: {rule!r}")
    if rest:
        yield None, None, rest


class RoutingException(Exception):
    """Base of the exceptions by which routing reports more than "not found"."""


class RequestRedirect(HTTPException, RoutingException):
    """The path is right but should be written differently; the client is sent to ``new_url``."""

    code = 308

    def __init__(self, new_url: str) -> None:
        RoutingException.__init__(self, new_url)
        self.new_url = new_url

    def get_response(self, environ: Environ | None = None) -> Any:
        return redirect(self.new_url, self.code)


class RequestPath(RoutingException):
    """From :meth:`Rule.match` to :meth:`MapAdapter.match`: redirect to this path."""

    __slots__ = ("path_info",)

    def __init__(self, path_info: str) -> None:
        self.path_info = path_info


class RequestAliasRedirect(RoutingException):
    """From :meth:`Rule.match` to :meth:`MapAdapter.match`: redirect to the rule this one is an alias of."""

    def __init__(self, matched_values: dict[str, Any]) -> None:
        self.matched_values = matched_values


class BuildError(RoutingException, LookupError):
    """No rule of this endpoint can be built with these values; the message suggests what was meant."""

    def __init__(
        self,
        endpoint: Any,
        values: Mapping[str, Any],
        method: str | None,
        adapter: "MapAdapter | None" = None,
    ) -> None:
        LookupError.__init__(self, endpoint, values, method)
        self.endpoint, self.values, self.method = endpoint, values, method
        self.adapter = adapter

    @cached_property
    def suggested(self) -> "Rule | None":
        return self.closest_rule(self.adapter)

    def closest_rule(self, adapter: "MapAdapter | None") -> "Rule | None":
        """The rule most like the one asked for: by endpoint's name first, then values, then method."""

        def _score_rule(rule: Rule) -> float:
            likeness = difflib.SequenceMatcher(None, rule.endpoint, self.endpoint).ratio()
            takes_values = rule.arguments.issuperset(self.values or ())
            takes_method = bool(rule.methods and self.method in rule.methods)
            return 0.98 * likeness + 0.01 * takes_values + 0.01 * takes_method

        if adapter and adapter.map._rules:
            return max(adapter.map._rules, key=_score_rule)
        return None

    def __str__(self) -> str:
        method = f" ({self.method!r})" if self.method else ""
        values = f" with values {sorted(self.values)!r}" if self.values else ""
        message = f"Could not build url for endpoint {self.endpoint!r}{method}{values}."
        if not self.suggested:
            return message
        if self.suggested.endpoint != self.endpoint:
            return f"{message} Did you mean {self.suggested.endpoint!r} instead?"
        if self.method and self.method not in (self.suggested.methods or (self.method,)):
            message += f" Did you mean to use methods {sorted(self.suggested.methods or ())!r}?"
        missing = self.suggested.arguments.union(self.suggested.defaults or ()).difference(self.values)
        return f"{message} Did you forget to specify values {sorted(missing)!r}?" if missing else message


class WebsocketMismatch(BadRequest):
    """The only rules that match are for the other of HTTP and WebSocket."""


class ValidationError(ValueError):
    """Raised by a converter: this text is not for me, try the next rule."""


class RuleFactory:
    """Anything that can give rules to a map; a rule itself is the simplest one."""

    def get_rules(self, map: "Map") -> Iterable["Rule"]:
        """Subclasses yield the (unbound) rules to add to ``map``."""
        raise NotImplementedError()


class Subdomain(RuleFactory):
    """The given rules, all on one subdomain."""

    def __init__(self, subdomain: str, rules: Iterable[RuleFactory]) -> None:
        self.subdomain = subdomain
        self.rules = rules

    def get_rules(self, map: "Map") -> Iterator["Rule"]:
        for factory in self.rules:
            for original in factory.get_rules(map):
                changed = original.empty()
                changed.subdomain = self.subdomain
                yield changed


class Submount(RuleFactory):
    """The given rules, all below one path."""

    def __init__(self, path: str, rules: Iterable[RuleFactory]) -> None:
        self.path = path.rstrip("/")
        self.rules = rules

    def get_rules(self, map: "Map") -> Iterator["Rule"]:
        for factory in self.rules:
            for original in factory.get_rules(map):
                changed = original.empty()
                changed.rule = f"{self.path}{changed.rule}"
                yield changed


class EndpointPrefix(RuleFactory):
    """The given rules, their endpoints' names with a prefix."""

    def __init__(self, prefix: str, rules: Iterable[RuleFactory]) -> None:
        self.prefix = prefix
        self.rules = rules

    def get_rules(self, map: "Map") -> Iterator["Rule"]:
        for factory in self.rules:
            for original in factory.get_rules(map):
                changed = original.empty()
                changed.endpoint = self.prefix + changed.endpoint
                yield changed


class RuleTemplate:
    """Rules with ``$name`` placeholders; calling it with values gives a factory."""

    def __init__(self, rules: Iterable["Rule"]) -> None:
        self.rules = list(rules)

    def __call__(self, *args: Any, **kwargs: Any) -> "RuleTemplateFactory":
        return RuleTemplateFactory(self.rules, dict(*args, **kwargs))


class RuleTemplateFactory(RuleFactory):
    """A rule template together with the values for its placeholders."""

    def __init__(self, rules: Iterable[RuleFactory], context: Mapping[str, Any]) -> None:
        self.rules = rules
        self.context = context

    def get_rules(self, map: "Map") -> Iterator["Rule"]:
        context = dict(self.context)
        for factory in self.rules:
            for rule in factory.get_rules(map):
                defaults = {
                    name: format_string(value, context) if isinstance(value, str) else value
                    for name, value in (rule.defaults or {}).items()
                }
                subdomain, endpoint = rule.subdomain, rule.endpoint
                if subdomain is not None:
                    subdomain = format_string(subdomain, context)
                if isinstance(endpoint, str):
                    endpoint = format_string(endpoint, context)
                pattern = format_string(rule.rule, context)
                kept = rule.methods, rule.build_only, endpoint, rule.strict_slashes
                yield Rule(pattern, defaults or None, subdomain, *kept)


def _prefix_names(src: str) -> Any:
    """Parse one statement and put a dot before each name in it.

    Generated builders take the URL's variables as parameters; a dotted name cannot clash with one.
    """
    statement: Any = ast.parse(src).body[0]
    tree = statement.value if isinstance(statement, ast.Expr) else statement
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = f".{node.id}"
    return tree


_query_string_code = "q, params = ('?', self._encode_query_vars(kwargs)) if kwargs else ('', '')"
_query_string_ast = _prefix_names(_query_string_code)
_query_string_names = (_prefix_names("q"), _prefix_names("params"))


class Rule(RuleFactory):
    """One URL pattern and where it leads.

    Args:
        string: the pattern; ``<converter(arguments):name>`` is a variable. Ends with a slash for a branch.
        defaults: values for variables that the pattern does not hold.
        subdomain: the subdomain's pattern; the map's default otherwise.
        methods: allowed HTTP methods, None for all. GET brings HEAD along.
        build_only: never matches, only builds.
        endpoint: what a match gives.
        strict_slashes: a branch without its final slash redirects; a leaf with one is not found.
        merge_slashes: redirect ``//`` to ``/``.
        redirect_to: a pattern, or a function of the adapter and the values, giving the URL to redirect to.
        alias: another way to write the rule with the same endpoint and arguments; redirects to that one.
        host: the whole host's pattern, with host matching.
        websocket: only for ``ws`` and ``wss``.

    Raises:
        ValueError: no leading slash, or a WebSocket rule with other methods than GET, HEAD and OPTIONS.
        TypeError: ``methods`` is a single string.
    """

    map: Any
    _regex: re.Pattern[str]
    _argument_weights: list[int]
    _converters: dict[str, "BaseConverter"]
    _build: Callable[..., tuple[str, str]]
    _build_unknown: Callable[..., tuple[str, str]]

    def __init__(
        self,
        string: str,
        defaults: Mapping[str, Any] | None = None,
        subdomain: str | None = None, methods: Iterable[str] | None = None,
        build_only: bool = False, endpoint: Any = None,
        strict_slashes: bool | None = None, merge_slashes: bool | None = None,
        redirect_to: str | Callable[..., str] | None = None, alias: bool = False,
        host: str | None = None, websocket: bool = False,
    ) -> None:  # fmt: skip
        if not string.startswith("/"):
            raise ValueError("urls must start with a leading slash")
        self.rule, self.is_leaf = string, not string.endswith("/")
        self.map = None
        self.subdomain, self.host = subdomain, host
        self.endpoint, self.defaults = endpoint, defaults
        self.strict_slashes, self.merge_slashes = strict_slashes, merge_slashes
        self.build_only, self.alias, self.websocket = build_only, alias, websocket
        self.redirect_to = redirect_to
        self.methods: set[str] | None = None
        if methods is not None:
            if isinstance(methods, str):
                raise TypeError("'methods' should be a list of strings.")
            self.methods = {method.upper() for method in methods}
            if "GET" in self.methods:
                self.methods.add("HEAD")
            if websocket and not self.methods <= {"GET", "HEAD", "OPTIONS"}:
                raise ValueError("WebSocket rules can only use 'GET', 'HEAD', and 'OPTIONS' methods.")
        self.arguments = {str(name) for name in defaults or ()}
        self._trace: Any = None
        self._converters = self._regex = self._argument_weights = None  # type: ignore[assignment]

    def empty(self) -> "Rule":
        """An unbound copy, for the factories that change a rule before it is added."""
        return type(self)(self.rule, **self.get_empty_kwargs())

    def get_empty_kwargs(self) -> dict[str, Any]:
        """What :meth:`empty` passes on; a subclass with more arguments adds them here."""
        kept = ("subdomain", "host", "methods", "endpoint", "redirect_to")
        flags = ("build_only", "strict_slashes", "alias")
        kwargs = {name: getattr(self, name) for name in kept + flags}
        return {"defaults": dict(self.defaults) if self.defaults else None, **kwargs}

    def get_rules(self, map: "Map") -> Iterator["Rule"]:
        yield self

    def refresh(self) -> None:
        """Compile again, after the rule or the map's converters have been changed by hand."""
        self.bind(self.map, rebind=True)

    def bind(self, map: "Map", rebind: bool = False) -> None:
        """Belong to ``map`` from now on, take over its settings, and compile.

        Raises:
            RuntimeError: bound already, and ``rebind`` is not given.
        """
        if self.map is not None and not rebind:
            raise RuntimeError(f"url rule {self!r} already bound to map {self.map!r}")
        self.map = map
        self.strict_slashes = map.strict_slashes if self.strict_slashes is None else self.strict_slashes
        self.merge_slashes = map.merge_slashes if self.merge_slashes is None else self.merge_slashes
        self.subdomain = map.default_subdomain if self.subdomain is None else self.subdomain
        self.compile()

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "BaseConverter":
        """Make the converter of one variable.

        Raises:
            LookupError: the map knows no converter of that name.
        """
        known = self.map.converters
        if converter_name not in known:
            raise LookupError(f"the converter {converter_name!r} does not exist")
        converter: BaseConverter = known[converter_name](self.map, *args, **kwargs)
        return converter

    def _encode_query_vars(self, query_vars: Mapping[str, Any]) -> str:
        owner = self.map
        return url_encode(query_vars, owner.charset, sort=owner.sort_parameters, key=owner.sort_key)

    def compile(self) -> None:
        """Make the regular expression and the two build functions."""
        assert self.map is not None, "rule not bound"
        self._trace, self._converters = [], {}
        self._static_weights: list[tuple[int, int]] = []
        self._argument_weights = []
        regex: list[str] = []

        def _build_regex(rule: str) -> None:
            for index, (converter, arguments, variable) in enumerate(parse_rule(rule)):
                if converter is None:
                    for piece in re.findall("/+|[^/]+", variable):
                        if piece[0] == "/":
                            # Merged, any number of slashes matches; match() then redirects to one.
                            regex.append("/+?" if self.merge_slashes else piece)
                            self._trace.append((False, "/" if self.merge_slashes else piece))
                        else:
                            regex.append(re.escape(piece))
                            self._trace.append((False, piece))
                            self._static_weights.append((index, -len(piece)))
                    continue
                args, kwargs = parse_converter_args(arguments) if arguments else ((), {})
                handler = self.get_converter(variable, converter, args, kwargs)
                regex.append(f"(?P<{variable}>{handler.regex})")
                self._converters[variable] = handler
                self._trace.append((True, variable))
                self._argument_weights.append(handler.weight)
                self.arguments.add(variable)

        _build_regex((self.host if self.map.host_matching else self.subdomain) or "")
        regex.append("\\|")
        self._trace.append((False, "|"))
        # The final slash of a branch matches apart from the rest, see the tail below.
        _build_regex(self.rule if self.is_leaf else self.rule.rstrip("/"))
        self._trace += [] if self.is_leaf else [(False, "/")]

        self._build = self._compile_builder(False).__get__(self, None)
        self._build_unknown = self._compile_builder(True).__get__(self, None)
        if self.build_only:
            return
        tail = ""
        if not (self.is_leaf and self.strict_slashes):
            # Slashes at the end are caught apart: whether there is one decides about the redirect.
            tail = f"(?<!/)(?P<__suffix__>/{'*' if self.merge_slashes else '?'})"
        self._regex = re.compile(f"^{''.join(regex)}{tail}$")

    # Reading path, step 17. Next: Flask.full_dispatch_request, flask/app.py.
    def match(self, path: str, method: str | None = None) -> dict[str, Any] | None:
        """The values of the variables if ``path`` (``subdomain|/path``) is ours, else None.

        Raises:
            RequestPath: ours, but slashes at the end or in between want a redirect.
            RequestAliasRedirect: ours, but an alias.
        """
        found = None if self.build_only else self._regex.search(path)
        if found is None:
            return None
        groups = found.groupdict()
        needs_redirect = False
        suffix = groups.pop("__suffix__", None)
        is_allowed = method is None or self.methods is None or method in self.methods
        if self.strict_slashes and not self.is_leaf and not suffix and is_allowed:
            path += "/"
            needs_redirect = True

        values: dict[str, Any] = {}
        for name, text in groups.items():
            try:
                values[name] = self._converters[name].to_python(text)
            except ValidationError:
                return None
        values.update(self.defaults or ())

        if self.merge_slashes:
            # Build the path from its values: when that has fewer slashes, some were doubled.
            canonical = "|".join(self.build(values, False))  # type: ignore[arg-type]
            if path.endswith("/") and not canonical.endswith("/"):
                canonical += "/"
            if canonical.count("/") < path.count("/"):
                path = canonical
                needs_redirect = True
        if needs_redirect:
            raise RequestPath(path.split("|", 1)[1])
        if self.alias and self.map.redirect_defaults:
            raise RequestAliasRedirect(values)
        return values

    @staticmethod
    def _get_func_code(code: Any, name: str) -> Any:
        scope: dict[str, Any] = {}
        exec(code, {}, scope)
        return scope[name]

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        """Generate ``def builder(self, <variables>, **kwargs): return host, path``.

        For ``/user/<int:id>`` the path is ``f"/user/{self._converters['id'].to_url(id)}"``, followed
        by the query string of the unknown ``kwargs`` where these are wanted.
        """
        defaults = self.defaults or {}
        operations: tuple[list[tuple[bool, str]], ...] = ([], [])
        target = operations[0]
        for is_dynamic, data in self._trace:
            if data == "|" and target is operations[0]:
                target = operations[1]
            elif not is_dynamic:
                target.append((False, url_quote(to_bytes(data, self.map.charset), safe=_path_safe)))
            elif data in defaults:
                target.append((False, self._converters[data].to_url(defaults[data])))
            else:
                target.append((True, data))

        def _convert(elem: str) -> ast.expr:
            call = _prefix_names(f"self._converters[{elem!r}].to_url()")
            call.args = [ast.Name(elem, ast.Load())]
            return ast.FormattedValue(call, -1, None)

        def _parts(ops: list[tuple[bool, str]]) -> list[ast.expr]:
            return [_convert(data) if dynamic else ast.Constant(data) for dynamic, data in ops]

        def _join(parts: list[ast.expr]) -> ast.expr:
            return ast.JoinedStr(parts)

        host, path = _parts(operations[0]), _parts(operations[1])
        body: list[ast.stmt] = []
        if append_unknown:
            body.append(_query_string_ast)
            path.extend(ast.FormattedValue(name, -1, None) for name in _query_string_names)
        body.append(ast.Return(ast.Tuple([_join(host), _join(path)], ast.Load())))

        builder = _prefix_names("def _(): pass")
        builder.name = f"<builder:{self.rule!r}>"
        variables = [data for dynamic, data in (*operations[0], *operations[1]) if dynamic]
        names = [".self", *variables, *map(str, defaults)]
        builder.args.args = [ast.arg(name, None) for name in names]
        builder.args.kwarg = ast.arg(".kwargs", None)
        builder.args.defaults = [ast.Constant("") for _ in defaults]
        builder.body = body
        module = ast.fix_missing_locations(ast.Module([builder], []))
        return self._get_func_code(compile(module, "<werkzeug routing>", "exec"), builder.name)

    def build(self, values: Mapping[str, Any], append_unknown: bool = True) -> tuple[str, str] | None:
        """Subdomain (or host) and path for these values; None when a converter refuses one."""
        builder = self._build_unknown if append_unknown else self._build
        try:
            return builder(**values)
        except ValidationError:
            return None

    def provides_defaults_for(self, rule: "Rule") -> bool:
        """Whether ``rule`` with our default values is the same page as this rule."""
        return bool(
            self.defaults
            and not self.build_only
            and self.endpoint == rule.endpoint
            and self != rule
            and self.arguments == rule.arguments
        )

    def suitable_for(self, values: Mapping[str, Any], method: str | None = None) -> bool:
        """Whether a URL can be built: right method, all variables there, no contradiction to a default."""
        if not (method is None or self.methods is None or method in self.methods):
            return False
        defaults = self.defaults or {}
        if any(name not in values and name not in defaults for name in self.arguments):
            return False
        return all(values[name] == default for name, default in defaults.items() if name in values)

    def match_compare_key(self) -> tuple[Any, ...]:
        """Sorts rules for matching: static ones first, then the more and the longer static parts."""
        static, dynamic = self._static_weights, self._argument_weights
        return bool(self.arguments), -len(static), static, -len(dynamic), dynamic

    def build_compare_key(self) -> tuple[int, int, int]:
        """Sorts rules for building: no aliases, then the most variables, then the most defaults."""
        return int(self.alias), -len(self.arguments), -len(self.defaults or ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and type(self) is type(other) and self._trace == other._trace

    __hash__ = None  # type: ignore[assignment]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return self.rule

    def __repr__(self) -> str:
        kind = type(self).__name__
        if self.map is None:
            return f"<{kind} (unbound)>"
        pattern = "".join(f"<{data}>" if is_dynamic else data for is_dynamic, data in self._trace)
        methods = f" ({', '.join(self.methods)})" if self.methods is not None else ""
        return f"<{kind} {pattern.lstrip('|')!r}{methods} -> {self.endpoint}>"


class BaseConverter:
    """Turns the text of one variable into a value and back; subclass it for your own.

    ``regex`` says what text it takes, ``weight`` sorts rules: the smaller, the earlier.
    """

    regex = "[^/]+"
    weight = 100

    def __init__(self, map: "Map") -> None:
        self.map = map

    def to_python(self, value: str) -> Any:
        return value

    def to_url(self, value: Any) -> str:
        if not isinstance(value, bytes | bytearray):
            value = str(value).encode(self.map.charset)
        return _fast_url_quote(value)


class UnicodeConverter(BaseConverter):
    """``string``, the default: any text without a slash, of a certain length if wanted."""

    def __init__(
        self, map: "Map", minlength: int = 1, maxlength: int | None = None, length: int | None = None
    ) -> None:
        BaseConverter.__init__(self, map)
        if length is not None:
            count = str(int(length))
        else:
            count = f"{int(minlength)},{'' if maxlength is None else int(maxlength)}"
        self.regex = f"[^/]{{{count}}}"


class AnyConverter(BaseConverter):
    """``any``: one of the given words."""

    def __init__(self, map: "Map", *items: str) -> None:
        BaseConverter.__init__(self, map)
        self.regex = "(?:" + "|".join(re.escape(item) for item in items) + ")"


class PathConverter(BaseConverter):
    """``path``: any text, with slashes."""

    regex = "[^/].*?"
    weight = 200


class NumberConverter(BaseConverter):
    """Base of ``int`` and ``float``: digits, with limits and a fixed width if wanted."""

    weight = 50
    num_convert: Any

    def __init__(
        self, map: "Map", fixed_digits: int = 0, min: Any = None, max: Any = None, signed: bool = False
    ) -> None:
        if signed:
            self.regex = self.signed_regex
        BaseConverter.__init__(self, map)
        self.fixed_digits, self.signed = fixed_digits, signed
        self.min, self.max = min, max

    def to_python(self, value: str) -> Any:
        if self.fixed_digits and len(value) != self.fixed_digits:
            raise ValidationError()
        number = self.num_convert(value)
        too_small = self.min is not None and number < self.min
        too_large = self.max is not None and number > self.max
        if too_small or too_large:
            raise ValidationError()
        return number

    def to_url(self, value: Any) -> str:
        number = self.num_convert(value)
        return f"{number:0{self.fixed_digits}d}" if self.fixed_digits else str(number)

    @property
    def signed_regex(self) -> str:
        return f"-?{self.regex}"


class IntegerConverter(NumberConverter):
    """``int``: a whole number, without a sign unless ``signed``."""

    num_convert = int
    regex = r"\d+"


class FloatConverter(NumberConverter):
    """``float``: digits, a point and digits."""

    num_convert = float
    regex = r"\d+\.\d+"

    def __init__(self, map: "Map", min: Any = None, max: Any = None, signed: bool = False) -> None:
        NumberConverter.__init__(self, map, min=min, max=max, signed=signed)


class UUIDConverter(BaseConverter):
    """``uuid``: a UUID written with its dashes."""

    regex = "[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"

    def to_python(self, value: str) -> uuid.UUID:
        return uuid.UUID(value)

    def to_url(self, value: Any) -> str:
        return str(value)


#: The converters that every map knows.
DEFAULT_CONVERTERS: dict[str, type[BaseConverter]] = dict(
    default=UnicodeConverter, string=UnicodeConverter, any=AnyConverter, path=PathConverter,
    int=IntegerConverter, float=FloatConverter, uuid=UUIDConverter,
)  # fmt: skip


class Map:
    """All rules of an application, with what they share.

    Args:
        rules: the first rules and factories.
        default_subdomain: for the rules that name none.
        charset: of the URLs.
        strict_slashes, merge_slashes: what a rule does unless it says otherwise.
        redirect_defaults: redirect to the rule that has the given values as its defaults.
        converters: further converters by name.
        sort_parameters, sort_key: whether, and by what, query arguments of built URLs are sorted.
        encoding_errors: how bytes that cannot be decoded are treated.
        host_matching: match on the whole host instead of the subdomain.
    """

    default_converters = ImmutableDict(DEFAULT_CONVERTERS)
    lock_class: Callable[[], Any] = Lock

    def __init__(
        self,
        rules: Iterable[RuleFactory] | None = None,
        default_subdomain: str = "", charset: str = "utf-8",
        strict_slashes: bool = True, merge_slashes: bool = True, redirect_defaults: bool = True,
        converters: Mapping[str, Callable[..., BaseConverter]] | None = None,
        sort_parameters: bool = False, sort_key: Callable[[Any], Any] | None = None,
        encoding_errors: str = "replace", host_matching: bool = False,
    ) -> None:  # fmt: skip
        self._rules: list[Rule] = []
        self._rules_by_endpoint: dict[Any, list[Rule]] = {}
        self._remap = True
        self._remap_lock = self.lock_class()
        self.default_subdomain, self.host_matching = default_subdomain, host_matching
        self.charset, self.encoding_errors = charset, encoding_errors
        self.strict_slashes, self.merge_slashes = strict_slashes, merge_slashes
        self.redirect_defaults = redirect_defaults
        self.sort_parameters, self.sort_key = sort_parameters, sort_key
        self.converters: dict[str, Any] = {**self.default_converters, **(converters or {})}
        for factory in rules or ():
            self.add(factory)

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        """Whether some rule of ``endpoint`` takes all of ``arguments``, say a language code."""
        self.update()
        return any(rule.arguments.issuperset(arguments) for rule in self._rules_by_endpoint[endpoint])

    def iter_rules(self, endpoint: Any = None) -> Iterator[Rule]:
        """All rules in the order of matching, or those of one endpoint in the order of building."""
        self.update()
        return iter(self._rules if endpoint is None else self._rules_by_endpoint[endpoint])

    def add(self, rulefactory: RuleFactory) -> None:
        """Bind and add a rule, or all rules of a factory."""
        for rule in rulefactory.get_rules(self):
            rule.bind(self)
            self._rules_by_endpoint.setdefault(rule.endpoint, []).append(rule)
            self._rules.append(rule)
        # Sorting waits for the next use, see update().
        self._remap = True

    def bind(
        self,
        server_name: str,
        script_name: str | None = None, subdomain: str | None = None,
        url_scheme: str = "http", default_method: str = "GET",
        path_info: str | None = None, query_args: Any = None,
    ) -> "MapAdapter":  # fmt: skip
        """The map seen from one host: an adapter that can match and build.

        Raises:
            RuntimeError: a subdomain together with host matching.
            BadHost: the name is no valid host name.
        """
        if self.host_matching and subdomain is not None:
            raise RuntimeError("host matching enabled and a subdomain was provided")
        if subdomain is None and not self.host_matching:
            subdomain = self.default_subdomain
        try:
            server = _encode_idna(server_name.lower())
        except UnicodeError:
            raise BadHost() from None
        script_name, path_info = ("/" if part is None else part for part in (script_name, path_info))
        return MapAdapter(
            self, server, script_name, subdomain, url_scheme, path_info, default_method, query_args
        )

    def bind_to_environ(
        self, environ: Any, server_name: str | None = None, subdomain: str | None = None
    ) -> "MapAdapter":
        """The adapter for the request that ``environ`` (or a request object) describes.

        The subdomain is what the request's host has in front of ``server_name``.
        """
        environ = _get_environ(environ)
        actual = get_host(environ).lower()
        scheme = environ["wsgi.url_scheme"]
        server = actual
        if server_name is not None:
            default_port = {"http": ":80", "https": ":443"}.get(scheme)
            server = server_name.lower()
            server = server.removesuffix(default_port) if default_port else server

        if subdomain is None and not self.host_matching:
            parts, depth = actual.split("."), len(server.split("."))
            if parts[-depth:] == server.split("."):
                subdomain = ".".join(filter(None, parts[:-depth]))
            else:
                warnings.warn(
                    f"Current server name {actual!r} doesn't match configured server name {server!r}",
                    stacklevel=2,
                )
                # No rule has this subdomain, so that nothing but a 404 can come of it.
                subdomain = "<invalid>"

        def _get_wsgi_string(name: str) -> str | None:
            value = environ.get(name)
            return None if value is None else wsgi_to_text(value, self.charset)

        script_name, path_info, query = map(_get_wsgi_string, ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"))
        method = environ["REQUEST_METHOD"]
        return Map.bind(self, server, script_name, subdomain, scheme, method, path_info, query)

    def update(self) -> None:
        """Sort the rules if some were added since; called before each match and build."""
        if not self._remap:
            return
        with self._remap_lock:
            # Another thread may have done it while this one waited.
            if self._remap:
                self._rules.sort(key=lambda rule: rule.match_compare_key())
                for rules in self._rules_by_endpoint.values():
                    rules.sort(key=lambda rule: rule.build_compare_key())
                self._remap = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({pformat(list(self.iter_rules()))})"


class MapAdapter:
    """A map bound to a host and (for matching) a request; made by :meth:`Map.bind`."""

    def __init__(
        self,
        map: Map,
        server_name: str | bytes, script_name: str, subdomain: str | None,
        url_scheme: str, path_info: str, default_method: str, query_args: Any = None,
    ) -> None:  # fmt: skip
        self.map = map
        self.server_name: str = to_text(server_name)
        script_name = to_text(script_name)
        self.script_name = script_name if script_name.endswith("/") else f"{script_name}/"
        self.subdomain: str | None = to_text(subdomain)
        self.url_scheme: str = to_text(url_scheme)
        self.path_info: str = to_text(path_info)
        self.default_method: str = to_text(default_method)
        self.query_args = query_args
        self.websocket = self.url_scheme in {"ws", "wss"}

    def dispatch(
        self,
        view_func: Callable[[Any, dict[str, Any]], Any],
        path_info: str | None = None, method: str | None = None, catch_http_exceptions: bool = False,
    ) -> Any:  # fmt: skip
        """Match, then call ``view_func(endpoint, values)``; a redirect is returned as a response."""
        try:
            try:
                endpoint, args = self.match(path_info, method)
            except RequestRedirect as redirection:
                return redirection
            return view_func(endpoint, args)
        except HTTPException as error:
            if not catch_http_exceptions:
                raise
            return error

    # Reading path, step 16. Next: Rule.match, werkzeug/routing.py.
    def match(
        self,
        path_info: str | None = None, method: str | None = None,
        return_rule: bool = False, query_args: Any = None, websocket: bool | None = None,
    ) -> tuple[Any, dict[str, Any]]:  # fmt: skip
        """Find the first rule that fits; gives its endpoint (or the rule itself) and the values.

        Raises:
            RequestRedirect: the URL should be written differently.
            MethodNotAllowed: rules fit, but for other methods only.
            WebsocketMismatch: rules fit, but for the other kind of connection only.
            NotFound: nothing fits.
        """
        self.map.update()
        path_info = self.path_info if path_info is None else to_text(path_info, self.map.charset)
        if query_args is None:
            query_args = self.query_args
        method = (method or self.default_method).upper()
        websocket = self.websocket if websocket is None else websocket

        host = self.server_name if self.map.host_matching and self.server_name else self.subdomain
        path = f"{host}|{path_info and '/' + path_info.lstrip('/')}"
        allowed: set[str] = set()
        websocket_mismatch = False

        for rule in self.map._rules:
            try:
                values = rule.match(path, method)
            except RequestPath as wanted:
                quoted = url_quote(wanted.path_info, self.map.charset, safe=_path_safe)
                raise RequestRedirect(self.make_redirect_url(quoted, query_args)) from None
            except RequestAliasRedirect as alias:
                target = self.make_alias_redirect_url(
                    path, rule.endpoint, alias.matched_values, method, query_args
                )
                raise RequestRedirect(target) from None
            if values is None:
                continue
            if rule.methods is not None and method not in rule.methods:
                allowed |= rule.methods
                continue
            if rule.websocket != websocket:
                websocket_mismatch = True
                continue

            if self.map.redirect_defaults:
                shorter = self.get_default_redirect(rule, method, values, query_args)
                if shorter is not None:
                    raise RequestRedirect(shorter)

            if rule.redirect_to is not None:
                if isinstance(rule.redirect_to, str):

                    def _handle_match(
                        found: re.Match[str], rule: Rule = rule, values: dict[str, Any] = values
                    ) -> str:
                        return rule._converters[found[1]].to_url(values[found[1]])

                    target = _redirect_variable_re.sub(_handle_match, rule.redirect_to)
                else:
                    target = rule.redirect_to(self, **values)
                subdomain = f"{self.subdomain}." if self.subdomain else ""
                root = f"{self.url_scheme or 'http'}://{subdomain}{self.server_name}{self.script_name}"
                raise RequestRedirect(url_join(root, target))

            return (rule if return_rule else rule.endpoint), values

        if allowed:
            raise MethodNotAllowed(valid_methods=list(allowed))
        if websocket_mismatch:
            raise WebsocketMismatch()
        raise NotFound()

    def test(self, path_info: str | None = None, method: str | None = None) -> bool:
        """Whether something would be found, a redirect included."""
        try:
            self.match(path_info, method)
        except RequestRedirect:
            return True
        except HTTPException:
            return False
        return True

    def allowed_methods(self, path_info: str | None = None) -> list[str]:
        """The methods that the rules fitting this path take; empty if there is none."""
        try:
            # No rule takes this method, so the error says which ones they do.
            self.match(path_info, method="--")
        except MethodNotAllowed as error:
            return list(error.valid_methods or ())
        except HTTPException:
            return []
        return []

    def get_host(self, domain_part: Any) -> str:
        """The full host name: ``domain_part`` is a subdomain, or with host matching the host itself."""
        if self.map.host_matching:
            return self.server_name if domain_part is None else str(to_text(domain_part, "ascii"))
        subdomain = self.subdomain if domain_part is None else to_text(domain_part, "ascii")
        return f"{subdomain}.{self.server_name}" if subdomain else self.server_name

    def get_default_redirect(
        self, rule: Rule, method: str, values: dict[str, Any], query_args: Any
    ) -> str | None:
        """The URL of a better rule for the same page: one that has these values as its defaults."""
        assert self.map.redirect_defaults
        for better in self.map._rules_by_endpoint[rule.endpoint]:
            # They are sorted, the best first: what comes after the rule itself cannot be better.
            if better is rule:
                return None
            if better.provides_defaults_for(rule) and better.suitable_for(values, method):
                values.update(better.defaults or ())
                domain_part, path = better.build(values)  # type: ignore[misc]
                return self.make_redirect_url(path, query_args, domain_part=domain_part)
        return None

    def encode_query_args(self, query_args: Any) -> str:
        if isinstance(query_args, str):
            return query_args
        return url_encode(query_args, self.map.charset)

    def make_redirect_url(self, path_info: str, query_args: Any = None, domain_part: Any = None) -> str:
        """An absolute URL on this server."""
        suffix = f"?{self.encode_query_args(query_args)}" if query_args else ""
        host = self.get_host(domain_part)
        path = posixpath.join(self.script_name[:-1].lstrip("/"), path_info.lstrip("/"))
        return f"{self.url_scheme or 'http'}://{host}/{path}{suffix}"

    def make_alias_redirect_url(
        self, path: str, endpoint: Any, values: Mapping[str, Any], method: str, query_args: Any
    ) -> str:
        """The absolute URL of the rule that an alias stands for."""
        url = self.build(endpoint, values, method, append_unknown=False, force_external=True)
        if query_args:
            url = f"{url}?{self.encode_query_args(query_args)}"
        assert url != path, "detected invalid alias setting. No canonical URL found"
        return url

    def _partial_build(
        self, endpoint: Any, values: Mapping[str, Any], method: str | None, append_unknown: bool
    ) -> tuple[str, str, bool] | None:
        """Subdomain (or host), path and whether it is a WebSocket, from the first rule that can be built."""
        if method is None:
            # The method of the current request first, then any.
            found = self._partial_build(endpoint, values, self.default_method, append_unknown)
            if found is not None:
                return found

        first_found = None
        for rule in self.map._rules_by_endpoint.get(endpoint, ()):
            if not rule.suitable_for(values, method):
                continue
            built = rule.build(values, append_unknown)
            if built is None:
                continue
            found = (*built, rule.websocket)
            # With host matching a rule for the current host is better than an earlier one for another.
            if not self.map.host_matching or built[0] == self.server_name:
                return found
            first_found = first_found or found
        return first_found

    def build(
        self,
        endpoint: Any, values: Mapping[str, Any] | None = None,
        method: str | None = None, force_external: bool = False, append_unknown: bool = True,
    ) -> str:  # fmt: skip
        """The URL of an endpoint, as short as it can be from where the adapter is bound.

        Args:
            endpoint: as given to the rule.
            values: for the variables; the others become the query string. None values are left out.
            method: for endpoints with different URLs by method.
            force_external: always with scheme and host (without the scheme if the adapter has none).
            append_unknown: whether there is a query string at all.

        Raises:
            BuildError: no rule of the endpoint can be built with these values.
        """
        self.map.update()
        if isinstance(values, MultiDict):
            known: dict[str, Any] = {}
            for name, listed in dict.items(values):
                # One value stands for itself, more make a list.
                value = listed[0] if len(listed) == 1 else listed
                if value is not None and listed:
                    known[name] = value
        else:
            known = {name: value for name, value in (values or {}).items() if value is not None}

        built = self._partial_build(endpoint, known, method, append_unknown)
        if built is None:
            raise BuildError(endpoint, known, method, self)
        domain_part, path, websocket = built
        path = path.lstrip("/")
        host = self.get_host(domain_part)

        scheme = self.url_scheme
        is_secure = scheme in {"https", "wss"}
        if websocket:
            # Browsers want these in full.
            force_external, scheme = True, "wss" if is_secure else "ws"
        elif scheme:
            scheme = "https" if is_secure else "http"

        is_here = host == self.server_name if self.map.host_matching else domain_part == self.subdomain
        if is_here and not force_external:
            return f"{self.script_name.rstrip('/')}/{path}"
        return f"{scheme + ':' if scheme else ''}//{host}{self.script_name[:-1]}/{path}"
