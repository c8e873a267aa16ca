"""Numbers that rows carry in, what they stand for out: protocols, DNS records, TLS versions. More in ``columns``."""

from __future__ import annotations

import enum
from typing import Literal

FactKind = Literal[
    "hostname", "station", "vendor", "product", "order-number", "serial", "firmware", "software", "system",
    "description", "location", "domain", "identity", "uri", "certificate", "service", "role", "protocol",
    "switch-port", "neighbour", "partner", "vendor-class", "parameters",
    "chassis", "redundancy", "host-key", "cookie", "via",
]  # fmt: skip
"""What a frame says of a host.

``station`` is a name that a protocol of the plant gives: of a PROFINET station, an IED, a logical device. ``software``
is what a greeting tells of a program (RFC 9110 sections 10.1.5 and 10.2.4, RFC 4253 section 4.2), ``system`` of an
operating system. ``identity`` is what a device is called when it talks to a service: a certificate's subject, an MQTT
client id; ``uri`` what it is called among programs (OPC UA). ``certificate`` is the subject that it shows as a server.
``service`` is what it offers (DNS-SD, SSDP). ``switch-port`` is its own port, ``neighbour`` a device and port that it
is plugged into. ``partner`` is a station that it looks for by name (PROFINET). ``vendor-class`` and ``parameters`` are
DHCP's options 60 and 55. ``chassis`` is the box that a port belongs to (LLDP), ``redundancy`` its part in a group of
routers that share an address: protocol, group, state, addresses. ``host-key`` is the algorithm and the fingerprint of
an SSH server's key. ``cookie`` is the name of a cookie that it sets as a web server, and the server that the cookie
names, if it does; ``via`` is what it calls itself, or what stands before it, in what it passes on (RFC 9110).
"""


class Application(enum.IntEnum):
    """What a flow speaks, by content, never by port alone."""

    UNKNOWN = 0
    TLS = 1
    HTTP = 2
    DNS = 3
    MODBUS = 4
    S7COMM = 5
    SSH = 6
    MQTT = 7
    DHCP = 8
    MDNS = 9
    LLMNR = 10
    NBNS = 11
    QUIC = 12
    NTP = 13
    DTLS = 14
    HTTP2 = 15
    SIP = 16
    SMTP = 17
    KERBEROS = 18
    NTLM = 19
    SNMP = 20
    RDP = 21
    OPENVPN = 22
    WIREGUARD = 23
    TOR = 24
    IKE = 25
    SSTP = 26
    GQUIC = 27
    SMB = 28
    FTP = 29
    DNP3 = 30
    IEC104 = 31
    ENIP = 32
    OPCUA = 33
    BACNET = 34
    FINS = 35
    SLMP = 36
    ADS = 37
    C37118 = 38
    HARTIP = 39
    DLMS = 40
    KNX = 41
    HISLIP = 42
    RTPS = 43
    COAP = 44
    AMQP = 45
    TRDP = 46
    C1222 = 47
    ROC = 48
    SBUS = 49
    ESIO = 50
    FOX = 51
    CODESYS = 52
    GENISYS = 53
    PROFINET = 54
    IEC62056 = 55
    MMS = 56
    S7PLUS = 57
    EGD = 58
    CNIP = 59
    MODBUSRTU = 60
    UMAS = 61
    GESRTP = 62
    MELSEC1E = 63
    MELSOFT = 64
    CCIEFB = 65
    FFHSE = 66
    BSAP = 67
    OPCDA = 68
    ATG = 69
    CSP = 70
    CRIMSON = 71
    SPARKPLUG = 72
    TRISTATION = 73
    UADP = 74
    """OPC UA PubSub in its binary form, over UDP."""
    BACNETSC = 75
    """BACnet/SC where its WebSocket begins in clear."""

    @property
    def label(self) -> str:
        """The spelling of tables and reports, ``s7comm``."""
        return self.name.lower()


class Lan(enum.IntEnum):
    """A protocol that runs on the local network without IP, by content, never by its ethertype alone."""

    PROFINET_DCP = 1
    PROFINET_RT = 2
    PROFINET_PTCP = 3
    GOOSE = 4
    GSE = 5
    SV = 6
    ETHERCAT = 7
    POWERLINK = 8
    SERCOS = 9
    CCLINK_IE = 10
    DLR = 11
    MRP = 12
    PTP = 13
    PTP_POWER = 14
    """PTP with what the power profile (IEEE C37.238) adds to it."""
    PRP = 15
    STP = 16
    LLDP = 17
    CDP = 18
    BACNET_LAN = 19
    """BACnet on ISO 8802-3, ARCNET or MS/TP."""

    @property
    def label(self) -> str:
        """The spelling of tables and reports, ``profinet-dcp``."""
        return self.name.lower().replace("_", "-")


class LanSide(enum.IntEnum):
    """What a frame tells of its sender's part in such a protocol."""

    STATION = 0
    """Nothing but that it takes part."""
    CLIENT = 1
    SERVER = 2
    PUBLISHER = 3
    MASTER = 4
    SLAVE = 5

    @property
    def label(self) -> str:
        """The spelling of tables and rules, ``publisher``."""
        return self.name.lower()


class RecordKind(enum.IntEnum):
    """What a row of the DNS answers holds: IANA's resource record types that name hosts, and two that are none."""

    CUT = 0
    """Answered, but the capture holds too little of the answer to tell with what."""
    A = 1
    CNAME = 5
    PTR = 12
    MX = 15
    AAAA = 28
    SRV = 33
    SVCB = 64
    HTTPS = 65
    NOTHING = 65535
    """Answered, and no record came: ``code`` tells whether there is no such name, or none of the type asked for."""


class Asked(enum.IntEnum):
    """What became of a DNS question."""

    UNANSWERED = 0
    """No answer came, for as long as clients wait and longer."""
    ANSWERED = 1
    UNSEEN = 2
    """Only the answer is in the capture."""
    UNSURE = 3
    """The capture ended too early, or too many questions of one flow were open at once, to tell."""


TLS_VERSIONS = {
    0x0002: "SSL 2.0",
    0x0300: "SSL 3.0",
    0x0301: "TLS 1.0",
    0x0302: "TLS 1.1",
    0x0303: "TLS 1.2",
    0x0304: "TLS 1.3",
    0xFEFF: "DTLS 1.0",
    0xFEFD: "DTLS 1.2",
    0xFEFC: "DTLS 1.3",
}
"""As they stand on the wire (RFC 8446 section 4.1.2, RFC 9147 section 5.3)."""
TLS13_DRAFT = 0x7F


def tls_version(number: int) -> str:
    """Return how a version is called.

    >>> tls_version(0x0304), tls_version(0x7F1C), tls_version(0x1234)
    ('TLS 1.3', 'TLS 1.3 draft 28', '0x1234')
    """
    if number >> 8 == TLS13_DRAFT:
        return f"TLS 1.3 draft {number & 0xFF}"
    return TLS_VERSIONS.get(number, f"0x{number:04x}")
