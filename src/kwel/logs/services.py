"""What other probes call protocols in, what kwel calls them out.

Zeek: the names of its analysers in ``conn.service``, those of the ICSNPP packages among them
(https://github.com/cisagov/icsnpp). Suricata: ``app_proto`` (rust/src/applayer and src/app-layer-protos.c).
"""

from __future__ import annotations

from typing import Final

from kwel.model.kinds import Application as A

TRANSPORTS: Final = {
    "tcp": 6, "udp": 17, "icmp": 1, "sctp": 132, "ipv6-icmp": 58, "icmp6": 58, "icmpv6": 58,
    "gre": 47, "esp": 50, "ah": 51, "igmp": 2, "ipip": 4,
}  # fmt: skip
"""IP protocol numbers by name, in lower case."""
ICMP: Final = 1
ICMPV6: Final = 58

APPLICATIONS: Final = {
    "ssl": A.TLS, "tls": A.TLS, "dtls": A.DTLS, "http": A.HTTP, "http1": A.HTTP, "http2": A.HTTP2, "doh2": A.HTTP2,
    "dns": A.DNS, "mdns": A.MDNS, "llmnr": A.LLMNR, "nbns": A.NBNS, "ssh": A.SSH, "mqtt": A.MQTT, "dhcp": A.DHCP,
    "quic": A.QUIC, "ntp": A.NTP, "sip": A.SIP, "smtp": A.SMTP, "krb": A.KERBEROS, "krb5": A.KERBEROS,
    "krb_tcp": A.KERBEROS, "krb_udp": A.KERBEROS, "ntlm": A.NTLM, "snmp": A.SNMP, "rdp": A.RDP, "smb": A.SMB,
    "ftp": A.FTP, "ftp-data": A.FTP, "ike": A.IKE, "ikev2": A.IKE, "ipsec": A.IKE, "openvpn": A.OPENVPN,
    "wireguard": A.WIREGUARD, "modbus": A.MODBUS, "dnp3": A.DNP3, "enip": A.ENIP, "cip": A.ENIP, "bacnet": A.BACNET,
    "s7comm": A.S7COMM, "s7comm_plus": A.S7PLUS, "opcua": A.OPCUA, "opcua_binary": A.OPCUA, "iec104": A.IEC104,
    "synchrophasor": A.C37118, "hart_ip": A.HARTIP, "genisys": A.GENISYS, "ge_srtp": A.GESRTP, "roc_plus": A.ROC,
    "c1222": A.C1222, "omron_fins": A.FINS, "profinet_io_cm": A.PROFINET,
}  # fmt: skip
"""What a flow speaks, by what Zeek or Suricata calls it."""
ENDINGS: Final = ("_tcp", "_udp")


def application_of(text: str) -> int:
    """Return the ``Application`` of a service, of a set of them the first that is known; 0 is none.

    >>> A(application_of("ssl,http")).label, A(application_of("s7comm_tcp")).label, application_of("-ssl")
    ('tls', 's7comm', 0)
    """
    for part in text.lower().replace("spicy_", "").split(","):
        name = next((part.removesuffix(ending) for ending in ENDINGS if part.endswith(ending)), part)
        found = APPLICATIONS.get(part) or APPLICATIONS.get(name)
        if found:
            return int(found)
    return 0


def transport_of(text: str) -> int:
    """Return the IP protocol number of a name or a number; 0 is none.

    >>> transport_of("TCP"), transport_of("47"), transport_of("unknown_transport")
    (6, 47, 0)
    """
    number = TRANSPORTS.get(text.lower(), 0)
    return int(text) if not number and text.isdecimal() and len(text) <= 3 and int(text) < 256 else number
