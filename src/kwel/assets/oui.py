"""MAC addresses in, the vendor that the address block was assigned to out.

Reads oui.tsv, the shipped one or that of the edition which an analysis chose: the blocks of the IEEE registries MA-L,
MA-M and MA-S (24, 28 and 36 bits, https://standards.ieee.org/products-programs/regauth/), one a line, in order of their
hexadecimal digits. The file is searched as it lies: parsing 58,000 lines would take longer than the few look-ups of a
capture.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

TABLE: Final = "oui.tsv"
BLOCK_BITS: Final = (36, 28, 24)
_NO_VENDOR: Final = 0b11 << 40
"""Group bit and locally-administered bit of the first octet (IEEE 802-2014 section 8.2): nobody's block."""
_LONGEST_LINE: Final = 512


_folder: Traversable | Path | None = None
"""Where the table lies; ``None`` for the shipped one."""


def use(folder: Traversable | Path | None) -> None:
    """Take the table from *folder* from now on: the edition that an analysis chose; by default the shipped one.

    One analysis runs at a time; a parameter would have to pass through every step of naming.
    """
    global _folder
    if folder != _folder:
        _folder = folder
        _table.cache_clear()
        vendor.cache_clear()
        _of_block.cache_clear()


@functools.lru_cache(1 << 16)
def vendor(mac: int) -> str | None:
    """Return who was assigned the block that *mac* lies in, by the longest block that is known.

    A locally administered address (a virtual machine's, a phone's random one) has no vendor, nor has a group.

    Raises:
        ValueError: the vendor table is missing.
    """
    if mac & _NO_VENDOR or not 0 <= mac < 1 << 48:
        return None
    digits = f"{mac:012X}".encode()
    for bits in BLOCK_BITS:
        found = _of_block(digits[: bits // 4])
        if found is not None:
            return found
    return None


@functools.cache
def _table() -> bytes:
    try:
        return ((_folder or files("kwel.rules") / "data") / TABLE).read_bytes()
    except OSError as error:
        raise ValueError(f"data table {TABLE}: {error}; reinstall kwel, or run `make data`") from error


@functools.lru_cache(1 << 16)
def _of_block(block: bytes) -> str | None:
    """Return whose block it is: a flood of forged addresses has few of them."""
    return _assignee(_table(), block)


def _assignee(table: bytes, block: bytes) -> str | None:
    """Find the line that starts with *block* and a tab, by halving."""
    wanted = block + b"\t"
    low, high = 0, len(table)
    while low < high:
        start = table.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = table.find(b"\n", start, start + _LONGEST_LINE)
        end = high if end < 0 else end
        line = table[start:end]
        if line.startswith(wanted):
            return line[len(wanted) :].decode("utf-8", "replace")
        if line < wanted:
            low = end + 1
        else:
            high = start
    return None
