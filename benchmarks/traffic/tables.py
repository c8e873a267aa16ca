"""The tables of the generator: a plan of flows, a tape of packets, the places at both ends."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")
Rows = NDArray[Any]

TCP, UDP = 6, 17
SEED = 20241124


class Kind(enum.IntEnum):
    """What a flow of the plan speaks."""

    DNS = 0
    TLS = 1
    HTTP = 2
    QUIC = 3
    MODBUS = 4
    S7 = 5
    MQTT = 6
    NTP = 7
    SCAN = 8
    SHORT_TCP = 9
    SHORT_UDP = 10
    OPAQUE = 11
    """Bytes without a meaning: such flows measure the flow table alone."""
    QUIC_TWICE = 12
    """QUIC whose hello takes two datagrams."""


FLOW = np.dtype(
    [
        ("kind", np.int32),
        ("initiator", np.int32),  # row of the endpoints
        ("responder", np.int32),
        ("initiator_port", np.int32),
        ("responder_port", np.int32),
        ("transport", np.int32),
        ("version", np.int32),  # 4 or 6
        ("vlan", np.int32),  # inner or only tag; 0 is untagged
        ("outer", np.int32),  # tag of the service provider (802.1ad); 0 is none
        ("options", np.int32),  # 1: TCP headers carry options, as on real machines
        ("start", np.int64),  # microseconds since the capture began
        ("message", np.int64),  # first span of what this flow says
        ("rounds", np.int64),  # polls or publications
        ("flight", np.int64),  # of TLS: 0 for version 1.2, 1 for 1.3
        ("host", np.int64),  # number of the name asked for; -1 is none
    ]
)
"""One planned conversation."""

PACKET = np.dtype(
    [
        ("time", np.int64),  # microseconds since the capture began
        ("flow", np.int32),  # row of the plan; negative: see ARP and LLDP
        ("span", np.int32),  # payload; NOTHING is none
        ("direction", np.int16),  # 0 from the initiator, 1 from the responder
        ("flags", np.int16),  # of TCP
    ]
)
"""One packet of the tape. Sequence numbers are found when frames are written, in order of time."""

ARP, LLDP = -1, -2
"""In place of a flow: a broadcast, whose sender is the endpoint in ``span``."""
NOTHING = -1


class Endpoints(NamedTuple):
    """Addresses of every host, one row a host."""

    ipv4: NDArray[np.uint8]
    ipv6: NDArray[np.uint8]
    mac: NDArray[np.uint8]


class Script(NamedTuple):
    """Where the messages lie that flows of one kind share. Each number is a span."""

    spans: NDArray[np.int64]
    bulk: int
    """TLS records: for each of BULK_SIZES its VARIANTS."""
    flights: int
    """For TLS 1.2, then 1.3: four server segments and the client's last handshake message."""
    short: int
    """QUIC: VARIANTS of full packets, then one of each smaller size."""
    modbus: int
    s7: int
    mqtt: int
    ntp: int


BULK_SIZES = (1448, 1400, 1380, 1200, 700, 350, 180, 93, 60)
VARIANTS = 16
FLIGHT_SEGMENTS = 4
QUIC_FULL = 1252
QUIC_SMALL = range(40, 240)
REPLY_LONGER = 65
"""Bytes that the reply of a short TCP flow has more than its request."""
POLLS = 64
"""Distinct requests of Modbus, and of S7comm."""


def compiled(function: Function) -> Function:
    """Compile *function* with numba.

    What it calls must lie in the same file: numba looks there alone to see whether its cache is stale.
    """
    return cast("Function", njit(cache=True, boundscheck=True)(function))
