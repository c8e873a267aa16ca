"""Nothing in, what one analysis heard out: the tables of it, complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Certificate


class Heard(NamedTuple):
    """The tables of one analysis, complete."""

    flows: Rows
    names: Names
    named: Rows
    questions: Rows
    answers: Rows
    claims: Rows
    senders: Rows
    openings: Rows
    hellos: Rows
    fingerprints: Sequence[str]
    mirrors: Rows
    tunnels: Rows
    errors: Rows
    lan: Rows
    commands: Rows
    hinted: Rows
    beats: tuple[Rows, Rows]
    """Of ``rhythms.BEAT`` and of ``rhythms.RHYTHM``."""
    certificates: tuple[Certificate, ...]
    shown: Rows
    stops: dict[str, int]
    """Packets by ``Stop``, those used among them."""
    notes: dict[str, int]
    """What was looked at and could not be read, or not kept."""
    unread_links: dict[int, int]
    """Packets whose link type is not read, by link type."""
