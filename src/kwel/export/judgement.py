"""A judgement in, what a person reads at a terminal or a program reads as JSON out."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kwel.export.cells import visible
from kwel.model.limits import Decision, Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TextIO

    from kwel.model.limits import Exemption, Judged, Judgement

SHOWN: Final = (Decision.BREACH, Decision.UNDECIDED, Decision.WARNING, Decision.EXCEPTED)
"""Decisions of which contacts are listed; of those that are allowed there may be a million."""
ROWS: Final = 500
"""Rows on a terminal."""
WIDEST: Final = 46
MOST: Final = 10_000
"""Contacts in a JSON report; ``kwel check --json`` has all."""


def summary(judgement: Judgement) -> dict[str, Any]:
    """Return everything but the contacts."""
    policy = judgement.policy
    return {
        "result": judgement.result.value,
        "policy": {"file": policy.file, "sha256": policy.sha256, "title": policy.title._asdict()},
        "day": judgement.day,
        "coverage": {
            "grade": judgement.coverage,
            "asked": policy.coverage,
            "shortcomings": list(judgement.shortcomings),
            "unread": list(judgement.unread),
            "empty": judgement.is_empty,
        },
        "counts": {decision.value: judgement.count(decision) for decision in Decision},
        "undecided_means": policy.undecided,
        "expired": [_exemption(of) for of in judgement.expired],
    }


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """Return what a JSON report has of it: everything but what is allowed, of that the first."""
    rows = [row(of) for _, of in zip(range(MOST), judgement.rows(*SHOWN), strict=False)]
    left = sum(judgement.count(decision) for decision in SHOWN) - len(rows)
    return {**summary(judgement), "contacts": rows, "contacts_left_out": left}


def row(of: Judged) -> dict[str, Any]:
    """Return one contact."""
    return {
        "decision": of.decision.value,
        "rule": of.rule,
        "action": of.action.value,
        "kind": of.kind,
        "direction": of.direction,
        "asset": of.asset,
        "asset_label": of.asset_label,
        "destination": of.destination,
        "what": of.what,
        "because": dict(of.because),
        "open": list(of.open),
        "exception": _exemption(of.exemption) if of.exemption else None,
        "evidence": list(of.evidence),
    }


def _exemption(of: Exemption) -> dict[str, Any]:
    return {
        "number": of.number,
        "rule": of.rule,
        "owner": of.owner,
        "reason": of.reason,
        "ticket": of.ticket,
        "begins": of.begins,
        "expires": of.expires,
    }


def write_json(judgement: Judgement, out: BinaryIO) -> None:
    """Write one JSON object; contacts one by one, for there may be many."""
    out.write(json.dumps(summary(judgement), indent=1).removesuffix("\n}").encode())
    out.write(b',\n "contacts": [')
    before = "\n  "
    for judged in judgement.rows(*SHOWN):
        out.write((before + json.dumps(row(judged))).encode())
        before = ",\n  "
    out.write(b"\n ]\n}\n")


def write_table(judgement: Judgement, out: TextIO, width: int | None = None) -> None:
    """Write what a person should see: contacts that are not plainly in order, then the outcome in one line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("decision", "rule", "asset", "destination", "what", "evidence"):
        grid.add_column(name, no_wrap=True)
    shown = 0
    for judged in judgement.rows(*SHOWN):
        if shown == ROWS:
            break
        grid.add_row(*map(Text, _cells(judged)))
        shown += 1
    if shown:
        console.print(grid)
    left = sum(judgement.count(decision) for decision in SHOWN) - shown
    if left:
        console.print(Text(f"{left} more; --json has them all"))
    for line in lines(judgement):
        console.print(Text(visible(line)), soft_wrap=True)


def _cells(of: Judged) -> Iterator[str]:
    decision = of.decision.value
    if of.exemption:
        expired = of.decision not in (Decision.EXCEPTED, Decision.WARNING)
        decision += f" (exception expired {of.exemption.expires})" if expired else f" until {of.exemption.expires}"
    elif of.open:
        decision += f": {', '.join(of.open)}?"
    arrow = " <-" if of.direction == "inbound" else ""
    cells = (decision, of.rule, of.asset_label + arrow, of.destination, of.what, " ".join(of.evidence[:2]))
    for text in cells:
        safe = visible(text)
        yield safe if len(safe) <= WIDEST else safe[: WIDEST - 1] + "…"


def lines(judgement: Judgement) -> Iterator[str]:
    """Yield what decides the outcome, and in the last line the outcome."""
    for of in judgement.expired:
        yield (
            f"exception {of.number} from {of.rule} expired on {of.expires} (owner {of.owner}, {of.ticket}): renew or "
            "remove it"
        )
    for problem in judgement.unread:
        yield f"not read to its end: {problem}"
    if judgement.is_dayless:
        yield DAYLESS
    if judgement.is_empty:
        yield "no packet could be used: nothing was checked"
    elif judgement.is_blind:
        yield (
            f"coverage is {judgement.coverage} ({', '.join(judgement.shortcomings)}), the policy asks for "
            f"{judgement.policy.coverage}"
        )
    counts = ", ".join(f"{judgement.count(decision)} {decision.value}" for decision in Decision)
    day = f" on {judgement.day}" if judgement.day else ""
    yield f"{WORDS[judgement.result]}{day}: {counts}"


DAYLESS: Final = "no packet says on which day it was seen, so no exception can be judged: name the day with --on"
WORDS: Final = {Result.IN_ORDER: "in order", Result.BREACH: "breach", Result.INCOMPLETE: "incomplete"}


def by_rule(judgement: Judgement) -> Counter[tuple[str, Decision]]:
    """Return how many contacts each rule decided in which way."""
    return Counter((of.rule, of.decision) for of in judgement.rows(*SHOWN))
