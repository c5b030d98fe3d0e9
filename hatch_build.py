"""Builds the optional hooks in C (``tracer/csrc``) for the Python that installs.

Without a compiler there are none, and nothing is missed but speed. ``FLASKTRACE_NATIVE=0`` leaves them out;
with ``FLASKTRACE_NATIVE=1`` a failure to build them is an error.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "_native"


class NativeHook(BuildHookInterface[Any]):
    """Compiles one shared library, which becomes the module ``flasktrace._native``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and make the wheel one for this Python if that worked."""
        wanted = os.environ.get("FLASKTRACE_NATIVE", "")
        if wanted == "0" or self.target_name != "wheel":
            return
        # In a checkout it lies beside the package's face, where a wheel takes no stray files from.
        is_editable = version == "editable"
        folder = Path(self.root, "src", "flasktrace") if is_editable else Path(self.root, "build", "native")
        target = folder / (MODULE + str(sysconfig.get_config_var("EXT_SUFFIX") or ".so"))
        complaint = compile_native(Path(self.root, "tracer", "csrc"), target)
        if complaint:
            if wanted == "1":
                raise RuntimeError(f"the hooks in C could not be built: {complaint}")
            self.app.display_warning(f"flasktrace is installed without its hooks in C: {complaint}")
        elif not is_editable:
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"][str(target)] = f"flasktrace/{target.name}"


def compile_native(sources: Path, target: Path) -> str:
    """Compile ``module.c`` with the compiler that this Python was built with; "" or why it did not work."""
    if sys.implementation.name != "cpython" or os.name != "posix":
        return "they are for CPython on Unix"
    include = sysconfig.get_path("include")
    flags = ["-O2", "-DNDEBUG", "-fwrapv", "-fPIC", "-fvisibility=hidden"]
    shared = shlex.split(str(sysconfig.get_config_var("LDSHARED") or "cc -shared"))
    if "CC" in os.environ:
        shared = [*shlex.split(os.environ["CC"]), *shared[1:]]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # what an older source gave must not stay
    command = [*shared, *flags, f"-I{include}", f"-I{include}/internal", str(sources / "module.c")]
    command += ["-o", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"{command[0]} failed"])[0]
    return ""
