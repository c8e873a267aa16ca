"""Traffic in, the tables of flows and of names out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kwel.export.cells import tunnel_text, vlan_text
from kwel.export.community import community_ids
from kwel.export.schema import FLOWS, NAMES
from kwel.export.text import frame_numbers, spell, spell_addresses, spell_times, take, unknown
from kwel.model.kinds import Asked
from kwel.model.records.columns import Direction, NameSource, State
from kwel.model.siteindex import SiteIndex
from kwel.model.transports import transport_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic

STATES = {int(state): state.name.lower() for state in State}


def flows_table(traffic: Traffic, site: Site | None = None) -> pd.DataFrame:
    """Return one row a flow, with the columns of ``schema.FLOWS``; *site* tells the zones."""
    flows = traffic.flows
    columns = {
        "capture": take([capture.name for capture in traffic.captures], flows["capture"]),
        "first_frame": frame_numbers(flows["first_frame"]),
        "first": spell_times(flows["first"]),
        "last": spell_times(flows["last"]),
        **ends_of(flows),
        "vlan": spell(flows["vlan"], vlan_text),
        "tunnel": spell(flows["tunnel"], tunnel_text),
        **{key: flows[key].astype(np.int64) for key in ("packets_out", "packets_in", "bytes_out", "bytes_in")},
        "state": spell(flows["state"], STATES.get),
        "direction_known": flows["direction"] != Direction.UNKNOWN,
        "community_id": pd.Series(community_ids(flows), dtype="str"),
        "name": spell_names(flows["name"], traffic.names),
        "name_source": spell(flows["name_source"], _source_text),
        **_zones(flows, site),
    }
    return pd.DataFrame({key: columns[key] for key in FLOWS.keys})


def _zones(flows: Rows, site: Site | None) -> dict[str, pd.Series]:
    index = SiteIndex(site) if site else None
    zone_of = index.zone_name if index and index.has_zones else None
    return {
        f"{end}_zone": spell_addresses(flows[f"{end}_hi"], flows[f"{end}_lo"], zone_of)
        if zone_of
        else unknown(len(flows))
        for end in ("initiator", "responder")
    }


def names_table(traffic: Traffic, site: Site | None = None) -> pd.DataFrame:
    """Return one row a name seen, with the columns of ``schema.NAMES``; *site* tells which are its own."""
    named = traffic.named
    columns = {
        "capture": take([capture.name for capture in traffic.captures], named["capture"]),
        "frame": frame_numbers(named["frame"]),
        "time": spell_times(named["time"]),
        **ends_of(traffic.flows[named["flow"]]),
        "name": spell_names(named["name"], traffic.names),
        "source": spell(named["source"], _source_text),
        **_asked_and_answered(traffic),
        "own": spell_own(named["name"], traffic.names, site),
    }
    return pd.DataFrame({key: columns[key] for key in NAMES.keys})


def _asked_and_answered(traffic: Traffic) -> dict[str, pd.Series]:
    """Return the columns that tell when the DNS was asked for a name, and when it answered; 0 is not known."""
    questions, place = traffic.questions, traffic.named["question"]
    seen, answered = questions["state"] != Asked.UNSEEN, np.isin(questions["state"], (Asked.ANSWERED, Asked.UNSEEN))
    times = {"asked": questions["time"] * seen, "answered": questions["answered"] * answered}
    return {key: spell_times(np.concatenate([[0], column])[place]) for key, column in times.items()}


def ends_of(flows: Rows) -> dict[str, pd.Series | NDArray]:
    """Return the columns that tell between whom: transport, initiator and responder."""
    return {
        "transport": spell(flows["transport"], transport_text),
        "initiator_address": spell_addresses(flows["initiator_hi"], flows["initiator_lo"]),
        "initiator_port": flows["initiator_port"].astype(np.int64),
        "responder_address": spell_addresses(flows["responder_hi"], flows["responder_lo"]),
        "responder_port": flows["responder_port"].astype(np.int64),
    }


def spell_names(index: NDArray, names: Names) -> pd.Series:
    """Return a column of names; 0 is none."""
    return spell(index, lambda number: names[number] if number else None)


def spell_own(index: NDArray, names: Names, site: Site | None) -> pd.Series:
    """Return a column of the site's own domains and tenants that names belong to."""
    found = SiteIndex(site) if site else None
    if found is None or not found.has_own:
        return unknown(len(index))
    return spell(index, lambda number: found.own_name(names[number]) if number else None)


def _source_text(number: int) -> str | None:
    return NameSource(number).label if number else None
