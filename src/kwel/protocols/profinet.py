"""PROFINET DCP messages in, what a station is called, what it is and which address it holds out.

Specification: IEC 61158-6-10 (DCP); layout as Wireshark 4.0 reads it. A message is a row of blocks: option, suboption,
length, value. What answers have two bytes of information in front of the value, what sets a value two of qualifier.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Binding, Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

HELLO, GET_SET, ASK, ANSWER = 0xFEFC, 0xFEFD, 0xFEFE, 0xFEFF
SET = 4
MAX_BLOCKS = 32
"""Blocks read of one message. A station's answer has about eight."""
IP_ADDRESS, IP_SUITE = (1, 2), (1, 3)
VENDOR_VALUE, STATION, DEVICE_ID, ROLE, ALIAS = (2, 1), (2, 2), (2, 3), (2, 4), (2, 6)
TEXTS: dict[tuple[int, int], FactKind] = {VENDOR_VALUE: "product", STATION: "station", ALIAS: "neighbour"}
"""An alias is the port and the name of the station that it is plugged into: ``port-003.switch-7``."""
ROLES = ((1, "io-device"), (2, "io-controller"), (4, "io-multidevice"), (8, "io-supervisor"))
IS_SET = (1, 2)
"""Block information of an address that is in use: set by hand, or by DHCP. Others are unset, or in conflict (0x80)."""


def looks_like(data: bytes) -> bool:
    """Return whether a frame id of DCP comes first."""
    return len(data) >= 12 and HELLO <= int.from_bytes(data[:2], "big") <= ANSWER


def observe(r: Reader) -> Iterator[Saying | Binding]:
    """Yield what a station says of itself, what another sets of it, or which station another looks for."""
    frame, service, kind = r.u16(), r.u8(), r.u8()
    r.skip(6)  # transaction, delay
    if not HELLO <= frame <= ANSWER:
        raise Malformed(f"frame id {frame:#06x}")
    is_question = frame == ASK
    is_setting = frame == GET_SET and service == SET and kind == 0
    with r.block(r.u16()) as blocks:
        for _ in range(MAX_BLOCKS):
            if len(blocks) < 4:
                break
            option, size = (blocks.u8(), blocks.u8()), blocks.u16()
            with blocks.block(size) as block:
                if is_question:
                    yield from _wanted(option, block)
                elif is_setting:
                    yield from _set(option, block)
                else:
                    yield from _said(option, block)
            if size % 2 and len(blocks):
                blocks.skip(1)


def _wanted(option: tuple[int, int], block: Reader) -> Iterator[Saying]:
    if option == STATION and (name := text(block.rest())):
        yield Saying("partner", name)


def _set(option: tuple[int, int], block: Reader) -> Iterator[Saying]:
    if option == STATION and len(block) >= 2:
        block.skip(2)
        if name := text(block.rest()):
            yield Saying("station", name, of_receiver=True)


def _said(option: tuple[int, int], block: Reader) -> Iterator[Saying | Binding]:
    if len(block) < 2:
        return
    information = block.u16()
    if kind := TEXTS.get(option):
        if said := text(block.rest()):
            yield Saying(kind, said)
    elif option == DEVICE_ID:
        yield Saying("description", f"PROFINET vendor {block.u16():#06x}, device {block.u16():#06x}")
    elif option == ROLE:
        roles = block.u8()
        for bit, role in ROLES:
            if roles & bit:
                yield Saying("role", role)
    elif option in (IP_ADDRESS, IP_SUITE) and information in IS_SET:
        address = ipaddress.IPv4Address(block.take(4))
        if not (address.is_unspecified or address.is_multicast or address.is_reserved):
            yield Binding(None, str(address))
