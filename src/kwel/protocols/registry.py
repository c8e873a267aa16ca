"""A mark of the kernel in, the dissector out that reads its payloads: one a protocol, listed below by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.protocols import (  # fmt: skip
    ads,
    bacnet,
    banners,
    browser,
    c1222,
    c37118,
    cldap,
    codesys,
    dhcp,
    dhcpv6,
    discovery,
    dlr,
    dnp3,
    enip,
    fins,
    fox,
    gesrtp,
    goose,
    hartip,
    heads,
    http2,
    iec104,
    iso,
    kerberos,
    knx,
    mdns,
    mms,
    modbus,
    mqtt,
    nbns,
    neighbours,
    ntlm,
    opcua,
    powerlink,
    profinet,
    profinet_cm,
    rdp,
    redundancy,
    roc,
    s7comm,
    s7plus,
    sip,
    slmp,
    smb,
    smtp,
    snmp,
    ssdp,
    ssh,
    stun,
    syslog,
    wsd,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kwel.protocols.sayings import Binding, Named, Saying, Spoken
    from kwel.protocols.talk import Talk
    from kwel.protocols.wire import Reader

    Sayings = Iterator[Saying | Binding | Named | Spoken]


@dataclass(frozen=True, slots=True)
class Dissector:
    """What the pipeline needs to know of a protocol that Python reads."""

    name: str
    """How its observations call it, ``dhcp``."""
    mark: str
    """The kernel's mark whose payloads it gets."""
    looks_like: Callable[[bytes], bool]
    """Cheap, total: whether *data* could be this protocol. Never raises."""
    observe: Callable[[Reader], Sayings]
    """Yields what the bytes say; raises ``WireError`` and nothing else. What came before an error stands."""
    per_sender: int
    """Frames of one sender worth reading: what a device says of itself changes seldom."""
    in_all: int
    """Frames worth reading of one analysis: more than any plant has devices, and a flood of them takes seconds."""
    names_flows: bool = False
    """Whether it tells of flows, not only of hosts: such a one is always run."""
    size_of: Callable[[bytes], int | None] | None = None
    """Of a protocol whose messages may be longer than a segment: how long the one is that bytes begin with, None where
    they do not tell yet, 0 where they begin with no message. Without it, segments are read one by one."""
    converse: Callable[[Reader, Talk], Sayings] | None = None
    """As *observe*, for answers that do not say what they answer."""


DISSECTORS = (
    Dissector("dhcp", "dhcp", dhcp.looks_like, dhcp.observe, 256, 100_000),
    Dissector("nbns", "nbns", nbns.looks_like, nbns.observe, 16, 50_000),
    Dissector(
        "modbus",
        "modbus",
        modbus.looks_like,
        modbus.observe,
        64,
        100_000,
        size_of=modbus.size_of,
        converse=modbus.observe,
    ),
    Dissector(
        "s7comm", "s7comm", s7comm.looks_like, s7comm.observe, 64, 100_000, size_of=iso.size_of, converse=s7comm.observe
    ),
    Dissector("s7plus", "s7plus", s7plus.looks_like, s7plus.observe, 16, 20_000, size_of=iso.size_of),
    Dissector("mms", "mms", mms.looks_like, mms.observe, 64, 50_000, size_of=iso.size_of, converse=mms.observe),
    Dissector("enip", "enip", enip.looks_like, enip.observe, 256, 50_000, size_of=enip.size_of, converse=enip.observe),
    Dissector("opcua", "opcua", opcua.looks_like, opcua.observe, 64, 50_000, size_of=opcua.size_of),
    Dissector("bacnet", "bacnet", bacnet.looks_like, bacnet.observe, 256, 50_000),
    Dissector("bacnet-lan", "bacnet-lan", bacnet.looks_like_message, bacnet.observe_message, 256, 50_000),
    Dissector("snmp", "snmp", snmp.looks_like, snmp.observe, 32, 50_000),
    Dissector("dnp3", "dnp3", dnp3.looks_like, dnp3.observe, 16, 20_000, size_of=dnp3.size_of),
    Dissector("iec104", "iec104", iec104.looks_like, iec104.observe, 16, 20_000, size_of=iec104.size_of),
    Dissector("hartip", "hartip", hartip.looks_like, hartip.observe, 64, 20_000),
    Dissector("fins", "fins", fins.looks_like, fins.observe, 4, 20_000, size_of=fins.size_of),
    Dissector("slmp", "slmp", slmp.looks_like, slmp.observe, 8, 20_000),
    Dissector("ads", "ads", ads.looks_like, ads.observe, 16, 20_000, size_of=ads.size_of),
    Dissector("fox", "fox", fox.looks_like, fox.observe, 16, 20_000),
    Dissector("knx", "knx", knx.looks_like, knx.observe, 8, 20_000),
    Dissector("c37118", "c37118", c37118.looks_like, c37118.observe, 8, 20_000, size_of=c37118.size_of),
    Dissector("codesys", "codesys", codesys.looks_like, codesys.observe, 16, 20_000, size_of=codesys.size_of),
    Dissector("profinet-cm", "profinet", profinet_cm.looks_like, profinet_cm.observe, 64, 50_000),
    Dissector(
        "gesrtp",
        "gesrtp",
        gesrtp.looks_like,
        gesrtp.observe,
        16,
        20_000,
        size_of=gesrtp.size_of,
        converse=gesrtp.observe,
    ),
    Dissector("roc", "roc", roc.looks_like, roc.observe, 8, 20_000, size_of=roc.size_of),
    Dissector(
        "c1222", "c1222", c1222.looks_like, c1222.observe, 32, 20_000, size_of=c1222.size_of, converse=c1222.observe
    ),
    Dissector("lldp", "lldp", discovery.looks_like_lldp, discovery.observe_lldp, 4, 20_000),
    Dissector("cdp", "cdp", discovery.looks_like_cdp, discovery.observe_cdp, 4, 20_000),
    Dissector("profinet-dcp", "profinet-dcp", profinet.looks_like, profinet.observe, 16, 50_000),
    Dissector("goose", "goose", goose.looks_like_goose, goose.observe_goose, 32, 20_000),
    Dissector("sv", "sv", goose.looks_like_samples, goose.observe_samples, 32, 20_000),
    Dissector("powerlink", "powerlink", powerlink.looks_like, powerlink.observe, 4, 10_000),
    Dissector("dlr", "dlr", dlr.looks_like, dlr.observe, 4, 10_000),
    Dissector("vrrp", "vrrp", redundancy.looks_like_vrrp, redundancy.observe_vrrp, 256, 20_000),
    Dissector("hsrp", "hsrp", redundancy.looks_like_hsrp, redundancy.observe_hsrp, 256, 20_000),
    Dissector("glbp", "glbp", redundancy.looks_like_glbp, redundancy.observe_glbp, 256, 20_000),
    Dissector("ssh", "ssh", ssh.looks_like, ssh.observe, 256, 50_000, names_flows=True),
    Dissector("smtp", "smtp", smtp.looks_like, smtp.observe, 256, 50_000, names_flows=True),
    Dissector("http2", "http2", http2.looks_like, http2.observe, 1024, 50_000, names_flows=True),
    Dissector("mqtt", "mqtt", mqtt.looks_like, mqtt.observe, 256, 50_000, names_flows=True),
    Dissector("sip", "sip", sip.looks_like, sip.observe, 256, 50_000, names_flows=True),
    Dissector("kerberos", "kerberos", kerberos.looks_like, kerberos.observe, 256, 50_000, names_flows=True),
    Dissector("ntlm", "ntlm", ntlm.looks_like, ntlm.observe, 256, 50_000, names_flows=True),
    Dissector("smb", "smb", smb.looks_like, smb.observe, 256, 50_000, names_flows=True),
    Dissector("http", "http", heads.looks_like, heads.observe, 128, 50_000),
    Dissector("http-proxy", "passed", heads.looks_like, heads.observe_passed, 32, 20_000),
    Dissector("rdp", "rdp", rdp.looks_like, rdp.observe, 64, 20_000),
    Dissector("browser", "browser", browser.looks_like, browser.observe, 16, 20_000),
    Dissector("ssdp", "ssdp", ssdp.looks_like, ssdp.observe, 32, 20_000),
    Dissector("mdns", "mdns", mdns.looks_like, mdns.observe, 24, 20_000),
    Dissector("wsd", "wsd", wsd.looks_like, wsd.observe, 8, 10_000),
    Dissector("dhcpv6", "dhcpv6", dhcpv6.looks_like, dhcpv6.observe, 64, 20_000),
    Dissector("cldap", "cldap", cldap.looks_like, cldap.observe, 16, 10_000),
    Dissector("syslog", "syslog", syslog.looks_like, syslog.observe, 4, 10_000),
    Dissector("stun", "stun", stun.looks_like, stun.observe, 16, 20_000),
    Dissector("mndp", "mndp", neighbours.looks_like_mndp, neighbours.observe_mndp, 4, 10_000),
    Dissector("ubiquiti", "ubiquiti", neighbours.looks_like_ubiquiti, neighbours.observe_ubiquiti, 4, 10_000),
    Dissector("banner", "banner", banners.looks_like, banners.observe, 16, 20_000),
)
"""One a mark. For DHCP the sender is often a server or relay that speaks for many."""
