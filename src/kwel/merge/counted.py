"""Rows that count something in several parts in, each once with the sum out: stations, mirrors, commands, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.grouping import first_seen, packed
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

LAN_KEY: Final = ("source", "destination", "vlan", "tunnel", "protocol", "side")
MIRROR_KEY: Final = ("source_hi", "source_lo", "collector_hi", "collector_lo", "tunnel", "vlan")
COMMAND_KEY: Final = ("half", "code", "application")
NOTED_AGAIN: Final = (
    NameSource.QUIC_SNI, NameSource.DTLS_SNI, NameSource.HTTP_CONNECT, NameSource.HTTP_HOST, NameSource.SOCKS,
    NameSource.DNS, NameSource.MDNS, NameSource.LLMNR, NameSource.TLS_CERTIFICATE,
)  # fmt: skip
"""Sources of which a name that a flow bears already is not noted once more; the kernel notes each TLS ClientHello."""


def merge_counted(rows: Rows, key: tuple[str, ...], sums: tuple[str, ...], frame: str) -> Rows:
    """Return one row a *key*, with the *sums* of its columns, from its first time to its last."""
    if not len(rows):
        return rows
    of, first = first_seen(*(rows[name] for name in key))
    if len(first) == len(rows):
        return rows
    merged: Rows = rows[first].copy()
    for name in sums:
        total = np.zeros(len(first), rows.dtype[name])
        np.add.at(total, of, rows[name])
        merged[name] = total
    if "last" in (rows.dtype.names or ()):
        last, begin = merged["last"].copy(), merged["first"].copy()
        np.maximum.at(last, of, rows["last"])
        np.minimum.at(begin, of, rows["first"])
        merged["last"], merged["first"] = last, begin
    kept = np.flatnonzero((rows[frame] > 0) & (merged[frame] == 0)[of])[::-1]
    merged[frame][of[kept]], merged["capture"][of[kept]] = rows[frame][kept], rows["capture"][kept]
    return merged


def merge_commands(traffic: Traffic, *, is_proven: bool) -> Rows:
    """Return what each side of a flow asked for: of flows that turned out to speak so, or that only look like it."""
    rows = np.concatenate([traffic.commands, traffic.hinted])
    spoken = traffic.flows["application"][rows["half"] >> 1]
    rows = rows[rows["application"] == spoken] if is_proven else rows[spoken == Application.UNKNOWN]
    merged = merge_counted(rows[np.argsort(rows["first"], kind="stable")], COMMAND_KEY, ("count",), "frame")
    return merged[np.argsort(merged["half"], kind="stable")]


def merge_names_seen(named: Rows, row_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which names seen are kept: not what a flow bore last already where parts meet. *row_of*: part's flows."""
    kept = np.ones(len(named), np.bool_)
    if not len(named):
        return kept
    order = np.argsort(named["flow"], kind="stable")
    rows, of = named[order], row_of[order]
    again = (rows["flow"][1:] == rows["flow"][:-1]) & (rows["name"][1:] == rows["name"][:-1])
    again &= (of[1:] != of[:-1]) & np.isin(rows["source"][1:], NOTED_AGAIN)
    kept[order[1:][again]] = False
    certified = np.flatnonzero(named["source"] == NameSource.TLS_CERTIFICATE)
    _, first = np.unique(packed(named["flow"][certified]), return_index=True) if len(certified) else (None, certified)
    kept[certified] = False
    kept[certified[first]] = True
    return kept
