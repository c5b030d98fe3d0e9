"""The signals that the pipeline sends on its way, for code that only wants to watch.

Place in the pipeline: ``full_dispatch_request`` sends ``request_started``, ``finalize_request`` sends
``request_finished``, and so on. A receiver cannot change what happens, unlike a hook such as
``before_request``.
"""

from typing import Any

try:
    from blinker import Namespace

    signals_available = True
except ImportError:
    signals_available = False

    class _FakeSignal:
        """Sends to nobody; connecting fails, as a receiver would wait in vain."""

        def __init__(self, name: str, doc: str | None = None) -> None:
            self.name = name
            self.__doc__ = doc

        def send(self, *args: Any, **kwargs: Any) -> None:
            """Do nothing: there can be no receivers."""

        def _refuse(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("Signalling support is unavailable because blinker is not installed.")

        connect = connect_via = connected_to = temporarily_connected_to = _refuse
        disconnect = has_receivers_for = receivers_for = _refuse

    class Namespace:  # type: ignore[no-redef]
        """Stands in for blinker's namespace."""

        def signal(self, name: str, doc: str | None = None) -> _FakeSignal:
            return _FakeSignal(name, doc)


_signals = Namespace()

# In the order in which one request sends them.
appcontext_pushed = _signals.signal("appcontext-pushed")
request_started = _signals.signal("request-started")
before_render_template = _signals.signal("before-render-template")
template_rendered = _signals.signal("template-rendered")
message_flashed = _signals.signal("message-flashed")
got_request_exception = _signals.signal("got-request-exception")
request_finished = _signals.signal("request-finished")
request_tearing_down = _signals.signal("request-tearing-down")
appcontext_tearing_down = _signals.signal("appcontext-tearing-down")
appcontext_popped = _signals.signal("appcontext-popped")
