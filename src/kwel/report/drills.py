"""A plan of a drill in, the page of the test protocol out: in Dutch and in English, to print and to fill in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.model.graph import TIMES
from kwel.report import catalogue
from kwel.report.page import paper
from kwel.report.text import NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kwel.model.drill import Plan, Target, Watch
    from kwel.model.law import Words
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.text import Language

NAMES: Final = 12
"""Names that one cell holds; plan.json has all."""
ROWS: Final = 200
"""Lines of one table; plan.json has all."""
STEPS: Final = ("permission", "before", "block", "during", "after")
ABORTS: Final = ("safety", "sight", "rest", "person", "time")


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Everything that the page shows."""

    title: Text
    lead: Text
    targets: list[list[Text]]
    uncut: Text
    watches: list[list[Text]]
    others: list[Text]
    lists: Mapping[str, list[Text]]
    crisis: list[list[Text]]
    version: Text

    def __getitem__(self, key: str) -> list[Text]:
        """Return the lines of one of the lists."""
        return self.lists[key]


def plan_page(report: Report, plan: Plan, language: Language, reasons: Mapping[str, Words] | None = None) -> str:
    """Return the protocol as one self-contained HTML document that opens in a language.

    *reasons*: why the outage of a function is felt when it is, by function.
    """
    say = catalogue.load()
    title = say("drill.title", title=_both(plan.scenario.title))
    labels = [asset.label for asset in report.assets]
    affected = {watch.asset for watch in plan.watches}
    page = PlanPage(
        title=title,
        lead=say.count("drill.lead-stops", len(affected)),
        targets=[_target(target, labels) for target in plan.targets[:ROWS]],
        uncut=say("drill.uncut", names=_names(plan.uncut)) if plan.uncut else NOTHING,
        watches=[_watch(watch, labels, say) for watch in plan.watches[:ROWS]],
        others=_others(plan, labels, say),
        lists=_lists(plan, say),
        crisis=_crisis(plan, labels, say, reasons or {}),
        version=wire(report.version),
    )
    return paper("drill.html", page, say, title, language)


def _both(words: Words) -> Text:
    return Text(wire(words.nl).nl, wire(words.en).en)


def _names(names: Iterable[str]) -> Text:
    listed = [wire(name, 60) for name in names]
    more = len(listed) - NAMES
    return joined([*listed[:NAMES], *([plain(f"+{more}")] if more > 0 else [])])


def _target(target: Target, labels: list[str]) -> list[Text]:
    addresses = [code(address) for address in target.addresses]
    more = [plain(f"+{len(addresses) - NAMES}")] if len(addresses) > NAMES else []
    return [
        joined([wire(text, 60) for text in (target.label, target.operator) if text]),
        _names(target.hosts),
        joined([*addresses[:NAMES], *more]),
        joined([plain(f"{transport}/{port}") for transport, port in target.ports]),
        _names(labels[index] for index in target.assets),
    ]


def _watch(watch: Watch, labels: list[str], say: Catalogue) -> list[Text]:
    return [
        say(f"drill.time-{watch.time}"),
        wire(labels[watch.asset], 60),
        _function(watch.function, say),
        joined([wire(name, 60) for name in watch.through], " \N{RIGHTWARDS ARROW} "),
        wire(watch.alternative, 60) if watch.alternative else say("drill.none"),
        NOTHING,
    ]


def _function(function: str | None, say: Catalogue) -> Text:
    return say.term("term", function) if function else say("drill.unknown")


def _others(plan: Plan, labels: list[str], say: Catalogue) -> list[Text]:
    groups = (("drill.undecided", plan.undecided), ("drill.rests", plan.rests))
    return [
        say.count(key, len(group), names=_names(labels[index] for index in group)) for key, group in groups if group
    ]


def _lists(plan: Plan, say: Catalogue) -> dict[str, list[Text]]:
    judge = code(f"kwel drill judge before.pcap during.pcap after.pcap --scenario {plan.scenario.id}")
    return {
        "steps": [*(say(f"drill.steps-{key}") for key in STEPS), say("drill.steps-judge", command=judge)],
        "abort": [say(f"drill.abort-{key}") for key in ABORTS],
        "roll-back": [say("drill.roll-back-rules", command=code("nft -f roll-back.nft")), say("drill.roll-back-check")],
    }


def _crisis(plan: Plan, labels: list[str], say: Catalogue, reasons: Mapping[str, Words]) -> list[list[Text]]:
    """Return one line a function: when it is felt first, by whom, what that means, and room to write."""
    rows = []
    for function in sorted({watch.function for watch in plan.watches}, key=lambda one: one or ""):
        mine = [watch for watch in plan.watches if watch.function == function]
        first = min(mine, key=lambda watch: TIMES.index(watch.time))
        why = reasons.get(function or "")
        assets = _names(dict.fromkeys(labels[watch.asset] for watch in mine))
        meaning = _both(why) if why else NOTHING
        time = say(f"drill.time-{first.time}")
        rows.append([_function(function, say), time, assets, meaning, NOTHING, NOTHING, NOTHING])
    return rows
