"""LLDP and CDP frames in, names, products and ports of switches and devices out.

Specification: IEEE 802.1AB-2016 section 8 (LLDP), ANSI/TIA-1057 section 10.2 (its inventory, LLDP-MED). CDP is Cisco's
own and read as scapy documents it. The frame is cut into elements here, within bounds, and texts are read here; scapy's
classes read ids and addresses, one element each: given the whole frame, scapy nests a packet in a packet for every
element, and a hostile frame would exhaust the stack.
"""

from __future__ import annotations

import enum
import ipaddress
import struct
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from kwel.model.records.columns import mac_text
from kwel.protocols.sayings import Saying, own_mac, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

LLDP_FIRST = bytes([0x02])
"""A chassis id comes first (section 8.2); its length is below 256."""
BY_MAC, CHASSIS_WITH_MAC = 4, 9
"""A chassis id that is a MAC (section 8.5.2.2), and the size of that element with its head and kind."""
CDP_VERSIONS = (1, 2)
CDP_TYPE_AND_LENGTH = 4
MAX_ELEMENTS = 64
"""Elements read of one frame. Real frames have 5 to 25."""
PROFINET_CHASSIS = b"\x00\x0e\xcf\x05"
"""The number of PROFINET International and the subtype of a station's own MAC, which its ports do not bear."""
INVENTORY: dict[bytes, FactKind] = {
    b"\x00\x12\xbb\x06": "firmware",
    b"\x00\x12\xbb\x08": "serial",
    b"\x00\x12\xbb\x09": "vendor",
    b"\x00\x12\xbb\x0a": "product",
}
"""TIA's number and its subtypes: firmware revision, serial number, manufacturer, model."""


class Lldp(enum.IntEnum):
    """Section 8.5: types of elements."""

    END = 0
    CHASSIS = 1
    PORT = 2
    PORT_DESCRIPTION = 4
    SYSTEM_NAME = 5
    SYSTEM_DESCRIPTION = 6
    MANAGEMENT_ADDRESS = 8
    OF_ORGANISATION = 127


class Cdp(enum.IntEnum):
    """Types of elements."""

    DEVICE_ID = 0x0001
    ADDRESSES = 0x0002
    PORT_ID = 0x0003
    SOFTWARE_VERSION = 0x0005
    PLATFORM = 0x0006
    MANAGEMENT_ADDRESSES = 0x0016
    LOCATION = 0x0017


KNOWN_LLDP, KNOWN_CDP = frozenset(map(int, Lldp)), frozenset(map(int, Cdp))
CDP_KINDS: dict[Cdp, FactKind] = {
    Cdp.DEVICE_ID: "hostname",
    Cdp.PORT_ID: "switch-port",
    Cdp.SOFTWARE_VERSION: "firmware",
    Cdp.PLATFORM: "product",
}
"""What the texts of CDP say."""


def looks_like_lldp(data: bytes) -> bool:
    """Return whether *data* starts with a chassis id."""
    return data[:1] == LLDP_FIRST


def looks_like_cdp(data: bytes) -> bool:
    """Return whether *data* starts with a version of CDP that exists."""
    return len(data) > 4 and data[0] in CDP_VERSIONS


def observe_lldp(r: Reader) -> Iterator[Saying]:
    """Yield what a device says of itself, with its chassis MAC and management address if it gives them."""
    elements, inventory, station = _cut_lldp(r)
    if Lldp.CHASSIS not in elements or Lldp.PORT not in elements:
        raise Malformed("no chassis id or no port id")
    mac, local = _chassis(elements[Lldp.CHASSIS], station)
    port = _lldp(elements[Lldp.PORT])
    address = _lldp_address(elements.get(Lldp.MANAGEMENT_ADDRESS))
    if mac is not None:
        yield Saying("chassis", mac_text(mac))  # of whoever sent the frame: its port has a MAC of its own
    if name := _lldp_text(elements, Lldp.SYSTEM_NAME):
        yield Saying("hostname", name, mac, address)
    elif local and (name := text(local)):
        yield Saying("hostname", name, mac, address)  # PROFINET puts the name of the station here
    if description := _lldp_text(elements, Lldp.SYSTEM_DESCRIPTION):
        yield Saying("product", description, mac, address)
    if isinstance(port.id, bytes) and (label := text(port.id)):
        yield Saying("switch-port", label, mac, address)
    for kind, raw in inventory.items():
        if value := text(raw):
            yield Saying(kind, value, mac, address)


def _chassis(element: bytes, station: bytes) -> tuple[int | None, bytes]:
    """Return the MAC that names the chassis, else that of the station, and what else its maker calls it by.

    Nearly every chassis is named by a MAC; to read six bytes takes no packet of scapy's, of which a storm has many.
    """
    if len(element) == CHASSIS_WITH_MAC and element[2] == BY_MAC:
        return own_mac(element[3:]), b""
    chassis, ids = _lldp(element), _layers("lldp").LLDPDUChassisID
    mac = _mac(chassis.id) if chassis.subtype == ids.SUBTYPE_MAC_ADDRESS else own_mac(station)
    return mac, chassis.id if chassis.subtype == ids.SUBTYPE_LOCALLY_ASSIGNED else b""


def observe_cdp(r: Reader) -> Iterator[Saying]:
    """Yield what a device says of itself, bound to its first address where it gives one."""
    if (version := r.u8()) not in CDP_VERSIONS:
        raise Malformed(f"CDP version {version}")
    r.skip(3)  # time to live, checksum
    elements = _cut_cdp(r)
    address = _cdp_address(elements, Cdp.MANAGEMENT_ADDRESSES) or _cdp_address(elements, Cdp.ADDRESSES)
    for kind, said in CDP_KINDS.items():
        if value := text(elements.get(kind, b"")[CDP_TYPE_AND_LENGTH:]):
            yield Saying(said, value, address=address)
    if value := text(elements.get(Cdp.LOCATION, b"")[CDP_TYPE_AND_LENGTH + 1 :]):  # behind its kind
        yield Saying("location", value, address=address)


@cache
def _layers(name: str) -> Any:
    """Import one of scapy's modules without its network side.

    Left alone, scapy asks the kernel for routes and interfaces over netlink. Nothing is ever sent from here,
    so nothing needs to be known of this machine's network, and an auditor's strace shows no socket.
    """
    from scapy.config import conf
    from scapy.interfaces import NetworkInterfaceDict

    class NoInterfaces(NetworkInterfaceDict):  # type: ignore[misc, unused-ignore]
        def reload(self) -> None:
            """Leave this machine's interfaces unknown."""

    conf.route_autoload = conf.route6_autoload = False
    conf.ifaces = NoInterfaces()
    if name == "cdp":
        from scapy.contrib import cdp

        return cdp
    from scapy.contrib import lldp

    conf.contribs["LLDP"].strict_mode_disable()  # its checks are of whole frames
    return lldp


def _decode(layer: Any, raw: bytes) -> Any:
    try:
        return layer(raw)
    except struct.error as error:
        raise Malformed(f"{layer.__name__}: {error}") from error


@lru_cache(4096)
def _lldp(raw: bytes) -> Any:
    """Return one element of LLDP as scapy reads it. Many devices have the same name for a port."""
    return _decode(_layers("lldp").LLDPDU_CLASS_TYPES[raw[0] >> 1], raw)


def _cut_lldp(r: Reader) -> tuple[dict[int, bytes], dict[FactKind, bytes], bytes]:
    """Return the elements of a frame by type, with their heads; the texts of an inventory; a PROFINET station's MAC."""
    elements: dict[int, bytes] = {}
    inventory: dict[FactKind, bytes] = {}
    station = b""
    for _ in range(MAX_ELEMENTS):
        head = r.u16() if len(r) else Lldp.END
        kind, body = head >> 9, r.take(head & 0x1FF)
        if kind == Lldp.END:
            break
        if kind == Lldp.OF_ORGANISATION:
            station = body[4:] if body[:4] == PROFINET_CHASSIS else station
            if (said := INVENTORY.get(body[:4])) is not None:
                inventory.setdefault(said, body[4:])
        elif kind in KNOWN_LLDP and kind not in elements:
            elements[kind] = head.to_bytes(2, "big") + body
    return elements, inventory, station


def _cut_cdp(r: Reader) -> dict[int, bytes]:
    """Return the elements of a frame by type, with their heads."""
    elements: dict[int, bytes] = {}
    for _ in range(MAX_ELEMENTS):
        if len(r) < CDP_TYPE_AND_LENGTH:
            break  # the frame's padding
        kind, length = r.u16(), r.u16()
        if length < CDP_TYPE_AND_LENGTH:
            break
        body = r.take(length - CDP_TYPE_AND_LENGTH)
        if kind in KNOWN_CDP and kind not in elements:
            elements[kind] = kind.to_bytes(2, "big") + length.to_bytes(2, "big") + body
    return elements


def _lldp_text(elements: dict[int, bytes], kind: Lldp) -> str:
    return text(elements.get(kind, b"")[2:])


def _mac(spelling: str) -> int | None:
    return own_mac(bytes.fromhex(spelling.replace(":", "")))


def _lldp_address(raw_element: bytes | None) -> str | None:
    if raw_element is None:
        return None
    element = _lldp(raw_element)
    family, raw = element.management_address_subtype, element.management_address
    is_ipv4 = family == element.SUBTYPE_MANAGEMENT_ADDRESS_IPV4 and len(raw) == 4
    is_ipv6 = family == element.SUBTYPE_MANAGEMENT_ADDRESS_IPV6 and len(raw) == 16
    return str(ipaddress.ip_address(raw)) if is_ipv4 or is_ipv6 else None


def _cdp_address(elements: dict[int, bytes], kind: Cdp) -> str | None:
    """Return the first IP address of a list; scapy leaves other protocols' addresses as bytes."""
    if (raw := elements.get(kind)) is None:
        return None
    module = _layers("cdp")
    for record in _decode(getattr(module, module._cdp_tlv_cls[kind]), raw).addr:
        value = getattr(record, "addr", None)
        if isinstance(value, str):
            return value
    return None
