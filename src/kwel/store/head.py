"""A window in, what is to be said of it as JSON out; and the same window back, given its traffic."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from kwel.model.coverage import Coverage
from kwel.model.traffic import Capture
from kwel.model.window import Check, ClockStep, Losses, Proof, Window
from kwel.store.files import Damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.traffic import Traffic

Said = dict[str, Any]
SUM = ',"sum":"'
SUM_LENGTH = 32


def sealed(value: Mapping[str, Any]) -> bytes:
    """Return an object as one line of JSON that ends with a checksum of the rest: 128 bits of its SHA-256."""
    body = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f'{body[:-1]}{SUM}{_sum(body)}"}}\n'.encode()


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:SUM_LENGTH]


def unsealed(line: bytes) -> Said:
    """Return the object behind such a line.

    Raises:
        Damaged: the line is not whole, or not what was written.
    """
    try:
        body, _, checksum = line.decode().rpartition(SUM)
    except UnicodeDecodeError as error:
        raise Damaged("no text") from error
    body += "}"
    if checksum != f'{_sum(body)}"}}\n':
        raise Damaged("its checksum is wrong")
    value: Said = json.loads(body)
    return value


def say_window(window: Window) -> Said:
    """Return what there is to say of a window, its traffic apart."""
    return {
        "sensor": window.sensor,
        "source": window.source,
        "opened": window.opened,
        "closed": window.closed,
        "lasted": window.lasted,
        "losses": [list(loss) for loss in window.losses],
        "proofs": [list(proof) for proof in window.proofs],
        "clock_steps": [list(step) for step in window.clock_steps],
        "grade": window.grade,
    }


def say_traffic(traffic: Traffic) -> Said:
    """Return what no table of *traffic* holds: its captures, and what became of the packets.

    What is concluded from the coverage is left out: whoever concludes does so again.
    """
    coverage = traffic.coverage
    return {
        "captures": [one._asdict() for one in traffic.captures],
        "coverage": {
            "packets": coverage.packets,
            "used": coverage.used,
            "set_aside": dict(coverage.set_aside),
            "notes": dict(coverage.notes),
            "pauses": coverage.pauses,
            "unread_links": coverage.unread_links,
            "spells": coverage.spells,
        },
    }


def read_coverage(said: Said) -> Coverage:
    """Return the coverage that ``say_traffic`` told of."""
    pauses = tuple((int(begin), int(end)) for begin, end in said["pauses"])
    spells = tuple((int(begin), int(end)) for begin, end in said.get("spells", ()))
    links = tuple((str(link), int(count)) for link, count in said["unread_links"])
    counts = said["packets"], said["used"], said["set_aside"], said["notes"]
    return Coverage(*counts, pauses, unread_links=links, spells=spells)


def read_captures(said: list[Said]) -> tuple[Capture, ...]:
    """Return the captures that ``say_traffic`` told of."""
    pairs = {"links", "names", "passed_over"}
    told: list[Said] = [
        {key: tuple(map(tuple, value)) if key in pairs else value for key, value in one.items()} for one in said
    ]
    return tuple(Capture(**one) for one in told)


def read_losses(said: Said) -> tuple[Losses, ...]:
    """Return what became of the frames of each interface."""
    return tuple(Losses(*loss) for loss in said["losses"])


def read_proofs(said: Said) -> tuple[Proof, ...]:
    """Return what shows that nothing was sent."""
    return tuple(
        Proof(interface, since, until, sent, stopped, tuple(Check(*check) for check in checks))
        for interface, since, until, sent, stopped, checks in said["proofs"]
    )


def read_window(said: Said, sequence: int, traffic: Traffic) -> Window:
    """Return the window that ``say_window`` told of."""
    return Window(
        sensor=said["sensor"],
        source=said["source"],
        sequence=sequence,
        opened=said["opened"],
        closed=said["closed"],
        lasted=said["lasted"],
        traffic=traffic,
        losses=read_losses(said),
        proofs=read_proofs(said),
        clock_steps=tuple(ClockStep(*step) for step in said["clock_steps"]),
        grade=said["grade"],
    )
