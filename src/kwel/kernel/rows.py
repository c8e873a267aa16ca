"""The kernel's own tables: a packet under way, a flow under way, its two halves, a payload worth a second look."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from kwel.model.kinds import Application
from kwel.model.records.columns import FLOW

PACKET = np.dtype(
    [
        ("source_hi", np.uint64),
        ("source_lo", np.uint64),
        ("destination_hi", np.uint64),
        ("destination_lo", np.uint64),
        ("time", np.int64),
        ("flow", np.int64),  # index into the flow table; -1 is none
        ("frame", np.int64),
        ("index", np.int64),  # of this row in the batch
        ("capture", np.int64),
        ("payload", np.int64),  # offset in the buffer of the first byte above the transport header
        ("end", np.int64),  # offset behind the last byte, as the innermost length field bounds it
        ("sequence", np.int64),
        ("acknowledgement", np.int64),
        ("wire", np.int64),
        ("vlan", np.int64),
        ("tunnel", np.int64),
        ("source_port", np.int64),
        ("destination_port", np.int64),
        ("ethernet", np.int64),  # offset of the innermost Ethernet header; -1 is none
        ("transport", np.uint8),  # IP protocol number; of frames without IP a kinds.Lan
        ("version", np.uint8),
        ("flags", np.uint8),  # of TCP; of frames without IP a kinds.LanSide
        ("stop", np.uint8),  # Stop
        ("side", np.uint8),  # 0: sent by the lower endpoint of the flow's key; 1: by the higher
        ("fresh", np.uint8),  # 1: the flow began with this packet
        ("cut", np.uint8),  # 1: the capture holds less than was on the wire
        ("hops", np.uint8),  # TTL or hop limit
        ("trace", np.uint64),  # identification << 48 | length above IP << 32 | TCP flags << 16 | checksum
        ("frames", np.uint16),  # that this row stands for: more than 1 for a datagram out of fragments
        ("fragment", np.uint16),  # 1: the first fragment of a datagram that is not whole yet
        ("ends", np.uint64),  # hash of the flow's key but its path
        ("digest", np.uint64),  # of what tells the packet from all others
    ],
    align=True,
)

_RUN_FIELDS: tuple[tuple[str, Any, str], ...] = (
    ("a_hi", np.uint64, "initiator_hi"),
    ("a_lo", np.uint64, "initiator_lo"),
    ("b_hi", np.uint64, "responder_hi"),
    ("b_lo", np.uint64, "responder_lo"),
    ("key", np.uint64, "initiator_port"),
    ("path", np.uint64, "vlan"),
    ("first", np.int64, "first"),
    ("last", np.int64, "last"),
    ("bytes", (np.uint64, 2), "bytes_out"),
    ("packets", (np.uint32, 2), "packets_out"),
    ("payload", (np.uint32, 2), "payload_out"),
    ("first_frame", np.uint32, "first_frame"),
    ("rtt_us", np.uint32, "rtt_us"),
    ("name", np.uint32, "name"),
    ("name_frame", np.uint32, "name_frame"),
    ("answer", np.uint32, "answer"),
    ("asked", np.uint32, "asked"),
    ("capture", np.uint16, "capture"),
    ("flags", (np.uint8, 2), "flags_out"),
    ("name_source", np.uint8, "name_source"),
    ("notes", np.uint8, "state"),
    ("direction", np.uint8, "direction"),
    ("application", np.uint8, "application"),
)
"""Field, type, and the field of a ``columns.FLOW`` in whose place it stands."""

_FLOW_FIELDS: Any = FLOW.fields

RUN: np.dtype[np.void] = np.dtype(
    {
        "names": [name for name, _, _ in _RUN_FIELDS],
        "formats": [kind for _, kind, _ in _RUN_FIELDS],
        "offsets": [_FLOW_FIELDS[place][1] for _, _, place in _RUN_FIELDS],
        "itemsize": FLOW.itemsize,
    }
)
"""A flow under way: the memory of a ``columns.FLOW``, whose pairs are indexed by side and whose ends stand in order.

*a* is the lower endpoint, by address, then port. *key* covers ports, transport and version: a_port | b_port << 16 |
transport << 32 | version << 40; above them, << 48, the TTL of the first packet. *path* covers VLAN and tunnel: vlan |
tunnel << 32. *notes* are ``Note`` bits.
"""

HALF = np.dtype(
    [
        ("sender", np.uint32),  # 1 + row of who sends it, see ``streams.senders``; 0 is not known yet
        ("base", np.uint32),  # TCP sequence number of the direction's first byte
        ("taken", np.uint32),  # bytes from base that were read, or skipped as uninteresting
        ("slot", np.uint16),  # 1 + reassembly slot; 0 is none
        ("stage", np.uint8),  # Stage
        ("based", np.uint8),  # 0: base unknown; 1: first byte seen; 2: from the SYN
        ("looks", np.uint8),
        ("shape", np.uint8),  # an Application that this half alone looks like
        ("marked", np.uint8),  # payloads given to a Python dissector
        (
            "initials",
            np.uint8,
        ),  # QUIC: Initials looked at, ``streams.crypto.DONE`` once the hello was read; see ``watch``
    ],
    align=True,
)
"""What is expected of one direction of a flow; row ``2 * flow + side``."""

MARK = np.dtype(
    [
        ("time", np.int64),
        ("flow", np.int64),  # -1 for frames that belong to no flow
        ("start", np.int64),
        ("end", np.int64),
        ("frame", np.int64),
        ("packet", np.int64),  # index into the batch's packets
        ("kind", np.uint8),  # Mark
        ("side", np.uint8),
    ],
    align=True,
)
"""A payload that a Python dissector should read before the buffer is used again."""


class Stop(enum.IntEnum):
    """Why a frame did not reach the flow table. The value is also its counter."""

    USED = 0
    LINK_TYPE = 1
    CUT_LINK = 2
    NOT_IP = 3
    CUT_NETWORK = 4
    BAD_NETWORK = 5
    FRAGMENT = 6
    CUT_TRANSPORT = 7
    TABLE_FULL = 8
    TOO_DEEP = 9
    DISCOVERY = 10
    """Not set aside: read for the identity of hosts (ARP, LLDP, CDP)."""
    DUPLICATE = 11
    """A second copy of a packet that is counted already."""
    FRAGMENT_OVERLAP = 12
    """Its datagram's fragments contradict one another (RFC 5722)."""
    WIRELESS_ENCRYPTED = 13
    LINK_ENCRYPTED = 14
    """MACsec, and PPP that is encrypted or compressed."""
    LAN = 15
    """Not set aside: a protocol without IP that is recognised, see ``lan``."""

    @property
    def label(self) -> str:
        """The key of the coverage ledger."""
        return self.name.lower().replace("_", "-")


class Note(enum.IntFlag):
    """What a flow under way has shown; its place is taken by the state when it is finished."""

    INITIATOR = 1
    """Which side began, once the direction is known."""
    OPENER = 2
    """Which side sent the first packet."""
    ERROR = 4
    """An ICMP error quoted this flow."""
    SYN = 8
    """``rtt_us`` holds the time from the first packet to the first SYN."""
    TIMED = 16
    """``rtt_us`` holds the round trip."""
    INEXACT = 32
    """Sequence numbers do not tell how much it carried: packets were cut, or one side has two sets of numbers."""


class Stage(enum.IntEnum):
    """What is still expected of one direction of a flow."""

    OPEN = 0
    DONE = 1
    WATCH = 2
    """An OT protocol: some messages are worth a look however late they come."""
    EXPECT = 3
    """A ClientHello was seen: what this direction sends next may hold a certificate."""
    FOLLOW = 4
    """An OT protocol that was recognised in this batch: as WATCH, once its first packets were gone through."""


PLANT = 128
"""Added to an Application: the mark of a protocol of the plant."""


class Mark(enum.IntEnum):
    """Which Python dissector should read a payload."""

    DHCP = 1
    NBNS = 2
    LLDP = 5
    CDP = 6
    SSH = 7
    SMTP = 8
    HTTP2 = 9
    MQTT = 10
    SIP = 11
    KERBEROS = 12
    NTLM = 13
    SNMP = 14
    MODBUS = PLANT + Application.MODBUS
    S7COMM = PLANT + Application.S7COMM
    ENIP = PLANT + Application.ENIP
    BACNET = PLANT + Application.BACNET
    OPCUA = PLANT + Application.OPCUA
    MMS = PLANT + Application.MMS
    S7PLUS = PLANT + Application.S7PLUS
    DNP3 = PLANT + Application.DNP3
    IEC104 = PLANT + Application.IEC104
    HARTIP = PLANT + Application.HARTIP
    FINS = PLANT + Application.FINS
    SLMP = PLANT + Application.SLMP
    ADS = PLANT + Application.ADS
    FOX = PLANT + Application.FOX
    KNX = PLANT + Application.KNX
    C37118 = PLANT + Application.C37118
    CODESYS = PLANT + Application.CODESYS
    PROFINET = PLANT + Application.PROFINET
    GESRTP = PLANT + Application.GESRTP
    ROC = PLANT + Application.ROC
    C1222 = PLANT + Application.C1222
    PROFINET_DCP = 40
    GOOSE = 41
    SV = 42
    POWERLINK = 43
    DLR = 44
    BACNET_LAN = 45
    HTTP = 60
    SMB = 61
    RDP = 62
    BROWSER = 63
    SSDP = 64
    MDNS = 65
    WSD = 66
    DHCPV6 = 67
    CLDAP = 68
    SYSLOG = 69
    STUN = 70
    MNDP = 71
    UBIQUITI = 72
    BANNER = 73
    PASSED = 74
    """The head of a message that a proxy passes on."""
    VRRP = 90
    HSRP = 91
    GLBP = 92
