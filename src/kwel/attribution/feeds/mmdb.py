"""Address ranges with records in, the bytes of a MaxMind DB file out.

Writes format version 2.0 as https://maxmind.github.io/MaxMind-DB/ describes it. Two things make the files
small: equal subtrees are stored once (nodes may be shared, since readers only ever walk down), and so are
equal strings. The same ranges give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

BITS = 128
V4_BITS = 32
MARKER = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = bytes(16)
_POINTER, _STRING, _UINT16, _UINT32, _MAP, _UINT64, _ARRAY = 1, 2, 5, 6, 7, 9, 11
_EXTENDED = 7  # types above have a byte of their own

Value = str | int | dict[str, "Value"] | list["Value"]


class Range(NamedTuple):
    """All addresses from first to last, as 128-bit numbers (IPv4 in ``::/96``), have this record."""

    first: int
    last: int
    record: int


class Uint32(int):
    """An integer of this type even where it is small: the compiled reader insists on it for ``node_count``."""


class Uint64(int):
    """An integer of this type even where it is small, as ``build_epoch`` is."""


def write(
    ranges: Sequence[Range],
    records: Sequence[dict[str, Value]],
    kind: str,
    about: str,
    epoch: int,
    finest_v6: int = BITS,
) -> bytes:
    """Return a database of *ranges*, which are sorted and do not overlap.

    Args:
        ranges: what to find; ``Range.record`` indexes *records*.
        records: what is found.
        kind: the database type, for readers that look.
        about: one line of description.
        epoch: date of the data, seconds since 1970.
        finest_v6: longest IPv6 prefix to keep; a block of that size with several records gets the one that
            covers most of it.
    """
    encoder = Encoder()
    offsets = [encoder.add(record) for record in records]
    tree = _Tree(ranges, finest_v6)
    root = tree.build(0, BITS, 0, len(ranges))
    nodes = tree.laid_out(root)
    size = _record_size(len(nodes) + len(_SEPARATOR) + len(encoder.data))
    number = {node: index for index, node in enumerate(nodes)}
    base = len(nodes) + len(_SEPARATOR)

    def pointer(child: int) -> int:
        if child == EMPTY:
            return len(nodes)
        return number[child] if child >= 0 else base + offsets[LEAF - child]

    body = b"".join(_node(pointer(left), pointer(right), size) for left, right in map(tree.children, nodes))
    metadata: dict[str, Value] = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": Uint64(epoch),
        "database_type": kind,
        "description": {"en": about},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": Uint32(len(nodes)),
        "record_size": size,
    }
    return body + _SEPARATOR + bytes(encoder.data) + MARKER + Encoder().inline(metadata)


EMPTY = -1
LEAF = -2
"""A child is a node's number (0 and up), ``EMPTY``, or ``LEAF - record``."""


class _Tree:
    """A binary tree over address bits in which equal subtrees are one node."""

    def __init__(self, ranges: Sequence[Range], finest_v6: int) -> None:
        self._ranges = ranges
        self._finest_v6 = finest_v6
        self._number: dict[tuple[int, int], int] = {}
        self._pairs: list[tuple[int, int]] = []

    def build(self, start: int, height: int, low: int, high: int) -> int:
        """Return the child for the ``2**height`` addresses at *start*, which ranges low to high touch."""
        if low == high:
            return EMPTY
        first = self._ranges[low]
        end = start + (1 << height) - 1
        if first.first <= start and first.last >= end:
            return LEAF - first.record
        if start >> V4_BITS and height <= BITS - self._finest_v6:
            return LEAF - self._most(start, end, low, high)
        middle = start + (1 << height - 1)
        split = self._first_from(middle, low, high)
        left_high = split + 1 if split < high and self._ranges[split].first < middle else split
        left = self.build(start, height - 1, low, left_high)
        right = self.build(middle, height - 1, split, high)
        if left == right and left < 0:
            return left
        return self._node((left, right))

    def children(self, node: int) -> tuple[int, int]:
        """Return what hangs below *node*."""
        return self._pairs[node]

    def laid_out(self, root: int) -> list[int]:
        """Return all nodes, the root first, each before what hangs below it alone."""
        if root < 0:  # one record for every address, or none at all: the format needs a node
            root = self._node((root, root))
        order, seen, waiting = [], {root}, [root]
        while waiting:
            node = waiting.pop()
            order.append(node)
            for child in reversed(self._pairs[node]):
                if child >= 0 and child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return order

    def _node(self, pair: tuple[int, int]) -> int:
        known = self._number.setdefault(pair, len(self._pairs))
        if known == len(self._pairs):
            self._pairs.append(pair)
        return known

    def _first_from(self, address: int, low: int, high: int) -> int:
        """Return the first range, of low to high, that ends at or after *address*."""
        while low < high:
            middle = (low + high) // 2
            if self._ranges[middle].last < address:
                low = middle + 1
            else:
                high = middle
        return low

    def _most(self, start: int, end: int, low: int, high: int) -> int:
        def covered(index: int) -> tuple[int, int]:
            touching = self._ranges[index]
            return min(end, touching.last) - max(start, touching.first), -index

        return self._ranges[max(range(low, high), key=covered)].record


def _record_size(highest: int) -> int:
    """Return the bits a pointer needs, of those that the format allows."""
    for size in (24, 28, 32):
        if highest < 1 << size:
            return size
    raise ValueError(f"too large for the format: {highest}")


def _node(left: int, right: int, size: int) -> bytes:
    if size == 28:  # the high four bits of both share the middle byte
        middle = left >> 24 << 4 | right >> 24
        return (left & 0xFFFFFF).to_bytes(3) + bytes([middle]) + (right & 0xFFFFFF).to_bytes(3)
    return left.to_bytes(size // 8) + right.to_bytes(size // 8)


class Encoder:
    """The data section: values appended, each string once, later uses as pointers."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._records: dict[str, int] = {}
        self._strings: dict[str, int] = {}

    def add(self, record: dict[str, Value]) -> int:
        """Append *record* and return its offset; an equal one is found again."""
        key = repr(record)
        if key not in self._records:
            self._records[key] = len(self.data)
            self._append(record)
        return self._records[key]

    def inline(self, value: Value) -> bytes:
        """Return *value* encoded without pointers, as the metadata must be."""
        match value:
            case str():
                text = value.encode()
                return _control(_STRING, len(text)) + text
            case int():
                return _integer(value)
            case dict():
                parts = [self.inline(key) + self.inline(inner) for key, inner in value.items()]
                return _control(_MAP, len(value)) + b"".join(parts)
            case list():
                return _control(_ARRAY, len(value)) + b"".join(map(self.inline, value))

    def _append(self, value: Value) -> None:
        match value:
            case str():
                self._append_string(value)
            case int():
                self.data += _integer(value)
            case dict():
                self.data += _control(_MAP, len(value))
                for key, inner in value.items():
                    self._append_string(key)
                    self._append(inner)
            case list():
                self.data += _control(_ARRAY, len(value))
                for inner in value:
                    self._append(inner)

    def _append_string(self, text: str) -> None:
        whole = self.inline(text)
        if text in self._strings:
            pointer = _pointer(self._strings[text])
            self.data += min(pointer, whole, key=len)
            return
        self._strings[text] = len(self.data)
        self.data += whole


def _control(kind: int, size: int) -> bytes:
    """Return what announces a value: its type, in three bits or in a byte of its own, and its size."""
    if size < 29:
        low, more = size, b""
    elif size < 285:
        low, more = 29, bytes([size - 29])
    elif size < 65821:
        low, more = 30, (size - 285).to_bytes(2)
    else:
        raise ValueError(f"too long for a table: {size}")
    if kind <= _EXTENDED:
        return bytes([kind << 5 | low]) + more
    return bytes([low, kind - _EXTENDED]) + more


def _integer(value: int) -> bytes:
    if isinstance(value, Uint64):
        kind = _UINT64
    else:
        kind = _UINT32 if isinstance(value, Uint32) or value >= 1 << 16 else _UINT16
    digits = value.to_bytes((value.bit_length() + 7) // 8)
    return _control(kind, len(digits)) + digits


def _pointer(offset: int) -> bytes:
    """Return a pointer in the shortest of its four forms; each starts to count where the last one ended."""
    if offset < 2048:
        return (_POINTER << 13 | offset).to_bytes(2)
    if offset < 526336:
        return (_POINTER << 21 | 1 << 19 | offset - 2048).to_bytes(3)
    if offset < 134744064:
        return (_POINTER << 29 | 2 << 27 | offset - 526336).to_bytes(4)
    return bytes([_POINTER << 5 | 3 << 3]) + offset.to_bytes(4)
