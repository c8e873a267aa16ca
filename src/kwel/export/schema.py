"""The columns of every table, in order: the contract that docs/formats.md prints and tests hold.

A column is never renamed, removed or moved, and its type never changes; new ones come at the end.
"""

from __future__ import annotations

from kwel.export.commands import COMMANDS
from kwel.export.contract import CAPTURE, EVIDENCE, JSON, LABEL, Column, Kind, Name, Table, first_and_last, label_of
from kwel.export.interruptions import INTERRUPTIONS
from kwel.export.lan import LAN
from kwel.export.needs import NEEDS
from kwel.export.schema_reached import REACHED
from kwel.export.schema_zones import CONDUITS, INVENTORY, ZONES

__all__ = [
    "ASSETS",
    "COMMANDS",
    "CONDUITS",
    "DEPENDENCIES",
    "FACTS",
    "FLOWS",
    "HELLOS",
    "INTERRUPTIONS",
    "INVENTORY",
    "JSON",
    "LAN",
    "NAMES",
    "NEEDS",
    "TABLES",
    "ZONES",
    "Column",
    "Kind",
    "Name",
    "Table",
]

TRANSPORT = Column("transport", "text", "IANA keyword of the protocol above IP; `ip-N` for others.", '"tcp"')
ENDS = (
    Column("initiator_address", "text", "Who began the flow.", '"10.20.3.32"', rank=1),
    Column("initiator_port", "whole", "Its port; 0 where the protocol has none.", "49152"),
    Column("responder_address", "text", "Who was addressed.", '"13.69.64.110"', rank=1),
    Column("responder_port", "whole", "Its port; 0 where the protocol has none.", "8883", rank=1),
)
OWN = Column(
    "own",
    "text",
    "Own domain or tenant that the name belongs to, as the site file says.",
    '"plantgw-prod.iot.cloud.example"',
    optional=True,
    rank=3,
)
NAME_SOURCES = (
    "`tls-sni`, `quic-sni`, `dtls-sni`, `http-connect`, `http-host`, `http2-authority`, `socks`, `tls-certificate`, "
    "`sip`, `mqtt`, `smtp`, `ntlm`, `kerberos`, `dns`, `mdns`, `llmnr`, `nbns` or `capture`"
)

FLOWS = Table(
    "flows",
    "one conversation: everything between two endpoints over one transport protocol, VLAN and tunnel",
    (
        CAPTURE,
        Column(
            "first_frame", "whole", "Frame number of its first packet, as in Wireshark.", "118", optional=True, rank=3
        ),
        *first_and_last("the flow"),
        TRANSPORT,
        *ENDS,
        Column("vlan", "text", "802.1Q tag; outer and inner with a point between.", '"20"', optional=True),
        Column(
            "tunnel",
            "text",
            "What carried the flow's packets, the innermost of several, and its number (VNI, VSID, key, session) where "
            "both directions share one; such a tunnel may be a mirror session.",
            '"vxlan-5001"',
            optional=True,
        ),
        Column("packets_out", "whole", "From initiator to responder.", "24", "packets", rank=3),
        Column("packets_in", "whole", "From responder to initiator.", "21", "packets", rank=3),
        Column("bytes_out", "whole", "From initiator to responder, whole frames.", "5120", "bytes"),
        Column("bytes_in", "whole", "From responder to initiator, whole frames.", "7310", "bytes"),
        Column(
            "state",
            "text",
            "`established`: both sides sent; `refused`: reset or ICMP error at once; `unanswered`: one side "
            "tried; `midstream`: TCP under way when the capture began, or one direction only.",
            '"established"',
            rank=1,
        ),
        Column("direction_known", "flag", "Whether a packet proves who began.", "true", rank=3),
        Column(
            "community_id",
            "text",
            "Community ID version 1, seed 0.",
            '"1:LQU9qZlK+B5F3KDmev6m5PMibrg="',
            optional=True,
            rank=3,
        ),
        Column(
            "name",
            "text",
            "Name of the responder, as the flow or an earlier DNS answer tells it.",
            '"plantgw-prod.iot.cloud.example"',
            optional=True,
            rank=1,
        ),
        Column("name_source", "text", f"Where the name was read: {NAME_SOURCES}.", '"tls-sni"', optional=True),
        Column(
            "initiator_zone",
            "text",
            "Zone of the initiator's address, as the site file says.",
            '"Cell 1"',
            optional=True,
            rank=3,
        ),
        Column(
            "responder_zone",
            "text",
            "Zone of the responder's address, as the site file says.",
            '"Supervision"',
            optional=True,
            rank=3,
        ),
    ),
)

NAMES = Table(
    "names",
    "one name read in one frame",
    (
        CAPTURE,
        Column("frame", "whole", "Frame number in which the name ends.", "118", optional=True, rank=1),
        Column("time", "time", "When.", '"2026-03-02T09:14:07.120331000Z"', "UTC", rank=3),
        TRANSPORT,
        *ENDS,
        Column("name", "text", "The name, in lower case, without the root's point.", '"www.example.com"', rank=1),
        Column("source", "text", f"Where it was read: {NAME_SOURCES}.", '"tls-sni"', rank=1),
        Column(
            "asked",
            "time",
            "When the DNS was asked for it, if the question was seen; of one that was sent again, first.",
            '"2026-03-02T09:14:07.098112000Z"',
            "UTC",
            optional=True,
            rank=3,
        ),
        Column(
            "answered",
            "time",
            "When the DNS answered, if the answer was seen.",
            '"2026-03-02T09:14:07.120331000Z"',
            "UTC",
            optional=True,
            rank=3,
        ),
        OWN,
    ),
)

HELLOS = Table(
    "hellos",
    "one ClientHello: the first message of a client of TLS, QUIC or DTLS",
    (
        CAPTURE,
        Column(
            "frame", "whole", "Frame number in which it ends, as far as it was captured.", "118", optional=True, rank=1
        ),
        Column("time", "time", "When.", '"2026-03-02T09:14:07.120331000Z"', "UTC", rank=3),
        TRANSPORT,
        *ENDS,
        Column("source", "text", "What carried it: `tls` (over TCP), `quic` or `dtls`.", '"tls"'),
        Column("name", "text", "Server name asked for (SNI).", '"www.example.com"', optional=True, rank=1),
        Column("alpn", "list", "Protocols offered (ALPN), in lower case.", '["h2", "http/1.1"]'),
        Column("version", "text", "Newest version offered.", '"TLS 1.3"', optional=True, rank=1),
        Column(
            "ech",
            "text",
            "Encrypted Client Hello: `real`: the name that shows only hides another; `grease-likely`: a decoy, for the "
            "client looked that name up; `offered`: not known which; `inner`: a broken client.",
            '"grease-likely"',
            optional=True,
        ),
        Column(
            "ja4",
            "text",
            "JA4 fingerprint of the client's software.",
            '"t13d1516h2_8daaf6152771_e5627efa2ab1"',
            optional=True,
            rank=1,
        ),
        Column("partial", "flag", "Whether the capture holds only part of it.", "false", rank=3),
        Column(
            "certificate_names", "list", "DNS names of the certificate that answered it.", '["*.example.com"]', rank=3
        ),
        Column("certificate_issuer", "text", "Who signed that.", '"Example Trust"', optional=True, rank=3),
        OWN,
    ),
)

ASSETS = Table(
    "assets",
    "one device on the plant's side",
    (
        Column(
            "asset",
            "text",
            "MAC address where proven, else the address; with `@vlan`.",
            '"00:90:e8:10:00:32"',
        ),
        Column("kind", "text", "`ot`, `it`, `iiot`, `shared` or `unknown`.", '"iiot"', rank=1),
        Column("role", "text", "What it does there.", '"controller"', optional=True, rank=1),
        Column("addresses", "list", "IPv4 and IPv6.", '["10.20.3.32"]', rank=1),
        Column("macs", "list", "From claims of the device itself only.", '["00:90:e8:10:00:32"]', rank=3),
        Column("vendor", "text", "Of the device or its network interface.", '"Moxa"', optional=True, rank=1),
        Column("product", "text", "As the device says.", '"UC-8200"', optional=True),
        Column("firmware", "text", "As the device says.", '"1.4"', optional=True, rank=3),
        Column("names", "list", "Host names, the best first.", '["moxa-gw-line1"]'),
        Column("zone", "text", "Part of the plant, where known.", '"line 1"', optional=True, rank=3),
        Column("protocols", "list", "Recognised by content.", '["modbus"]'),
        *first_and_last("the asset"),
        EVIDENCE,
        Column(
            "facts",
            "list",
            "Everything that frames say of it, as `kind=value`; see docs/formats.md for the kinds.",
            '["serial=S C-X4U421", "switch-port=port 14"]',
            rank=3,
        ),
        Column("level", "text", "Purdue level: `0` to `5`, or `3.5`.", '"2"', optional=True, rank=3),
        Column("vlans", "list", "VLANs that it stands in.", '["20"]'),
        Column("behind", "text", "Up to how many others stand behind its address.", '"12"', optional=True, rank=3),
        Column("owner", "text", "As the site's own inventory says.", '"Utilities"', optional=True, rank=3),
        Column("criticality", "text", "As the site's own inventory says.", '"high"', optional=True, rank=3),
        Column(
            "role_or", "text", "What else it may be, where that is not decided.", '"historian"', optional=True, rank=3
        ),
        LABEL,
        Column("neighbour", "list", "Switch and port that it is plugged into, as frames say.", '["port-014.switch-3"]'),
        Column(
            "level_grade",
            "text",
            "Of its level: `B`: the site says so; `C` or `D`: a proposal.",
            '"B"',
            optional=True,
            rank=3,
        ),
    ),
)

FACTS = Table(
    "facts",
    "one thing that frames say of one asset",
    (
        Column("asset", "text", "As in `assets`.", '"00:90:e8:10:00:32"'),
        Column("kind", "text", "What it is; see docs/formats.md for the kinds.", '"serial"', rank=1),
        Column("value", "text", "As the frame says it.", '"S C-X4U421"', rank=1),
        Column("protocols", "list", "Which protocols say so.", '["s7comm"]', rank=2),
        Column("grade", "text", "`A`: two protocols agree; `B`: one says so; `D`: a hint.", '"B"', rank=3),
        EVIDENCE,
        LABEL._replace(meaning="As in `assets`."),
    ),
)

DEPENDENCIES = Table(
    "dependencies",
    "one asset that needs one host outside",
    (
        Column("asset", "text", "As in `assets`.", '"00:90:e8:10:00:32"'),
        Column("asset_kind", "text", "As `kind` in `assets`.", '"iiot"', rank=1),
        Column("supplier", "text", "Who answers for the service.", '"Example"', optional=True, rank=3),
        Column("service", "text", "The product behind the name.", '"Example IoT Hub"', optional=True, rank=2),
        Column("function", "text", "What it is for; see docs/rules.md.", '"monitoring"', optional=True, rank=3),
        Column("impact", "text", "How soon an outage is usually felt.", '"hours"', optional=True, rank=3),
        Column("host", "text", "Name contacted, else the address.", '"plantgw-prod.iot.cloud.example"', rank=1),
        Column("operator", "text", "Who runs the host.", '"Example Cloud"', optional=True, rank=1),
        Column(
            "parent",
            "text",
            "Ultimate parent of the operator.",
            '"Example Corporation"',
            optional=True,
            rank=3,
        ),
        Column("parent_jurisdiction", "text", "Seat of the parent, ISO 3166-1.", '"JP"', optional=True),
        Column("location", "text", "Where the packets end: ISO 3166-1, or `anycast`.", '"NL"', optional=True),
        Column("region", "text", "The operator's own name for the place.", '"eu-west-2"', optional=True, rank=3),
        Column(
            "state",
            "text",
            "`used`: answered; `attempted`: unanswered or refused; `resolved-only`: looked up only.",
            '"used"',
            rank=1,
        ),
        Column("grade", "text", "Weakest evidence of the verdict: `A` to `D`, or `U`.", '"A"'),
        Column(
            "verdict",
            "text",
            "Worst of parent, operator and location; see docs/rules.md.",
            '"foreign"',
            rank=1,
        ),
        *first_and_last("the dependency"),
        Column("flows", "whole", "Flows that make it up.", "3", "flows", rank=3),
        Column("bytes_out", "whole", "Sent by the asset, whole frames.", "15360", "bytes"),
        Column("bytes_in", "whole", "Received by the asset, whole frames.", "21930", "bytes", rank=3),
        EVIDENCE,
        Column(
            "access",
            "list",
            "Laws by which data may be demanded of whoever controls, runs or holds it, as `law:link+link`; see "
            "docs/rules.md.",
            '["us-cloud-act:parent+operator"]',
            rank=3,
        ),
        Column(
            "interruption",
            "list",
            "Laws by which serving may be forbidden, in the same form.",
            '["us-ieepa:parent+operator"]',
            rank=3,
        ),
        Column(
            "limits",
            "list",
            "What a framework's objective cannot exceed, or is contradicted in, as `framework/objective:outcome`; "
            "never a rating.",
            '["eu-csf/SOV-2:SEAL-1"]',
            rank=3,
        ),
        Column(
            "chain", "list", "Aliases (CNAME) from the name to the host, in order.", '["p.azurefd.example"]', rank=3
        ),
        Column(
            "through",
            "text",
            "Through whom the asset got there, by the name asked for: a vendor, an operator, or a domain.",
            '"supplier.example"',
            optional=True,
            rank=3,
        ),
        Column(
            "through_by",
            "text",
            "What makes that known: `own`, `vendor`, `operator`, `customer` (of an operator), `domain` or `unknown`.",
            '"domain"',
            rank=3,
        ),
        OWN,
        Column("overrides", "list", "Numbers of the overrides of the site file that were applied.", '["2"]', rank=3),
        Column(
            "verdict_without_site",
            "text",
            "What the verdict would be without those overrides; `null` where none was applied.",
            '"foreign"',
            optional=True,
            rank=3,
        ),
        Column(
            "rtt_us",
            "whole",
            "Shortest time from a SYN of the asset to its SYN-ACK, as captured; 0 where none was measured.",
            "11842",
            "µs",
            rank=3,
        ),
        Column(
            "place_excluded",
            "flag",
            "Whether that is too short for the place of the host; only where `--here` says where the capture was made.",
            "false",
            rank=3,
        ),
        label_of("asset"),
        *REACHED,
    ),
)

TABLES = (FLOWS, NAMES, HELLOS, ASSETS, FACTS, DEPENDENCIES, ZONES, CONDUITS, COMMANDS, LAN, INTERRUPTIONS, NEEDS)
