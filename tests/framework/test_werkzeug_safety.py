"""Holes of 1.0 that upstream has closed since stay closed in the bundle."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.framework.werkzeug.datastructures import Headers
from flasktrace.framework.werkzeug.exceptions import BadRequestKeyError, RequestEntityTooLarge
from flasktrace.framework.werkzeug.formparser import MultiPartParser
from flasktrace.framework.werkzeug.http import parse_cookie
from flasktrace.framework.werkzeug.test import create_environ
from flasktrace.framework.werkzeug.wrappers import Request, Response


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_header_cannot_carry_another_one(end: str) -> None:
    smuggled = f"x{end}Set-Cookie: a=b"
    for make in (
        lambda: Headers([("X", smuggled)]),
        lambda: Headers({"X": smuggled}),
        lambda: Headers().add("X", smuggled),
        lambda: Headers().set("X", smuggled),
        lambda: Response("", headers=[("X", smuggled)]),
        lambda: Response("", content_type=smuggled),
    ):
        with pytest.raises(ValueError, match="newline"):
            make()


def test_a_cookie_without_a_name_is_dropped() -> None:
    assert parse_cookie("=__Host-session=forged; a=1").to_dict() == {"a": "1"}


def form_with_parts(count: int) -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    return part * count + b"--x--\r\n"


def test_a_form_may_not_have_any_number_of_parts() -> None:
    body = form_with_parts(1001)
    with pytest.raises(RequestEntityTooLarge):
        MultiPartParser().parse(io.BytesIO(body), b"x", len(body))
    body = form_with_parts(1000)
    form, _ = MultiPartParser().parse(io.BytesIO(body), b"x", len(body))
    assert len(form.getlist("a")) == 1000


def test_a_part_of_line_breaks_is_read_in_linear_time() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"\r" * 300_000 + b"\r\n--x--\r\n"
    form, _ = MultiPartParser().parse(io.BytesIO(body), b"x", len(body))
    assert len(form["a"]) == 300_000


def test_text_fields_have_a_limit_together() -> None:
    body = form_with_parts(50)
    with pytest.raises(RequestEntityTooLarge):
        MultiPartParser(max_form_memory_size=49).parse(io.BytesIO(body), b"x", len(body))


def test_a_missing_key_is_the_clients_mistake() -> None:
    request = Request(create_environ("/?a=1"))
    with pytest.raises(BadRequestKeyError) as caught:
        request.args["b"]
    assert caught.value.code == 400
    assert isinstance(caught.value, KeyError)


@given(st.text(max_size=40))
def test_any_cookie_header_can_be_read(text: str) -> None:
    request = Request(
        create_environ("/", environ_overrides={"HTTP_COOKIE": text.encode().decode("latin1")})
        if _is_utf8(text)
        else create_environ("/")
    )
    assert all(isinstance(value, str) for value in request.cookies.values())


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@given(st.binary(max_size=300))
def test_any_body_is_a_form_or_none(body: bytes) -> None:
    for content_type in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        request = Request(create_environ("/", method="POST", data=body, content_type=content_type))
        assert request.form is not None
        assert request.files is not None


@given(
    st.dictionaries(
        st.text(st.sampled_from("abcXYZ\xe4\u4f60"), min_size=1), st.binary(max_size=200), max_size=4
    )
)
def test_uploads_arrive_as_they_were_sent(files: dict[str, bytes]) -> None:
    data = {name: (io.BytesIO(content), "f.bin") for name, content in files.items()}
    request = Request(create_environ("/", method="POST", data={**data, "k": "v"}))
    try:
        assert {name: file.read() for name, file in request.files.items()} == files
    finally:
        request.close()
