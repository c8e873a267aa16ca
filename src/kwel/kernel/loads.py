"""Offsets in, whole numbers out; bytes copied or cleared, rows fetched ahead. Bounds-checked; no index wraps round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import hardware, helper, load_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray


@helper
def u8(data: NDArray[np.uint8], at: int) -> int:
    """Return the byte at *at*."""
    return np.int64(data[np.uint64(at)])


@load_of(2, "big")
def u16(data: NDArray[np.uint8], at: int) -> int:
    """Return the 16 bits at *at*."""
    i = np.uint64(at)
    return (np.int64(data[i]) << 8) | np.int64(data[i + np.uint64(1)])


@load_of(3, "big")
def u24(data: NDArray[np.uint8], at: int) -> int:
    """Return the 24 bits at *at*."""
    return (u16(data, at) << 8) | u8(data, at + 2)


@load_of(4, "big")
def u32(data: NDArray[np.uint8], at: int) -> int:
    """Return the 32 bits at *at*."""
    return (u16(data, at) << 16) | u16(data, at + 2)


@load_of(8, "big")
def u64(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Return the 64 bits at *at*, unsigned."""
    return (np.uint64(u32(data, at)) << np.uint64(32)) | np.uint64(u32(data, at + 4))


@load_of(2, "little")
def le16(data: NDArray[np.uint8], at: int) -> int:
    """Return the 16 bits at *at*, least significant byte first."""
    return u8(data, at) | (u8(data, at + 1) << 8)


@load_of(4, "little")
def le32(data: NDArray[np.uint8], at: int) -> int:
    """Return the 32 bits at *at*, least significant byte first."""
    return le16(data, at) | (le16(data, at + 2) << 16)


@hardware("", "kwel.kernel.build.intrinsics.copy")
def copy(source: NDArray[np.uint8], at: int, size: int, target: NDArray[np.uint8], to: int) -> int:
    """Copy ``source[at:at + size]`` to ``target[to:]``; the two lie apart."""
    for i in range(size):
        target[np.uint64(to + i)] = source[np.uint64(at + i)]
    return 0


@hardware("", "kwel.kernel.build.intrinsics.clear")
def clear(data: NDArray[np.uint8], at: int, size: int) -> int:
    """Set ``data[at:at + size]`` to zero."""
    for i in range(size):
        data[np.uint64(at + i)] = 0
    return 0


@hardware("", "kwel.kernel.build.intrinsics.expect")
def expect(rows: NDArray[Any], at: int) -> int:
    """Let the processor bring row *at*, which is read soon, nearer."""
    return 0
