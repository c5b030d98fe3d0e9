"""Chain check: the loose notation, and each relation an arrow can come back with."""

import pytest

from flasktrace.reports.chain import Relation, Verdict, check_chain, parse_chain
from flasktrace.tracer.errors import UsageError
from flasktrace.tracer.model import PLAIN_RETURN, Call, Function, Origin, Thread, Trace, Value

FUNCTIONS = [
    ("shop", "main", None),
    ("flask.app", "Flask.__call__", "Flask"),
    ("flask.app", "Flask.wsgi_app", "Flask"),
    ("flask.app", "Flask.dispatch_request", "Flask"),
    ("shop", "view", None),
    ("socketserver", "BaseServer.serve_forever", "ThreadedWSGIServer"),
    ("werkzeug.routing", "Rule.__init__", "Rule"),
]


def _trace(calls: list[tuple[int, int, int]]) -> Trace:
    """A trace of (function, parent's id or 0, thread) triples."""
    trace = Trace(threads=[Thread(1, "MainThread"), Thread(2, "Thread-1")])
    for i, (module, qualname, _) in enumerate(FUNCTIONS):
        trace.functions[i] = Function(i, module, qualname, f"/x/{module}.py", 1, 9, Origin.USER)
    depths = {0: -1}
    for number, (function, parent, thread) in enumerate(calls, 1):
        depths[number] = depths[parent] + 1
        receiver = FUNCTIONS[function][2]
        trace.calls.append(
            Call(
                number, parent or None, function, thread, None, depths[number], None, number,
                1000 - number, None, Value("self", receiver, 1, "") if receiver else None, (), PLAIN_RETURN,
            )
        )  # fmt: skip
    return trace


# main -> __call__ -> wsgi_app -> dispatch_request -> view, then a server thread, and Rule made at the end
TRACE = _trace([(0, 0, 1), (1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 4, 1), (5, 1, 1), (2, 6, 2), (6, 1, 1)])


def _relations(text: str) -> list[Relation]:
    return [arrow.relation for arrow in check_chain(TRACE, parse_chain(text))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a -> b", ["a", "b"]),
        ("a() → b(x, y=f(1))", ["a", "b"]),
        ("1. a(self)\n2. b  # then this\n", ["a", "b"]),
        ("- `Flask.__call__` -> self.wsgi_app(environ, start_response)", ["Flask.__call__", "wsgi_app"]),
        ("__call__: return self.wsgi_app(environ) -> x", ["__call__", "wsgi_app", "x"]),
        ("app.run()（启动） ==> run_simple", ["run", "run_simple"]),
        ("rv = self.dispatch_request() -> make_response(rv)", ["dispatch_request", "make_response"]),
        ("run_simple.<locals>.inner -> make_server", ["run_simple.<locals>.inner", "make_server"]),
        ("a [the first] ->\n b", ["a", "b"]),
        ("a ——> b —> c >> d > e －＞ f ↓ g", ["a", "b", "c", "d", "e", "f", "g"]),
        ("a\n  |\n  v\nb\n  │\n  ▼\nc", ["a", "b", "c"]),
        ("A.b(x,\n    y) -> c [d -> e] -> f（g → h）", ["A.b", "c", "f"]),
        ("A::b -> c( -> d", ["A.b", "c", "d"]),
        ("①执行wsgi_app方法 → ②再调用dispatch_request。", ["wsgi_app", "dispatch_request"]),
        ("第一步：wsgi_app(environ)\n第2步、push", ["wsgi_app", "push"]),
        ("Step 1: wsgi_app -> step 2. push", ["wsgi_app", "push"]),
        ("首页 → 登录", ["首页", "登录"]),
        ("a -> b; c() -> d; then e is called; \n f；", ["a", "b", "c", "d", "f"]),
    ],
)
def test_the_notations_of_blogs_are_read(text: str, names: list[str]) -> None:
    assert [".".join(name.parts) for name in parse_chain(text)] == names


def test_a_file_before_a_colon_says_where_the_name_is_defined() -> None:
    assert parse_chain("flask/app.py: wsgi_app -> x")[0].module == "flask.app"


@pytest.mark.parametrize("text", ["", "a", "a -> ->", "-> 42 -> !"])
def test_a_text_without_a_chain_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_chain(text)


def test_a_call_right_below_is_direct() -> None:
    assert _relations("main -> Flask.__call__ -> wsgi_app") == [Relation.DIRECT, Relation.DIRECT]


def test_a_call_further_below_names_what_is_between() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("__call__ -> view"))
    assert arrow.relation is Relation.THROUGH
    assert [function.name for function in arrow.through] == ["wsgi_app", "dispatch_request"]


def test_a_later_call_elsewhere_in_the_tree_is_in_order() -> None:
    assert _relations("view -> Rule") == [Relation.ORDER]


def test_a_caller_written_after_its_callee_is_the_other_way_round_and_false() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("view -> Flask.__call__"))
    assert arrow.relation is Relation.REVERSED
    assert arrow.verdict is Verdict.FALSE


def test_a_call_below_in_another_thread_is_moved() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("serve_forever -> wsgi_app"))
    assert arrow.relation is Relation.OTHER_THREAD
    assert arrow.verdict is Verdict.MOVED


def test_a_name_that_no_call_has_does_not_happen() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("view -> teardown"))
    assert arrow.relation is Relation.ABSENT
    assert [name.last for name in arrow.missing] == ["teardown"]
    assert arrow.verdict is Verdict.FALSE


def test_a_function_written_into_the_wrong_module_is_found_elsewhere() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("wsgi_app -> flask.ctx.dispatch_request"))
    assert arrow.verdict is Verdict.MOVED
    assert [function.module for _, function in arrow.elsewhere] == ["flask.app"]


def test_a_method_may_be_named_by_the_class_it_was_called_on() -> None:
    (arrow,) = check_chain(TRACE, parse_chain("main -> ThreadedWSGIServer.serve_forever"))
    assert arrow.relation is Relation.DIRECT
    assert not arrow.elsewhere


def test_a_class_and_its_init_are_the_same_call() -> None:
    assert _relations("Rule(string) -> Rule.__init__") == [Relation.DIRECT]


def test_a_class_that_is_called_means_its_init() -> None:
    assert _relations("main -> Rule(string)") == [Relation.DIRECT]
