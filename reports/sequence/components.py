"""Which lifeline a function belongs to.

The pipeline's own modules have fixed lanes in a fixed order; each module of the traced program has one;
what else takes part shares a lane, unless it is called often.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flasktrace.reports.text import clean
from flasktrace.tracer.model import Function, Origin

CLIENT_KEY = "client"
SERVER_KEY = "socketserver"
OTHERS_KEY = "others"

# A module outside the pipeline gets a lane of its own from this many steps on.
OWN_LANE_STEPS = 4
MAX_OWN_LANES = 2
MAX_USER_LANES = 3
MAX_LIBRARY_LANES = 5

_LIBRARY = "library:"


@dataclass(frozen=True, slots=True)
class Component:
    """A lifeline: ``package`` is the small line in its head, ``name`` the large one."""

    key: str
    package: str
    name: str
    role: str  # of the theme: the colour of the head's edge
    order: tuple[int, str]

    @property
    def is_user(self) -> bool:
        """Whether it is the traced program's own code."""
        return self.role == "user-edge"


# Lane key, package, name, role; the modules whose functions are drawn there. The order is that of the lanes.
_LANES: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    (CLIENT_KEY, "outside", "client", "outside", ()),
    (SERVER_KEY, "stdlib", "socketserver", "server", ("socketserver", "selectors", "threading")),
    ("http.server", "stdlib", "http.server", "server", ("http.server",)),
    ("werkzeug.serving", "werkzeug", "serving", "werkzeug", ("werkzeug.serving",)),
    (
        "flask.app",
        "flask",
        "app",
        "flask",
        ("flask.app", "flask.sansio", "flask.scaffold", "flask.blueprints", "flask.helpers", "flask.cli"),
    ),
    ("user", "", "", "user-edge", ()),
    ("flask.ctx", "flask", "ctx", "flask", ("flask.ctx", "flask.globals")),
    ("werkzeug.local", "werkzeug", "local", "werkzeug", ("werkzeug.local",)),
    ("werkzeug.routing", "werkzeug", "routing", "werkzeug", ("werkzeug.routing",)),
    ("own", "", "", "library", ()),
    (OTHERS_KEY, "", "", "library", ()),
    ("werkzeug.wrappers", "werkzeug", "wrappers", "werkzeug", ("werkzeug.wrappers", "flask.wrappers")),
)
_ORDER = {lane[0]: position for position, lane in enumerate(_LANES)}
_BY_MODULE = {module: lane for lane in _LANES for module in lane[4]}


def client_component(caption: str, name: str) -> Component:
    """The lane of whoever sends the requests."""
    return Component(CLIENT_KEY, caption, name, "outside", (_ORDER[CLIENT_KEY], ""))


def component_of(function: Function, user_caption: str = "your code") -> Component:
    """The lane of a function when it need not share one."""
    if function.origin is Origin.USER:
        return _user_component(function, user_caption)
    parts = function.module.split(".")
    for length in range(len(parts), 0, -1):
        lane = _BY_MODULE.get(".".join(parts[:length]))
        if lane:
            return Component(lane[0], lane[1], lane[2], lane[3], (_ORDER[lane[0]], ""))
    package = _safe(parts[0])
    if function.origin is Origin.LIBRARY:  # an extension is one lifeline, whatever its modules
        return Component(f"{_LIBRARY}{package}", "", package, "library", (_ORDER["own"], package))
    name = _safe(".".join(parts[1:2])) or package
    return Component(
        f"{package}.{name}", package if name != package else "", name, _role(function), (_ORDER["own"], name)
    )


def _user_component(function: Function, caption: str) -> Component:
    file_name = function.file_path.replace("\\", "/").rpartition("/")[2]
    name = file_name if file_name and not file_name.startswith("<") else function.module
    return Component(f"user:{function.module}", caption, _safe(name), "user-edge", (_ORDER["user"], ""))


def _safe(text: str) -> str:
    """A name as it may be shown; more than this of it is never."""
    return clean(text[:200])


def _role(function: Function) -> str:
    roles = {Origin.FLASK: "flask", Origin.WERKZEUG: "werkzeug", Origin.SERVER: "server"}
    return roles.get(function.origin, "stdlib" if function.origin is Origin.STDLIB else "library")


@dataclass(frozen=True, slots=True)
class ComponentNames:
    """The words of the heads, in the drawing's language."""

    user_caption: str = "your code"
    more_user_name: str = "more modules"
    others_caption: str = "others"


def assign(functions: Iterable[Function], names: ComponentNames) -> dict[int, Component]:
    """The lane of each function, given one function a step; by function id.

    Rare components outside the pipeline share the lane ``others``, as do the modules of the traced
    program and the libraries beyond the first few.
    """
    steps = list(functions)
    wanted = {function.id: component_of(function, names.user_caption) for function in steps}
    usage = Counter(wanted[function.id].key for function in steps)
    own = [c for c in dict.fromkeys(wanted.values()) if c.order[0] == _ORDER["own"]]
    own.sort(key=lambda c: -usage[c.key])
    kept = {c.key for c in own[:MAX_OWN_LANES] if usage[c.key] >= OWN_LANE_STEPS}
    kept |= {c.key for c in [c for c in own if c.key.startswith(_LIBRARY)][:MAX_LIBRARY_LANES]}
    shared = [c for c in own if c.key not in kept]
    replaced = {c.key: _shared_lane(shared, names.others_caption) for c in shared if len(shared) > 1}
    users = [c for c in dict.fromkeys(wanted.values()) if c.is_user]
    replaced |= _user_lanes(users, names)
    return {function_id: replaced.get(c.key, c) for function_id, c in wanted.items()}


def _user_lanes(users: list[Component], names: ComponentNames) -> dict[str, Component]:
    """The modules of the traced program in order of appearance; the last lane is shared if need be."""
    lanes = {}
    for position, user in enumerate(users):
        is_shared = len(users) > MAX_USER_LANES and position >= MAX_USER_LANES - 1
        order = (_ORDER["user"], f"{min(position, MAX_USER_LANES):04}")
        lanes[user.key] = (
            Component("user:*", names.user_caption, names.more_user_name, user.role, (order[0], "more"))
            if is_shared
            else Component(user.key, user.package, user.name, user.role, order)
        )
    return lanes


def _shared_lane(components: list[Component], caption: str) -> Component:
    shown = [c.name for c in components[:2]]
    name = ", ".join(shown) + (", …" if len(components) > 2 else "")
    return Component(OTHERS_KEY, caption, name, "library", (_ORDER[OTHERS_KEY], ""))
