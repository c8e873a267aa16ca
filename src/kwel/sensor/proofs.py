"""What the one who holds the lock sees in, lines in a file out; and of the time of a window, the proof of it again."""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from kwel.model.window import Check, Proof

if TYPE_CHECKING:
    from pathlib import Path

RANK = {False: 0, None: 1, True: 2}
MOST = 20_000
"""Lines that a file of proofs keeps: more than two days at one every ten seconds."""


def append(path: Path, proof: Proof) -> None:
    """Add a proof to a file; where it has grown too long, only its newer half stays.

    Raises:
        OSError: it cannot be written.
    """
    line = json.dumps([*proof[:-1], [list(check) for check in proof.checks]])
    with open(path, "a") as file:
        file.write(f"{line}\n")
    if os.path.getsize(path) > MOST * 1024:
        lines = path.read_bytes().splitlines(keepends=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(b"".join(lines[len(lines) // 2 :]))
        os.replace(beside, path)


def between(path: Path, interface: str, opened: int, closed: int) -> Proof | None:
    """Return the proof of the time from *opened* to *closed*, put together of those that overlap it."""
    found: deque[Proof] = deque(maxlen=MOST)
    with suppress(OSError), open(path) as file:
        for line in file:
            proof = _read(line, interface)
            if proof and proof.until > opened and proof.since < closed:
                found.append(proof)
    if not found:
        return None
    sent = [one.sent for one in found if one.sent is not None]
    stopped = [one.stopped for one in found if one.stopped is not None]
    checks: dict[str, Check] = {}
    for one in found:
        for check in one.checks:  # of several, the worst: what failed once, failed; what was once not seen, was not
            had = checks.get(check.key)
            if had is None or RANK[check.holds] <= RANK[had.holds]:
                checks[check.key] = check
    return Proof(
        interface,
        found[0].since,
        found[-1].until,
        sum(sent) if sent else None,
        sum(stopped) if stopped else None,
        tuple(checks.values()),
    )


def _read(line: str, interface: str) -> Proof | None:
    """Return the proof in a line; ``None`` where it is another interface's, or a power cut has damaged it."""
    try:
        whose, since, until, sent, stopped, checks = json.loads(line)
        proof = Proof(interface, since, until, sent, stopped, tuple(Check(*check) for check in checks))
    except (ValueError, TypeError):
        return None
    return proof if whose == interface else None
