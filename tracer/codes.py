"""What a code object tells of its calls."""

import dis
from types import CodeType

from flasktrace.tracer.streams import GENERATOR_FLAGS

_VARARGS, _VARKEYWORDS = 0x04, 0x08
_RESUME = dis.opmap["RESUME"]
# A frame that ends at one of these was not left by an exception (RESUME: a generator that yields, on 3.13).
RETURNING = frozenset(
    dis.opmap[name]
    for name in ("RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE", "RESUME", "RETURN_GENERATOR")
    if name in dis.opmap
)

_YIELDING = frozenset(
    dis.opmap[name] for name in ("YIELD_VALUE", "RESUME", "RETURN_GENERATOR") if name in dis.opmap
)


def parameter_names(code: CodeType) -> tuple[str, ...]:
    """The names of a function's parameters, ``*args`` and ``**kwargs`` included."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & _VARARGS) + bool(code.co_flags & _VARKEYWORDS)
    return code.co_varnames[:count]


def is_resumption(code: CodeType, lasti: int) -> bool:
    """Tell whether a generator whose call is reported at ``lasti`` goes on, rather than begins."""
    instructions = code.co_code
    return instructions[lasti] != _RESUME or instructions[lasti + 1] != 0


def is_yield(code: CodeType, lasti: int) -> bool:
    """Tell whether what looks like a return is a generator that will go on."""
    return bool(code.co_flags & GENERATOR_FLAGS) and code.co_code[lasti] in _YIELDING
