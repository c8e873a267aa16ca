"""S7comm payloads in, roles and the identity a controller reports of itself out.

RFC 1006 section 6 (TPKT), RFC 905 section 13 (ISO 8073 / X.224 transport PDUs). Siemens does not publish
S7comm itself: its header is as Wireshark's s7comm dissector shows it; the status lists W#16#xy11 and
W#16#xy1C are in Siemens "System Software for S7-300/400, System and Standard Functions". A list that is longer than a
message comes in several, which bear the same number.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from kwel.protocols.iso import messages
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.talk import Talk

TPKT_VERSION = 3
COTP_DATA = 0xF0
PROTOCOL = 0x32
CPU_FUNCTIONS, READ_LIST = 4, 1
USER_DATA_REQUEST, USER_DATA_RESPONSE = 4, 8
RESPONSE_HEAD = 12
"""Bytes of parameters of an answer that may be one of several."""
RETURN_OK = 0xFF
LIST_IDENTIFICATION, LIST_COMPONENT = 0x11, 0x1C
IDENTIFICATION_LENGTH, COMPONENT_LENGTH = 28, 34
MODULE_ORDER_NUMBER, MODULE_FIRMWARE = 1, 7
VERSION_MARK = ord("V")
LONGEST_LIST = 8192
COMPONENTS: dict[int, FactKind] = {
    1: "hostname",
    2: "station",
    5: "serial",
    7: "product",
    3: "location",
    11: "location",
}
"""Name of the station, name of the module, serial number, type of the module; where it stands, as its plant says."""


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


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield the protocol, the sender's role, and from a status list the controller's names and versions."""
    for message in messages(r):
        yield from _read_message(message, talk)


def _read_message(r: Reader, talk: Talk | None) -> Iterator[Saying]:
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
        number, more = 0, False
        with r.block(parameter_length) as parameters:
            parameters.skip(5)  # head, length, method
            type_and_group, function = parameters.u8(), parameters.u8()
            if parameter_length >= RESPONSE_HEAD:
                parameters.skip(1)
                number, more = parameters.u8(), parameters.u8() != 0
        message_type, group = type_and_group >> 4, type_and_group & 0xF
        if message_type == USER_DATA_REQUEST:
            yield Saying("role", "client")
        elif message_type == USER_DATA_RESPONSE:
            yield Saying("role", "server")
            if (group, function) == (CPU_FUNCTIONS, READ_LIST):
                with r.block(data_length) as data:
                    yield from _read_part(data, number, more, talk)


def _read_part(r: Reader, number: int, more: bool, talk: Talk | None) -> Iterator[Saying]:
    """Read a list, or keep what there is of it until the rest comes."""
    if r.u8() != RETURN_OK:
        return
    r.skip(3)  # transport size, length
    begun = talk.answered(("list", number)) if talk and number else None
    data = (begun or b"") + r.rest()
    if more and talk and number and len(data) < LONGEST_LIST:
        talk.ask(("list", number), data)
    elif more:
        try:
            yield from _read_list(Reader(data))
        except Truncated:
            return
    else:
        yield from _read_list(Reader(data))


def _read_list(r: Reader) -> Iterator[Saying]:
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
        yield Saying("order-number", order_number)
    elif index == MODULE_FIRMWARE and version[0] == VERSION_MARK:
        yield Saying("firmware", "V" + ".".join(str(part) for part in version[1:]))


def _read_component(r: Reader) -> Iterator[Saying]:
    index, value = r.u16() & 0xFF, text(r.take(32))  # the high byte: which CPU of a redundant pair
    if value and index in COMPONENTS:
        yield Saying(COMPONENTS[index], value)
