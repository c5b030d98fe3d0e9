"""What is known about each code object that was recorded: its function, parameters, lines, and raises."""

import dis
from dataclasses import dataclass, field
from types import CodeType

from flasktrace.tracer.codes import parameter_names
from flasktrace.tracer.inprocess import APP_CALLS
from flasktrace.tracer.model import Function, Origin
from flasktrace.tracer.recorder import CLIENT, Recorder
from flasktrace.tracer.streams import GENERATOR_FLAGS

_RECEIVERS = frozenset({"self", "cls", "mcs", "_self", "__self"})
# Up to 3.11 a comprehension has a frame of its own; it is no call in anybody's eyes, nor on later Pythons.
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
_NAMING = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_ATTR", "LOAD_CLASSDEREF"})


@dataclass(slots=True)
class FunctionInfo:
    """What the builder needs of a code object; ``code`` is kept so that its id stays its own."""

    id: int
    code: CodeType
    names: tuple[str, ...]
    has_receiver: bool
    is_generator: bool
    is_comprehension: bool
    is_foreign_body: bool  # a module's top level that is not the program's: an import, left out
    client_slot: int | None  # where the client's address is among the parameters of a server's method
    begins_request: bool = False  # it is the app's entry
    answers_request: bool = False
    _lines: dict[int, int | None] = field(default_factory=dict)
    _raised: dict[int, str] = field(default_factory=dict)

    def line_at(self, lasti: int) -> int | None:
        """The line of the instruction at ``lasti`` (a byte offset)."""
        if lasti < 0:
            return None
        if not self._lines:
            for start, end, line in self.code.co_lines():
                for offset in range(start, end, 2):
                    self._lines[offset] = line
        return self._lines.get(lasti)

    def raised_at(self, lasti: int) -> str:
        """The class's name in the ``raise Name(...)`` at ``lasti``, as it is written there; "" if none is."""
        if lasti not in self._raised:
            self._raised[lasti] = _written_class(self.code, lasti)
        return self._raised[lasti]


def _written_class(code: CodeType, lasti: int) -> str:
    name, wanted = "", None
    instructions = list(dis.get_instructions(code))
    for instruction in instructions:
        if instruction.offset == lasti and instruction.opname == "RAISE_VARARGS" and instruction.positions:
            position = instruction.positions
            if position.lineno is not None and position.col_offset is not None:
                wanted = (position.lineno, position.col_offset + len("raise "))
    for instruction in instructions:
        if wanted is None or instruction.offset >= lasti:
            break
        start = instruction.positions
        starts_there = start is not None and (start.lineno, start.col_offset) == wanted
        if starts_there and instruction.opname in _NAMING:
            name = str(instruction.argval)
    return name if name[:1].isupper() else ""


class FunctionTable:
    """The functions of a trace, by code object."""

    def __init__(self, recorder: Recorder) -> None:
        self.functions: dict[int, Function] = {}
        self._recorder = recorder
        self._infos: dict[int, FunctionInfo] = {}
        self._ids: dict[tuple[str, str, str, int], int] = {}

    def info(self, code: CodeType) -> FunctionInfo:
        """What is known about a code object of the recorder's."""
        return self._infos.get(id(code)) or self._learn(code)

    def _learn(self, code: CodeType) -> FunctionInfo:
        decision = self._recorder.decision(code)
        names = parameter_names(code)
        is_server = decision.origin is Origin.SERVER
        info = self._infos[id(code)] = FunctionInfo(
            self._function_id(code, decision.module, decision.origin),
            code,
            names,
            bool(names) and names[0] in _RECEIVERS,
            bool(code.co_flags & GENERATOR_FLAGS),
            code.co_name in _COMPREHENSIONS,
            code.co_name == "<module>" and decision.origin is not Origin.USER,
            names.index(CLIENT) if is_server and CLIENT in names else None,
            decision.module == "flask.app" and code.co_qualname in APP_CALLS,
            code.co_qualname.endswith(".start_response"),
        )
        return info

    def _function_id(self, code: CodeType, module: str, origin: Origin) -> int:
        key = (module, code.co_qualname, code.co_filename, code.co_firstlineno)
        function_id = self._ids.get(key)
        if function_id is None:
            function_id = self._ids[key] = len(self._ids) + 1
            last_line = max((line for _, _, line in code.co_lines() if line), default=0)
            last_line = max(last_line, code.co_firstlineno)
            self.functions[function_id] = Function(function_id, *key, last_line, origin)
        return function_id
