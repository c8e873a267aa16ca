"""Traffic in, the table of conversations without IP out: who sent what to whom on the local network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.contract import CAPTURE, Column, Table, first_and_last
from kwel.model.kinds import Lan, LanSide

if TYPE_CHECKING:
    import pandas as pd

    from kwel.model.traffic import Traffic

LAN = Table(
    "lan",
    "what one station sent to another, or to a group, in one protocol without IP, VLAN and tunnel",
    (
        CAPTURE,
        Column("first_frame", "whole", "Frame number of the first, as in Wireshark.", "7", optional=True, rank=3),
        *first_and_last("it"),
        Column(
            "protocol",
            "text",
            "Recognised by content: " + ", ".join(f"`{lan.label}`" for lan in Lan) + ".",
            '"goose"',
            rank=1,
        ),
        Column(
            "source",
            "text",
            "MAC address that sent it; `null` where the capture has no Ethernet header.",
            '"00:a0:f4:08:2f:77"',
            optional=True,
            rank=1,
        ),
        Column(
            "side",
            "text",
            "Part of the source, as far as its frames tell: `publisher`, `master`, `slave`, `client`, `server`, else "
            "`station`.",
            '"publisher"',
            rank=1,
        ),
        Column("destination", "text", "MAC address of a station or a group.", '"01:0c:cd:01:00:01"', optional=True),
        Column("vlan", "text", "802.1Q tag; outer and inner with a point between.", '"20"', optional=True),
        Column("tunnel", "text", "What carried it, as in `flows`.", '"vxlan-42"', optional=True, rank=3),
        Column("frames", "whole", "How many.", "118", "frames", rank=1),
        Column("bytes", "whole", "Whole frames.", "17346", "bytes"),
    ),
)


def lan_table(traffic: Traffic) -> pd.DataFrame:
    """Return one row a pair of stations and protocol, with the columns of ``LAN``."""
    import numpy as np
    import pandas as pd

    from kwel.export.cells import tunnel_text, vlan_text
    from kwel.export.text import frame_numbers, spell, spell_times, take
    from kwel.model.records.columns import mac_text

    rows = traffic.lan
    columns = {
        "capture": take([capture.name for capture in traffic.captures], rows["capture"]),
        "first_frame": frame_numbers(rows["first_frame"]),
        "first": spell_times(rows["first"]),
        "last": spell_times(rows["last"]),
        "protocol": spell(rows["protocol"], lambda number: Lan(number).label),
        "source": spell(rows["source"], lambda mac: mac_text(mac) if mac else None),
        "side": spell(rows["side"], lambda number: LanSide(number).label),
        "destination": spell(rows["destination"], lambda mac: mac_text(mac) if mac else None),
        "vlan": spell(rows["vlan"], vlan_text),
        "tunnel": spell(rows["tunnel"], tunnel_text),
        "frames": rows["frames"].astype(np.int64),
        "bytes": rows["bytes"].astype(np.int64),
    }
    return pd.DataFrame({key: columns[key] for key in LAN.keys})
