"""Fields of rows in, columns that anybody reads with Parquet out, and the same fields back.

What is stored has to come back as it was, whatever the wire held: every spelling here can be undone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from kwel.model.names import Names
from kwel.model.records.columns import address_halves, address_text, mac_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[Any]

MOMENT = pa.timestamp("ns", tz="UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
MAC_BITS = 48
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def spell_numbers(values: Numbers) -> pa.Array:
    """Return numbers as they are; of a field that holds several, lists of a fixed length."""
    if values.ndim == 1:
        return pa.array(np.ascontiguousarray(values))
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).reshape(-1)), values.shape[1])


def read_numbers(column: pa.Array, kind: np.dtype) -> Numbers:
    """Return the numbers of a column, as the field *kind* has them."""
    if kind.subdtype is None:
        return np.asarray(column.to_numpy(zero_copy_only=False), kind)
    flat = np.asarray(column.flatten().to_numpy(zero_copy_only=False), kind.base)
    return flat.reshape(len(column), *kind.shape)


def spell_moments(values: Numbers) -> pa.Array:
    """Return nanoseconds since the epoch as times; 0 is null."""
    flat = np.ascontiguousarray(values).reshape(-1)
    times = pa.array(flat.astype("M8[ns]"), MOMENT, mask=flat == 0)
    return times if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(times, values.shape[1])


def read_moments(column: pa.Array, kind: np.dtype) -> Numbers:
    """Return times as nanoseconds since the epoch."""
    flat = column if kind.subdtype is None else column.flatten()
    values: Numbers = flat.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return values if kind.subdtype is None else values.reshape(len(column), *kind.shape)


def _coded(values: Numbers, spell: Callable[[Any], str | None]) -> pa.Array:
    """Return a word for each value, spelt once for each distinct one."""
    distinct, codes = np.unique(values, return_inverse=True)
    return _dictionary(map(spell, distinct.tolist()), codes)


def _dictionary(spelt: Iterable[str | None], codes: Numbers) -> pa.Array:
    """Return the word behind each code; that of one which is not there is null."""
    words = list(spelt)
    absent = np.array([word is None for word in words], bool)
    place = np.cumsum(~absent) - 1
    indices = pa.array(place[codes].astype(np.int32), mask=absent[codes])
    return pa.DictionaryArray.from_arrays(indices, pa.array([word for word in words if word is not None], pa.string()))


def _uncoded(column: pa.Array, read: Callable[[str], Any], absent: Any, kind: Any) -> Numbers:
    """Return a number for each word, read once for each distinct one; nothing is *absent*."""
    words = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
    values = np.array([*(read(word) for word in words.dictionary.to_pylist()), absent], kind)
    found: Numbers = values[words.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)]
    return found


HALVES = np.dtype([("hi", np.uint64), ("lo", np.uint64)])


def spell_addresses(hi: Numbers, lo: Numbers, *, may_be_absent: bool = False) -> pa.Array:
    """Return the usual spelling of addresses; where they may be absent, two halves of 0 are null."""
    first, codes = _distinct(hi, lo)
    pairs = zip(hi[first].tolist(), lo[first].tolist(), strict=True)
    return _dictionary((None if may_be_absent and pair == (0, 0) else address_text(*pair) for pair in pairs), codes)


def _distinct(hi: Numbers, lo: Numbers) -> tuple[Numbers, Numbers]:
    """Return a row of each distinct address, and which of those each row has: sorting records is slow."""
    if not hi.any():
        _, first, codes = np.unique(lo, return_index=True, return_inverse=True)
        return first, codes
    order = np.lexsort((lo, hi))
    begins = np.ones(len(order), bool)
    begins[1:] = (np.diff(hi[order]) != 0) | (np.diff(lo[order]) != 0)
    codes = np.empty(len(order), np.int64)
    codes[order] = np.cumsum(begins) - 1
    return order[begins], codes


def read_addresses(column: pa.Array) -> tuple[Numbers, Numbers]:
    """Return the two halves of addresses."""
    pairs = _uncoded(column, address_halves, (0, 0), HALVES)
    return pairs["hi"], pairs["lo"]


def spell_macs(values: Numbers) -> pa.Array:
    """Return the usual spelling of MAC addresses; 0 is null. A number that is none stays one."""
    return _coded(values, lambda mac: None if not mac else mac_text(mac) if mac >> MAC_BITS == 0 else f"{mac:#x}")


def _read_mac(text: str) -> int:
    return int(text, 16) if text.startswith("0x") else int(text.replace(":", ""), 16)


def read_macs(column: pa.Array) -> Numbers:
    """Return MAC addresses as numbers."""
    return _uncoded(column, _read_mac, 0, np.uint64)


def spell_labels(values: Numbers, labels: Mapping[int, str]) -> pa.Array:
    """Return what numbers are called; one that has no name is itself, as text."""
    return _coded(values, lambda value: labels.get(value, str(value)))


def read_labels(column: pa.Array, labels: Mapping[int, str], kind: np.dtype) -> Numbers:
    """Return the numbers behind labels.

    Raises:
        ValueError: a label is unknown.
    """
    numbers = {label: number for number, label in labels.items()}
    return _uncoded(column, lambda text: numbers[text] if text in numbers else int(text), 0, kind)


def spell_words(values: Numbers, words: Sequence[str] | pa.Array) -> pa.Array:
    """Return the word behind each index; 0 is null."""
    distinct, codes = np.unique(values, return_inverse=True)
    known = words if isinstance(words, pa.Array) else pa.array(list(words), pa.string())
    shift = int(len(distinct) > 0 and distinct[0] == 0)
    indices = pa.array(codes.astype(np.int32) - shift, mask=values == 0)
    return pa.DictionaryArray.from_arrays(indices, known.take(pa.array(distinct[shift:].astype(np.int64))))


def read_words(column: pa.Array, place: Mapping[str, int]) -> Numbers:
    """Return the index of each word; nothing is 0.

    Raises:
        KeyError: a word is not among those of the window.
    """
    return _uncoded(column, place.__getitem__, 0, np.uint32)


def spell_names(names: Names) -> pa.Array:
    r"""Return all names as text, in their order; bytes that are no printable ASCII are ``\xNN``.

    So is a backslash that would else look like the beginning of one: what is read back is what was on the wire.
    """
    arena, lengths = names.joined()
    raw = np.frombuffer(arena, np.uint8)
    if not len(raw) or ((raw >= 0x20) & (raw < 0x7F) & (raw != 0x5C)).all():
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        texts = pa.LargeStringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(arena))
        return texts.cast(pa.string())
    ends = np.cumsum([0, *lengths]).tolist()
    return pa.array([_escaped(arena[ends[i] : ends[i + 1]]) for i in range(len(lengths))], pa.string())


def _escaped(raw: bytes) -> str:
    quoted = _ESCAPE.sub(rb"\\x5cx\1", raw)
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in quoted)


def read_names(column: pa.Array) -> Names:
    """Return names from their texts.

    Raises:
        UnicodeEncodeError: a text is no ASCII: nothing that was stored here.
    """
    texts = [text.encode("ascii") for text in column.to_pylist()]
    raw = [_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text) if b"\\" in text else text for text in texts]
    lengths = np.array([len(name) for name in raw], np.int64)
    return Names(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(lengths) - lengths, lengths)


def storable(text: str) -> str:
    """Return *text* as UTF-8 can hold it: half a surrogate pair, which it cannot, is escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
