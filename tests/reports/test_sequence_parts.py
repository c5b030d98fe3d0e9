"""The parts of the sequence diagram: text widths, colours, lifelines, links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasktrace.reports.sequence.components import (
    MAX_USER_LANES,
    OTHERS_KEY,
    ComponentNames,
    assign,
    component_of,
)
from flasktrace.reports.sequence.links import source_link
from flasktrace.reports.sequence.metrics import is_predictable, shorten, text_width, wrap
from flasktrace.reports.sequence.options import LinkMode
from flasktrace.reports.sequence.theme import DARK, LIGHT, TEXT_ON_GROUND, contrast
from flasktrace.tracer.model import Function, Metadata, Origin


def _function(module: str, origin: Origin, number: int = 1, path: str = "") -> Function:
    return Function(number, module, "f", path or f"/src/{module.replace('.', '/')}.py", 12, 20, origin)


@given(st.text(max_size=60), st.floats(1, 400), st.booleans(), st.booleans())
def test_a_shortened_text_fits_its_room(text: str, room_px: float, mono: bool, bold: bool) -> None:
    cut = shorten(text, room_px, 11.5, mono=mono, bold=bold)
    assert text_width(cut, 11.5, mono=mono, bold=bold) <= room_px + 1e-6
    if text_width(text, 11.5, mono=mono, bold=bold) <= room_px and text:
        assert cut == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"]), max_size=80))
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap(text, 60.0, 11.5, max_lines=1000)
    assert "".join(lines) == text
    assert all(text_width(line, 11.5) <= 60.0 or len(line) == 1 for line in lines)


def test_chinese_wraps_without_spaces_and_not_before_its_punctuation() -> None:
    lines = wrap("有客户端在等：接受它、检查它，把这个请求处理到底。", 110.0, 11.5)
    assert len(lines) > 2
    assert not any(line[0] in "，。：、" for line in lines)


def test_an_ideograph_is_one_em_wide_and_a_combining_mark_none() -> None:
    assert text_width("中文", 10.0) == 20.0
    assert text_width("e\u0301", 10.0, mono=True) == text_width("e", 10.0, mono=True)
    assert is_predictable("dispatch 中文…") and not is_predictable("\u05d0\U0001f600")


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_every_text_has_contrast(scheme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(scheme[text], scheme[ground]) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_have_the_same_roles() -> None:
    assert LIGHT.keys() == DARK.keys()


@pytest.mark.parametrize(
    ("module", "lane"),
    [
        ("socketserver", "socketserver"),
        ("selectors", "socketserver"),
        ("http.server", "http.server"),
        ("werkzeug.serving", "werkzeug.serving"),
        ("flask.app", "flask.app"),
        ("flask.sansio.app", "flask.app"),
        ("flask.ctx", "flask.ctx"),
        ("werkzeug.routing.map", "werkzeug.routing"),
        ("werkzeug.wrappers.base_response", "werkzeug.wrappers"),
        ("flask.wrappers", "werkzeug.wrappers"),
        ("flask.sessions", "flask.sessions"),
    ],
)
def test_modules_belong_to_the_lifeline_of_their_component(module: str, lane: str) -> None:
    assert component_of(_function(module, Origin.FLASK)).key == lane


def test_a_users_module_is_its_own_even_with_a_name_of_the_pipeline() -> None:
    component = component_of(_function("flask.app", Origin.USER, path="/home/me/shop.py"))
    assert component.is_user
    assert (component.package, component.name) == ("your code", "shop.py")


def test_rare_components_share_a_lane_and_busy_ones_have_their_own() -> None:
    busy = _function("flask.sessions", Origin.FLASK, 1)
    rare = [_function(f"flask.rare{i}", Origin.FLASK, i + 2) for i in range(3)]
    lanes = assign([busy] * 5 + rare, ComponentNames())
    assert lanes[1].key == "flask.sessions"
    assert {lanes[f.id].key for f in rare} == {OTHERS_KEY}


def test_an_extension_is_one_lifeline_whatever_its_modules() -> None:
    names = ("flask_login.mixins", "flask_login.login_manager", "flask_sqlalchemy.model")
    functions = [_function(name, Origin.LIBRARY, i + 1) for i, name in enumerate(names)]
    lanes = assign(functions, ComponentNames())
    assert [lanes[f.id].name for f in functions] == ["flask_login", "flask_login", "flask_sqlalchemy"]
    many = [_function(f"lib{i}.core", Origin.LIBRARY, i + 1) for i in range(9)]
    assert len({component.key for component in assign(many, ComponentNames()).values()}) == 6


def test_many_user_modules_take_a_few_lanes() -> None:
    functions = [_function(f"shop.part{i}", Origin.USER, i + 1) for i in range(8)]
    lanes = assign(functions, ComponentNames())
    assert len({component.key for component in lanes.values()}) == MAX_USER_LANES
    assert lanes[1].name == "part0.py"


METADATA = Metadata(
    flask_version="3.1.0", werkzeug_version="3.1.3", python_version="3.11.7", engine="installed"
)


def test_upstream_links_name_the_tag_and_the_line() -> None:
    flask = _function("flask.app", Origin.FLASK, path="/site-packages/flask/app.py")
    routing = _function("werkzeug.routing", Origin.WERKZEUG, path="/x/werkzeug/routing/__init__.py")
    server = _function("socketserver", Origin.SERVER)
    assert source_link(flask, METADATA, LinkMode.UPSTREAM) == (
        "https://github.com/pallets/flask/blob/3.1.0/src/flask/app.py#L12"
    )
    assert source_link(routing, METADATA, LinkMode.UPSTREAM) == (
        "https://github.com/pallets/werkzeug/blob/3.1.3/src/werkzeug/routing/__init__.py#L12"
    )
    assert source_link(server, METADATA, LinkMode.UPSTREAM) == (
        "https://github.com/python/cpython/blob/v3.11.7/Lib/socketserver.py#L12"
    )
    assert source_link(_function("shop", Origin.USER), METADATA, LinkMode.UPSTREAM) == ""


def test_the_bundles_lines_are_not_upstreams() -> None:
    bundled = Metadata(flask_version="1.1.4", engine="bundled")
    link = source_link(_function("flask.app", Origin.FLASK), bundled, LinkMode.UPSTREAM)
    assert link == "https://github.com/pallets/flask/blob/1.1.4/src/flask/app.py"


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/home/me/my shop.py", "file:///home/me/my%20shop.py#L12"),
        ("C:\\shop\\app.py", "file:///C:/shop/app.py#L12"),
        ("<string>", ""),
        ("javascript:alert(1)", ""),
        ("/tmp/\ud800.py", ""),
    ],
)
def test_local_links_are_files_and_nothing_else(path: str, link: str) -> None:
    assert source_link(_function("shop", Origin.USER, path=path), METADATA, LinkMode.LOCAL) == link


def test_links_can_be_left_out() -> None:
    assert source_link(_function("shop", Origin.USER), METADATA, LinkMode.NONE) == ""
