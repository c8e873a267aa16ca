"""Traffic in, the same traffic out that cites its frames in another file: counted on, or not at all."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.model.traffic import Capture
from kwel.store.files import Damaged
from kwel.store.schema import SHAPES

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

SECTION = 0x0A0D0D0A
PACKETS = {2, 3, 6}
"""Blocks that hold a frame: the obsolete Packet Block, the Simple and the Enhanced Packet Block
(draft-ietf-opsawg-pcapng sections 4.3 and 4.4, appendix A)."""


def count_frames(path: Path) -> int:
    """Return how many frames a pcapng file holds, as Wireshark numbers them.

    Raises:
        Damaged: it is no pcapng file, or not whole.
        OSError: it cannot be read.
    """
    data: Any = np.memmap(path, np.uint8, "r") if path.stat().st_size else b""
    view, at, count, order = memoryview(data), 0, 0, ""
    while at < len(view):
        if at + 12 > len(view):
            raise Damaged(f"{path}: it ends within a block")
        (kind,) = struct.unpack_from("<I", view, at)
        if kind == SECTION:
            order = "<" if view[at + 8] == 0x4D else ">"
        elif not order:
            raise Damaged(f"{path}: it does not begin as pcapng does")
        kind, length = struct.unpack_from(f"{order}II", view, at)
        if length < 12 or length % 4 or at + length > len(view):
            raise Damaged(f"{path}: a block at byte {at} is not whole")
        count += kind in PACKETS
        at += length
    return count


def cited_in(traffic: Traffic, name: str, shift: int | None) -> Traffic:
    """Return traffic whose frames all lie in one file.

    Args:
        traffic: with a single capture, or with several that were cited in one file each after the other before.
        name: of the file.
        shift: how many frames stand before these in the file; ``None``: none of these is kept, and each is 0.
    """
    rows = {key: _renumbered(getattr(traffic, key), shape.frames, shift) for key, shape in SHAPES.items()}
    observed = tuple(
        replace(one, where=replace(one.where, capture=name, frame=_number(one.where.frame, shift)))
        for one in traffic.observed
    )
    captures = (_one_capture(traffic.captures, name),)
    return replace(traffic, captures=captures, observed=observed, **rows)


def _number(frame: int, shift: int | None) -> int:
    return frame + shift if frame and shift is not None else 0


def _renumbered(rows: Any, frames: Any, shift: int | None) -> Any:
    if not len(rows) or not frames:
        return rows
    rows = rows.copy()
    for frame, capture in frames.items():
        rows[capture] = 0
        rows[frame] = 0 if shift is None else np.where(rows[frame] > 0, rows[frame] + np.uint32(shift), 0)
    return rows


def _one_capture(captures: tuple[Capture, ...], name: str) -> Capture:
    """Return what several captures come to as one file."""
    if not captures:
        return Capture(name, "pcapng", 0, None, 0, None, None, (), None, None)
    links: dict[str, int] = {}
    passed: dict[str, int] = {}
    for one in captures:
        for told, counts in ((links, one.links), (passed, one.passed_over)):
            for key, count in counts:
                told[key] = told.get(key, 0) + count
    firsts = [one.first for one in captures if one.first is not None]
    lasts = [one.last for one in captures if one.last is not None]
    dropped = [one.dropped for one in captures if one.dropped is not None]
    return captures[0]._replace(
        name=name,
        bytes=sum(one.bytes for one in captures),
        sha256=captures[0].sha256 if len(captures) == 1 else None,
        packets=sum(one.packets for one in captures),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        links=tuple(links.items()),
        dropped=sum(dropped) if dropped else None,
        problem=next((one.problem for one in captures if one.problem), None),
        unread_bytes=sum(one.unread_bytes for one in captures),
        names=tuple(dict.fromkeys(pair for one in captures for pair in one.names)),
        names_left_out=sum(one.names_left_out for one in captures),
        passed_over=tuple(passed.items()),
    )
