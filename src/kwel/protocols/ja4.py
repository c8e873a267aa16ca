"""ClientHellos in, their JA4 fingerprints out: the same client software has the same one, whatever it connects to.

JA4 as FoxIO publishes it (technical_details/JA4.md of its repository; JA4 itself is free, its kin are not used here).
The compiled half tells shapes of hello apart by a digest that does not depend on the order of ciphers and extensions,
and keeps each distinct one once; the Python half spells those few out.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.hashing import ROW, TAG, U0, U1, mix, new_index
from kwel.kernel.loads import u8, u16
from kwel.model.records.columns import NameSource
from kwel.protocols.hello import is_grease

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.protocols.hello import Hello

MOST_SHAPES, MOST_BYTES = 4096, 1 << 20
"""Distinct shapes of hello that are kept, and their bytes. No plant has as many kinds of client software."""
SHAPES, USED, REFUSED = 0, 1, 2
"""Indices into the places: shapes known and 1, arena bytes used, hellos for whose shape there was no room."""
FIRST_PLACE = 3
HEAD = struct.Struct(">BBHBBBxHH")
"""Source, whether a name is there, version, ALPN: first byte, last byte, whether any; ciphers, extensions."""
HEAD_SIZE = HEAD.size
OF_THE_DESTINATION = ("0000", "0010")
"""Extensions that are counted and not listed: server_name and ALPN."""
TRANSPORTS = {int(NameSource.TLS_SNI): "t", int(NameSource.QUIC_SNI): "q", int(NameSource.DTLS_SNI): "d"}
VERSIONS = {
    0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2",
    0xFEFF: "d1", 0xFEFD: "d2", 0xFEFC: "d3",
}  # fmt: skip
NO_LIST = "0" * 12


class Shapes(NamedTuple):
    """The arrays that hold the distinct shapes of hello."""

    index: NDArray[np.uint64]
    """See ``hashing``."""
    places: NDArray[np.int64]
    """Three counters, then digest, start and end of each shape."""
    arena: NDArray[np.uint8]


def new_shapes() -> Shapes:
    """Return room for the most shapes that are kept."""
    places = np.zeros(FIRST_PLACE + 3 * MOST_SHAPES, np.int64)
    places[SHAPES] = 1  # shape 0 is none
    return Shapes(new_index(2 * MOST_SHAPES), places, np.zeros(MOST_BYTES, np.uint8))


@helper
def alpn_ends(data: NDArray[np.uint8], hello: Hello) -> int:
    """Return the first and last byte of the first protocol, with bit 16 set; 0 is none."""
    if hello.alpn >= hello.alpn_end:
        return 0
    size = u8(data, hello.alpn)
    first = hello.alpn + 1
    if size == 0 or first + size > hello.alpn_end or (size == 2 and is_grease(u16(data, first))):
        return 0
    return 0x10000 | u8(data, first) << 8 | u8(data, first + size - 1)


@helper
def digest_of(data: NDArray[np.uint8], hello: Hello, source: int, seed: np.uint64) -> int:
    """Return 63 bits that are equal for equal fingerprints, and as good as never else."""
    ciphers = extensions = U0
    for i in range((hello.ciphers_end - hello.ciphers) // 2):
        value = u16(data, hello.ciphers + 2 * i)
        if not is_grease(value):
            ciphers += mix(seed, np.uint64(value), seed)
    at = hello.extensions
    while at + 4 <= hello.extensions_end:
        value = u16(data, at)
        if not is_grease(value):
            extensions += mix(seed, np.uint64(value), seed)
        at += 4 + u16(data, at + 2)
    head = source | hello.version << 8 | alpn_ends(data, hello) << 24 | (1 << 48 if hello.has_name else 0)
    digest = mix(mix(mix(seed, np.uint64(head), seed), ciphers, seed), extensions, seed)
    for i in range((hello.signatures_end - hello.signatures) // 2):
        value = u16(data, hello.signatures + 2 * i)
        if not is_grease(value):
            digest = mix(digest, np.uint64(value), seed)
    return np.int64(digest >> U1)


@helper
def put16(arena: NDArray[np.uint8], at: int, value: int) -> int:
    """Write 16 bits unless they mean nothing; return the offset behind."""
    if is_grease(value):
        return at
    arena[np.uint64(at)] = value >> 8
    arena[np.uint64(at + 1)] = value & 0xFF
    return at + 2


@helper
def write_shape(data: NDArray[np.uint8], hello: Hello, source: int, arena: NDArray[np.uint8], start: int) -> int:
    """Write down all that a fingerprint is made of; return the offset behind. The caller made room."""
    at = start + HEAD_SIZE
    for i in range((hello.ciphers_end - hello.ciphers) // 2):
        at = put16(arena, at, u16(data, hello.ciphers + 2 * i))
    ciphers = (at - start - HEAD_SIZE) // 2
    extension = hello.extensions
    while extension + 4 <= hello.extensions_end:
        at = put16(arena, at, u16(data, extension))
        extension += 4 + u16(data, extension + 2)
    extensions = (at - start - HEAD_SIZE) // 2 - ciphers
    for i in range((hello.signatures_end - hello.signatures) // 2):
        at = put16(arena, at, u16(data, hello.signatures + 2 * i))
    ends = alpn_ends(data, hello)
    arena[start], arena[start + 1] = source, 1 if hello.has_name else 0
    arena[start + 2], arena[start + 3] = hello.version >> 8, hello.version & 0xFF
    arena[start + 4], arena[start + 5], arena[start + 6] = ends >> 8 & 0xFF, ends & 0xFF, ends >> 16
    arena[start + 8], arena[start + 9] = ciphers >> 8, ciphers & 0xFF
    arena[start + 10], arena[start + 11] = extensions >> 8, extensions & 0xFF
    return at


@helper
def number_of_shape(data: NDArray[np.uint8], hello: Hello, source: int, shapes: Shapes) -> int:
    """Return the number of a whole and sound hello's shape; 0 is one for which there was no room."""
    index, places, arena = shapes
    digest = digest_of(data, hello, source, index[len(index) - 1])
    hashed = np.uint64(digest)
    mask = np.uint64(len(index) - 2)
    slot, tag = hashed & mask, hashed << U1 & TAG
    while index[slot] != U0:
        known = np.int64(index[slot] & ROW)
        if index[slot] & TAG == tag and places[FIRST_PLACE + 3 * known] == digest:
            return known
        slot = (slot + U1) & mask
    number, start = places[SHAPES], places[USED]
    most = HEAD_SIZE + hello.signatures_end - hello.signatures + hello.extensions_end - hello.ciphers
    if number >= MOST_SHAPES or start + most > len(arena):
        places[REFUSED] += 1
        return 0
    place = FIRST_PLACE + 3 * number
    places[place], places[place + 1] = digest, start
    places[USED] = places[place + 2] = write_shape(data, hello, source, arena, start)
    places[SHAPES] = number + 1
    index[slot] = tag | np.uint64(number)
    return number


class Fingerprints(Sequence[str]):
    """The JA4 of each shape, by its number; 0 is none. Spelled out once somebody asks: who reads flows never does."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    @cached_property
    def _texts(self) -> list[str]:
        places, arena = self._shapes.places, self._shapes.arena
        listed = places[FIRST_PLACE + 3 : FIRST_PLACE + 3 * len(self)].reshape(-1, 3).tolist()
        return ["", *(spell(arena[start:end].tobytes()) for _, start, end in listed)]

    def __len__(self) -> int:
        return int(self._shapes.places[SHAPES])

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        return self._texts[number]


def spell(shape: bytes) -> str:
    """Return the JA4 of a shape as ``write_shape`` wrote it down."""
    source, has_name, version, first, last, has_alpn, ciphers, extensions = HEAD.unpack_from(shape)
    words = [f"{word:04x}" for (word,) in struct.iter_unpack(">H", shape[HEAD.size :])]
    kinds = words[ciphers : ciphers + extensions]
    signatures = words[ciphers + extensions :]
    kept = sorted(kind for kind in kinds if kind not in OF_THE_DESTINATION)
    told = ",".join(kept) + ("_" + ",".join(signatures) if signatures else "")
    return "".join(
        (
            TRANSPORTS[source],
            VERSIONS.get(version, "00"),
            "d" if has_name else "i",
            f"{min(ciphers, 99):02}{min(extensions, 99):02}",
            _alpn(first, last) if has_alpn else "00",
            "_",
            _hash(",".join(sorted(words[:ciphers]))),
            "_",
            _hash(told) if kept else NO_LIST,
        )
    )


def _alpn(first: int, last: int) -> str:
    ends = bytes((first, last)).decode("latin-1")
    return ends if ends.isascii() and ends.isalnum() else f"{first:02x}"[0] + f"{last:02x}"[1]


def _hash(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NO_LIST
