"""``rename`` that replaces an existing file on every system. For caches that write files in one step."""

import os


def rename(src: str, dst: str) -> None:
    """Move a file over another one, in one step."""
    os.replace(src, dst)


can_rename_open_file = os.name != "nt"
