"""Columns of text in, columns of numbers out: addresses, times, counts. What cannot be read is marked, never raised."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kwel.model.records.columns import address_halves

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Value = TypeVar("Value")
Column = Any
"""A pyarrow array of text."""

NANO, MICRO = 1_000_000_000, 1_000
LATEST = 4_102_444_800
"""1 January 2100: a later time is none. Seconds since the epoch."""
SECONDS = r"^-?\d{1,12}(\.\d{1,12})?$"
COUNT = r"^\d{1,18}$"
MAC = re.compile(r"(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}", re.IGNORECASE)
MOST = (1 << 63) - 1


def by_value(column: Column, of: Callable[[str], Value], absent: Value, kind: Any) -> NDArray[Any]:
    """Return *of* each value, called once for each distinct one; *absent* where there is none."""
    encoded = column.dictionary_encode()
    distinct = np.array([of(text) for text in encoded.dictionary.to_pylist()] + [absent], kind)
    codes = encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)
    found: NDArray[Any] = distinct[codes]
    return found


def addresses(column: Column) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the halves of addresses, and which of them are any."""
    halves = by_value(column, halves_of, (0, 0, 0), [("hi", np.uint64), ("lo", np.uint64), ("is", np.uint8)])
    return halves["hi"], halves["lo"], halves["is"] > 0


def halves_of(text: str) -> tuple[int, int, int]:
    """Return the two halves of an address and 1, or zeros where it is none.

    >>> halves_of("10.20.11.12"), halves_of("nobody")
    ((0, 281470850829068, 1), (0, 0, 0))
    """
    try:
        return (*address_halves(text), 1)
    except (OSError, ValueError):
        return 0, 0, 0


def counts(column: Column) -> NDArray[np.int64]:
    """Return whole numbers, 0 or more; -1 where there is none, or none that can be read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sound = pc.match_substring_regex(column, COUNT)
    numbers = pc.if_else(pc.fill_null(sound, fill_value=False), column, pa.scalar(None, pa.string())).cast(pa.int64())
    return np.array(numbers.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)  # one's own, to be written to


def ports(column: Column) -> NDArray[np.uint16]:
    """Return ports; 0 where there is none."""
    found = counts(column)
    return np.where((found < 0) | (found > 0xFFFF), 0, found).astype(np.uint16)


def spans(column: Column) -> NDArray[np.int64]:
    """Return lengths of time in seconds as nanoseconds; 0 where there is none."""
    found, known = _seconds(column)
    return np.where(known, np.clip(found, 0, LATEST * NANO), 0).astype(np.int64)


def times(column: Column) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return moments, seconds since the epoch or ISO 8601, as nanoseconds since the epoch, and which are any."""
    found, known = _seconds(column)
    for row in np.flatnonzero(~known).tolist():
        text = column[row].as_py()
        moment = moment_of(text) if text else None
        if moment is not None:
            found[row], known[row] = moment, True
    known &= (found > 0) & (found < LATEST * NANO)
    return np.where(known, found, 0), known


def _seconds(column: Column) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    sound = pc.fill_null(pc.match_substring_regex(column, SECONDS), fill_value=False)
    seconds = pc.if_else(sound, column, pa.scalar(None, pa.string())).cast(pa.float64())
    known: NDArray[np.bool_] = sound.to_numpy(zero_copy_only=False)
    value = np.clip(seconds.fill_null(0.0).to_numpy(zero_copy_only=False), -9e9, 9e9)
    return np.round(value * 1e6).astype(np.int64) * MICRO, known.copy()  # a float holds microseconds, no more


def moment_of(text: str) -> int | None:
    """Return a moment in ISO 8601 as nanoseconds since the epoch; UTC where no zone is told, ``None`` before it.

    >>> moment_of("2026-11-26T01:00:00.5+0100"), moment_of("2026-11-26T00:00:00.5Z"), moment_of("later")
    (1795651200500000000, 1795651200500000000, None)
    """
    from datetime import UTC

    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    seconds = since.days * 86_400 + since.seconds
    return seconds * NANO + since.microseconds * MICRO if 0 <= seconds < LATEST else None


def mac_of(text: str | None) -> int:
    """Return a MAC address as a number that one host may have; 0 where it is none.

    >>> hex(mac_of("00:1b:1b:10:00:21")), mac_of("ff:ff:ff:ff:ff:ff"), mac_of("?")
    ('0x1b1b100021', 0, 0)
    """
    if not text or not MAC.fullmatch(text):
        return 0
    value = int.from_bytes(bytes(int(part, 16) for part in re.split("[:-]", text)))
    return 0 if value >> 40 & 1 else value  # a group address is nobody's


def is_true(column: Column) -> NDArray[np.bool_]:
    """Return where a log says yes: ``T`` in Zeek's own words, ``true`` in JSON."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.is_in(column, value_set=pa.array(["T", "true", "True"], pa.string()))
    told: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return told
