"""A tape of packets in, the bytes of a pcap file out, with right checksums and sequence numbers.

The file is classic pcap, microseconds, Ethernet; IEEE 802.3, 802.1Q, 802.1ad, 802.1AB,
RFC 826 (ARP), RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 7323 (timestamps).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.traffic.tables import ARP, NOTHING, TCP, Endpoints, Rows, Script, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
EPOCH = 1_700_000_000
"""Seconds since 1970 at which every capture begins: 14 November 2023, 22:13:20 UTC."""
RECORD_HEADER, SHORTEST, LARGEST = 16, 60, 2048
CHUNK = 1 << 23

ETHERTYPE_IPV4, ETHERTYPE_ARP, ETHERTYPE_VLAN, ETHERTYPE_IPV6, ETHERTYPE_QINQ, ETHERTYPE_LLDP = (
    0x0800,
    0x0806,
    0x8100,
    0x86DD,
    0x88A8,
    0x88CC,
)
LLDP_MULTICAST = np.array([0x01, 0x80, 0xC2, 0, 0, 0x0E], np.uint8)
LLDP_CHASSIS_MAC, LLDP_PORT_NAME, LLDP_TTL = 0x0207, 0x0405, 0x0602
GATEWAY_IPV4 = np.array([192, 168, 0, 1], np.uint8)

FIN_OR_SYN, SYN, RST, ACK = 3, 2, 4, 16
WINDOW, SEGMENT = 64240, 1460
DONT_FRAGMENT, TTL = 0x4000, 64

TCP_STATE = np.dtype([("sequence", np.int64, 2), ("stamp", np.int64, 2)])
"""What each end will send next, and the timestamp that it sent last."""


@compiled
def _put16(out: NDArray[np.uint8], at: int, value: int) -> int:
    out[at] = (value >> 8) & 255
    out[at + 1] = value & 255
    return at + 2


@compiled
def _put32(out: NDArray[np.uint8], at: int, value: int) -> int:
    return _put16(out, _put16(out, at, value >> 16), value)


@compiled
def _put32_little(out: NDArray[np.uint8], at: int, value: int) -> int:
    for shift in range(0, 32, 8):
        out[at] = (value >> shift) & 255
        at += 1
    return at


@compiled
def _put_bytes(out: NDArray[np.uint8], at: int, data: NDArray[np.uint8]) -> int:
    for index in range(len(data)):
        out[at + index] = data[index]
    return at + len(data)


@compiled
def _sum16(out: NDArray[np.uint8], start: int, end: int) -> int:
    """Return the sum of big-endian words; an odd last byte is padded (RFC 1071)."""
    total = 0
    even = start + ((end - start) & ~1)
    for at in range(start, even, 2):
        total += (out[at] << 8) | out[at + 1]
    if even < end:
        total += out[even] << 8
    return total


@compiled
def _checksum(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@compiled
def _ethernet(out: NDArray[np.uint8], at: int, flow: Any, ends: Endpoints, sender: int, receiver: int) -> int:
    at = _put_bytes(out, at, ends.mac[receiver])
    at = _put_bytes(out, at, ends.mac[sender])
    if flow.outer:
        at = _put16(out, _put16(out, at, ETHERTYPE_QINQ), flow.outer)
    if flow.vlan:
        at = _put16(out, _put16(out, at, ETHERTYPE_VLAN), flow.vlan)
    return _put16(out, at, ETHERTYPE_IPV4 if flow.version == 4 else ETHERTYPE_IPV6)


@compiled
def _ipv4(
    out: NDArray[np.uint8],
    at: int,
    flow: Any,
    ends: Endpoints,
    sender: int,
    receiver: int,
    size: int,
    number: int,
) -> tuple[int, int]:
    """Return where the transport header begins, and the sum of the addresses for its checksum."""
    start = at
    _put16(out, at, 0x4500)
    _put16(out, at + 2, 20 + size)
    _put16(out, at + 4, number & 0xFFFF)
    _put16(out, at + 6, DONT_FRAGMENT)
    out[at + 8] = TTL
    out[at + 9] = flow.transport
    _put16(out, at + 10, 0)
    at = _put_bytes(out, at + 12, ends.ipv4[sender])
    at = _put_bytes(out, at, ends.ipv4[receiver])
    _put16(out, start + 10, _checksum(_sum16(out, start, at)))
    return at, _sum16(out, start + 12, at)


@compiled
def _ipv6(
    out: NDArray[np.uint8], at: int, flow: Any, ends: Endpoints, sender: int, receiver: int, size: int
) -> tuple[int, int]:
    """Return where the transport header begins, and the sum of the addresses for its checksum."""
    start = at
    at = _put32(out, at, 0x60000000)
    at = _put16(out, at, size)
    out[at] = flow.transport
    out[at + 1] = TTL
    at = _put_bytes(out, at + 2, ends.ipv6[sender])
    at = _put_bytes(out, at, ends.ipv6[receiver])
    return at, _sum16(out, start + 8, at)


@compiled
def _tcp_header_size(flow: Any, flags: int) -> int:
    if not flow.options:
        return 20
    return 40 if flags & SYN else 32


@compiled
def _tcp_options(out: NDArray[np.uint8], at: int, flags: int, stamp: int, echo: int) -> None:
    if flags & SYN:  # segment size, selective acknowledgement, window scale
        at = _put32(out, at, 0x02040000 | SEGMENT)
        at = _put32(out, at, 0x04020303)
        at = _put16(out, at, 0x0701)
        at = _put16(out, at, 0x080A)
    else:
        at = _put32(out, at, 0x0101080A)
    _put32(out, _put32(out, at, stamp), echo)


@compiled
def _tcp(out: NDArray[np.uint8], at: int, packet: Any, flow: Any, state: Any, payload: int) -> None:
    """Write the header, and advance the sender's sequence number."""
    mine, theirs = packet.direction, 1 - packet.direction
    refused = packet.flags & RST != 0
    _put32(out, at + 4, 0 if refused else state.sequence[mine])
    _put32(out, at + 8, state.sequence[theirs] if packet.flags & ACK else 0)
    size = _tcp_header_size(flow, packet.flags)
    out[at + 12] = size << 2
    out[at + 13] = packet.flags
    _put16(out, at + 14, WINDOW)
    _put32(out, at + 16, 0)
    if size > 20:
        stamp = packet.time // 1000 + 1
        _tcp_options(out, at + 20, packet.flags, stamp, state.stamp[theirs] if packet.flags & ACK else 0)
        state.stamp[mine] = stamp
    state.sequence[mine] = (state.sequence[mine] + payload + (packet.flags & FIN_OR_SYN != 0)) & 0xFFFFFFFF


@compiled
def _transport(
    out: NDArray[np.uint8],
    at: int,
    packet: Any,
    flow: Any,
    state: Any,
    content: NDArray[np.uint8],
    pseudo: int,
) -> int:
    """Write header and payload; return the end."""
    forward = packet.direction == 0
    _put16(out, at, flow.initiator_port if forward else flow.responder_port)
    _put16(out, at + 2, flow.responder_port if forward else flow.initiator_port)
    if flow.transport == TCP:
        header, place = _tcp_header_size(flow, packet.flags), at + 16
        _tcp(out, at, packet, flow, state, len(content))
    else:
        header, place = 8, at + 6
        _put16(out, at + 4, 8 + len(content))
        _put16(out, at + 6, 0)
    end = _put_bytes(out, at + header, content)
    checksum = _checksum(pseudo + flow.transport + end - at + _sum16(out, at, end))
    _put16(out, place, 0xFFFF if checksum == 0 and flow.transport != TCP else checksum)
    return end


@compiled
def _broadcast(out: NDArray[np.uint8], at: int, packet: Any, ends: Endpoints) -> int:
    """Write an ARP request for the gateway, or an LLDP announcement, from the endpoint in ``span``."""
    sender = packet.span
    mac = ends.mac[sender]
    if packet.flow == ARP:
        at = _put32(out, _put16(out, at, 0xFFFF), 0xFFFFFFFF)
        at = _put16(out, _put_bytes(out, at, mac), ETHERTYPE_ARP)
        at = _put32(out, _put32(out, at, 0x00010800), 0x06040001)
        at = _put_bytes(out, _put_bytes(out, at, mac), ends.ipv4[sender])
        at = _put16(out, _put32(out, at, 0), 0)
        return _put_bytes(out, at, GATEWAY_IPV4)
    at = _put_bytes(out, at, LLDP_MULTICAST)
    at = _put16(out, _put_bytes(out, at, mac), ETHERTYPE_LLDP)
    at = _put16(out, at, LLDP_CHASSIS_MAC)
    out[at] = 4
    at = _put_bytes(out, at + 1, mac)
    at = _put16(out, at, LLDP_PORT_NAME)
    at = _put32(out, at, 0x05657468)  # interface name: "eth"
    out[at] = 0x30
    at = _put16(out, _put16(out, at + 1, LLDP_TTL), 120)
    return _put16(out, at, 0)


@compiled
def _unicast(
    out: NDArray[np.uint8],
    at: int,
    number: int,
    packet: Any,
    flow: Any,
    state: Any,
    ends: Endpoints,
    content: NDArray[np.uint8],
) -> int:
    forward = packet.direction == 0
    sender = flow.initiator if forward else flow.responder
    receiver = flow.responder if forward else flow.initiator
    at = _ethernet(out, at, flow, ends, sender, receiver)
    size = len(content) + (_tcp_header_size(flow, packet.flags) if flow.transport == TCP else 8)
    if flow.version == 4:
        at, pseudo = _ipv4(out, at, flow, ends, sender, receiver, size, number)
    else:
        at, pseudo = _ipv6(out, at, flow, ends, sender, receiver, size)
    return _transport(out, at, packet, flow, state, content, pseudo)


@compiled
def _write(
    out: NDArray[np.uint8],
    position: NDArray[np.int64],
    tape: Rows,
    flows: Rows,
    states: Rows,
    ends: Endpoints,
    script: Script,
    pool: NDArray[np.uint8],
) -> int:
    """Fill *out* with records from packet ``position[0]`` on, which moves; return the bytes written."""
    written = 0
    for number in range(position[0], len(tape)):
        if written + LARGEST > len(out):
            position[0] = number
            return written
        packet = tape[number]
        start = end = written + RECORD_HEADER
        if packet.flow < 0:
            end = _broadcast(out, start, packet, ends)
        else:
            first = size = 0
            if packet.span != NOTHING:
                first, size = script.spans[packet.span, 0], script.spans[packet.span, 1]
            flow = flows[packet.flow]
            content = pool[first : first + size]
            end = _unicast(out, start, number, packet, flow, states[packet.flow], ends, content)
        while end - start < SHORTEST:
            out[end] = 0
            end += 1
        at = _put32_little(out, written, EPOCH + packet.time // 1_000_000)
        at = _put32_little(out, at, packet.time % 1_000_000)
        _put32_little(out, _put32_little(out, at, end - start), end - start)
        written = end
    position[0] = len(tape)
    return written


def write(
    tape: Rows,
    flows: Rows,
    ends: Endpoints,
    script: Script,
    pool: NDArray[np.uint8],
    sequences: NDArray[np.int64],
) -> Iterator[memoryview]:
    """Yield the capture piece by piece; each piece is to be used before the next is asked for.

    Args:
        tape: packets in order of time.
        flows: the plan.
        ends: addresses.
        script: where payloads lie in *pool*.
        pool: payloads.
        sequences: first sequence number of each flow's two ends.
    """
    yield memoryview(FILE_HEADER)
    states = np.zeros(len(flows), TCP_STATE)
    states["sequence"] = sequences
    out = np.zeros(CHUNK, np.uint8)
    position = np.zeros(1, np.int64)
    while position[0] < len(tape):
        written = _write(out, position, tape, flows, states, ends, script, pool)
        yield out.data[:written]
