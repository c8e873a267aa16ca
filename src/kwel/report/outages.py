"""What stops in, the chapter "What stops when …" out: scenarios by time and function, chains, on how few it rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.graph import TIMES
from kwel.report import numbers
from kwel.report.drilled import Drilled, drilled
from kwel.report.stopped import Stopped, stopped
from kwel.report.text import NOT_ANY, NOTHING, Text, joined, plain, wire, wrapped

if TYPE_CHECKING:
    from kwel.model.graph import Graph
    from kwel.model.outage import Concentration, Impact, Outcome, Outlook, SinglePoint
    from kwel.model.report import Report
    from kwel.model.verdicts import Control
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases

FUNCTIONS = 9
"""Columns of the matrix; what is lost less often is one column together."""
WAYS = 5
"""Chains that are shown of one scenario, those of most assets first."""
POINTS = 10
SHARES = 3


@dataclass(frozen=True, slots=True)
class Way:
    """Assets that lose one function by one way."""

    function: Text
    when: Text
    chain: Text
    frame: Text
    other: Text
    """What goes on."""
    control: Control | None
    """Of that."""


@dataclass(frozen=True, slots=True)
class Line:
    """One scenario."""

    title: Text
    about: Text
    affected: Text
    undecided: Text
    times: list[tuple[Text, int]]
    """By time, how many assets lost something by then, and the share of all in percent."""
    functions: list[Text]
    ways: list[Way]
    more: Text
    zones: Text


@dataclass(frozen=True, slots=True)
class Chapter:
    """The chapter."""

    lead: Text | None
    """For page 1: what the gravest outage of one operator does."""
    heads: list[Text]
    """Of the columns of time."""
    functions: list[Text]
    """Of the columns of functions."""
    lines: list[Line]
    quiet: Text
    """Scenarios that stop nothing."""
    concentration: list[tuple[Text, Text, Text, Text]]
    points: list[tuple[Text, Text, Text]]
    drilled: list[Drilled]
    """What was tried for real."""
    stopped: Stopped
    """What stopped in the captures already."""


def chapter(report: Report, anchors: dict[str, str], phrases: Phrases) -> Chapter | None:
    """Return the chapter; ``None`` where nothing is known of who needs what."""
    outlook = report.outlook() if report.outlook else None
    if outlook is None or not outlook.outcomes:
        return None
    say, graph = phrases.say, outlook.outcomes[0].graph
    some = [of for of in outlook.outcomes if of.affected or of.open]
    shown = [of for of in some if of.affected]
    codes = _codes(shown, len(graph.functions))
    quiet = [_title(of) for of in outlook.outcomes if not of.affected]
    return Chapter(
        lead=_lead(report, outlook, say),
        heads=[say(f"outage.by-{time}") for time in TIMES],
        functions=[*(_function(graph, code, say) for code in codes[:FUNCTIONS]), *_others(codes, say)],
        lines=[_line(report, of, codes, anchors, phrases) for of in shown],
        quiet=say("outage.quiet", scenarios=joined(quiet, "; ")) if quiet else NOTHING,
        concentration=[_concentration(of, say) for of in outlook.concentration],
        points=[_point(report, graph, of, anchors, say) for of in outlook.points[:POINTS]],
        drilled=drilled(report, say),
        stopped=stopped(report, anchors, phrases),
    )


def _title(outcome: Outcome) -> Text:
    return numbers.both(*outcome.scenario.title)


def _lead(report: Report, outlook: Outlook, say: Catalogue) -> Text | None:
    """Return what the outage of one operator does that most assets feel."""
    operators = [of for of in outlook.outcomes if of.scenario.kind == "operator" and of.affected]
    worst = max(operators, key=lambda of: len(of.affected), default=None)
    if worst is None:
        return None
    n, all_ = len(worst.affected), numbers.number(len(report.assets))
    return say.count("lead.outage", n, N=say.capital_words(n), all=all_, scenario=_title(worst))


def _codes(outcomes: list[Outcome], unknown: int) -> list[int]:
    """Return the functions that are lost, by how many assets in all scenarios; the unknown last."""
    lost = np.concatenate([np.zeros(0, np.int64), *(of.losses.function[of.losses.used] for of in outcomes)])
    codes, counts = np.unique(lost.astype(np.int64), return_counts=True)
    pairs = zip(codes.tolist(), counts.tolist(), strict=True)
    return [code for code, _ in sorted(pairs, key=lambda of: (of[0] == unknown, -of[1], of[0]))]


def _others(codes: list[int], say: Catalogue) -> list[Text]:
    return [say("outage.others")] if len(codes) > FUNCTIONS else []


def _function(graph: Graph, code: int, say: Catalogue) -> Text:
    return say.term("term", graph.functions[code]) if code < len(graph.functions) else say("word.unknown")


def _line(report: Report, outcome: Outcome, codes: list[int], anchors: dict[str, str], phrases: Phrases) -> Line:
    say, losses, all_ = phrases.say, outcome.losses, max(1, len(report.assets))
    used = losses.used
    counts = [len(np.unique(losses.asset[used & (losses.felt <= time)])) for time in range(len(TIMES))]
    by_function = np.bincount(losses.function[used], minlength=max(codes, default=0) + 1)
    cells = [int(by_function[code]) for code in codes]
    cells = [*cells[:FUNCTIONS], *([sum(cells[FUNCTIONS:])] if len(cells) > FUNCTIONS else [])]
    names = {zone.id: zone.name for zone in report.zones}
    ways, more = _ways(report, outcome, anchors, phrases)
    return Line(
        title=_title(outcome),
        about=_about(outcome, say),
        affected=numbers.number(len(outcome.affected)),
        undecided=numbers.number(len(outcome.open)) if outcome.open else NOT_ANY,
        times=[(numbers.number(n) if n else NOT_ANY, _tenth(n, all_)) for n in counts],
        functions=[numbers.number(n) if n else NOT_ANY for n in cells],
        ways=ways,
        more=say.count("outage.more", more) if more else NOTHING,
        zones=joined([wire(names.get(zone, zone), 60) for zone in outcome.zones[:8]]),
    )


def _tenth(count: int, all_: int) -> int:
    """Return a share in tenths, for the shade of a cell; anything at all is one."""
    return -(-10 * count // all_)


def _about(outcome: Outcome, say: Catalogue) -> Text:
    scenario = outcome.scenario
    parts = [numbers.both(*scenario.why)] if scenario.why else []
    if scenario.duration is not None:
        days, notice = numbers.number(scenario.duration), numbers.number(scenario.notice)
        parts.append(say("outage.lasts", days=days, notice=notice))
    return joined(parts, ". ")


def _ways(report: Report, outcome: Outcome, anchors: dict[str, str], phrases: Phrases) -> tuple[list[Way], int]:
    """Return the ways by which most assets lose something, and how many more there are."""
    losses, edges = outcome.losses, outcome.graph.edges
    rows = np.flatnonzero(losses.used)
    need = losses.need[rows]
    keys = (losses.function[rows], losses.felt[rows], edges.inside[need], edges.target[need], edges.through[need])
    _, first, count = np.unique(
        np.stack([key.astype(np.int64) for key in keys]), axis=1, return_index=True, return_counts=True
    )
    order = np.lexsort((first, losses.felt[rows[first]], -count)).tolist()
    ways = [
        _way(report, outcome, outcome.impacts[int(rows[first[place]])], int(count[place]), anchors, phrases)
        for place in order[:WAYS]
    ]
    return ways, max(0, len(order) - WAYS)


def _way(
    report: Report, outcome: Outcome, impact: Impact, count: int, anchors: dict[str, str], phrases: Phrases
) -> Way:
    say, graph = phrases.say, outcome.graph
    steps = [_asset(report, impact.asset, anchors)]
    if count > 1:
        steps = [say.count("outage.and-more", count - 1, asset=steps[0])]
    own = graph.needs[impact.chain[0]]
    if own.through is not None:
        steps.append(_asset(report, own.through, anchors))
    parts = _parts(report, graph, impact, steps, anchors, say)
    function = say.term("term", impact.function) if impact.function else say("word.unknown")
    late = NOTHING if outcome.within(impact) else say("outage.late")
    other, control = _other(report, graph, impact, anchors, say)
    return Way(
        function=function,
        when=say(f"outage.when-{impact.impact}"),
        chain=joined([*parts, *([late] if late else [])], "; "),
        frame=phrases.frame(impact.why.evidence),
        other=other,
        control=control,
    )


def _parts(
    report: Report, graph: Graph, impact: Impact, steps: list[Text], anchors: dict[str, str], say: Catalogue
) -> list[Text]:
    """Return the chain; what resolves the name of a service outside that stands in it begins a new part."""
    parts = [steps]
    for row in impact.chain:
        parts[-1].append(_target(report, graph, row, anchors))
        if not graph.needs[row].inside and row != impact.chain[-1]:
            parts.append([say("outage.name-by")])
    first, *names = parts
    return [joined(first, " → "), *(joined([words[0], joined(words[1:], " → ")], " ") for words in names)]


def _other(
    report: Report, graph: Graph, impact: Impact, anchors: dict[str, str], say: Catalogue
) -> tuple[Text, Control | None]:
    if impact.alternative is None:
        return NOT_ANY, None
    need = graph.needs[impact.alternative]
    target = _target(report, graph, impact.alternative, anchors)
    return (target, None) if need.inside else (target, graph.externals[need.target].verdict.control)


def _asset(report: Report, index: int, anchors: dict[str, str]) -> Text:
    asset = report.assets[index]
    label = wire(asset.label, 40)
    return wrapped(f'<a href="#{anchors[asset.id]}">', label, "</a>") if asset.id in anchors else label


def _target(report: Report, graph: Graph, row: int, anchors: dict[str, str]) -> Text:
    need = graph.needs[row]
    return _asset(report, need.target, anchors) if need.inside else wire(graph.externals[need.target].label, 60)


def _concentration(of: Concentration, say: Catalogue) -> tuple[Text, Text, Text, Text]:
    """Return the axis, the index, the largest, and of how many functions it is known."""
    known = say("outage.of", n=numbers.number(of.known), all=numbers.number(of.units))
    if not of.shares:
        return say(f"outage.axis-{of.axis}"), NOT_ANY, NOT_ANY, known
    largest = [
        joined([say("outage.own") if name == "of the plant" else wire(name, 40), _percent(share)], " ")
        for name, share in of.shares[:SHARES]
    ]
    return say(f"outage.axis-{of.axis}"), _decimal(of.hhi), joined(largest), known


def _percent(share: float) -> Text:
    return plain(f"{round(share * 100)} %")


def _decimal(value: float) -> Text:
    english = f"{value:.2f}"
    return numbers.both(english.replace(".", ","), english)


def _point(
    report: Report, graph: Graph, of: SinglePoint, anchors: dict[str, str], say: Catalogue
) -> tuple[Text, Text, Text]:
    """Return what alone stops several assets, how many, and what they lose."""
    name = _asset(report, of.target, anchors) if of.inside else wire(graph.externals[of.target].label, 60)
    lost = [
        joined([say.term("term", key) if key else say("word.unknown"), numbers.number(count)], " ")
        for key, count in of.functions[:4]
    ]
    return name, numbers.number(of.assets), joined(lost)
