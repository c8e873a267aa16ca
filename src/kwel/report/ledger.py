"""Coverage in, the ledger out: what became of every packet, what limits the conclusions, and how good it all was.

Every count has a line: its share, as a number and a bar, and a sentence that says what it means. The sentences are
those of the catalogue, ``set-aside.*`` and ``note.*``; a count that has none is printed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Final

from kwel.report import numbers
from kwel.report.numbers import both
from kwel.report.text import NOT_ANY, Text, code, joined, plain, wire, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.coverage import Coverage, CoverageGrade
    from kwel.model.gaps import System
    from kwel.model.report import Report
    from kwel.model.traffic import Capture
    from kwel.report.catalogue import Catalogue

TOTALS: Final = ("flows", "outside-flows", "bytes-acknowledged")
"""Notes that limit nothing: what the others are a part of."""
SILENT: Final = ("pauses", "pause-seconds", "mirrored", "mirror-sessions", "dropped", "blind-spots", "shared-addresses")
"""Notes that have lines of their own, with more in them than a count."""
ENDINGS: Final = ("malformed", "cut", "not-looked-at")
"""What a dissector's own counts end with."""
MOST_LINES: Final = 8
"""Shared addresses, pauses, mirror sessions and blind spots that are named one by one."""
OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("midstream", "one-way", "direction-unknown", "between-outsiders"), "flows"),
    **dict.fromkeys(("outside-unnamed", "behind-router", "behind-address", "names-hidden"), "outside-flows"),
    **dict.fromkeys(("ech-real", "ech-unnamed", "ech-offered"), "outside-flows"),
    **dict.fromkeys(("packets-cut", "mirrored"), "packets"),
    "bytes-missing": "bytes-acknowledged",
}
"""What a note is a part of. Encrypted tunnels, ``blind-…``, are flows."""
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "whole": (
        "midstream", "one-way", "direction-", "packets-cut", "bytes-missing", "duplicate", "fragment", "behind-",
        "between-",
    ),
    "names": (
        "outside-unnamed", "names-", "ech-", "requests-", "streams-", "dns-", "quic-", "hellos-", "certificates-",
    ),
    "tunnels": ("blind-", "tunnel", "encrypted-", "wireless-", "mirror"),
}  # fmt: skip
"""Under which head the notes stand that begin so; the others stand under the last, in the order of their size."""
BAR: Final = 1000
"""Width of a whole bar."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    share: Text
    width: int
    """Of the bar, per mille; 0 where there is none."""
    sentence: Text


@dataclass(frozen=True, slots=True)
class Part:
    """One head of the ledger and what stands under it."""

    head: Text
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Ledger:
    """How much of what happened the captures let through."""

    grade: CoverageGrade
    verdict: Text
    reasons: list[Text]
    parts: list[Part]


def ledger(report: Report, say: Catalogue) -> Ledger:
    """Return the whole ledger."""
    coverage = report.coverage
    parts = [
        Part(say("ledger.packets"), _packets(coverage, report.captures, say)),
        *(Part(say(f"ledger.{head}"), entries) for head, entries in _grouped(report, say).items() if entries),
    ]
    return Ledger(coverage.grade, say(f"coverage.{coverage.grade.value}"), reasons(coverage, say), parts)


def reasons(coverage: Coverage, say: Catalogue) -> list[Text]:
    """Return what lowers the grade, a few words each, with its share."""
    return [
        say("coverage.reason", what=say.term("shortcoming", of.key), share=percent(of.share))
        if 0 < of.share < 1
        else say.term("shortcoming", of.key)
        for of in coverage.shortcomings
    ]


def percent(share: float) -> Text:
    """Return a share the way people write it, never rounded to none or to all."""
    if share >= 1:
        return both("100\N{NO-BREAK SPACE}%", "100%")
    if share < 0.001:
        return both("< 0,1\N{NO-BREAK SPACE}%", "< 0.1%")
    text = f"{min(share, 0.999) * 100:.1f}" if share < 0.1 or share > 0.99 else f"{share * 100:.0f}"
    return both(f"{text.replace('.', ',')}\N{NO-BREAK SPACE}%", f"{text}%")


def largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return counts that are there, the largest first."""
    present = ((reason, count) for reason, count in counts.items() if count)
    return sorted(present, key=lambda item: (-item[1], item[0]))


def bold(count: int) -> Text:
    """Return a number that stands out."""
    return wrapped("<b>", numbers.number(count), "</b>")


def counted(group: str, reason: str, count: int, say: Catalogue, **totals: Text) -> Text:
    """Return the sentence of a reason; ``dhcp-malformed`` is ``malformed`` of dhcp where it has none of its own."""
    name, detail = reason, ""
    if f"{group}.{reason}" not in say:
        ending = next((ending for ending in ENDINGS if reason.endswith(f"-{ending}")), None)
        if ending:
            name, detail = ending, reason.removesuffix(f"-{ending}")
    values = {"n": bold(count), "detail": say.first(f"term.{detail}") or wire(detail), **totals}
    known = say.first(f"{group}.{name}", **values)
    return known or say(f"{group}.unknown", reason=wire(reason.replace("-", " ")), **values)


def _entry(count: int, whole: int, sentence: Text) -> Entry:
    if whole <= 0 or count > whole:
        return Entry(NOT_ANY, 0, sentence)
    return Entry(percent(count / whole), max(1, BAR * count // whole), sentence)


def _packets(coverage: Coverage, captures: tuple[Capture, ...], say: Catalogue) -> list[Entry]:
    whole = coverage.packets
    entries = [_entry(coverage.used, whole, say("ledger.used", n=bold(coverage.used), all=numbers.number(whole)))]
    for reason, count in largest(coverage.set_aside):
        if reason == "link-type" and coverage.unread_links:
            entries += [
                _entry(n, whole, say("set-aside.link", n=bold(n), link=wire(link, 80)))
                for link, n in largest(dict(coverage.unread_links))
            ]
        else:
            entries.append(_entry(count, whole, counted("set-aside", reason, count, say)))
    for capture in captures:
        entries += [Entry(NOT_ANY, 0, line) for line in problems(capture, say)]
        if capture.dropped:
            line = say.count("limits.dropped", capture.dropped, capture=wire(capture.name))
            entries.append(_entry(capture.dropped, whole + capture.dropped, line))
    return entries


def problems(capture: Capture, say: Catalogue) -> list[Text]:
    """Return what of a capture file was not read."""
    lines, name = [], wire(capture.name)
    if capture.problem:
        lines.append(say("limits.problem", capture=name, problem=wire(capture.problem, 300)))
    if capture.unread_bytes:
        lines.append(say("limits.unread-bytes", capture=name, size=numbers.size(capture.unread_bytes)))
    return lines


def _grouped(report: Report, say: Catalogue) -> dict[str, list[Entry]]:
    """Return the notes under their heads, and the lines that say more than a count."""
    coverage = report.coverage
    groups: dict[str, list[Entry]] = {head: [] for head in (*GROUPS, "other")}
    wholes = {"packets": coverage.packets, **{name: coverage.notes.get(name, 0) for name in TOTALS}}
    totals = {name: numbers.number(wholes[name]) for name in TOTALS}
    for note, count in largest(coverage.notes):
        if note in TOTALS or note in SILENT:
            continue
        head = next((head for head, beginnings in GROUPS.items() if note.startswith(beginnings)), "other")
        whole = wholes[OF.get(note, "flows")] if note in OF or note.startswith("blind-") else 0
        groups[head].append(_entry(count, whole, counted("note", note, count, say, **totals)))
    groups["whole"] += [*_shared_addresses(report, say), *_pauses(report, say)]
    groups["tunnels"] += [*_mirrors(coverage, say), *_blind_spots(report, say)]
    return groups


def _shared_addresses(report: Report, say: Catalogue) -> list[Entry]:
    labels = {asset.id: asset.label for asset in report.assets}
    coverage, entries = report.coverage, []
    by_address = groupby(coverage.systems, lambda system: (system.asset, system.address))
    for (asset, address), group in islice(by_address, MOST_LINES):
        systems = list(group)
        changes, flows = systems[0].changes, sum(system.flows for system in systems)
        sentence = say(
            f"note.shared-address.{'by-turns' if changes >= len(systems) else 'one-after-another'}",
            asset=wire(labels.get(asset, asset), 60), address=code(address), n=numbers.number(changes),
            systems=joined([_system(system, say) for system in systems]),
        )  # fmt: skip
        entries.append(_entry(flows, coverage.notes.get("flows", 0), sentence))
    return [*entries, *_more(coverage.notes.get("shared-addresses", 0), say)]


def _system(system: System, say: Catalogue) -> Text:
    seen = f"{system.lowest}" if system.lowest == system.highest else f"{system.lowest}-{system.highest}"
    return say(
        "note.system", n=bold(system.flows), seen=seen, initial=f"{system.initial}", where=wire(f"{system.where}")
    )


def _pauses(report: Report, say: Catalogue) -> list[Entry]:
    moments = [moment for c in report.captures for moment in (c.first, c.last) if moment is not None]
    whole = max(moments) - min(moments) if moments else 0
    pauses = sorted(report.coverage.pauses, key=lambda pause: pause[0] - pause[1])
    entries = [
        _entry(
            last - first, whole,
            say("note.pause", period=numbers.period(first, last), length=numbers.duration(last - first)),
        )
        for first, last in pauses[:MOST_LINES]
    ]  # fmt: skip
    return [*entries, *_more(len(pauses), say)]


def _tunnel(kind: str, say: Catalogue) -> Text:
    return say.first(f"term.{kind}") or plain(kind.upper())


def _mirrors(coverage: Coverage, say: Catalogue) -> list[Entry]:
    entries = [
        _entry(
            mirror.frames, coverage.packets,
            say(
                "note.mirror", n=bold(mirror.frames), source=code(mirror.source), collector=code(mirror.collector),
                tunnel=_tunnel(mirror.tunnel, say), where=wire(str(mirror.where)),
            ),
        )
        for mirror in coverage.mirrors[:MOST_LINES]
    ]  # fmt: skip
    return [*entries, *_more(coverage.notes.get("mirror-sessions", 0), say)]


def _blind_spots(report: Report, say: Catalogue) -> list[Entry]:
    labels = {asset.id: asset.label for asset in report.assets}
    flows, spots = report.coverage.notes.get("flows", 0), report.coverage.blind_spots
    entries = [
        _entry(
            spot.flows, flows,
            say(
                "note.blind-spot", n=bold(spot.flows), asset=wire(labels.get(spot.asset, spot.asset), 60),
                kind=_tunnel(spot.kind, say), peer=code(spot.peer),
                where=wire(str(spot.where)),
            ),
        )
        for spot in spots[:MOST_LINES]
    ]  # fmt: skip
    return [*entries, *_more(len(spots), say)]


def _more(count: int, say: Catalogue) -> list[Entry]:
    left = count - MOST_LINES
    return [Entry(NOT_ANY, 0, say.count("ledger.more", left))] if left > 0 else []


def summary(coverage: Coverage, say: Catalogue) -> tuple[Text, Text]:
    """Return the grade in a word, and its reasons in a line."""
    return say(f"coverage.short.{coverage.grade.value}"), joined(reasons(coverage, say)[:3])
