"""What smuggled secrets are handed to: functions that are recorded, of a program whose callers are not."""

import contextlib


def show(*things: object, **more: object) -> object:
    return things and things[0]


def check(password: object) -> bool:
    return True


def use(token: object) -> object:
    return None


def give(value: object) -> object:
    return value


def get_token(value: object) -> object:
    return value


def connect(pw: object = "", pwd: object = "", auth: object = "", user_pass: object = "") -> object:
    return None


def options(*words: object) -> object:
    return None


def fail(*arguments: object) -> object:
    with contextlib.suppress(LookupError):
        _fail(*arguments)
    return None


def _fail(*arguments: object) -> None:
    raise LookupError(*arguments)
