"""The events of one thread, as the hooks append them and the builder takes them.

An event takes four places in the list:

call      ``code, time_ns, lasti of the caller, detail``
return    ``code, time_ns, -2 - lasti, value``
start     ``None, time_ns, id of the Thread object, None``: the current call starts a thread (or, with the
          negative number of a fork, a process)
request   ``None, time_ns, request id or 0, "request"``: what follows is done for this request
exception ``None, time_ns, [(class, text, ids of the codes it went through)], "exception"``: what was raised
state     ``None, time_ns, snapshot, "state"``: what Flask keeps when the current call returns

The detail of a generator is ``(frame id, own lasti, detail)``, its value ``(frame id, value)``, as all
its resumptions are one activation.
"""

from dataclasses import dataclass, field
from typing import Any

EVENT_SLOTS = 4


@dataclass(slots=True)
class ThreadStream:
    """The events of one thread that are not yet built; the Thread's id leads to the call that started it."""

    id: int
    name: str
    thread_object_id: int
    events: list[Any] = field(default_factory=list)


class Unwound(tuple[str, str]):
    """In place of a value: the call was left by an exception, of this class and text."""

    __slots__ = ()
