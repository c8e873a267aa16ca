"""Announcements of MikroTik and Ubiquiti devices in, name, product, firmware and port out.

MNDP (UDP 5678) and Ubiquiti's discovery (UDP 10001) have no public Specification: read as Wireshark's dissectors
packet-mndp.c and packet-ubdp.c name their fields (looked up 2026-11-25), and as public captures show them; what
Wireshark does not name (16, the interface) is taken from captures alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.records.columns import mac_text
from kwel.protocols.sayings import Saying, own_mac, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

MNDP_TEXTS: dict[int, FactKind] = {
    5: "hostname", 7: "firmware", 8: "vendor", 12: "product", 16: "switch-port",
}  # fmt: skip
MNDP_MAC, MNDP_SOFTWARE_ID = 1, 11
UBIQUITI_TEXTS: dict[int, FactKind] = {
    0x03: "firmware",
    0x0B: "hostname",
    0x0C: "product",
    0x14: "product",
    0x15: "product",
}
UBIQUITI_MAC, UBIQUITI_MAC_AND_ADDRESS, UBIQUITI_SERIAL = 0x01, 0x02, 0x12
MOST = 64


def looks_like_mndp(data: bytes) -> bool:
    """Return whether *data* is an announcement: a header, and the MAC first. A request is shorter."""
    return len(data) > 12 and data[4:8] == b"\0\1\0\6"


def looks_like_ubiquiti(data: bytes) -> bool:
    """Return whether *data* is an answer whose length adds up."""
    return len(data) > 8 and data[0] in (1, 2) and int.from_bytes(data[2:4], "big") == len(data) - 4


def observe_mndp(r: Reader) -> Iterator[Saying]:
    """Yield what a router announces."""
    r.skip(4)  # header, sequence
    for _ in range(MOST):
        if len(r) < 4:
            return
        kind, size = r.u16(), r.u16()
        value = r.take(size)
        if kind == MNDP_MAC and (mac := own_mac(value)) is not None:
            yield Saying("identity", mac_text(mac))
        elif kind in MNDP_TEXTS and (said := text(value)):
            yield Saying(MNDP_TEXTS[kind], said)


def observe_ubiquiti(r: Reader) -> Iterator[Saying]:
    """Yield what an access point, a camera or a bridge answers."""
    if r.u8() not in (1, 2):
        raise Malformed("no version that exists")
    r.skip(1)
    with r.block(r.u16()) as elements:
        for _ in range(MOST):
            if len(elements) < 3:
                return
            kind, size = elements.u8(), elements.u16()
            value = elements.take(size)
            if kind == UBIQUITI_MAC and (mac := own_mac(value)) is not None:
                yield Saying("identity", mac_text(mac))
            elif kind in UBIQUITI_TEXTS and (said := text(value)):
                yield Saying(UBIQUITI_TEXTS[kind], said)
