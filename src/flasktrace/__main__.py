"""``python -m flasktrace``: the same as the ``flasktrace`` command."""

import os
import sys


def _forget_this_folder() -> None:
    """A module beside the user's script (their ``queue.py``) must not take the place of a library's for us.

    ``python -m`` puts the current folder first, where the command puts its own; the traced program gets its
    own folder there when it runs.
    """
    if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
        del sys.path[0]


if __name__ == "__main__":
    _forget_this_folder()
    from flasktrace.cli import main

    main()
