"""The storage behind the context-bound names: one dict, an entry per thread or greenlet."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flasktrace.framework.werkzeug.local import Local, LocalManager, LocalProxy, LocalStack, get_ident


def test_storage_is_keyed_by_the_running_context() -> None:
    local = Local()
    local.name = "main"
    assert local.__storage__ == {get_ident(): {"name": "main"}}


def test_threads_do_not_see_each_other() -> None:
    local = Local()
    barrier = threading.Barrier(4)

    def work(number: int) -> bool:
        local.number = number
        barrier.wait(5)
        return bool(local.number == number)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert len(local.__storage__) == 4


def test_the_last_pop_takes_the_entry_away() -> None:
    stack = LocalStack()
    stack.push("outer")
    stack.push("inner")
    assert [stack.pop(), stack.pop(), stack.pop()] == ["inner", "outer", None]
    assert stack._local.__storage__ == {}


def test_greenlets_have_entries_of_their_own() -> None:
    greenlet = pytest.importorskip("greenlet")
    local = Local()
    local.x = "main"
    seen: list[object] = []

    def run() -> None:
        seen.append(getattr(local, "x", None))
        local.x = "greenlet"
        greenlet.getcurrent().parent.switch()

    other = greenlet.greenlet(run)
    other.switch()
    assert seen == [None]
    assert local.x == "main"
    assert len(local.__storage__) == 2
    other.switch()


def test_a_manager_releases_when_the_response_is_closed() -> None:
    local = Local()

    def app(environ: object, start_response: object) -> list[bytes]:
        local.user = "ada"
        return [b"hello"]

    response = LocalManager([local]).make_middleware(app)({}, None)
    assert list(response) == [b"hello"]
    assert local.user == "ada"
    response.close()
    assert not hasattr(local, "user")


def test_a_proxy_looks_its_object_up_each_time() -> None:
    stack = LocalStack()
    top = stack()
    stack.push([1])
    assert top == [1]
    stack.push([2])
    assert top == [2]
    assert isinstance(top, LocalProxy)


def test_an_unbound_proxy_is_false_and_says_so() -> None:
    proxy = Local()("user")
    assert not proxy
    assert repr(proxy) == "<LocalProxy unbound>"
    with pytest.raises(RuntimeError, match="no object bound to user"):
        proxy.name  # noqa: B018
