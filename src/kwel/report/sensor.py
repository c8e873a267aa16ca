"""A sensor's account in, the chapter on it out: what it heard, what it lost, and what shows that it sent nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kwel.model.proofs import prove, together
from kwel.report import numbers
from kwel.report.text import NOTHING, Text, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.report import Report
    from kwel.model.window import Account, Check, Gap, Losses, Proof
    from kwel.report.catalogue import Catalogue

SHOWN = 40
"""Gaps that are listed one by one."""
SPELLS = 6
"""Spells of one proof that are told one by one."""
SLACK = 60_000_000_000
"""Nanoseconds: a proof is made every ten seconds, and the last ones of a span of time stand in the next."""
SIGNS = {True: "yes", False: "no", None: "unknown"}


class Heard(NamedTuple):
    """An interface as the page shows it."""

    name: Text
    frames: Text
    dropped: Text
    missed: Text
    sent: Text
    stopped: Text


class Looked(NamedTuple):
    """One thing that was looked at."""

    sign: str
    """``yes``, ``no`` or ``unknown``."""
    sentence: Text
    found: Text


@dataclass(frozen=True, slots=True)
class Proved:
    """What shows that an interface sent nothing."""

    name: Text
    sentence: Text
    checks: list[Looked]


class Hole(NamedTuple):
    """Windows that are not there."""

    source: Text
    windows: Text
    when: Text
    packets: Text
    why: Text


@dataclass(frozen=True, slots=True)
class Chapter:
    """The whole chapter."""

    lead: Text
    whole: Text
    interfaces: list[Heard]
    proofs: list[Proved]
    holes: list[Hole]
    holes_left_out: int
    steps: list[Text]
    partly: list[Text]
    only_tables: Text


def chapter(report: Report, say: Catalogue) -> Chapter | None:
    """Return the chapter; ``None`` where no sensor made the captures."""
    of = report.sensor
    if of is None:
        return None
    spells: dict[str, list[Proof]] = {}
    for proof in of.proofs:
        spells.setdefault(proof.interface, []).append(proof)
    proofs = {name: whole for name, found in spells.items() if (whole := together(found))}
    name = joined([wire(sensor, 60) for sensor in of.sensors])
    period = numbers.period(of.opened, of.closed)
    lead = say.count("sensor.lead", of.windows, n=numbers.number(of.windows), name=name, period=period)
    return Chapter(
        lead=lead,
        whole=_whole(of, say),
        interfaces=[_heard(loss, proofs.get(loss.interface), say) for loss in of.losses],
        proofs=[_proved(whole, _sentence(of, whole, spells[name], say), say) for name, whole in proofs.items()],
        holes=[_hole(gap, say) for gap in of.gaps[:SHOWN]],
        holes_left_out=max(len(of.gaps) - SHOWN, 0),
        steps=[
            say("sensor.step", at=numbers.time(step.at, seconds=True), by=numbers.duration(abs(step.by)),
                way=say("sensor.forward" if step.by > 0 else "sensor.back"))
            for step in of.clock_steps[:SHOWN]
        ],
        partly=[
            say("sensor.taken-whole" if one.is_taken else "sensor.left-out-whole", source=wire(one.source, 60),
                period=numbers.period(one.opened, one.closed))
            for one in of.partly[:SHOWN]
        ],
        only_tables=say.count("sensor.only-tables", of.only_tables) if of.only_tables else NOTHING,
    )  # fmt: skip


def _whole(of: Account, say: Catalogue) -> Text:
    """Return in one sentence whether anything is missing."""
    missing = sum(gap.last - gap.first + 1 for gap in of.gaps)
    dropped = sum(loss.dropped + (loss.missed or 0) for loss in of.losses)
    idle = sum(1 for gap in of.gaps if gap.last < gap.first)
    if not missing and not dropped and not idle:
        is_known = all(loss.missed is not None for loss in of.losses)
        return say("sensor.all-there" if is_known else "sensor.all-known")
    parts = [say.count("sensor.windows-missing", missing)] if missing else []
    parts += [say.count("sensor.spells-idle", idle)] if idle else []
    parts += [say.count("sensor.frames-missing", dropped, n=numbers.number(dropped))] if dropped else []
    return joined(parts, " ")


def _heard(loss: Losses, proof: Proof | None, say: Catalogue) -> Heard:
    def count(value: int | None) -> Text:
        return say("word.unknown") if value is None else numbers.number(value)

    return Heard(
        wire(loss.interface, 60),
        numbers.number(loss.frames),
        numbers.number(loss.dropped),
        count(loss.missed),
        count(proof.sent if proof else None),
        count(proof.stopped if proof else None),
    )


def _proved(proof: Proof, sentence: Text, say: Catalogue) -> Proved:
    return Proved(wire(proof.interface, 60), sentence, [_looked(check, say) for check in proof.checks])


def _sentence(of: Account, whole: Proof, spells: Sequence[Proof], say: Catalogue) -> Text:
    """Return what is proved of an interface, and of which time: nothing is said of time in which nobody watched."""
    is_proved = whole.sent == 0 and prove(whole.checks)
    within = [(max(spell.since, of.opened), min(spell.until, of.closed)) for spell in spells]
    watched = sum(max(until - since, 0) for since, until in within)
    if not is_proved or (len(spells) == 1 and of.closed - of.opened - watched <= SLACK):
        return say("sensor.proved" if is_proved else "sensor.unproved", period=numbers.period(whole.since, whole.until))
    periods = [numbers.period(spell.since, spell.until) for spell in spells[:SPELLS]]
    if (more := len(spells) - SPELLS) > 0:
        periods.append(say.count("sensor.more-spells", more, n=numbers.number(more)))
    lasted, all_of_it = numbers.duration(watched), numbers.duration(of.closed - of.opened)
    return say("sensor.proved-partly", watched=lasted, whole=all_of_it, periods=joined(periods, "; "))


def _looked(check: Check, say: Catalogue) -> Looked:
    sign = SIGNS[check.holds]
    sentence = say.first(f"passive.{check.key}.{sign}") or plain(check.key)
    return Looked(sign, sentence, wire(check.value, 120) if check.value else NOTHING)


def _hole(gap: Gap, say: Catalogue) -> Hole:
    numbered = numbers.number(gap.first) if gap.last >= gap.first else NOTHING
    if gap.last > gap.first:
        numbered = say("sensor.from-to", first=numbered, last=numbers.number(gap.last))
    known = gap.opened is not None and gap.closed is not None
    return Hole(
        wire(gap.source, 60),
        numbered,
        numbers.period(gap.opened, gap.closed) if known else say("word.unknown"),  # type: ignore[arg-type]
        say("word.unknown") if gap.packets is None else numbers.number(gap.packets),
        say.first(f"sensor.why-{gap.why}") or wire(gap.why, 120),
    )
