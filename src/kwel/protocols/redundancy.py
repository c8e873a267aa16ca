"""What virtual routers advertise in, which one says that it is master of which addresses out: VRRP, CARP, HSRP, GLBP.

VRRP: RFC 9568 section 5 (version 3), RFC 3768 section 5 (version 2). CARP has VRRP's protocol number and a header of
its own, as OpenBSD's ip_carp.h lays it out. HSRP: RFC 2281 section 5 (version 1); version 2 and GLBP as Wireshark's
dissectors read them, that of GLBP without a specification. Passwords that some of them carry are stepped over.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

ADVERTISEMENT = 1
CARP_VERSION, CARP_SIZE, CARP_WORDS = 2, 36, 7
"""CARP's header has a fixed size, and its fourth byte says how many words follow; that of VRRP counts addresses."""
MOST_ADDRESSES = 16
HSRP_HELLO, HSRP_COUP, HSRP_RESIGN = 0, 1, 2
HSRP1_SIZE = 20
HSRP1_STATES = {0: "initial", 1: "learn", 2: "listen", 4: "speak", 8: "standby", 16: "active"}
HSRP2_STATES = {1: "initial", 2: "learn", 3: "listen", 4: "speak", 5: "standby", 6: "active"}
HSRP2_GROUP_STATE, HSRP2_SIZE = 1, 40
GLBP_HEAD, GLBP_HELLO, GLBP_FORWARDER = 12, 1, 2
GLBP_STATES = {4: "listen", 8: "speak", 16: "standby", 32: "active"}
"""Of a gateway; a forwarder listens or is active."""
GLBP_FAMILIES = {1: 4, 2: 16}
MOST_ELEMENTS = 16
MASTER, RESIGNED = "master", "resigned"


def looks_like_vrrp(data: bytes) -> bool:
    """Return whether *data* begins as an advertisement of VRRP or CARP does."""
    return len(data) >= 8 and data[0] & 15 == ADVERTISEMENT and data[0] >> 4 in (2, 3)


def looks_like_hsrp(data: bytes) -> bool:
    """Return whether *data* begins as a message of HSRP does."""
    if data[:2] == bytes([HSRP2_GROUP_STATE, HSRP2_SIZE]):
        return len(data) >= 2 + HSRP2_SIZE
    return len(data) >= HSRP1_SIZE and data[0] == 0 and data[1] <= HSRP_RESIGN and data[2] in HSRP1_STATES


def looks_like_glbp(data: bytes) -> bool:
    """Return whether *data* begins as a message of GLBP does."""
    return len(data) >= GLBP_HEAD + 2 and data[0] == 1 and data[1] <= 4 and data[GLBP_HEAD] in (1, 2, 3)


def observe_vrrp(r: Reader) -> Iterator[Saying]:
    """Yield of which group the sender is master, and of which addresses: nobody else advertises."""
    size, head = len(r), r.u8()
    version, group, priority, count = head >> 4, r.u8(), r.u8(), r.u8()
    if head & 15 != ADVERTISEMENT or version not in (2, 3):
        raise Malformed("no advertisement of VRRP")
    if version == CARP_VERSION and count == CARP_WORDS and size == CARP_SIZE:
        yield _said("CARP", group, MASTER, ())
        return
    r.skip(4)  # how it is signed, how often it comes, checksum
    each = 16 if version == 3 and count and len(r) >= 16 * count else 4
    addresses = tuple(str(ipaddress.ip_address(r.take(each))) for _ in range(min(count, MOST_ADDRESSES)))
    yield _said("VRRP", group, MASTER if priority else RESIGNED, addresses)


def observe_hsrp(r: Reader) -> Iterator[Saying]:
    """Yield what the sender is in its group: active, standby, or neither."""
    first = r.u8()
    if first == HSRP2_GROUP_STATE:
        if r.u8() != HSRP2_SIZE:
            raise Malformed("no group state of HSRP 2")
        r.skip(1)  # version
        states, operation, state, family = HSRP2_STATES, r.u8(), r.u8(), r.u8()
        group = r.u16()
        r.skip(18)  # identifier, priority, how often it comes, how long it holds
        raw = r.take(16)
        address = raw[:4] if family == 4 else raw
    else:
        states, operation, state = HSRP1_STATES, r.u8(), r.u8()
        r.skip(3)  # how often it comes, how long it holds, priority
        group = r.u8()
        r.skip(9)  # reserved, password
        address = r.take(4)
    if operation > HSRP_RESIGN or state not in states:
        raise Malformed(f"HSRP operation {operation}, state {state}")
    is_set = any(address)
    known = (str(ipaddress.ip_address(address)),) if is_set else ()
    yield _said("HSRP", group, RESIGNED if operation == HSRP_RESIGN else states[state], known)


def observe_glbp(r: Reader) -> Iterator[Saying]:
    """Yield what the sender is in its group, of which address, and for which virtual MAC it forwards."""
    if r.u8() != 1:
        raise Malformed("no GLBP 1")
    r.skip(1)
    group = r.u16()
    r.skip(8)  # unknown, and the sender's own MAC
    for _ in range(MOST_ELEMENTS):
        if len(r) < 2:
            return
        kind, size = r.u8(), r.u8()
        if size < 2:
            raise Malformed(f"an element of GLBP of {size} bytes")
        with r.block(size - 2) as body:
            if kind == GLBP_HELLO:
                yield _glbp_hello(body, group)
            elif kind == GLBP_FORWARDER:
                yield _glbp_forwarder(body, group)


def _glbp_hello(r: Reader, group: int) -> Saying:
    r.skip(1)
    state = _glbp_state(r.u8())
    r.skip(18)  # priority, how often it comes, how long it holds, times of forwarders
    family, size = r.u8(), r.u8()
    if GLBP_FAMILIES.get(family) != size:
        raise Malformed(f"GLBP address of {size} bytes")
    address = r.take(size)
    return _said("GLBP", group, state, (str(ipaddress.ip_address(address)),) if any(address) else ())


def _glbp_forwarder(r: Reader, group: int) -> Saying:
    number, state = r.u8(), _glbp_state(r.u8())
    r.skip(10)  # priority, weight
    mac = r.take(6).hex(":")
    return Saying("service", f"GLBP {group} forwarder {number} {state} {mac}")


def _glbp_state(number: int) -> str:
    if number not in GLBP_STATES:
        raise Malformed(f"GLBP state {number}")
    return GLBP_STATES[number]


def _said(protocol: str, group: int, state: str, addresses: tuple[str, ...]) -> Saying:
    return Saying("redundancy", " ".join((protocol, str(group), state, *addresses)))
