"""The client's side: ports that are used again, latches, addresses, cookies."""

import _thread
import socket

from flasktrace.tracer.client import Driver, Latch, address_of, keep_cookies


def test_a_port_that_is_used_again_belongs_to_the_last_request_before_the_moment() -> None:
    driver = Driver(lambda server: [], [], 1.0)
    driver._ports[4000] = [(100, 1), (500, 2)]
    assert [driver.request_of_port(4000, time_ns) for time_ns in (99, 100, 499, 500)] == [None, 1, 1, 2]
    assert driver.request_of_port(4001, 100) is None


def test_a_latch_lets_everybody_through_once_it_is_set() -> None:
    latch = Latch()
    assert not latch.wait(0.001)
    _thread.start_new_thread(latch.set, ())
    assert latch.wait(5) and latch.wait(5) and latch.is_set


def test_a_server_on_all_interfaces_is_asked_on_loopback() -> None:
    class Server:
        socket = socket.socket()

    with Server.socket:
        Server.socket.bind(("0.0.0.0", 0))
        address = address_of(Server)
    assert address.address[0] == "127.0.0.1" and not address.is_tls


def test_cookies_are_kept_and_dropped_as_a_browser_does() -> None:
    cookies: dict[str, str] = {}
    keep_cookies(cookies, ["a=1; Path=/", "b=2; HttpOnly"])
    keep_cookies(cookies, ["a=; Max-Age=0; Path=/"])
    assert cookies == {"b": "2"}
