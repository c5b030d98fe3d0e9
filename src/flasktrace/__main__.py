"""``python -m flasktrace``: the same as the ``flasktrace`` command."""

from flasktrace.cli import main

if __name__ == "__main__":
    main()
