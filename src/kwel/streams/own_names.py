"""What was heard in, the names that hosts give themselves out: in mDNS, in LLMNR, in the certificates of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.model.claims import Observed, Where
from kwel.model.grouping import distinct
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource, address_text

if TYPE_CHECKING:
    from kwel.streams import Heard

LOCAL = {Application.MDNS: NameSource.MDNS, Application.LLMNR: NameSource.LLMNR}
"""Protocols in which hosts give themselves names."""

MOST_LOCAL_NAMES = 50_000
"""Pairs of address and name that are kept of them. Beyond, a capture shows a storm; they are counted."""


def find_own_names(heard: Heard, captures: tuple[Any, ...]) -> tuple[list[Observed], int]:
    """Return what hosts call themselves, and how many names in mDNS and LLMNR answers there was no room for."""
    local, crowded_out = _local_names(heard, captures)
    return [*local, *_client_certificates(heard, captures)], crowded_out


def _local_names(heard: Heard, captures: tuple[Any, ...]) -> tuple[list[Observed], int]:
    """Return the names that hosts give themselves in mDNS and LLMNR answers, and how many there was no room for."""
    answers, flows = heard.answers, heard.flows
    spoken = flows["application"][answers["flow"]]
    rows = np.flatnonzero(
        np.isin(spoken, [int(key) for key in LOCAL]) & ((answers["address_hi"] | answers["address_lo"]) > 0)
    )
    _, first = distinct(spoken[rows], *(answers[key][rows] for key in ("owner", "address_hi", "address_lo")))
    rows = np.sort(rows[first])
    own = dict[tuple[str, str, str], Observed]()
    kept = rows[:MOST_LOCAL_NAMES]
    columns = [answers[key][kept].tolist() for key in ("address_hi", "address_lo", "owner", "capture", "frame", "time")]
    columns += [spoken[kept].tolist(), flows["vlan"][answers["flow"][kept]].tolist()]
    labels = {int(key): source.label for key, source in LOCAL.items()}
    for hi, lo, owner, capture, frame, time, application, vlan in zip(*columns, strict=True):
        address, protocol = address_text(hi, lo), labels[application]
        name = heard.names[owner].removesuffix(".local")
        if not name.endswith(".arpa") and "._tcp" not in name and "._udp" not in name:  # that is a service's
            where = Where(captures[capture].name, frame)
            said = Observed("hostname", name, protocol, where, time, address, None, vlan)
            own.setdefault((address, name, protocol), said)
    return list(own.values()), max(0, len(rows) - MOST_LOCAL_NAMES)


def _client_certificates(heard: Heard, captures: tuple[Any, ...]) -> list[Observed]:
    """Return what clients are called in the certificates that they showed: at AWS IoT the name of the thing."""
    own = dict[tuple[str, str], Observed]()
    for row in heard.shown[heard.shown["from_initiator"] == 1]:
        subject, flow = heard.certificates[row["certificate"]].subject, heard.flows[row["flow"]]
        address = address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"]))
        where = Where(captures[row["capture"]].name, int(row["frame"]))
        said = Observed("identity", subject, "tls", where, int(row["time"]), address, None, int(flow["vlan"]))
        if subject and len(own) < MOST_LOCAL_NAMES:
            own.setdefault((address, subject), said)
    return list(own.values())
