"""A record type in, how each of its fields is spelt in a stored table out: addresses, times, names, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kwel.model.kinds import Application, Asked, Lan, LanSide, RecordKind
from kwel.model.records import activity, bindings, columns, quoted, syn
from kwel.model.records.columns import ClaimKind, Direction, Ech, NameSource, State
from kwel.model.transports import KEYWORDS

if TYPE_CHECKING:
    import enum
    from collections.abc import Mapping

    import numpy as np

VERSION = 1
"""Of the layout of a stored window. What an older one needs to be read stands in ``migrations``."""


class Shape(NamedTuple):
    """How the rows of one record type are spelt. A field that is named nowhere stays the number that it is."""

    rows: np.dtype
    """Its record type. Two fields ``x_hi`` and ``x_lo`` become one column ``x``: the address as text."""
    moments: tuple[str, ...] = ()
    """Nanoseconds since the epoch: times in UTC; 0 is not known."""
    names: tuple[str, ...] = ()
    """Indexes into the names of the analysis: the names; 0 is none."""
    macs: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[int, str]] = {}
    """Numbers that stand for something: what they are called; a number that has no name stays itself, as text."""
    fingerprints: tuple[str, ...] = ()
    """Indexes into the fingerprints of ClientHellos: the fingerprints; 0 is none."""
    absent: tuple[str, ...] = ()
    """Addresses that may be absent: two halves of 0 are none, and not ``::``."""
    frames: Mapping[str, str] = {}
    """Fields that number a frame, and the field that tells in which capture it lies."""


def _labels(kind: type[enum.IntEnum]) -> dict[int, str]:
    return {int(member): member.name.lower().replace("_", "-") for member in kind}


NAME_SOURCES = _labels(NameSource)
APPLICATIONS = _labels(Application)

SHAPES: dict[str, Shape] = {
    "flows": Shape(
        columns.FLOW,
        moments=("first", "last"),
        names=("name",),
        labels={
            "transport": KEYWORDS,
            "name_source": NAME_SOURCES,
            "state": _labels(State),
            "direction": _labels(Direction),
            "application": APPLICATIONS,
        },
        frames={"first_frame": "capture", "name_frame": "capture"},
    ),
    "named": Shape(columns.NAME, ("time",), ("name",), labels={"source": NAME_SOURCES}, frames={"frame": "capture"}),
    "answers": Shape(
        columns.ANSWER,
        moments=("time",),
        names=("question", "owner", "target", "outer"),
        labels={"kind": _labels(RecordKind)},
        absent=("address",),
        frames={"frame": "capture"},
    ),
    "questions": Shape(
        columns.QUESTION,
        moments=("time", "answered"),
        names=("name",),
        labels={"kind": _labels(RecordKind), "state": _labels(Asked)},
        frames={"frame": "capture"},
    ),
    "hellos": Shape(
        columns.HELLO,
        moments=("time",),
        names=("name", "alpn"),
        labels={"source": NAME_SOURCES, "ech": _labels(Ech)},
        fingerprints=("fingerprint",),
        frames={"frame": "capture"},
    ),
    "shown": Shape(columns.SHOWN, ("time",), frames={"frame": "capture"}),
    "mirrors": Shape(columns.MIRROR, frames={"first_frame": "capture"}),
    "lan": Shape(
        columns.LAN,
        moments=("first", "last"),
        macs=("source", "destination"),
        labels={"protocol": _labels(Lan), "side": _labels(LanSide)},
        frames={"first_frame": "capture"},
    ),
    "commands": Shape(
        columns.COMMAND,
        moments=("first", "last"),
        labels={"application": APPLICATIONS},
        frames={"frame": "capture"},
    ),
    "claims": Shape(
        bindings.CLAIM,
        moments=("time", "last", "back"),
        macs=("mac",),
        labels={"kind": _labels(ClaimKind)},
        frames={"frame": "capture", "back_frame": "back_capture"},
    ),
    "senders": Shape(
        bindings.SENDER,
        moments=("time", "last", "link_time"),
        macs=("mac",),
        frames={"frame": "capture", "link_frame": "link_capture"},
    ),
    "openings": Shape(syn.OPENING, moments=("time",), frames={"frame": "capture"}),
    "beats": Shape(activity.BEAT, frames={"frame": "capture", "began_frame": "began_capture"}),
    "hinted": Shape(
        columns.COMMAND,
        moments=("first", "last"),
        labels={"application": APPLICATIONS},
        frames={"frame": "capture"},
    ),
    "tunnels": Shape(columns.MIRROR, frames={"first_frame": "capture"}),
    "errors": Shape(quoted.QUOTED, moments=("time",), labels={"transport": KEYWORDS}, frames={"frame": "capture"}),
    "rhythms": Shape(
        activity.RHYTHM,
        moments=("since", "until"),
        frames={"before": "before_capture", "after": "after_capture"},
    ),
}
"""By the name of the field of ``Traffic`` that holds the rows."""

REPEATS = "repeats"
"""Column of ``flows`` where they were condensed: how many flows a row stands for."""
