"""Messages of PROFINET's context management in, the names of stations, their order numbers and versions out.

The Specification is IEC 61158-6-10 (blocks, identification and maintenance data, the annotation of an endpoint) on
connectionless DCE/RPC (C706 chapter 12, appendix O); layout as Wireshark 4.0 reads it, the annotation also as nmap's
script profinet-cm-lookup does. Blocks are big-endian, whatever the header says of itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

HEADER = 80
REQUEST, RESPONSE = 0, 2
CONNECT, READ, LOOKUP, READ_IMPLICIT = 0, 2, 2, 5
UUID, MAPPER = 0xDEA00000, 0xE1AF8308
CONNECTION, SERVER, READ_HEADER = 0x0101, 0x8106, 0x8009
"""Types of blocks: who opens a relation; what the device that answers is called; the head of what was read."""
IDENTITY, FUNCTION, DATE, DESCRIPTOR = 0x0020, 0x0021, 0x0022, 0x0023
"""I&M0 to I&M3."""
CONTROLLER, SUPERVISOR = 1, 6
"""Types of relations (ARType)."""
MOST_BLOCKS, MOST_ENTRIES = 64, 8
ANNOTATION = re.compile(r"(.{25}) (.{20}) (.{5}) (.)(.{3})(.{3})(.{3})")
"""Device, order number, hardware, and the software in a letter and three numbers."""

Order = Literal["big", "little"]


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a connectionless message of DCE/RPC."""
    return len(data) >= HEADER and data[0] == 4


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what whoever opens a relation says of itself, what a device answers, or what an endpoint mapper tells."""
    r.skip(1)
    kind = r.u8()
    r.skip(2)
    order: Order = "little" if r.u8() & 0x10 else "big"
    r.skip(3 + 8)
    device = r.take(8)[4:]
    interface = int.from_bytes(r.take(4), order)
    r.skip(40)
    operation, fragment = int.from_bytes(r.take(2), order), (r.take(6), r.u16())[1]
    r.skip(2)
    if fragment:
        return
    if interface & 0xFFFFFFF0 != UUID:
        if interface == MAPPER and kind == RESPONSE and operation == LOOKUP:
            yield from _endpoints(r, order)
        return
    if kind not in (REQUEST, RESPONSE) or operation not in (CONNECT, READ, READ_IMPLICIT):
        return
    r.skip(20)  # status or the most that is wanted; size; an array's bounds
    if kind == REQUEST:
        if operation == CONNECT:
            yield from _blocks(r, "")
        return
    yield Saying("role", "io-device")
    yield from _maker(device)
    yield from _blocks(r, "")


def _maker(raw: bytes) -> Iterator[Saying]:
    """Say the numbers of device and vendor that end the UUID of an object."""
    if any(raw):
        device, vendor = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
        yield Saying("description", f"PROFINET vendor {vendor:#06x}, device {device:#06x}")


def _blocks(r: Reader, module: str) -> Iterator[Saying]:
    """Walk the blocks. *module*: the slot that those to come are of, nothing for the device itself."""
    for _ in range(MOST_BLOCKS):
        if len(r) < 6:
            return
        kind, size = r.u16(), r.u16()
        if size < 2:
            raise Malformed(f"a block of {size} bytes")
        with r.block(size) as block:
            block.skip(2)  # version
            if kind == READ_HEADER:
                block.skip(2 + 16 + 4)
                slot = block.u16()
                module = f"slot {slot}" if slot else ""
            else:
                yield from _block(kind, block, module)


def _block(kind: int, r: Reader, module: str) -> Iterator[Saying]:
    if kind == CONNECTION:
        relation = r.u16()
        r.skip(16 + 2 + 6 + 12)  # relation, session, MAC, object
        maker = r.take(4)
        r.skip(4 + 2 + 2)
        yield Saying("role", "io-supervisor" if relation == SUPERVISOR else "io-controller")
        yield from _maker(maker)
    if kind in (CONNECTION, SERVER):
        if said := text(r.take(r.u16())):
            yield Saying("station", said)
    elif kind == IDENTITY:
        yield from _identity(r, module)
    elif kind == FUNCTION and not module:
        yield from _said("description", r.take(32))
        yield from _said("location", r.take(22))
    elif kind == DESCRIPTOR and not module:
        yield from _said("description", r.take(54))


def _identity(r: Reader, module: str) -> Iterator[Saying]:
    """Read I&M0: of the device itself, or of a module in it."""
    vendor, order_number, serial = r.u16(), text(r.take(20)), text(r.take(16))
    hardware, prefix = r.u16(), text(r.take(1))
    version = f"{prefix}{r.u8()}.{r.u8()}.{r.u8()}"
    if module:
        parts = (order_number, version, f"serial {serial}" if serial else "")
        yield Saying("protocol", f"profinet/{module}: {' '.join(filter(None, parts))}")
        return
    yield Saying("identity", f"profinet-vendor/{vendor}")
    for kind, said in (("order-number", order_number), ("serial", serial)):
        yield from _said(kind, said.encode())  # type: ignore[arg-type]
    yield Saying("firmware", f"{version} (hardware {hardware})" if hardware else version)


def _said(kind: FactKind, raw: bytes) -> Iterator[Saying]:
    if said := text(raw):
        yield Saying(kind, said)


def _endpoints(r: Reader, order: Order) -> Iterator[Saying]:
    """Read the first entry's annotation, which names the device; others say the same of other interfaces."""
    r.skip(20)  # how to go on
    if int.from_bytes(r.take(4), order) == 0:
        return
    r.skip(12)  # an array's bounds
    r.skip(12)
    maker = r.take(4)
    r.skip(8)  # where the tower is; offset of the text
    annotation = r.take(min(int.from_bytes(r.take(4), order), 64)).split(b"\0")[0].decode("latin-1")
    found = ANNOTATION.match(annotation)
    if not found:
        return
    yield from _maker(maker)
    product, order_number, _, letter, *numbers = (part.strip() for part in found.groups())
    yield from _said("product", product.encode())
    yield from _said("order-number", order_number.encode())
    yield from _said("firmware", f"{letter}{'.'.join(numbers)}".encode())
