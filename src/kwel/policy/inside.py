"""Builds the contacts inside the plant: traffic between zones, and commands from asset to asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.model.dependencies import DependencyState
from kwel.policy.contacts import INBOUND, INSIDE, KEYS, OUTBOUND, UNKNOWN, Doubt, Names, Part
from kwel.policy.leaving import spelt
from kwel.policy.values import HostFacts, level, service_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kwel.policy.contacts import Value, Values
    from kwel.policy.values import AssetFacts

Row = dict[str, "Values"]
Subject = tuple[str, str, str, str]
SHARED = ("assets", "kinds", "roles", "zones", "levels")
"""Keys that both sides have; those of the other begin with ``to_``."""
AND_MORE = "…"


class ConduitRow(NamedTuple):
    """A conduit between two zones of the plant; where there are two of something, of both sides."""

    zones: tuple[str, str]
    levels: tuple[str | None, str | None]
    proposed: tuple[bool, bool]
    """Whether the level is only proposed."""
    assets: tuple[tuple[str, ...], tuple[str, ...]]
    """Ids of the first ones."""
    counts: tuple[int, int]
    unproven: bool
    """Whether no packet proves who begins."""
    services: tuple[tuple[str | None, str, int | None, str, str], ...]
    """Protocol, transport, port, state, frame."""
    left_out: int
    frames: tuple[str, ...]


class CommandRow(NamedTuple):
    """Commands of one class that one address sent to another."""

    source: tuple[str | None, str, bool]
    """Asset id, address, and whether it lies outside."""
    target: tuple[str | None, str, bool]
    protocol: str
    kind: str
    names: tuple[str, ...]
    is_answered: bool
    frames: tuple[str, ...]


def conduit_part(conduits: Sequence[ConduitRow], assets: Sequence[AssetFacts], *, count: bool) -> Part:
    """Return one contact a conduit and service; services that are not told one by one are one more."""
    by_id = {asset.id: asset.values(count=count) for asset in assets}
    rows: list[Row] = []
    subjects: list[Subject] = []
    frames: list[tuple[str, ...]] = []
    for of in conduits:
        sides = [_side(of, side, by_id, count=count) for side in (0, 1)]
        both: Row = {**sides[0], **{f"to_{key}": sides[1][key] for key in SHARED}}
        # Where nobody knows who begins, each side may be either.
        both["direction"] = (INSIDE,)
        if of.unproven:
            for key in SHARED:
                both[key], both[f"to_{key}"] = _either(both[key], both[f"to_{key}"])
        for protocol, transport, port, state, frame in of.services:
            spoken, at = service_values(protocol, transport, port)
            rows.append({**both, "protocols": spoken, "ports": at, "states": (state,)})
            subjects.append((of.zones[0], of.zones[0], of.zones[1], spelt(protocol, transport, port)))
            frames.append((frame, *of.frames))
        if of.left_out:
            rows.append({**both, "protocols": UNKNOWN, "ports": UNKNOWN, "states": UNKNOWN})
            subjects.append((of.zones[0], of.zones[0], of.zones[1], f"+{of.left_out}"))
            frames.append(of.frames)
    return _part(rows, subjects, frames, is_command=False)


def _either(one: Values, other: Values) -> tuple[Values, Values]:
    if one == other:
        return one, other
    words = tuple(value for value in (*one, *other) if isinstance(value, str))
    doubt = (Doubt(words if len(words) == len(one) + len(other) else ()),)
    return doubt, doubt


def _side(of: ConduitRow, side: int, by_id: Mapping[str, Row], *, count: bool) -> Row:
    members = [by_id[name] for name in of.assets[side] if name in by_id]
    rest: tuple[Value, ...] = () if len(members) == of.counts[side] and members else (Doubt(),)

    def parties(key: str) -> Values:
        return tuple(dict.fromkeys((*(value for member in members for value in member[key]), *rest)))

    return {
        **{key: parties(key) for key in ("assets", "kinds", "roles", "owners", "criticalities")},
        "zones": (of.zones[side],),
        "levels": level(of.levels[side], proposed=of.proposed[side], count=count),
    }


def command_part(
    commands: Sequence[CommandRow], assets: Sequence[AssetFacts], ends: Mapping[str, HostFacts], *, count: bool
) -> Part:
    """Return one contact a command; *ends* are addresses outside of which something is known."""
    by_id = {asset.id: asset.values(count=count) for asset in assets}
    labels = {asset.id: asset.label for asset in assets}
    rows: list[Row] = []
    subjects: list[Subject] = []
    frames: list[tuple[str, ...]] = []
    for of in commands:
        if of.source[2] and of.target[2]:
            continue  # neither is of the plant
        inbound = of.source[2]
        own, other = (of.target, of.source) if inbound else (of.source, of.target)
        row = {**_own(own, by_id), "protocols": (of.protocol,), "ports": UNKNOWN, "commands": (of.kind,)}
        row["states"] = (DependencyState.USED.value if of.is_answered else DependencyState.ATTEMPTED.value,)
        if other[2]:
            row["direction"] = (INBOUND if inbound else OUTBOUND,)
            row |= {**ends.get(other[1], HostFacts()).values(), "hosts": (Names((other[1],)),)}
        else:
            row["direction"] = (INSIDE,)
            row |= {f"to_{key}": values for key, values in _own(other, by_id).items() if key in SHARED}
        rows.append(row)
        name = own[0] or own[1]
        what = f"{of.protocol} {of.kind}: {', '.join(of.names[:3])}{AND_MORE if len(of.names) > 3 else ''}"
        subjects.append((name, labels.get(name, name), labels.get(other[0] or "", other[1]), what))
        frames.append(of.frames)
    return _part(rows, subjects, frames, is_command=True)


def _own(end: tuple[str | None, str, bool], by_id: Mapping[str, Row]) -> Row:
    """Return what is known of one end; of a group of hosts, only its address."""
    known = by_id.get(end[0] or "")
    if known is None:
        return {**dict.fromkeys(("kinds", "roles", "zones", "levels"), UNKNOWN), "assets": (Names((end[1],)),)}
    return dict(known)


def _part(rows: list[Row], subjects: list[Subject], frames: list[tuple[str, ...]], *, is_command: bool) -> Part:
    numbers = np.arange(len(rows))
    columns = {key: ([row.get(key, ()) for row in rows], numbers) for key in KEYS}
    subject: Callable[[int], Subject] = subjects.__getitem__
    return Part(len(rows), columns, is_command, subject, lambda row: tuple(dict.fromkeys(frames[row])))
