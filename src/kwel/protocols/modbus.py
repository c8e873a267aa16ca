"""Modbus/TCP payloads in, roles, unit numbers and the identity a device reports of itself out.

MODBUS Application Protocol Specification V1.1b3, sections 6 and 7; MODBUS Messaging on TCP/IP Implementation
Guide V1.0b, section 3.1.3 (MBAP header). A unit behind a gateway speaks with the gateway's address: what it
reports is said of that address. UMAS, in function 90, is not published: where its answer to "read id" holds the name of
the module is as nmap's script modicon-info shows it; the longest text of the answer is taken.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.talk import Talk

IS_EXCEPTION = 0x80
MEI_DEVICE_IDENTIFICATION = 0x0E
MIN_LENGTH, MAX_LENGTH = 2, 254
"""Unit number and PDU: a PDU has at most 253 bytes (section 4.1)."""


class Function(enum.IntEnum):
    """Section 6; the functions whose request and response can be told apart by their shape."""

    READ_COILS = 1
    READ_DISCRETE_INPUTS = 2
    READ_HOLDING_REGISTERS = 3
    READ_INPUT_REGISTERS = 4
    READ_EXCEPTION_STATUS = 7
    WRITE_COILS = 15
    WRITE_REGISTERS = 16
    REPORT_SERVER_ID = 17
    READ_WRITE_REGISTERS = 23
    ENCAPSULATED = 43
    UMAS = 90


class DeviceObject(enum.IntEnum):
    """Section 6.21; objects of the device identification."""

    VENDOR_NAME = 0
    PRODUCT_CODE = 1
    REVISION = 2
    VENDOR_URL = 3
    PRODUCT_NAME = 4
    MODEL_NAME = 5
    APPLICATION_NAME = 6


READS = {
    Function.READ_COILS: 2000,
    Function.READ_DISCRETE_INPUTS: 2000,
    Function.READ_HOLDING_REGISTERS: 125,
    Function.READ_INPUT_REGISTERS: 125,
}
"""How much one request may ask for (sections 6.1 to 6.4)."""

PRODUCT_OBJECTS = (DeviceObject.PRODUCT_NAME, DeviceObject.MODEL_NAME, DeviceObject.PRODUCT_CODE)
"""What to call the product, best first."""


OTHERS: dict[int, FactKind] = {
    DeviceObject.PRODUCT_CODE: "order-number",
    DeviceObject.VENDOR_URL: "uri",
    DeviceObject.APPLICATION_NAME: "description",
}
"""What else the device identification holds."""
UMAS_READ_ID, UMAS_OK = 0x02, 0xFE
LEGIBLE = re.compile(rb"[ -~]{4,}")


def looks_like(data: bytes) -> bool:
    """Return whether *data* starts with a plausible MBAP header."""
    return (
        len(data) >= 8
        and data[2:4] == b"\0\0"
        and MIN_LENGTH <= int.from_bytes(data[4:6], "big") <= MAX_LENGTH
        and data[7] & ~IS_EXCEPTION != 0
    )


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    return 6 + int.from_bytes(data[4:6], "big") if len(data) >= 6 else None


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield the protocol with its unit (``modbus/17``), the sender's role, and a device's identity."""
    while len(r):
        number = r.ahead(0).take(2) if len(r) >= 2 else b""
        unit, function, body = read_adu(r)
        yield Saying("protocol", f"modbus/{unit}")
        if role := role_of(function, body):
            yield Saying("role", role)
        if function == Function.ENCAPSULATED and role == "server":
            yield from _device_identification(body)
        elif function == Function.REPORT_SERVER_ID and role == "server":
            yield from _legible("description", body[1:])
        elif function == Function.UMAS and talk:
            yield from _umas(body, number, talk)


def _umas(body: bytes, number: bytes, talk: Talk) -> Iterator[Saying]:
    if len(body) == 2 and body[1] == UMAS_READ_ID:
        talk.ask(number, Function.UMAS)
    elif talk.answered(number) and len(body) > 2 and body[1] == UMAS_OK:
        yield from _legible("product", body[2:])


def _legible(kind: FactKind, raw: bytes) -> Iterator[Saying]:
    """Say the longest text among bytes whose order each vendor chooses (section 6.13)."""
    longest = max(LEGIBLE.findall(raw), key=len, default=b"")
    if said := text(longest):
        yield Saying(kind, said)


def read_adu(r: Reader) -> tuple[int, int, bytes]:
    """Read one message and return its unit, function code and data."""
    r.skip(2)  # transaction
    if (protocol := r.u16()) != 0:
        raise Malformed(f"protocol identifier is {protocol}, not 0")
    if not MIN_LENGTH <= (length := r.u16()) <= MAX_LENGTH:
        raise Malformed(f"length {length} is not within {MIN_LENGTH} to {MAX_LENGTH}")
    with r.block(length) as adu:
        unit, function = adu.u8(), adu.u8()
        if function & ~IS_EXCEPTION == 0:
            raise Malformed("function code 0")
        body = adu.rest()
    return unit, function, body


def role_of(function: int, body: bytes) -> str | None:
    """Return ``client`` or ``server`` where a message has the shape of a request or of a response alone."""
    if function & IS_EXCEPTION:
        return "server"
    shapes = (("client", _is_request(function, body)), ("server", _is_response(function, body)))
    possible = [role for role, fits in shapes if fits]
    return possible[0] if len(possible) == 1 else None


def _is_request(function: int, body: bytes) -> bool:
    size = len(body)
    if function in READS:
        return size == 4 and 1 <= int.from_bytes(body[2:4], "big") <= READS[Function(function)]
    if function in (Function.READ_EXCEPTION_STATUS, Function.REPORT_SERVER_ID):
        return size == 0
    if function in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        return size > 5 and size == 5 + body[4]
    if function == Function.READ_WRITE_REGISTERS:
        return size > 9 and size == 9 + body[8]
    return function == Function.ENCAPSULATED and size == 3 and body[0] == MEI_DEVICE_IDENTIFICATION


def _is_response(function: int, body: bytes) -> bool:
    size = len(body)
    if function in READS or function in (Function.READ_WRITE_REGISTERS, Function.REPORT_SERVER_ID):
        return size > 1 and size == 1 + body[0]
    if function == Function.READ_EXCEPTION_STATUS:
        return size == 1
    if function in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        return size == 4
    return function == Function.ENCAPSULATED and size > 5 and body[0] == MEI_DEVICE_IDENTIFICATION


def _device_identification(body: bytes) -> Iterator[Saying]:
    objects = dict(_read_objects(Reader(body)))
    if vendor := objects.get(DeviceObject.VENDOR_NAME):
        yield Saying("vendor", vendor)
    if product := next((objects[o] for o in PRODUCT_OBJECTS if objects.get(o)), None):
        yield Saying("product", product)
    if revision := objects.get(DeviceObject.REVISION):
        yield Saying("firmware", revision)
    for number, kind in OTHERS.items():
        if (value := objects.get(number)) and value != product:
            yield Saying(kind, value)


def _read_objects(r: Reader) -> Iterator[tuple[int, str]]:
    r.skip(5)  # MEI type, read code, conformity level, more follows, next object
    for _ in range(r.u8()):
        kind = r.u8()
        yield kind, text(r.take(r.u8()))
