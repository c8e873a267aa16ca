"""APDUs of IEC 60870-5-104 in, the common addresses of a controlled station and roles out.

The Specification is IEC 60870-5-104:2006, section 5 (APCI), and IEC 60870-5-101:2003, section 7.2 (type, cause of
transmission, common address). What is monitored, and what confirms a command, comes from the controlled station.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

START, CONTROL = 0x68, 4
LAST_MONITORED, END_OF_INIT = 44, 70
ASKING, ANSWERING = (6, 8), (7, 9, 10)
"""Causes: activation, deactivation; what confirms and ends them."""
EVERYBODY, NOBODY = 0xFFFF, 0


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with an APDU."""
    return len(data) >= 6 and data[0] == START and data[1] >= CONTROL


def size_of(data: bytes) -> int | None:
    """Return how long the APDU is that *data* begins with."""
    return 2 + data[1] if len(data) >= 2 else None


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the protocol with the sender's common address (``iec104/3``), and its role."""
    while len(r):
        if (start := r.u8()) != START:
            raise Malformed(f"an APDU does not begin with {start:#x}")
        with r.block(r.u8()) as apdu:
            if apdu.u8() & 1:
                continue  # it only counts, starts or tests
            apdu.skip(3)
            kind = apdu.u8()
            apdu.skip(1)
            cause = apdu.u8() & 0x3F
            apdu.skip(1)
            address = int.from_bytes(apdu.take(2), "little")
        is_station = kind <= LAST_MONITORED or kind == END_OF_INIT or cause in ANSWERING
        if is_station or cause in ASKING:
            yield Saying("role", "server" if is_station else "client")
        if is_station and address not in (EVERYBODY, NOBODY):
            yield Saying("protocol", f"iec104/{address}")
