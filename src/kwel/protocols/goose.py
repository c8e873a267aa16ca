"""GOOSE and sampled values in, the name of the IED that publishes them out.

Specification: IEC 61850-8-1 annex A and C (GOOSE), IEC 61850-9-2 (sampled values); BER as in ``der``. Behind eight
bytes of header (application, length, reserved) stands one element. A control block's reference begins with the name of
the logical device, which is that of the IED with an instance behind it: ``F650/LLN0$GO$gcb01``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

GOOSE, SAMPLES = 0x61, 0x60
REFERENCE, SAMPLE_ID, DATA_SET, UNITS, UNIT = 0x80, 0x80, 0x81, 0xA2, 0x30
HEADER = 8
MAX_UNITS = 8
"""Streams of samples in one message (IEC 61850-9-2LE: up to eight)."""
MAX_MEMBERS = 8
"""Elements before the one that is looked for."""


def looks_like_goose(data: bytes) -> bool:
    """Return whether the element of a GOOSE message follows the header."""
    return data[HEADER : HEADER + 1] == bytes([GOOSE])


def looks_like_samples(data: bytes) -> bool:
    """Return whether the element of sampled values follows the header."""
    return data[HEADER : HEADER + 1] == bytes([SAMPLES])


def observe_goose(r: Reader) -> Iterator[Saying]:
    """Yield the logical device that publishes, and which control block it is."""
    r.skip(HEADER)
    _expect(r, GOOSE)
    _expect_size(r)
    _expect(r, REFERENCE)
    if reference := text(r.take(_expect_size(r))):
        yield from _published(reference)


def observe_samples(r: Reader) -> Iterator[Saying]:
    """Yield the ids of the streams of samples."""
    r.skip(HEADER)
    _expect(r, SAMPLES)
    _expect_size(r)
    for _ in range(MAX_MEMBERS):
        tag, size = r.u8(), _expect_size(r)
        if tag == UNITS:
            break
        r.skip(size)
    for _ in range(MAX_UNITS):
        if not len(r) or r.u8() != UNIT:
            return
        with r.block(_expect_size(r)) as unit:
            if unit.u8() == SAMPLE_ID and (name := text(unit.take(_expect_size(unit)))):
                yield from _published(name)


def _published(name: str) -> Iterator[Saying]:
    device = name.partition("/")[0]
    if device:
        yield Saying("station", device)
    if device != name:
        yield Saying("service", name)


def _expect(r: Reader, tag: int) -> None:
    if (found := r.u8()) != tag:
        raise Malformed(f"tag {found:#04x} where {tag:#04x} belongs")


def _expect_size(r: Reader) -> int:
    """Return a length in one byte, or in up to two more (ITU-T X.690 section 8.1.3)."""
    first = r.u8()
    if first < 0x80:
        return first
    if first not in (0x81, 0x82):
        raise Malformed(f"length of length {first:#04x}")
    return r.u8() if first == 0x81 else r.u16()
