"""Machine code in, the same out at the next start: kept in the user's cache, under all that it depends on.

It is read only where every source, version and processor is the same, and where no crash or full disk damaged it:
wrong code would end the process.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCES = ("model/kinds",)
"""Modules that machine code is made of, or made by."""
FOLDERS = ("capture", "export", "kernel", "kernel/build", "model/records", "protocols", "streams")
"""Packages that machine code is made of, or made by."""
PROCESSOR = ("vendor_id", "cpu family", "model", "stepping", "flags")
"""Lines of /proc/cpuinfo on x86 (Linux, arch/x86/kernel/cpu/proc.c) that tell for what code is made."""


def folder() -> Path:
    """Return where compiled code is kept: ``$KWEL_CACHE_DIR``, else under ``$XDG_CACHE_HOME``, else ``~/.cache``."""
    own = os.environ.get("KWEL_CACHE_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(base):  # a user without a home: there is nowhere that nobody else can write to
        return Path(os.devnull) / "kwel"
    return Path(base) / "kwel"


def depends() -> str:
    """Return what the machine code depends on, in one line: versions, processor, and a checksum of each source."""
    import llvmlite

    sums = " ".join(f"{zlib.crc32(_bytes_of(path)):x}" for path in _sources())
    return f"llvmlite {llvmlite.__version__}, numpy {np.__version__}, {_processor()}, {sums}"


def _sources() -> Iterator[str]:
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    for name in SOURCES:
        yield f"{root}/{name}.py"
    for package in FOLDERS:
        for name in sorted(os.listdir(f"{root}/{package}")):
            if name.endswith(".py"):
                yield f"{root}/{package}/{name}"


def _bytes_of(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _processor() -> str:
    """Return what tells this processor, and what it can do, from others."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            first = file.read(1 << 14).partition(b"\n\n")[0].decode(errors="replace")
    except OSError:
        first = ""
    told = [line for line in first.splitlines() if line.partition(":")[0].strip() in PROCESSOR]
    if len(told) == len(PROCESSOR):
        return " ".join("".join(told).split())
    import llvmlite.binding as llvm

    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def path_for(depends: str) -> Path:
    """Return where the code that depends on this is kept."""
    return folder() / f"{zlib.crc32(depends.encode()):08x}.code"


def read(depends: str) -> bytes | None:
    """Return the code that was kept, or None."""
    try:
        told, checksum, code = path_for(depends).read_bytes().split(b"\n", 2)
    except (OSError, ValueError):
        return None
    is_whole = told == depends.encode() and checksum == b"%08x" % zlib.crc32(code)
    return code if is_whole else None


def write(depends: str, code: bytes, say: Callable[[str], None] | None = None) -> None:
    """Write beside and rename: a reader never sees half a file. Where nothing can be written, *say* so and go on."""
    import tempfile

    path = path_for(depends)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(b"%s\n%08x\n%s" % (depends.encode(), zlib.crc32(code), code))
            os.chmod(beside, 0o644)  # a cache that root filled serves the others too
            os.replace(beside, path)
        except OSError:
            os.unlink(beside)
            raise
    except OSError as error:
        if say:
            say(f"compiled code could not be kept in {path.parent}: {error.strerror}; set KWEL_CACHE_DIR")
