"""The bytes of a log in, its whole lines in blocks out, each with the number of its first line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kwel.logs.logs import Bytes, Reading

BLOCK = 0x40_0000
"""Bytes that are read at a time."""
NEWLINE = 10


class Block(NamedTuple):
    """Whole lines of a log, valid UTF-8, each ended by a line feed."""

    text: bytes
    first: int
    """Number of its first line, counted from 1."""
    starts: NDArray[np.int64]
    """Where each line begins in *text*, and behind them where the last one ends."""

    def line(self, index: int) -> bytes:
        """Return a line without its end."""
        return self.text[int(self.starts[index]) : int(self.starts[index + 1]) - 1]


def blocks(source: Bytes, reading: Reading, size: int = BLOCK) -> Iterator[Block]:
    """Yield the lines of a log; what is longer than a block is passed over and counted.

    Args:
        source: its bytes.
        reading: told of lines that cannot be read, and why the source ended.
        size: bytes of a block.
    """
    buffer = bytearray(2 * size)
    view = memoryview(buffer)
    keep, number, overlong = 0, 1, False
    while True:
        got = source.fill(view[keep : keep + size])
        source.settle()
        end, final = keep + got, got < size
        stop = buffer.rfind(b"\n", 0, end) + 1
        if final and end > stop:
            buffer[end] = NEWLINE
            end = stop = end + 1
        begin = 0
        if overlong and stop:
            begin, overlong = buffer.find(b"\n", 0, end) + 1, False
            reading.refuse(number, f"is longer than {size} bytes")
            number += 1
        if stop > begin:
            block = _block(bytes(view[begin:stop]), number)
            number += len(block.starts) - 1
            yield block
        if final:
            reading.problem = reading.problem or source.problem
            return
        keep = end - stop
        if keep > size:
            keep, overlong = 0, True
        buffer[:keep] = buffer[end - keep : end]


def _block(text: bytes, first: int) -> Block:
    """Return the lines of *text* as they are parsed: no carriage returns, and bytes that are no UTF-8 spelt out."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("utf-8", "backslashreplace").encode()
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == NEWLINE) + 1
    return Block(text, first, np.concatenate([np.zeros(1, np.int64), ends]))
