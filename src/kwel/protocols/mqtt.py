"""The CONNECT packet of MQTT in, the client's identifier out; never its password.

OASIS Standard, MQTT Version 3.1.1, section 3.1, and Version 5.0, section 3.1 (the Specification of CONNECT). The user
name is part of a login and is not kept; only where it begins with the host that it is for, as Azure IoT Hub demands,
that host is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.hosts import is_host_name
from kwel.protocols.sayings import Named, Saying, Spoken, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

CONNECT = 0x10
NAMES = (b"MQTT", b"MQIsdp")
WITH_PROPERTIES = 5
SPARKPLUG = b"spBv1.0/"
"""So topics of Sparkplug B begin, that of the will among them (Eclipse Sparkplug 3.0.0, section 4.1.1)."""
WILL, USER_NAME = 0x04, 0x80


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a CONNECT packet."""
    return data[:1] == bytes([CONNECT]) and any(name in data[3:13] for name in NAMES)


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield what the client is called, and the host that it names."""
    r.skip(1)
    _length(r)
    if r.take(r.u16()) not in NAMES:
        raise Malformed("not the name of MQTT")
    version, flags = r.u8(), r.u8()
    r.skip(2)  # keep alive
    yield Spoken(Application.MQTT)
    if version == WITH_PROPERTIES:
        r.skip(_length(r))
    if client := text(r.take(r.u16())):
        yield Saying("identity", client)
    if flags & WILL:
        if version == WITH_PROPERTIES:
            r.skip(_length(r))
        if r.take(r.u16()).startswith(SPARKPLUG):
            yield Spoken(Application.SPARKPLUG)
        r.skip(r.u16())  # message
    if flags & USER_NAME:
        host, slash, _ = r.take(r.u16()).partition(b"/")
        if slash and is_host_name(host):
            yield Named(NameSource.MQTT, host)


def _length(r: Reader) -> int:
    """Return a variable byte integer (section 2.2.3 of 3.1.1, 1.5.5 of 5.0)."""
    value = 0
    for shift in range(0, 28, 7):
        byte = r.u8()
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value
    raise Malformed("a length of more than four bytes")
