"""Messages of SNMP in, what an agent says it is out: description, object identifier, name, place and parts.

RFC 1157 section 4 (version 1), RFC 3416 section 3 (version 2c), RFC 3412 section 6 and RFC 3414 section 2.4 (version
3), RFC 3411 section 5 (engine identifiers), RFC 3418 section 2 (the group "system"), RFC 6933 (physical parts). A
community is a password in clear, and a contact a person: both are stepped over, and so are the users of version 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.der import INTEGER, OCTET_STRING, OID, SEQUENCE, element, only
from kwel.protocols.sayings import Saying, text
from kwel.protocols.vendors import named_vendor
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind

RESPONSE, TRAP_1, INFORM, TRAP_2, REPORT = 0xA2, 0xA4, 0xA6, 0xA7, 0xA8
VERSION_3 = 3
REPORTABLE = 0x04
"""Set by who asks (RFC 3412 section 6.4)."""
SYSTEM, PHYSICAL, ENTERPRISES = "1.3.6.1.2.1.1.", "1.3.6.1.2.1.47.1.1.1.1.", "1.3.6.1.4.1."
SYSTEM_KINDS: dict[str, FactKind] = {"1": "description", "5": "hostname", "6": "location"}
OBJECT = SYSTEM + "2.0"
TRAP_KIND = "1.3.6.1.6.3.1.1.4.3.0"
"""snmpTrapEnterprise: whose trap it is (RFC 3418 section 2)."""
PARTS: dict[str, FactKind] = {"9": "firmware", "11": "serial", "12": "vendor", "13": "product"}
"""Columns of the table of physical parts; only the first part, the chassis, is the device."""
MOST_VALUES, MOST_NUMBERS, LONGEST_ENGINE = 64, 64, 32
ENGINE_MAC = 3


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a BER sequence that begins with a number of one byte."""
    at = 2 + (data[1] & 0x7F if len(data) > 1 and data[1] & 0x80 else 0)
    return data[:1] == b"\x30" and data[at : at + 2] == b"\x02\x01"


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what an agent tells of itself, in answers and in traps."""
    message = only(r, SEQUENCE)
    version = int.from_bytes(only(message, INTEGER).rest(), "big")
    if version == VERSION_3:
        yield from _version_3(message)
        return
    only(message, OCTET_STRING)
    yield from _pdu(message)


def _version_3(message: Reader) -> Iterator[Saying]:
    header = only(message, SEQUENCE)
    only(header, INTEGER)
    only(header, INTEGER)
    flags = only(header, OCTET_STRING).rest()
    engine = only(only(only(message, OCTET_STRING), SEQUENCE), OCTET_STRING).rest()
    if not flags or flags[0] & REPORTABLE:
        return  # it is the other one's engine
    yield from _engine(engine)
    tag, scoped = element(message)
    if tag == SEQUENCE:
        only(scoped, OCTET_STRING)
        only(scoped, OCTET_STRING)
        yield from _pdu(scoped)


def _engine(raw: bytes) -> Iterator[Saying]:
    """Say the identifier of an engine, and whose it is: the upper bit says that RFC 3411 made it."""
    if not 5 <= len(raw) <= LONGEST_ENGINE:
        return
    yield Saying("identity", f"snmp-engine/{raw.hex()}")
    if raw[0] & 0x80:
        yield from named_vendor("enterprise", int.from_bytes(raw[:4], "big") & 0x7FFFFFFF)


def _pdu(r: Reader) -> Iterator[Saying]:
    kind, pdu = element(r)
    if kind == TRAP_1:
        yield Saying("role", "server")
        yield from _object(_oid(only(pdu, OID)))
        for _ in range(4):
            element(pdu)  # address, what happened, when
    elif kind in (RESPONSE, TRAP_2, INFORM, REPORT):
        if kind in (RESPONSE, TRAP_2):
            yield Saying("role", "server")
        for _ in range(3):
            only(pdu, INTEGER)
    else:
        return
    values = only(pdu, SEQUENCE)
    for _ in range(MOST_VALUES):
        if not len(values):
            return
        value = only(values, SEQUENCE)
        name = _oid(only(value, OID))
        yield from _value(name, *element(value))


def _value(name: str, tag: int, value: Reader) -> Iterator[Saying]:
    if name in (OBJECT, TRAP_KIND) and tag == OID:
        yield from _object(_oid(value))
    elif tag == OCTET_STRING and (kind := _kind(name)) and (said := text(value.rest())):
        yield Saying(kind, said)


def _kind(name: str) -> FactKind | None:
    if name.startswith(SYSTEM) and name.endswith(".0"):
        return SYSTEM_KINDS.get(name[len(SYSTEM) : -2])
    if name.startswith(PHYSICAL) and name.endswith(".1"):
        return PARTS.get(name[len(PHYSICAL) : -2])
    return None


def _object(name: str) -> Iterator[Saying]:
    """Say what sort of device an agent is, by the number that its vendor gave it."""
    if not name.startswith(ENTERPRISES):
        return
    yield Saying("identity", f"snmp-object/{name}")
    yield from named_vendor("enterprise", int(name[len(ENTERPRISES) :].partition(".")[0]))


def _oid(r: Reader) -> str:
    """Return an object identifier as people write it (ITU-T X.690 section 8.19)."""
    numbers: list[int] = []
    number = 0
    for byte in r.rest():
        number = number << 7 | byte & 0x7F
        if number >> 32 or len(numbers) > MOST_NUMBERS:
            raise Malformed("no object identifier of SNMP")
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
