"""What passes between zones in, conduits out: each with its services, its ends and the frames that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.zones.crossings import ATTEMPTED, ETHERNET, INDEX_BITS, LAN_CODES, PROVES, SUMS, pairs_of
from kwel.model.claims import Evidence, Grade, Where
from kwel.model.kinds import Application, Lan
from kwel.model.records.columns import address_text, mac_text
from kwel.model.transports import transport_label, transport_text
from kwel.model.zones import Conduit, ConduitState, Ends, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kwel.assets.zones.crossings import Crossings

    NameOf = Callable[[int], str]

MOST: Final = 12
"""Services of one conduit that are told one by one."""
SHOWN: Final = 5
"""Assets on a side that are named."""
STEPS: Final = 3
MOST_NAMED: Final = 64
"""Dependencies outside that are looked at for the names of the first hosts."""
WITHOUT_PORTS: Final = (1, 58, ETHERNET)
LABELS: Final = {
    **{int(spoken): spoken.label for spoken in Application if spoken},
    **{LAN_CODES + int(spoken): spoken.label for spoken in Lan},
}


def conduits_of(
    crossings: Crossings, captures: Sequence[str], is_outside: Sequence[bool], asset: NameOf, host: NameOf
) -> tuple[Conduit, ...]:
    """Return the conduits, in order of the zones.

    Args:
        crossings: what passes.
        captures: names of the captures.
        is_outside: by zone, whether it lies outside the plant.
        asset: returns the id of an asset by its index.
        host: returns the name of the host of a dependency by its index.
    """
    rows = crossings.services
    pair = rows["source"] << 32 | rows["target"]
    spans = _spans(pair)
    starts = [start for start, _ in spans]
    pairs = list(zip(rows["source"][starts].tolist(), rows["target"][starts].tolist(), strict=True))
    ids = {both: f"C-{number:02d}" for number, both in enumerate(pairs, 1)}
    ends = _Ends(crossings.ends, is_outside, asset, host)
    return tuple(_conduit(rows[start:end], ids, ends, captures) for start, end in spans)


def _spans(column: NDArray) -> list[tuple[int, int]]:
    """Return where equal numbers, none of them negative, begin and end."""
    starts = np.flatnonzero(np.diff(column, prepend=-1) != 0).tolist()
    return list(zip(starts, [*starts[1:], len(column)], strict=True)) if starts else []


class _Ends:
    """Says who is at the ends of conduits."""

    def __init__(self, ends: NDArray, is_outside: Sequence[bool], asset: NameOf, host: NameOf) -> None:
        self._indices: dict[tuple[int, int, int], NDArray] = {}
        sources, targets, sides, index = pairs_of(ends)
        for start, end in _spans(ends >> INDEX_BITS):
            self._indices[int(sources[start]), int(targets[start]), int(sides[start])] = index[start:end]
        self._is_outside, self._asset, self._host = is_outside, asset, host

    def of(self, source: int, target: int, side: int) -> Ends:
        indices = self._indices.get((source, target, side), np.zeros(0, np.int64))
        if not self._is_outside[(source, target)[side]]:
            return Ends(len(indices), tuple(self._asset(index) for index in indices[:SHOWN].tolist()))
        names = dict.fromkeys(self._host(index) for index in indices[:MOST_NAMED].tolist())
        return Ends(len(indices), tuple(names)[:SHOWN])


def _conduit(rows: NDArray, ids: dict[tuple[int, int], str], ends: _Ends, captures: Sequence[str]) -> Conduit:
    source, target = int(rows["source"][0]), int(rows["target"][0])
    volume = rows["bytes_out"] + rows["bytes_in"]
    order = np.lexsort((rows["port"], rows["transport"], -volume, rows["state"] >= ATTEMPTED))
    rows = rows[order]
    flows, attempts, unsure, packets_out, packets_in, bytes_out, bytes_in = (int(rows[name].sum()) for name in SUMS)
    return Conduit(
        id=ids[source, target],
        source=source,
        target=target,
        back=ids.get((target, source)),
        state=_state(int(rows["state"].min())),
        services=tuple(_service(row, captures) for row in rows[:MOST]),
        services_left_out=max(0, len(rows) - MOST),
        initiators=ends.of(source, target, 0),
        responders=ends.of(source, target, 1),
        flows=flows,
        attempts=attempts,
        unsure=unsure,
        packets_out=packets_out,
        packets_in=packets_in,
        bytes_out=bytes_out,
        bytes_in=bytes_in,
        first=int(rows["first"].min()),
        last=int(rows["last"].max()),
        evidence=tuple(_seen(row, captures) for row in rows[:STEPS]),
    )


def _state(place: int) -> ConduitState:
    return ConduitState.USED if place < ATTEMPTED else ConduitState.ATTEMPTED


def _service(row: NDArray, captures: Sequence[str]) -> Service:
    spoken, transport = LABELS.get(int(row["application"])), int(row["transport"])
    return Service(
        protocol=spoken,
        transport="ethernet" if transport == ETHERNET else transport_text(transport),
        port=None if transport in WITHOUT_PORTS else int(row["port"]) or None,
        grade=Grade.B if spoken else Grade.D,
        state=_state(int(row["state"])),
        flows=int(row["flows"]),
        packets_out=int(row["packets_out"]),
        packets_in=int(row["packets_in"]),
        bytes_out=int(row["bytes_out"]),
        bytes_in=int(row["bytes_in"]),
        first=int(row["first"]),
        last=int(row["last"]),
        where=_where(row, captures),
    )


def _seen(row: NDArray, captures: Sequence[str]) -> Evidence:
    """Say that the flow that proves most was seen."""
    transport = int(row["transport"])
    if int(row["application"]) >= LAN_CODES:  # a broken IP header may bear the number that stands for Ethernet
        stations = ((key, mac_text(int(row[f"{key}_lo"]))) for key in ("initiator", "responder"))
        protocol = LABELS[int(row["application"])]
        told = (*stations, ("protocol", protocol), ("packets", str(int(row["packets_out"]))))
        return Evidence("observed", "frames-seen", told, _where(row, captures))
    values = (
        ("initiator", address_text(int(row["initiator_hi"]), int(row["initiator_lo"]))),
        ("responder", address_text(int(row["responder_hi"]), int(row["responder_lo"]))),
        ("port", str(int(row["port"]))),
        ("transport", transport_label(transport)),
        ("state", PROVES[int(row["state"])].name.lower()),
    )
    return Evidence("observed", "flow-seen", values, _where(row, captures))


def _where(row: NDArray, captures: Sequence[str]) -> Where:
    return Where(captures[int(row["capture"])], int(row["frame"]))
