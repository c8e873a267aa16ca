"""S7comm payloads in, roles and the identity a controller reports of itself out.

RFC 1006 section 6 (TPKT), RFC 905 section 13 (ISO 8073 / X.224 transport PDUs). Siemens does not publish
S7comm itself: its header is as Wireshark's s7comm dissector shows it; the status lists W#16#xy11 and
W#16#xy1C are in Siemens "System Software for S7-300/400, System and Standard Functions".
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from kwel.dissect.sayings import Saying, text
from kwel.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.wire import Reader

TPKT_VERSION = 3
TPKT_LENGTH = 4
COTP_DATA = 0xF0
PROTOCOL = 0x32
CPU_FUNCTIONS, READ_LIST = 4, 1
USER_DATA_REQUEST, USER_DATA_RESPONSE = 4, 8
RETURN_OK = 0xFF
LIST_IDENTIFICATION, LIST_COMPONENT = 0x11, 0x1C
IDENTIFICATION_LENGTH, COMPONENT_LENGTH = 28, 34
MODULE_ORDER_NUMBER, MODULE_FIRMWARE = 1, 7
STATION_NAME, MODULE_TYPE = 1, 7
VERSION_MARK = ord("V")


class Kind(enum.IntEnum):
    """What a message is: the ROSCTR field."""

    JOB = 1
    ACK = 2
    ACK_DATA = 3
    USER_DATA = 7


ROLES = {Kind.JOB: "client", Kind.ACK: "server", Kind.ACK_DATA: "server"}


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a TPKT with a data PDU that carries S7comm."""
    return len(data) > 7 and data[0] == TPKT_VERSION and data[5] == COTP_DATA and data[4] == 2 and data[7] == PROTOCOL


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the protocol, the sender's role, and from a status list the controller's names and versions."""
    while len(r):
        if (version := r.u8()) != TPKT_VERSION:
            raise Malformed(f"TPKT version {version}, not {TPKT_VERSION}")
        r.skip(1)  # reserved
        if (length := r.u16()) < TPKT_LENGTH:
            raise Malformed(f"TPKT length {length}")
        with r.block(length - TPKT_LENGTH) as tpdu:
            with tpdu.block(tpdu.u8()) as header:
                is_data = header.u8() == COTP_DATA
            if is_data and len(tpdu):
                yield from _read_message(tpdu)


def _read_message(r: Reader) -> Iterator[Saying]:
    if r.u8() != PROTOCOL:
        return  # MMS and S7comm-plus use the same transport
    kind = r.u8()
    r.skip(4)  # redundancy identification, PDU reference
    parameter_length, data_length = r.u16(), r.u16()
    if kind in (Kind.ACK, Kind.ACK_DATA):
        r.skip(2)  # error class and code
    yield Saying("protocol", "s7comm")
    if kind in ROLES:
        yield Saying("role", ROLES[Kind(kind)])
    elif kind == Kind.USER_DATA:
        with r.block(parameter_length) as parameters:
            parameters.skip(5)  # head, length, method
            type_and_group, function = parameters.u8(), parameters.u8()
        message_type, group = type_and_group >> 4, type_and_group & 0xF
        if message_type == USER_DATA_REQUEST:
            yield Saying("role", "client")
        elif message_type == USER_DATA_RESPONSE:
            yield Saying("role", "server")
            if (group, function) == (CPU_FUNCTIONS, READ_LIST):
                with r.block(data_length) as data:
                    yield from _read_list(data)


def _read_list(r: Reader) -> Iterator[Saying]:
    if r.u8() != RETURN_OK:
        return
    r.skip(3)  # transport size, length
    kind = r.u16() & 0xFF  # the high byte says which part of the list was asked for
    r.skip(2)  # index
    size, count = r.u16(), r.u16()
    for _ in range(count):
        with r.block(size) as item:
            if kind == LIST_IDENTIFICATION and size == IDENTIFICATION_LENGTH:
                yield from _read_identification(item)
            elif kind == LIST_COMPONENT and size == COMPONENT_LENGTH:
                yield from _read_component(item)
            elif size == 0:
                return


def _read_identification(r: Reader) -> Iterator[Saying]:
    index, order_number = r.u16(), text(r.take(20))
    r.skip(2)  # module type
    version = r.take(4)
    if index == MODULE_ORDER_NUMBER and order_number:
        yield Saying("product", order_number)
    elif index == MODULE_FIRMWARE and version[0] == VERSION_MARK:
        yield Saying("firmware", "V" + ".".join(str(part) for part in version[1:]))


def _read_component(r: Reader) -> Iterator[Saying]:
    index, value = r.u16(), text(r.take(32))
    if value and index == STATION_NAME:
        yield Saying("hostname", value)
    elif value and index == MODULE_TYPE:
        yield Saying("product", value)
