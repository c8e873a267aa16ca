"""The tables that travel between the stages: numpy record types, one row a packet, a flow, a name, a claim.

Addresses are two unsigned 64-bit halves, high and low. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section
2.5.5.2), so one pair of columns holds both. Times are nanoseconds since the epoch, in UTC. Frames count from 1
within their capture file, as Wireshark does.
"""

from __future__ import annotations

import enum
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""A one-dimensional array of one of the record types below."""

RECORD = np.dtype(
    [
        ("time", np.int64),
        ("start", np.uint32),  # offset of the frame's first byte in the buffer
        ("captured", np.uint32),  # bytes present
        ("wire", np.uint32),  # bytes that were on the wire
        ("link", np.uint16),  # LINKTYPE_ number
        ("interface", np.uint16),
    ],
    align=True,
)
"""One captured frame, as the capture file describes it."""

FLOW = np.dtype(
    [
        ("initiator_hi", np.uint64),
        ("initiator_lo", np.uint64),
        ("responder_hi", np.uint64),
        ("responder_lo", np.uint64),
        ("initiator_port", np.uint16),
        ("responder_port", np.uint16),
        ("transport", np.uint8),  # IP protocol number
        ("version", np.uint8),  # 4 or 6
        ("hops", np.uint8),  # TTL or hop limit of the first packet, if the initiator sent it; else 0
        ("spare", np.uint8),
        ("vlan", np.uint32),  # outer tag << 16 | inner tag; a single tag is inner; 0 is untagged
        ("tunnel", np.uint32),  # Tunnel << 24 | VNI, session or key; 0 is none
        ("first", np.int64),
        ("last", np.int64),
        ("bytes_out", np.uint64),  # frame bytes on the wire, initiator to responder
        ("bytes_in", np.uint64),
        ("packets_out", np.uint32),
        ("packets_in", np.uint32),
        ("payload_out", np.uint32),  # transport payload bytes; stays at its largest value once there
        ("payload_in", np.uint32),
        ("first_frame", np.uint32),
        ("rtt_us", np.uint32),  # SYN to SYN-ACK, microseconds; 0 is not measured
        ("name", np.uint32),  # index into the name table; 0 is no name
        ("name_frame", np.uint32),  # where the name was read; 0 for one that a DNS answer gave
        ("answer", np.uint32),  # 1 + index into the DNS answers that led here; 0 is none
        ("asked", np.uint32),  # the name noted last on this flow; of DNS, 1 + index into the questions
        ("capture", np.uint16),  # index into the captures; first_frame counts within it
        ("flags_out", np.uint8),  # union of the TCP flags that the initiator sent
        ("flags_in", np.uint8),
        ("name_source", np.uint8),  # NameSource
        ("state", np.uint8),  # State
        ("direction", np.uint8),  # Direction
        ("application", np.uint8),  # Application
    ],
    align=True,
)
"""One conversation. After ``kernel.finish`` the initiator comes first."""

NAME = np.dtype(
    [
        ("time", np.int64),
        ("flow", np.uint32),
        ("frame", np.uint32),
        ("name", np.uint32),  # index into the name table
        ("port", np.uint16),  # the port that a proxy is asked to reach; else 0
        ("capture", np.uint16),
        ("source", np.uint8),  # NameSource
        ("from_initiator", np.uint8),
        ("question", np.uint32),  # 1 + index into the DNS questions; 0 is none
    ],
    align=True,
)
"""One name read from the wire, and where."""

QUESTION = np.dtype(
    [
        ("time", np.int64),  # when it was asked, of a question sent again first; UNSEEN: when the answer came
        ("answered", np.int64),  # when the answer came, if it did
        ("flow", np.uint32),
        ("frame", np.uint32),
        ("name", np.uint32),  # index into the name table
        ("previous", np.uint32),  # 1 + index of the question before it on its flow; 0 is none
        ("kind", np.uint16),  # type asked for
        ("message", np.uint16),  # ID of the message
        ("capture", np.uint16),
        ("side", np.uint8),  # of the flow under way that asked
        ("state", np.uint8),  # kinds.Asked
    ],
    align=True,
)
"""One DNS question, to one resolver."""

ANSWER = np.dtype(
    [
        ("time", np.int64),
        ("client_hi", np.uint64),
        ("client_lo", np.uint64),
        ("address_hi", np.uint64),  # of an A or AAAA record, or a hint of an HTTPS or SVCB record; else 0
        ("address_lo", np.uint64),
        ("question", np.uint32),  # name asked for; of a record that nobody asked for, its owner
        ("owner", np.uint32),  # name that the record belongs to: the end of the CNAME chain
        ("target", np.uint32),  # name that a CNAME, PTR, MX, SRV, SVCB or HTTPS record points to; else 0
        ("outer", np.uint32),  # of an SVCB or HTTPS record with ``ech``: the name that hellos show instead; else 0
        ("ttl", np.uint32),  # seconds
        ("flow", np.uint32),
        ("frame", np.uint32),
        ("previous", np.uint32),  # 1 + index of an earlier answer for this client and address; 0 is none
        ("message", np.uint32),  # answers of one DNS message share this number
        ("asked", np.uint32),  # 1 + index into the DNS questions; 0 is none
        ("capture", np.uint16),
        ("kind", np.uint16),  # DNS record type, see kinds.RecordKind
        ("code", np.uint8),  # how the question was answered: RCODE, 3 is "no such name"
        ("section", np.uint8),  # 0: answer; 2: additional, what the server added of itself
    ],
    align=True,
)
"""One DNS answer record, joined to the question it answers. The flow's responder is who says so."""

HELLO = np.dtype(
    [
        ("time", np.int64),
        ("flow", np.uint32),
        ("frame", np.uint32),
        ("name", np.uint32),  # index into the name table: the server name asked for; 0 is none
        ("alpn", np.uint32),  # index into the name table: protocols offered, with commas between; 0 is none
        ("fingerprint", np.uint32),  # index into the fingerprints (JA4); 0 is none
        ("version", np.uint16),  # highest version offered, as on the wire: 0x0304 is TLS 1.3, 0xfefc DTLS 1.3
        ("capture", np.uint16),
        ("source", np.uint8),  # NameSource: TLS_SNI, QUIC_SNI or DTLS_SNI, whether it holds a name or not
        ("ech", np.uint8),  # Ech
        ("partial", np.uint8),  # 1: the capture does not hold all of it
    ],
    align=True,
)
"""One ClientHello."""

SHOWN = np.dtype(
    [
        ("time", np.int64),
        ("flow", np.uint32),
        ("frame", np.uint32),
        ("certificate", np.uint32),  # index into the certificates
        ("capture", np.uint16),
        ("from_initiator", np.uint8),  # 1: a client certificate
    ],
    align=True,
)
"""A certificate was shown on a flow."""

MIRROR = np.dtype(
    [
        ("source_hi", np.uint64),
        ("source_lo", np.uint64),
        ("collector_hi", np.uint64),
        ("collector_lo", np.uint64),
        ("frames", np.uint64),
        ("tunnel", np.uint32),  # as in FLOW
        ("first_frame", np.uint32),
        ("vlan", np.uint32),  # of the outer frame
        ("capture", np.uint16),
    ],
    align=True,
)
"""Frames that one machine mirrored to another inside a tunnel: the outer ends are no part of what is mirrored."""

COMMAND = np.dtype(
    [
        ("first", np.int64),
        ("last", np.int64),
        ("half", np.int64),  # 2 * flow + side of the flow under way that sent it
        ("count", np.int64),
        ("code", np.uint32),  # as dissect.commands makes it
        ("frame", np.uint32),  # of the first
        ("capture", np.uint16),
        ("application", np.uint8),  # Application
        ("from_initiator", np.uint8),
    ],
    align=True,
)
"""What one side of a flow asked for by one code, how often and when."""


LAN = np.dtype(
    [
        ("source", np.uint64),  # MAC address; 0 where the capture has no Ethernet header
        ("destination", np.uint64),
        ("first", np.int64),
        ("last", np.int64),
        ("frames", np.uint64),
        ("bytes", np.uint64),  # frame bytes on the wire
        ("vlan", np.uint32),  # as in FLOW
        ("tunnel", np.uint32),
        ("first_frame", np.uint32),
        ("capture", np.uint16),
        ("protocol", np.uint8),  # kinds.Lan
        ("side", np.uint8),  # kinds.LanSide, of the source
    ],
    align=True,
)
"""What one station sent to another, or to a group, without IP."""


class Direction(enum.IntEnum):
    """How it is known who began a flow."""

    UNKNOWN = 0
    """Guessed: the lower port is taken for the responder."""
    HANDSHAKE = 1
    """A SYN, or a SYN-ACK, was seen."""
    REQUEST = 2
    """A message that only a client sends was seen: a ClientHello, an HTTP request, a DNS question."""
    FIRST = 3
    """UDP and others: the first packet seen, from the higher port or towards a port below 1024."""


class State(enum.IntEnum):
    """How far a flow came."""

    ESTABLISHED = 1
    """Both sides sent: a whole TCP handshake, or packets both ways."""
    REFUSED = 2
    """Answered by a reset or an ICMP error before anything was exchanged."""
    UNANSWERED = 3
    """Only one side was ever seen, and it was trying."""
    MIDSTREAM = 4
    """TCP under way when the capture began, or only one direction captured."""


class NameSource(enum.IntEnum):
    """Where on the wire a name was read. Lower wins when a flow has several."""

    NONE = 0
    TLS_SNI = 1
    QUIC_SNI = 2
    DTLS_SNI = 3
    HTTP_CONNECT = 4
    HTTP_HOST = 5
    HTTP2_AUTHORITY = 6
    SOCKS = 7
    TLS_CERTIFICATE = 8
    """A name in the certificate that the responder showed."""
    SIP = 9
    MQTT = 10
    SMTP = 11
    NTLM = 12
    KERBEROS = 13
    DNS = 14
    MDNS = 15
    LLMNR = 16
    NBNS = 17
    CAPTURE = 18
    """The capture file's own name-resolution records: what the capturing machine believed."""

    @property
    def label(self) -> str:
        """The spelling of tables and reports, ``tls-sni``."""
        return self.name.lower().replace("_", "-")


class Ech(enum.IntEnum):
    """What a ClientHello shows of Encrypted Client Hello (RFC 9849)."""

    NONE = 0
    OFFERED = 1
    """The extension is there: real, or GREASE, which one hello alone does not tell."""
    INNER = 2
    """The inner form, which stands in no hello on the wire unless a stack is broken."""
    REAL = 3
    """Real: the name that shows is a public one, that hides others. See ``dependencies.ech``."""
    GREASE_LIKELY = 4
    """Likely GREASE, and the name the true one: the client looked it up."""

    @property
    def label(self) -> str:
        """The spelling of tables, ``grease-likely``."""
        return self.name.lower().replace("_", "-")


class ClaimKind(enum.IntEnum):
    """Which protocol carried a claim."""

    ARP = 1
    ND = 2
    DHCP = 3
    DCP = 4
    POWERLINK = 5
    DLR = 6
    LINK = 7
    """No claim, but a packet to all on the link: no router passes one on."""

    @property
    def label(self) -> str:
        """The spelling of tables and reports, ``arp``."""
        return self.name.lower()


class Tunnel(enum.IntEnum):
    """What carried the frame that the flow was found in."""

    NONE = 0
    GRE = 1
    ERSPAN = 2
    VXLAN = 3
    TZSP = 4
    IPIP = 5
    GENEVE = 6
    GTP = 7
    MPLS = 8
    PBB = 9
    NVGRE = 10
    VXLAN_GPE = 11
    TEREDO = 12
    L2TP = 13
    PPPOE = 14
    AH = 15
    VNTAG = 16
    FABRICPATH = 17
    PPTP = 18
    CAPWAP = 19
    LISP = 20


MAPPED = 0xFFFF_0000_0000
"""The low half of an IPv4-mapped address, without its last 32 bits."""


def is_ipv4(hi: int, lo: int) -> bool:
    """Return whether the two halves hold an IPv4 address."""
    return hi == 0 and lo >> 32 == 0xFFFF


def address_text(hi: int, lo: int) -> str:
    """Return the usual spelling of an address.

    >>> address_text(0, MAPPED | 0x0A140B0C)
    '10.20.11.12'
    >>> address_text(0xFE80 << 48, 1)
    'fe80::1'
    """
    import socket

    if is_ipv4(hi, lo):
        return socket.inet_ntoa(struct.pack(">I", lo & 0xFFFF_FFFF))
    return socket.inet_ntop(socket.AF_INET6, struct.pack(">QQ", hi, lo))


def address_halves(text: str) -> tuple[int, int]:
    """Return the two halves of an address.

    Raises:
        OSError: *text* is no IPv4 or IPv6 address.

    >>> address_text(*address_halves("2001:db8::7"))
    '2001:db8::7'
    """
    import socket

    if ":" in text:
        hi, lo = struct.unpack(">QQ", socket.inet_pton(socket.AF_INET6, text))
        return hi, lo
    return 0, MAPPED | struct.unpack(">I", socket.inet_pton(socket.AF_INET, text))[0]


def mac_text(mac: int) -> str:
    """Return the usual spelling of a MAC address.

    >>> mac_text(0x001B1B100021)
    '00:1b:1b:10:00:21'
    """
    return (mac & 0xFFFF_FFFF_FFFF).to_bytes(6).hex(":")
