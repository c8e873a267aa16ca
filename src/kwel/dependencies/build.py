"""Contacts, look-ups and attributions in, dependencies and their timeline out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from kwel.dependencies.contacts import find_contacts
from kwel.dependencies.crowd import contacts_within, looked_up_within
from kwel.dependencies.destinations import BELIEVED, TOLD, Endpoints, judge_all
from kwel.dependencies.looked_up import Chains, find_looked_up
from kwel.dependencies.secondhand import after_frames, looked_up_in_log, told_only
from kwel.dependencies.shown import Shown
from kwel.dependencies.signs import hides_names, is_sealed, misfits
from kwel.dependencies.trips import Trips
from kwel.dependencies.ways import find_ways
from kwel.model.dependencies import Dependencies
from kwel.model.grouping import distinct, in_order
from kwel.model.records.columns import NameSource, State
from kwel.model.report import Timeline

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.dependencies.destinations import Attributions, Judge
    from kwel.dependencies.looked_up import IsOutside, LookedUp
    from kwel.dependencies.trips import Exclude
    from kwel.model.assets import Asset
    from kwel.model.traffic import Traffic

    Flows = dict[str, NDArray]

USED, ATTEMPTED, RESOLVED_ONLY = 0, 1, 2
"""Indices into ``model.STATES``."""
SLICES = 120
"""Parts of the whole period that the timeline distinguishes."""
SECOND = 1_000_000_000
FIELDS = ("initiator_hi", "initiator_lo", "state", "first", "last", "bytes_out", "bytes_in", "first_frame")
"""What is needed of flows: whole rows would take three times as long to gather."""


def build(
    traffic: Traffic,
    assets: Sequence[Asset],
    of_initiator: NDArray,
    of_responder: NDArray,
    *,
    is_outside: IsOutside,
    judge: Judge,
    outer_names: Collection[str] = (),
    exclude: Exclude | None = None,
) -> tuple[Dependencies, Timeline]:
    """Return the dependencies of all assets, and when they were in use.

    Args:
        traffic: what was on the wire.
        assets: the inventory.
        of_initiator: per flow, the index of the asset that began it; OUTSIDE, or lower where it is no host.
        of_responder: per flow, the index of the asset that answered; likewise.
        is_outside: (high halves, low halves of addresses) -> which lie outside the plant.
        judge: attributes endpoints.
        outer_names: names that an encrypted ClientHello shows in place of the real one (RFC 9849).
        exclude: says what a round trip speaks against; ``None`` where nobody said where the capture was made.
    """
    contacts = find_contacts(traffic, of_initiator, of_responder, outer_names)
    looked_up, names_left_out = looked_up_within(
        find_looked_up(traffic, contacts, of_initiator, of_responder, is_outside)
    )
    contacts, left_out = contacts_within(contacts, traffic.flows)
    by_file = (traffic.flows["name_source"][contacts.flow] == NameSource.CAPTURE) & (contacts.name > 0)
    doubt = np.where(by_file, BELIEVED, contacts.weak).astype(np.int64) + TOLD * told_only(traffic, contacts)
    endpoint_of, first = distinct(doubt, contacts.name, contacts.hi, contacts.lo)  # the surest first
    none = np.zeros(len(looked_up), np.uint64)
    endpoints = Endpoints(
        np.concatenate([contacts.name[first], looked_up.name]),
        np.concatenate([contacts.hi[first], none]),
        np.concatenate([contacts.lo[first], none]),
        np.concatenate([contacts.answer[first], looked_up.answer]).astype(np.int64),
        np.concatenate([doubt[first], TOLD * looked_up_in_log(traffic, looked_up)]),
    )
    kind_of, attributions = judge_all(endpoints, traffic.names, Chains(traffic), judge)
    found, timeline = _assemble(traffic, assets, contacts, endpoint_of, kind_of, attributions, looked_up, exclude)
    found.left_out = left_out + names_left_out
    return found, timeline


def _assemble(
    traffic: Traffic,
    assets: Sequence[Asset],
    contacts: Contacts,
    endpoint_of: NDArray,
    kind_of: NDArray,
    attributions: Attributions,
    looked_up: LookedUp,
    exclude: Exclude | None,
) -> tuple[Dependencies, Timeline]:
    """Group contacts by asset and kind of destination, and put the columns in order."""
    flows = {field: traffic.flows[field][contacts.flow] for field in FIELDS}
    endpoints = len(kind_of) - len(looked_up)
    kind = kind_of[endpoint_of] if endpoints else np.zeros(0, np.int64)
    group, first_rows = distinct(contacts.asset, kind)
    groups, state = len(first_rows), _state_of_flows(flows)
    late = traffic.named["time"][looked_up.row]
    zeros = np.zeros(len(looked_up), np.int64)
    best = np.full(groups, ATTEMPTED)
    np.minimum.at(best, group, state)
    misfit, weight = misfits(traffic)[contacts.flow], traffic.weights[contacts.flow]
    shown_wrong = _first_wrong(group, misfit, groups)
    strongest = _strongest(group, state, flows, after_frames(traffic, contacts.flow), groups)
    first, last = _span(group, flows, groups)
    trips = Trips(traffic, contacts, group, groups, exclude)

    def total(column: NDArray) -> NDArray:
        return np.bincount(group, weights=column, minlength=groups).astype(np.int64)

    columns = {
        "asset": np.concatenate([contacts.asset[first_rows], looked_up.asset]),
        "attribution": np.concatenate([kind[first_rows], kind_of[endpoints:]]),
        "state": np.concatenate([best, zeros + RESOLVED_ONLY]),
        "first": np.concatenate([first, late]),
        "last": np.concatenate([last, late]),
        "flows": np.concatenate([total(weight), zeros]),
        "bytes_out": np.concatenate([total(_bytes(contacts, flows, "out")), zeros]),
        "bytes_in": np.concatenate([total(_bytes(contacts, flows, "in")), zeros]),
        "sealed": np.concatenate([total(is_sealed(traffic)[contacts.flow] * weight), zeros]),
        "hiding": np.concatenate([total(hides_names(traffic)[contacts.flow] * weight), zeros]),
        "misfits": np.concatenate([total((misfit > 0) * weight), zeros]),
        "rtt_us": np.concatenate([trips.shortest, zeros]),
        "excluded": np.concatenate([trips.contradicted(kind[first_rows], attributions), zeros]),
    }
    order = in_order(columns["asset"], columns["state"], -columns["bytes_out"], columns["attribution"])
    columns = {key: column[order] for key, column in columns.items()}
    shown = Shown(traffic, assets, contacts, strongest, shown_wrong, looked_up, attributions, columns, order, trips)
    of_flow = contacts.flow, np.argsort(order)[group]
    found = Dependencies(columns, attributions, shown.build, of_flow, partial(find_ways, traffic, contacts, of_flow[1]))
    return found, _timeline(flows, of_flow[1])


def _first_wrong(group: NDArray, misfit: NDArray, groups: int) -> NDArray:
    """Return, per group, the first certificate that does not fit; 0 is none."""
    wrong, found = np.flatnonzero(misfit)[::-1], np.zeros(groups, np.int64)
    found[group[wrong]] = misfit[wrong]  # of several, the first: what is written last stays
    return found


def _span(group: NDArray, flows: Flows, groups: int) -> tuple[NDArray, NDArray]:
    """Return when each group's first flow began and its last one ended."""
    first, last = np.full(groups, np.iinfo(np.int64).max), np.zeros(groups, np.int64)
    np.minimum.at(first, group, flows["first"])
    np.maximum.at(last, group, flows["last"])
    return first, last


def _state_of_flows(flows: Flows) -> NDArray:
    """Return USED or ATTEMPTED per flow: answered, or not."""
    state = flows["state"]
    return np.where((state == State.ESTABLISHED) | (state == State.MIDSTREAM), USED, ATTEMPTED)


def _bytes(contacts: Contacts, flows: Flows, way: str) -> NDArray:
    """Return bytes that left the asset (*way* out) or came to it, whoever began the flow."""
    inward = (flows["initiator_hi"] == contacts.hi) & (flows["initiator_lo"] == contacts.lo)
    other = "in" if way == "out" else "out"
    return np.where(inward, flows[f"bytes_{other}"], flows[f"bytes_{way}"]).astype(np.float64)


def _strongest(group: NDArray, state: NDArray, flows: Flows, behind: NDArray, groups: int) -> NDArray:
    """Return, per group, the row of the flow that proves most: the first one in the best state, with a kept frame.

    *behind*: nanoseconds that a flow is put behind others, since a log tells it and no frame.
    """
    best, earliest = np.full(groups, ATTEMPTED), np.full(groups, np.iinfo(np.int64).max)
    first, kept = flows["first"] + behind, flows["first_frame"] > 0
    np.minimum.at(best, group, state)
    shown = np.zeros(groups, np.bool_)
    np.logical_or.at(shown, group[state == best[group]], kept[state == best[group]])
    proving = np.flatnonzero((state == best[group]) & (kept | ~shown[group]))
    np.minimum.at(earliest, group[proving], first[proving])
    proving = proving[first[proving] == earliest[group[proving]]][::-1]
    rows = np.zeros(groups, np.int64)
    rows[group[proving]] = proving  # of several, the first: what is written last stays
    return rows


def _timeline(flows: Flows, dependency: NDArray) -> Timeline:
    """Spread each flow's bytes evenly over the slices that it lasted."""
    if len(dependency) == 0:
        empty = np.zeros(0, np.int64)
        return Timeline(0, SECOND, empty, empty, empty)
    start, end = int(flows["first"].min()), int(flows["last"].max())
    length = max(SECOND, -(-(end - start + 1) // SLICES))
    begin = (flows["first"] - start) // length
    spans = (np.maximum(flows["last"], flows["first"]) - start) // length - begin + 1
    flow = np.repeat(np.arange(len(spans)), spans)
    index = begin[flow] + np.arange(len(flow)) - np.repeat(np.cumsum(spans) - spans, spans)
    answered = _state_of_flows(flows) == USED
    share = np.where(answered, (flows["bytes_out"] + flows["bytes_in"]).astype(np.float64), 0) / spans
    cell, rows = distinct(dependency[flow], index)
    return Timeline(
        start,
        length,
        dependency[flow][rows],
        index[rows],
        np.bincount(cell, weights=share[flow], minlength=len(rows)).astype(np.int64),
    )
