"""Proofs that an interface sent nothing in, one proof of them together out; and what in it is not proved."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from kwel.model.window import MAY_BE_UNKNOWN, Check, Proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NEAR: Final = 1_000_000_000
"""Nanoseconds: what lies between two proofs, or two windows, that follow on one another is nothing that was missed."""
NOTHING_SENT: Final = "nothing-sent"
"""Key of the check whose value is the count of frames that were sent."""
OF_A_MOMENT: Final = frozenset({"self-test-refused", "sealed", "seal-test-refused"})
"""Keys of checks that are made when an interface is locked, and while a process hears: one proof of many may have them,
where every other check is of a state and counts only if each proof looked."""
MUST_BE: Final = ("self-test-refused",)
"""Checks without which nothing is proved: where one is not there at all, nobody has made it."""
RANK: Final = {False: 0, None: 1, True: 2}
"""How well a check came out: one that failed says more than one that could not be made."""


def unproved(checks: Iterable[Check]) -> tuple[str, ...]:
    """Return the keys of what lets an interface send, and of what matters and was not looked at, or is not there."""
    found = tuple(checks)
    there = {check.key for check in found}
    wrong = (one.key for one in found if not (one.holds or (one.holds is None and one.key in MAY_BE_UNKNOWN)))
    return (*wrong, *(key for key in MUST_BE if key not in there))


def prove(checks: Sequence[Check]) -> bool:
    """Return whether nothing that was looked at lets an interface send, and nothing that matters was not looked at."""
    return not unproved(checks)


def together(proofs: Iterable[Proof]) -> Proof | None:
    """Return one proof of all the time from the first to the last; ``None`` where there is none.

    All are of one interface. A check holds where it always did; one that a proof lacks was not looked at then. A frame
    is counted once: proofs that overlap may have counted the same ones, so of those the most that proofs tell which do
    not overlap. Where one count is not known, neither is a sum of 0; but what was counted stays.
    """
    found = sorted(dict.fromkeys(proofs), key=_span)
    if not found:
        return None
    sent, stopped = _counted(found, "sent"), _counted(found, "stopped")
    checks: dict[str, Check] = {}
    for check in (check for proof in found for check in proof.checks):
        had = checks.get(check.key)
        if had is None or RANK[check.holds] <= RANK[had.holds]:
            checks[check.key] = check
    for key in checks.keys() - OF_A_MOMENT - _keys_of_all(found):
        if checks[key].holds:
            checks[key] = Check(key, None)
    if sent is not None and NOTHING_SENT in checks:
        checks[NOTHING_SENT] = checks[NOTHING_SENT]._replace(value=str(sent))
    until = max(_span(proof)[1] for proof in found)
    return Proof(found[0].interface, _span(found[0])[0], until, sent, stopped, tuple(checks.values()))


def spells(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    """Return proofs without a break: those of one interface that overlap or follow on one another become one.

    Time between two proofs is in neither.
    """
    runs: dict[str, list[list[Proof]]] = {}
    ends: dict[str, int] = {}
    for proof in sorted(proofs, key=_span):
        (since, until), of = _span(proof), runs.setdefault(proof.interface, [])
        if of and since - ends[proof.interface] <= NEAR:
            of[-1].append(proof)
        else:
            of.append([proof])
        ends[proof.interface] = max(until, ends.get(proof.interface, until))
    made = (together(run) for of in runs.values() for run in of)
    return tuple(proof for proof in made if proof)


def _keys_of_all(proofs: Sequence[Proof]) -> set[str]:
    """Return the keys of the checks that every proof has."""
    return set.intersection(*({check.key for check in proof.checks} for proof in proofs))


def _span(proof: Proof) -> tuple[int, int]:
    """Return when a proof begins and ends, also where the clock was set back meanwhile."""
    return min(proof.since, proof.until), max(proof.since, proof.until)


def _counted(proofs: Sequence[Proof], key: str) -> int | None:
    """Return the most that proofs tell which do not overlap: of those up to each end, one after another."""
    told = sorted((*reversed(_span(proof)), getattr(proof, key) or 0) for proof in proofs)
    ends = [until for until, _, _ in told]
    most = [0]
    for number, (_, since, count) in enumerate(told):
        before = bisect_right(ends, since, hi=number)
        most.append(max(most[-1], most[before] + count))
    is_known = all(getattr(proof, key) is not None for proof in proofs)
    return most[-1] if is_known or most[-1] else None
