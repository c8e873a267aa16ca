"""What was on the wire: the nouns between reading and judging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.model.records.activity import BEAT, RHYTHM
from kwel.model.records.bindings import SENDER
from kwel.model.records.columns import COMMAND, HELLO, LAN, MIRROR, QUESTION, SHOWN
from kwel.model.records.quoted import QUOTED
from kwel.model.records.syn import OPENING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.model.claims import Observed
    from kwel.model.coverage import Coverage
    from kwel.model.names import Names
    from kwel.model.records.columns import Rows


class Capture(NamedTuple):
    """One capture file, as it was read."""

    name: str
    """File name without folders, or ``-``; made unique within one analysis."""
    format: str
    """``pcap``, ``pcapng``; with ``.gz`` or ``.zst`` where packed."""
    bytes: int
    sha256: str | None
    """Of the file as it lies on disk; ``None`` for standard input, and where hashing was not asked for."""
    packets: int
    first: int | None
    last: int | None
    links: tuple[tuple[str, int], ...]
    """Link type and packets of it."""
    dropped: int | None
    """Packets that the capturing machine says it lost; ``None`` where it does not say."""
    problem: str | None
    """One line: why the file was not read, or not read to its end."""
    unread_bytes: int = 0
    names: tuple[tuple[str, str], ...] = ()
    """Addresses and the names that the file itself gives them: what the capturing machine believed."""
    names_left_out: int = 0
    """Names in the file that are none, or for which there was no room."""
    passed_over: tuple[tuple[str, int], ...] = ()
    """Sorts of block that were not read, and how many of each: ``custom``, ``secrets``, ``events``, ``unknown``."""
    kind: str = "packets"
    """``packets``, or the probe that wrote the log: ``zeek``, ``eve``, ``nfdump``, ``ipfix``, ``netflow``."""
    lines: int = 0
    """Of a log: lines, or records, that were read. What a row calls a frame is then the number of such a line."""

    @property
    def is_log(self) -> bool:
        """Return whether it is the word of another probe, and holds no frames."""
        return self.kind != "packets"


class Certificate(NamedTuple):
    """An X.509 certificate (RFC 5280) as somebody showed it; nobody checked its signature."""

    subject: str
    """Common name; empty where it has none."""
    names: tuple[str, ...]
    """DNS names and addresses of the subject alternative name, as they stand there."""
    issuer: str
    """Organisation, else common name, of whoever signed it."""
    sha256: str
    """Of its DER bytes, hexadecimal: what Wireshark and browsers show."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was on the wire: the output of the kernel and the dissectors, the input of all judgement."""

    captures: tuple[Capture, ...]
    flows: Rows
    """Of ``columns.FLOW``."""
    names: Names
    named: Rows
    """Of ``columns.NAME``: every name seen on a flow."""
    answers: Rows
    """Of ``columns.ANSWER``."""
    claims: Rows
    """Of ``ownership.CLAIM``: distinct pairs of MAC and address."""
    observed: tuple[Observed, ...]
    coverage: Coverage
    hellos: Rows = field(default_factory=lambda: np.zeros(0, HELLO))
    """Of ``columns.HELLO``: every ClientHello."""
    fingerprints: Sequence[str] = ("",)
    """JA4 of the distinct shapes of ClientHello; 0 is none."""
    certificates: tuple[Certificate, ...] = ()
    """Distinct certificates."""
    shown: Rows = field(default_factory=lambda: np.zeros(0, SHOWN))
    """Of ``columns.SHOWN``: where certificates were shown."""
    questions: Rows = field(default_factory=lambda: np.zeros(0, QUESTION))
    """Of ``columns.QUESTION``: what was asked of the DNS."""
    mirrors: Rows = field(default_factory=lambda: np.zeros(0, MIRROR))
    """Of ``columns.MIRROR``: mirror sessions that the captures hold."""
    lan: Rows = field(default_factory=lambda: np.zeros(0, LAN))
    """Of ``columns.LAN``: who sent what to whom on the local network without IP."""
    commands: Rows = field(default_factory=lambda: np.zeros(0, COMMAND))
    """Of ``columns.COMMAND``: what sides of flows asked for in protocols of the plant."""
    senders: Rows = field(default_factory=lambda: np.zeros(0, SENDER))
    """Of ``ownership.SENDER``: which MAC sent packets of which address."""
    openings: Rows = field(default_factory=lambda: np.zeros(0, OPENING))
    """Of ``openings.OPENING``: how hosts opened and accepted connections."""
    beats: Rows = field(default_factory=lambda: np.zeros(0, BEAT))
    """Of ``rhythms.BEAT``, two a flow: when each direction was heard last. Empty where only flows were asked for."""
    rhythms: Rows = field(default_factory=lambda: np.zeros(0, RHYTHM))
    """Of ``rhythms.RHYTHM``: where directions of flows fell silent."""
    hinted: Rows = field(default_factory=lambda: np.zeros(0, COMMAND))
    """Of ``columns.COMMAND``: of flows that only look so far as if they spoke so; the next part may prove it."""
    tunnels: Rows = field(default_factory=lambda: np.zeros(0, MIRROR))
    """Of ``columns.MIRROR``: all tunnels that carry Ethernet frames, the ``mirrors`` and what may yet be one."""
    errors: Rows = field(default_factory=lambda: np.zeros(0, QUOTED))
    """Of ``quoting.QUOTED``: ICMP errors about flows that no packet here is of."""
    repeats: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    """How many connections each row of the flows stands for, see ``joining.condense``; empty where each is one."""

    @property
    def weights(self) -> NDArray[np.int64]:
        """How many connections each row of the flows stands for."""
        return self.repeats.astype(np.int64) if len(self.repeats) else np.ones(len(self.flows), np.int64)
