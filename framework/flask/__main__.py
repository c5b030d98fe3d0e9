"""``python -m flasktrace.framework.flask``: the ``flask`` command for the bundled edition."""

from flasktrace.framework import activate

if __name__ == "__main__":
    # The application that the command loads says "import flask" and must get this very edition.
    activate()

    from .cli import main

    main(as_module=True)
