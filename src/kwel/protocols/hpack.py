"""A field block of HTTP/2 in, the names of fields and the values wanted of them out.

RFC 7541: sections 5.1 (integers), 5.2 (strings), 6 (representations), appendix A (of the static table only what names a
host) and appendix B (Huffman code, which is canonical: the lengths of its codes are enough). The dynamic table is not
kept: a reader that joins midway cannot know it. What is not wanted is stepped over without being decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

AUTHORITY, HOST = b":authority", b"host"
STATIC = {1: AUTHORITY, 38: HOST}
LAST_STATIC = 61
MOST_FIELDS = 256

_LENGTHS = (
    "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABC"
    "CCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVS"
    "VWVVWWWWWXWWWWWVZ"
)
"""Bits of the code of each byte, and of the end of a string: A is 5."""


def _canonical() -> dict[tuple[int, int], int]:
    """Return the symbol of each (bits, code): codes of one length follow one another, those of the next continue."""
    lengths = [ord(letter) - ord("A") + 5 for letter in _LENGTHS]
    codes, code, bits = dict[tuple[int, int], int](), 0, 5
    for symbol in sorted(range(len(lengths)), key=lambda symbol: (lengths[symbol], symbol)):
        code <<= lengths[symbol] - bits
        bits = lengths[symbol]
        codes[bits, code] = symbol
        code += 1
    return codes


_CODES = _canonical()


def decode_huffman(raw: bytes) -> bytes:
    """Return the bytes that a Huffman-coded string stands for.

    >>> decode_huffman(bytes.fromhex("f1e3c2e5f23a6ba0ab90f4ff"))
    b'www.example.com'
    """
    out, code, bits = bytearray(), 0, 0
    for byte in raw:
        for shift in range(7, -1, -1):
            code, bits = code << 1 | byte >> shift & 1, bits + 1
            symbol = _CODES.get((bits, code))
            if symbol is not None:
                if symbol > 255:
                    raise Malformed("an end of string within a string")
                out.append(symbol)
                code = bits = 0
            elif bits > 30:
                raise Malformed("a code that is none")
    return bytes(out)


def hosts(r: Reader) -> Iterator[bytes]:
    """Yield the values of ``:authority`` and ``host`` in a field block."""
    for _ in range(MOST_FIELDS):
        if not len(r):
            return
        first = r.u8()
        if first & 0x80:  # a whole field of a table: none of the static ones names a host
            _integer(r, first, 7)
            continue
        if first & 0xE0 == 0x20:  # a new size of the dynamic table
            _integer(r, first, 5)
            continue
        index = _integer(r, first, 6 if first & 0x40 else 4)
        name = STATIC.get(index, b"") if index else _string(r, wanted=True)
        value = _string(r, wanted=name in (AUTHORITY, HOST))
        if value:
            yield value


def _integer(r: Reader, first: int, bits: int) -> int:
    most = (1 << bits) - 1
    value = first & most
    if value < most:
        return value
    for shift in range(0, 21, 7):
        byte = r.u8()
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value
    raise Malformed("an integer of more than three bytes")


def _string(r: Reader, *, wanted: bool) -> bytes:
    first = r.u8()
    raw = r.take(_integer(r, first, 7))
    if not wanted:
        return b""
    return decode_huffman(raw) if first & 0x80 else raw
