"""A report in, the same report with its answers out: needs, outages, suppliers, and the site's own limits.

A glue like ``pipeline``, which would be too long with it: it sees stages that do not see one another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwel.analysis.result import Options
    from kwel.model.graph import Graph
    from kwel.model.limits import Judgement, Policy
    from kwel.model.outage import Outlook
    from kwel.model.report import Report
    from kwel.model.suppliers import Suppliers
    from kwel.model.traffic import Traffic
    from kwel.rulebook.model import Rulebook

Sides = tuple[Any, Any]
"""By flow, the asset that began and the one that answered; negative is none of the plant's."""


def added(report: Report, traffic: Traffic, sides: Sides, book: Rulebook, options: Options, day: str | None) -> Report:
    """Return the report with its answers, each made once: needs, outages and suppliers only when somebody asks.

    Each is made from the report as it was before it: one that held itself would keep all its tables until a collection.
    """
    needs = cache(lambda: _needs(report, traffic, sides, book, options))
    simulated = replace(report, needs=needs, outlook=cache(lambda: _outlook(needs(), book, options)))
    answered = replace(simulated, suppliers=cache(lambda: _suppliers(simulated, options)))
    return replace(answered, judgement=_judgement(options.policy, answered, day)) if options.policy else answered


def _judgement(policy: Policy, report: Report, day: str | None) -> Judgement:
    """Return what the site's limits say of all that was seen."""
    from kwel.policy.of_report import hold

    return hold(policy, report, day)


def _needs(report: Report, traffic: Traffic, sides: Sides, book: Rulebook, options: Options) -> Graph:
    """Return who needs what."""
    from kwel.impact import graph
    from kwel.rulebook import needs as needbook

    words = book.vocabulary
    rules = needbook.load(options.rules, words.functions)
    return graph.build(report, traffic, sides, rules, words.functions, words.carrier_kinds)


def _outlook(graph: Graph, book: Rulebook, options: Options) -> Outlook:
    """Return what stops in each scenario of the rules, and on how few the plant rests."""
    from kwel.impact import outage
    from kwel.rulebook import scenarios

    return outage.outlook(graph, scenarios.plain(scenarios.load(options.rules, book)))


def _suppliers(report: Report, options: Options) -> Suppliers:
    """Return who supplies the plant."""
    from kwel import suppliers
    from kwel.rulebook import crosswalk

    return suppliers.group(report, crosswalk.load(options.rules, questions=False))
