"""The events of one thread, as the hooks append them and the builder takes them.

An event takes four places in the list:

call      ``code, time_ns, lasti of the caller, detail``
return    ``code, time_ns, -2 - lasti, value``; where an exception left it, a list: ``[class, text]``
start     ``None, time_ns, id of the Thread object, None``: the current call starts a thread (or, with the
          negative number of a fork, a process)
request   ``None, time_ns, request id or 0, "request"``: what follows is done for this request
exception ``None, time_ns, [(class, text, places it went through)], "exception"``: what was raised
state     ``None, time_ns, snapshot, "state"``: what Flask keeps when the current call returns
first     ``None, time_ns, 0, "first"``: the call that comes next is told by hand, as its function was new; if
          the innermost open call is of the same function, and was not told so, it is that one, told already
end       ``None, time_ns, 0, "end"``: the thread's process is over; a call that is open never returns

The detail of a generator is ``(frame id, own lasti, detail)``, its value ``(frame id, value)``, as all
its resumptions are one activation. Where no values are wanted it may begin and return as any function does:
the frame's id is only needed where it yields and goes on.

Most events have neither detail nor value then, and take three places in a list that is made for that. What
comes at each request is in no container there: the garbage collector looks through all that are kept.

call      ``code, time_ns, lasti of the caller``
return    ``lasti, time_ns, code``
frame     ``frame id, time_ns, own lasti or None``: whose event follows, and where it goes on, if it does
left      ``class, time_ns, text``: the return that follows is by this exception
any other ``first, time_ns, (third, fourth)``
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import starmap
from operator import itemgetter
from typing import Any, ClassVar, Protocol

GENERATOR_FLAGS = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
Event = tuple[Any, int, Any, Any]


class Events(Protocol):
    """What the hooks of a thread append to, and the builder takes from; :class:`EventList`, or one in C."""

    def __len__(self) -> int: ...

    def extend(self, event: Event, /) -> None:
        """Append an event's four slots; of one in C, only those that begin with None."""
        ...

    def take(self, until_ns: int | None, /) -> list[Any]:
        """Take the slots of the events up to a moment; None takes all. The thread may append meanwhile."""
        ...

    def clear(self) -> None:
        """Drop all events."""
        ...


class EventList(list[Any]):
    """The events as the hooks in Python append them: a list, as nothing is faster there."""

    __slots__ = ()
    width: ClassVar[int] = 4

    def take(self, until_ns: int | None, /) -> list[Any]:
        """Take the slots of the events up to a moment; None takes all. Half an event stays."""
        width = self.width
        count = len(self) // width * width
        if until_ns is not None:
            while count and self[count - width + 1] > until_ns:
                count -= width
        taken = self[:count]
        del self[:count]
        return taken


class LeanList(EventList):
    """A list of events that take three places: what is not written need not be read, nor find memory."""

    __slots__ = ()
    width: ClassVar[int] = 3

    def extend(self, event: Event, /) -> None:  # type: ignore[override]
        """Append any event, given by its four parts."""
        first, time_ns, third, fourth = event
        super().extend((first, time_ns, (third, fourth)))


@dataclass(slots=True)
class ThreadStream:
    """The events of one thread that are not yet built; the Thread's id leads to the call that started it."""

    id: int
    name: str
    thread_object_id: int
    events: Events = field(default_factory=EventList)
    brake_at: int = 0  # slots: when so many wait, the recorder may make the thread wait too

    @property
    def width(self) -> int:
        """The number of slots that an event takes."""
        return getattr(self.events, "width", EventList.width)


def events_in(stream: ThreadStream, taken: list[Any]) -> Iterator[Event]:
    """The events of what was taken from a stream, with four parts each."""
    slots = iter(taken)
    if stream.width == LeanList.width:
        return _of_lean_list(slots)
    return zip(slots, slots, slots, slots, strict=True)


def _of_lean_list(slots: Iterator[Any]) -> Iterator[Event]:
    frame = left = None
    for first, time_ns, third in zip(slots, slots, slots, strict=True):
        kind = type(first)
        if kind is int:
            if third is None or type(third) is int:
                frame = first, third
            else:
                yield third, time_ns, -2 - first, left if frame is None else (frame[0], left)
                frame = left = None
        elif kind is str:
            left = [first, third]
        elif type(third) is tuple:
            yield first, time_ns, *third
        elif frame is not None:
            yield first, time_ns, third, (*frame, None)
            frame = None
        else:
            yield first, time_ns, third, None


def _keyed(stream: ThreadStream, taken: list[Any]) -> Iterator[tuple[int, int, ThreadStream, Event]]:
    for position, event in enumerate(events_in(stream, taken)):
        yield event[1], position, stream, event


def merged(chunks: list[tuple[ThreadStream, list[Any]]]) -> Iterator[tuple[ThreadStream, Event]]:
    """The events of all threads in the order of their times."""
    for _, _, stream, event in heapq.merge(*starmap(_keyed, chunks), key=itemgetter(0)):
        yield stream, event
