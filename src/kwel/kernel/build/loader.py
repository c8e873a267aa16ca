"""An object file in, its functions in memory out: what a dynamic linker would do with it, without LLVM.

The code is compiled for addresses that are filled in when it is laid out: the object file says where each of them
stands, always in 64 bits (System V ABI, AMD64 supplement, section 4.4.1: R_X86_64_64, symbol plus addend). An *image*
is what remains when all that can be known before is done: the bytes of the sections, one behind the other, and where
its own address is to be added. Anything else in an object file, another processor's among them, makes no image.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ELF, X86_64 = b"\x7fELF\x02\x01\x01", 62
"""64 bits, little-endian (System V ABI, chapter 4)."""
SECTION = struct.Struct("<IIQQQQIIQQ")  # name, type, flags, address, offset, size, link, info, alignment, entry size
SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
RELOCATION = np.dtype([("offset", "<u8"), ("kind", "<u4"), ("symbol", "<u4"), ("addend", "<i8")])
SYMBOLS, RELOCATIONS, ALLOCATED, WRITABLE = 2, 4, 2, 1
BYTES, UNWINDING = 1, 0x7000_0001
"""Types of sections: one whose bytes are in the file; one that tells a debugger how to unwind the stack, not needed."""
ABSOLUTE = 1
"""R_X86_64_64."""

LIBRARY = ("memmove", "memset", "memcpy")
"""Functions of the C library that LLVM calls on its own."""
HEADER = struct.Struct("<8sIIII")  # magic, bytes of code, of words, of functions, of calls
MAGIC = b"kwel 1\n\0"

laid_out: list[mmap.mmap] = []
"""Memory that functions lie in: it is never given back."""


class _Sections(NamedTuple):
    places: dict[int, int]
    """Where each section with code or constants lies in the image."""
    code: bytearray


def from_object(data: bytes) -> bytes | None:
    """Return the image of an object file, or None if there is something in it that an image cannot hold."""
    if data[:7] != ELF or struct.unpack_from("<H", data, 18)[0] != X86_64:
        return None
    start, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    table = [SECTION.unpack_from(data, start + size * i) for i in range(count)]
    sections = _lay_out(data, table)
    [at] = [i for i, section in enumerate(table) if section[1] == SYMBOLS]
    symbols = np.frombuffer(data, SYMBOL, table[at][5] // SYMBOL.itemsize, table[at][4])
    strings = table[table[at][6]][4]
    names = [data[strings + each : data.index(b"\0", strings + each)].decode() for each in symbols["name"].tolist()]
    if sections is None:
        return None
    words: list[int] = []
    calls: list[tuple[int, str]] = []
    for section in table:
        if section[1] != RELOCATIONS or section[7] not in sections.places:
            continue
        for where in np.frombuffer(data, RELOCATION, section[5] // RELOCATION.itemsize, section[4]):
            place = sections.places[section[7]] + int(where["offset"])
            symbol, addend = symbols[where["symbol"]], int(where["addend"])
            if where["kind"] != ABSOLUTE:
                return None
            if symbol["section"] in sections.places:
                struct.pack_into(
                    "<q", sections.code, place, sections.places[symbol["section"]] + int(symbol["value"]) + addend
                )
                words.append(place)
            elif names[where["symbol"]] in LIBRARY and addend == 0:
                calls.append((place, names[where["symbol"]]))
            else:
                return None
    functions = [
        (sections.places[symbol["section"]] + int(symbol["value"]), name)
        for symbol, name in zip(symbols, names, strict=True)
        if symbol["info"] >> 4 and symbol["section"] in sections.places
    ]
    parts = sections.code, np.array(words, "<u4").tobytes(), _listed(functions), _listed(calls)
    return HEADER.pack(MAGIC, *map(len, parts)) + b"".join(parts)


def _lay_out(data: bytes, table: list[tuple[int, ...]]) -> _Sections | None:
    """Return the sections of code and constants one behind the other, or None if there are variables among them."""
    places: dict[int, int] = {}
    code = bytearray()
    for i, (_, kind, flags, _, offset, size, _, _, alignment, _) in enumerate(table):
        if not flags & ALLOCATED or not size or kind == UNWINDING:
            continue
        if flags & WRITABLE or kind != BYTES:
            return None
        code += bytes(-len(code) % max(alignment, 1))
        places[i] = len(code)
        code += data[offset : offset + size]
    return _Sections(places, code)


def _listed(rows: list[tuple[int, str]]) -> bytes:
    return "\n".join(f"{place} {name}" for place, name in rows).encode()


def _read(listed: bytes) -> list[tuple[int, str]]:
    return [(int(place), name) for place, name in (row.split(" ", 1) for row in listed.decode().splitlines())]


def lay_out(image: bytes) -> Mapping[str, int]:
    """Put an image into memory of its own, which is then run and written no longer; return the addresses of functions.

    Raises:
        OSError: the system lets no program run what it has written.
    """
    _, *sizes = HEADER.unpack_from(image)
    ends = np.cumsum([HEADER.size, *sizes]).tolist()
    code, words, functions, calls = (image[a:b] for a, b in pairwise(ends))
    memory = mmap.mmap(-1, len(code), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    view = np.frombuffer(memory, np.uint8)
    base = view.ctypes.data
    view[:] = np.frombuffer(code, np.uint8)
    _add(view, np.frombuffer(words, "<u4"), base)
    library = ctypes.CDLL(None, use_errno=True)
    for place, name in _read(calls):
        address = ctypes.cast(library[name], ctypes.c_void_p).value or 0
        view[place : place + 8] = np.frombuffer(address.to_bytes(8, "little"), np.uint8)
    if library.mprotect(ctypes.c_void_p(base), ctypes.c_size_t(len(code)), mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "this system lets no program run code that it has made")
    laid_out.append(memory)
    return {name: base + place for place, name in _read(functions)}


def _add(view: NDArray[np.uint8], places: NDArray[np.uint32], base: int) -> None:
    """Add the image's own address to the words at *places*."""
    bytes_of = places[:, None] + np.arange(8, dtype=np.uint32)
    view[bytes_of] = (view[bytes_of].view("<i8") + base).view(np.uint8)
