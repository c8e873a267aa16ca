"""The kernel's own tables: a packet under way, a flow under way, its two halves, a payload worth a second look."""

from __future__ import annotations

import enum

import numpy as np

PACKET = np.dtype(
    [
        ("source_hi", np.uint64),
        ("source_lo", np.uint64),
        ("destination_hi", np.uint64),
        ("destination_lo", np.uint64),
        ("time", np.int64),
        ("flow", np.int64),  # index into the flow table; -1 is none
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
        ("transport", np.uint8),
        ("version", np.uint8),
        ("flags", np.uint8),
        ("stop", np.uint8),  # Stop
        ("side", np.uint8),  # 0: sent by the lower endpoint of the flow's key; 1: by the higher
        ("fresh", np.uint8),  # 1: the flow began with this packet
        ("cut", np.uint8),  # 1: the capture holds less than was on the wire
        ("hops", np.uint8),  # TTL or hop limit
    ],
    align=True,
)

RUN = np.dtype(
    [
        ("a_hi", np.uint64),  # the lower endpoint, by address, then port
        ("a_lo", np.uint64),
        ("b_hi", np.uint64),
        ("b_lo", np.uint64),
        ("key", np.uint64),  # a_port << 48 | b_port << 32 | transport << 24 | version << 16
        ("path", np.uint64),  # tunnel << 32 | vlan
        ("first", np.int64),
        ("last", np.int64),
        ("syn_time", np.int64),
        ("first_frame", np.uint32),
        ("rtt_us", np.uint32),
        ("name", np.uint32),
        ("name_frame", np.uint32),
        ("answer", np.uint32),
        ("asked", np.uint32),  # the DNS question noted last, so that its answer is not noted again
        ("capture", np.uint16),
        ("name_source", np.uint8),
        ("application", np.uint8),
        ("direction", np.uint8),
        ("initiator", np.uint8),  # 0: a; 1: b
        ("opener", np.uint8),  # who sent the first packet
        ("error", np.uint8),  # 1: an ICMP error quoted this flow
    ],
    align=True,
)

HALF = np.dtype(
    [
        ("bytes", np.uint64),
        ("payload", np.uint64),
        ("packets", np.uint32),
        ("base", np.uint32),  # TCP sequence number of the direction's first byte
        ("taken", np.uint32),  # bytes from base that were read, or skipped as uninteresting
        ("slot", np.uint16),  # 1 + reassembly slot; 0 is none
        ("flags", np.uint8),
        ("stage", np.uint8),  # Stage
        ("based", np.uint8),  # 0: base unknown; 1: first byte seen; 2: from the SYN
        ("looks", np.uint8),
        ("shape", np.uint8),  # an Application that this half alone looks like
        ("tail", np.uint8),
    ],
    align=True,
)
"""Row ``2 * flow + side``."""

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

    @property
    def label(self) -> str:
        """The key of the coverage ledger."""
        return self.name.lower().replace("_", "-")


class Stage(enum.IntEnum):
    """What is still expected of one direction of a flow."""

    OPEN = 0
    DONE = 1
    WATCH = 2
    """An OT protocol: some messages are worth a look however late they come."""


class Mark(enum.IntEnum):
    """Which Python dissector should read a payload."""

    DHCP = 1
    NBNS = 2
    MODBUS = 3
    S7COMM = 4
    LLDP = 5
    CDP = 6
