"""The columns of the tables of zones and conduits: a register as IEC 62443-3-2 asks for (ZCR 3 and 5.2)."""

from __future__ import annotations

from kwel.export.contract import EVIDENCE, Column, Table, first_and_last

_OUTSIDE = "`cloud-non-european`, `cloud-undecided`, `cloud-european`, `internet`, `unknown`"

ZONES = Table(
    "zones",
    "one zone: of the site, proposed, or outside",
    (
        Column("zone", "text", "Number within this table.", '"Z-01"', rank=1),
        Column("name", "text", "As the site calls it; else what makes it one.", '"Cell 1"', rank=1),
        Column("origin", "text", "Who drew it: `site`, `proposed` (nobody) or `outside`.", '"site"', rank=1),
        Column(
            "key",
            "text",
            f"Where no assets stand in it, what it is: outside {_OUTSIDE}; `silent`: addresses of the plant where "
            "nobody was heard.",
            '"internet"',
            optional=True,
            rank=3,
        ),
        Column("level", "text", "Purdue level: as the site says, else of most assets.", '"1"', optional=True),
        Column("sl_t", "text", "Target security level, as the site says.", '"2"', optional=True),
        Column("owner", "text", "As the site says.", '"Utilities"', optional=True),
        Column("prefixes", "list", "Of a proposed zone the first ones.", '["10.20.1.0/24"]'),
        Column("vlans", "list", "VLANs.", '["20"]'),
        Column("assets", "whole", "Assets that stand in it.", "5", "assets", rank=1),
        Column("kinds", "list", "The same by kind, most first.", '["ot=4", "unknown=1"]'),
        Column("flows", "whole", "Flows that begin and end in it.", "12", "flows"),
        Column("packets", "whole", "Their packets both ways.", "480", "packets", rank=3),
        Column("bytes", "whole", "Their bytes both ways, whole frames.", "30720", "bytes"),
        Column("grade", "text", "`B`: the site says so; `D`: a proposal.", '"B"', rank=3),
        Column("because", "text", "The site file, or what the proposal rests on.", '"site file site.toml"', rank=3),
        Column("level_told", "flag", "Whether the site says its level.", "true", rank=3),
    ),
)


def _side(name: str, words: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_count", "whole", f"{words}; outside, hosts or services.", "3", "assets", rank=3),
        Column(
            name, "list", f"The first of the {words.lower()}; outside, names of hosts.", '["00:90:e8:10:00:32"]', rank=3
        ),
    )


CONDUITS = Table(
    "conduits",
    "everything that assets of one zone began with those of another",
    (
        Column("conduit", "text", "Number within this table.", '"C-01"', rank=1),
        Column("from_zone", "text", "Zone that begins.", '"Supervision"', rank=1),
        Column("to_zone", "text", "Zone that answers.", '"Cell 1"', rank=1),
        Column("from_level", "text", "Its Purdue level.", '"2"', optional=True, rank=3),
        Column("to_level", "text", "Its Purdue level.", '"1"', optional=True, rank=3),
        Column(
            "proposed",
            "flag",
            "Whether one of the two zones is only proposed: then it is a question.",
            "false",
        ),
        Column(
            "direction",
            "text",
            "`one-way`: only this zone begins; `both-ways`: the other does too.",
            '"one-way"',
            rank=1,
        ),
        Column("back", "text", "Conduit of the other direction.", '"C-07"', optional=True, rank=3),
        Column("state", "text", "`used`: answered; `attempted`: never answered.", '"used"', rank=1),
        Column(
            "protocols",
            "list",
            "What passes: recognised by content with its port, else the port alone. Used ones first, then by volume.",
            '["modbus:tcp/502", "tcp/8443"]',
            rank=1,
        ),
        Column("protocols_left_out", "whole", "How many more there are.", "0", rank=3),
        Column("by_port_only", "list", "Those that only the port tells: grade D.", '["tcp/8443"]', rank=3),
        Column("flows", "whole", "Flows that make it up.", "7", "flows"),
        Column("attempts", "whole", "Those among them that nobody answered.", "0", "flows", rank=3),
        Column("unsure", "whole", "Those of which no packet proves who began.", "1", "flows", rank=3),
        Column("packets_out", "whole", "From the zone that begins.", "24", "packets", rank=3),
        Column("packets_in", "whole", "From the zone that answers.", "21", "packets", rank=3),
        Column("bytes_out", "whole", "From the zone that begins, whole frames.", "5120", "bytes"),
        Column("bytes_in", "whole", "From the zone that answers, whole frames.", "7310", "bytes"),
        *first_and_last("the conduit"),
        *_side("initiators", "Assets that begin"),
        *_side("responders", "Assets that answer"),
        Column("commands", "list", "Commands of protocols of the plant, by class.", '["write=12"]', rank=3),
        EVIDENCE,
    ),
)

INVENTORY = Table(
    "inventory",
    "one entry of the site's own inventory, or one asset that stands in none",
    (
        Column(
            "state",
            "text",
            "`seen`: all agrees; `differs`: frames contradict it; `ambiguous`: several assets fit, or several "
            "entries are about one; `unseen`: nothing fits; `uninventoried`: seen, and in no inventory.",
            '"differs"',
            rank=1,
        ),
        Column("entry", "text", "Where it stands: file and line.", '"assets.csv:12"', optional=True, rank=1),
        Column("name", "text", "What the inventory calls it; else what kwel does.", '"PLC mixer"', rank=1),
        Column("asset", "text", "As in `assets`.", '"00:90:e8:10:00:32"', optional=True),
        Column("by", "text", "Found by `mac`, `serial`, `address` or `name`.", '"mac"', optional=True),
        Column(
            "others", "list", "Further assets that fit, or entries about the same one.", '["assets.csv:40"]', rank=3
        ),
        Column(
            "differences",
            "list",
            "What the inventory says, what is seen, and its grade; grade D alone makes no `differs`.",
            '["serial: told A1, seen B2 (B)"]',
            rank=1,
        ),
        Column("owner", "text", "As the inventory says.", '"Utilities"', optional=True, rank=3),
        Column("criticality", "text", "As the inventory says.", '"high"', optional=True, rank=3),
        Column("zone", "text", "Where it stands.", '"Cell 1"', optional=True),
        Column("location", "text", "Site, location and rack, as the inventory says.", '"Boiler house"', optional=True),
        Column("addresses", "list", "Of the asset; else as the inventory says.", '["10.20.3.32"]', rank=1),
        Column("macs", "list", "Of the asset; else as the inventory says.", '["00:90:e8:10:00:32"]', rank=3),
        Column("in_sight", "flag", "Whether it, or its neighbours, were seen: an unseen one may be elsewhere.", "true"),
        EVIDENCE,
    ),
)
