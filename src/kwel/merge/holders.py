"""Claims, senders and openings of several parts in, each once out: who holds an address, and who sends for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.grouping import first_seen, packed
from kwel.model.records.syn import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MOST_OF_ONE: Final = 256
"""Addresses that are kept of one MAC, and openings of one host, as ``streams.senders`` and ``streams.openings`` do."""
NEVER: Final = np.iinfo(np.int64).max
ADDRESS: Final = ("address_hi", "address_lo", "vlan", "kind")


def merge_claims(rows: Rows, part: NDArray[np.int64]) -> Rows:
    """Return each claim once: when it was made first, made again, and made again after another one. *part*: by row."""
    if not len(rows):
        return rows
    of, first = first_seen(rows["mac"], *(rows[key] for key in ADDRESS))
    if len(first) == len(rows):
        return rows
    merged: Rows = rows[first].copy()
    last = np.zeros(len(first), np.int64)
    np.maximum.at(last, of, np.maximum(rows["last"], rows["time"]))
    merged["last"] = np.where((last > merged["time"]) | (np.bincount(of) > 1), last, merged["last"])
    _keep_frames(merged, rows, of, "time", "frame", "capture")
    holder = packed(*(rows[key] for key in ADDRESS))
    contested = np.flatnonzero(_has_several(holder, of))
    merged["returns"][of[contested]] = merged["back"][of[contested]] = 0
    merged["back_frame"][of[contested]] = merged["back_capture"][of[contested]] = 0
    for address in np.split(contested, _borders(holder, contested)) if len(contested) else []:
        _follow(merged, rows[address], of[address], part[address])
    return merged


def _has_several(holder: NDArray, of: NDArray) -> NDArray[np.bool_]:
    """Return which claims are to an address that several claim."""
    pairs = np.unique(np.stack([holder, of], axis=1), axis=0)
    values, counts = np.unique(pairs[:, 0], return_counts=True)
    return np.isin(holder, values[counts > 1])


def _borders(holder: NDArray, contested: NDArray) -> NDArray[np.int64]:
    """Sort *contested* by address, in place, and return where each but the first begins."""
    contested[:] = contested[np.argsort(holder[contested], kind="stable")]
    return np.flatnonzero(holder[contested][1:] != holder[contested][:-1]) + 1


def _follow(merged: Rows, rows: Rows, of: NDArray, part: NDArray) -> None:
    """Follow who claims one address through the parts, and note who came back after another one.

    A part tells when each claimed it first, last, and last after another one; who is first of a part comes back if
    another one was last in the parts before.
    """
    held, known = -1, set[int]()
    for number in np.unique(part):
        here = np.flatnonzero(part == number)
        here = here[np.argsort(rows["time"][here], kind="stable")]
        for place in here.tolist():
            mine, row = int(of[place]), rows[place]
            whole = merged[mine]
            if mine in known and held != mine:
                whole["returns"] += 1
                whole["back"], whole["back_frame"], whole["back_capture"] = row["time"], row["frame"], row["capture"]
            if row["returns"]:
                whole["returns"] += row["returns"]
                for key in ("back", "back_frame", "back_capture"):
                    whole[key] = row[key]
            known.add(mine)
            held = mine
        held = int(of[here[np.argmax(np.maximum(rows["last"], rows["time"])[here])]])


def _keep_frames(merged: Rows, rows: Rows, of: NDArray, time: str, frame: str, capture: str) -> None:
    """Let merged rows cite the first frame that was kept, where that of the first row was not."""
    lost = merged[frame] == 0
    if not lost.any():
        return
    kept = np.flatnonzero((rows[frame] > 0) & lost[of])[::-1]
    merged[frame][of[kept]], merged[capture][of[kept]] = rows[frame][kept], rows[capture][kept]
    if time != "time":
        merged[time][of[kept]] = rows[time][kept]


def merge_senders(rows: Rows) -> Rows:
    """Return each pair of MAC and address once, with all that was looked at of it."""
    if not len(rows):
        return rows
    of, first = first_seen(rows["mac"], rows["address_hi"], rows["address_lo"], rows["vlan"])
    merged = rows[first].copy()
    if len(first) < len(rows):
        last = np.zeros(len(first), np.int64)
        np.maximum.at(last, of, rows["last"])
        merged["last"] = last
        packets = np.zeros((len(first), 4), np.uint64)
        np.add.at(packets, of, rows["packets"].astype(np.uint64))
        merged["packets"] = np.minimum(packets, 0xFFFFFFFF)
        lowest = np.full((len(first), 4), 255, np.uint8)
        np.minimum.at(lowest, of, np.where(rows["packets"] > 0, rows["lowest"], 255))
        merged["lowest"] = np.where(merged["packets"] > 0, lowest, 0)
        highest = np.zeros((len(first), 4), np.uint8)
        np.maximum.at(highest, of, rows["highest"])
        merged["highest"] = highest
        _keep_frames(merged, rows, of, "time", "frame", "capture")
        _keep_frames(merged, rows, of, "link_time", "link_frame", "link_capture")
    kept: Rows = merged[_first_of_each(packed(merged["mac"], merged["vlan"]))]
    return kept


def merge_openings(rows: Rows) -> Rows:
    """Return the first openings of each host, as client and as server."""
    if not len(rows):
        return rows
    return rows[
        _first_of_each(packed(rows["source_hi"], rows["source_lo"], rows["vlan"], rows["notes"] & Shape.ANSWER))
    ]


def _first_of_each(key: NDArray) -> NDArray[np.bool_]:
    """Return which rows are among the first of those with the same *key*."""
    order = np.argsort(key, kind="stable")
    begins = np.ones(len(key), np.bool_)
    begins[1:] = key[order][1:] != key[order][:-1]
    starts = np.flatnonzero(begins)
    rank = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    kept = np.empty(len(key), np.bool_)
    kept[order] = rank < MOST_OF_ONE
    return kept
