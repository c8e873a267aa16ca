"""Findings in, accounts out: what is the matter, four facts, a question to the owner, and the chain of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.verdicts import Control
from kwel.report import numbers
from kwel.report.phrases import integer
from kwel.report.relations import RANKED, destination_of
from kwel.report.sankey import place_of
from kwel.report.text import NOTHING, Text, joined, wire, wrapped
from kwel.report.way import links_of, way

if TYPE_CHECKING:
    from kwel.model.findings import Finding
    from kwel.model.links import Link
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases, Step
    from kwel.report.way import Stop

STEPS = 14
DEPENDENCIES = 3
"""Dependencies of one finding whose evidence is written out."""


@dataclass(frozen=True, slots=True)
class Case:
    """One finding, ready to be read."""

    id: Text
    anchor: str
    control: Control
    title: Text
    severity: Text
    operator: Text
    place: Text
    sent: Text
    received: Text
    certainty: Text
    question: Text
    way: list[Stop]
    steps: list[Step]
    count: Text
    left_out: Text
    told: list[tuple[Text, Text]]
    """Of commands, what stands in place of a contact's facts: each with its heading."""


def cases(report: Report, anchors: dict[str, str], phrases: Phrases) -> list[Case]:
    """Return the findings; *anchors* says where an asset's row is, by asset id."""
    bloc = frozenset(report.bloc_members)
    found = []
    for finding in report.findings:
        links = links_of(report, finding.dependencies[0]) if finding.dependencies else ()
        found.append(_case(finding, links, anchors, bloc, phrases))
    return found


def _case(
    finding: Finding,
    links: tuple[Link, ...],
    anchors: dict[str, str],
    bloc: frozenset[str],
    phrases: Phrases,
) -> Case:
    say = phrases.say
    values = _values(finding, anchors, phrases)
    attribution = finding.dependencies[0].attribution if finding.dependencies else None
    groups = []
    for dependency in finding.dependencies[:DEPENDENCIES]:
        groups += [dependency.evidence, dependency.attribution.evidence]
    groups += [finding.evidence, *(link.evidence for link in links)]
    steps, left_out = phrases.chain(*groups, longest=STEPS)
    rejected = dict.fromkeys(item for d in finding.dependencies[:DEPENDENCIES] for item in d.attribution.rejected)
    steps += [phrases.step(item, rejected=True) for item in rejected]
    unknown = say("finding.unknown.title", kind=wire(finding.kind), **values)
    return Case(
        id=wire(finding.id, 12),
        anchor=finding.id.lower(),
        control=_control(finding),
        title=say.first(f"finding.{finding.kind}.title", **values) or unknown,
        severity=say(f"severity.{finding.severity.name}"),
        operator=_operator(attribution, say) if attribution else values.get("operator", say("word.unknown")),
        place=place_of(destination_of(attribution, bloc), say) if attribution else say("place.unknown"),
        sent=values.get("bytes_out") or _summed(finding, "bytes_out"),
        received=values.get("bytes_in") or _summed(finding, "bytes_in"),
        certainty=phrases.grade(finding.grade),
        question=say.first(f"finding.{finding.kind}.question", **values) or say("finding.unknown.question"),
        way=way(links, phrases),
        steps=steps,
        count=say.count("finding.steps", len(steps)),
        left_out=say.count("finding.left-out", left_out) if left_out else NOTHING,
        told=_told(values, finding, phrases),
    )


def _told(values: dict[str, Text], finding: Finding, phrases: Phrases) -> list[tuple[Text, Text]]:
    """Return who told an asset to do what, where that is the matter."""
    if "conduits" in values:
        return _passing(values, finding, phrases)
    if "commands" not in values:
        return []
    say, source = phrases.say, values["source"]
    more = (integer(dict(finding.values).get("sources", "")) or 1) - 1
    sender = say.count("finding.sender-more", more, source=source) if more else source
    whose = [(say("finding.operator"), values["operator"])] if "operator" in values else []
    return [
        (say("finding.sender"), sender),
        *whose,
        (say("finding.protocol"), values["protocol"]),
        (say("finding.times"), values["count"]),
    ]


def _passing(values: dict[str, Text], finding: Finding, phrases: Phrases) -> list[tuple[Text, Text]]:
    """Return what passes between zones, where that is the matter."""
    say, to, raw = phrases.say, values["to_zone"], dict(finding.values)
    more = (integer(raw.get("zones", "")) or 1) - 1
    numbered = [wrapped('<span class="nb">', wire(one), "</span>") for one in raw["conduits"].split(", ")]
    return [
        (say("finding.other-zone"), say.count("finding.sender-more", more, source=to) if more else to),
        (say("finding.volume"), joined([values["bytes_out"], values["bytes_in"]], " / ")),
        (say("finding.conduits"), joined(numbered)),
    ]


def _values(finding: Finding, anchors: dict[str, str], phrases: Phrases) -> dict[str, Text]:
    """Return what the sentences about a finding fill in; a link for the asset, one destination for service and host."""
    raw = {name: value for name, value in finding.values if value}
    values = phrases.values(raw.items())
    label = wire(finding.asset_label or raw.get("asset", finding.asset), 60)
    anchor = anchors.get(finding.asset)
    values["asset"] = wrapped(f'<a href="#{anchor}">', label, "</a>") if anchor else label
    service, host = raw.get("service"), raw.get("host")
    if finding.dependencies and host is None:
        host = finding.dependencies[0].host
    parts = [wire(service, 60)] if service else []
    if host and host != service:
        before, after = ("(", ")") if service else ("", "")
        parts.append(wrapped(f'<span class="nb">{before}', wire(host, 64), f"{after}</span>"))
    if parts:
        values["destination"] = joined(parts, " ")
    more = (integer(raw.get("hosts", "")) or 1) - 1
    if more and "destination" in values:
        values["destination"] = phrases.say.count("finding.destination-more", more, destination=values["destination"])
    return values


def _control(finding: Finding) -> Control:
    controls = [dependency.attribution.verdict.control for dependency in finding.dependencies]
    return max(controls, key=RANKED.index, default=Control.UNDECIDED)


def _operator(attribution: Attribution, say: Catalogue) -> Text:
    """Return who runs it, and in small type who is behind that."""
    operator = attribution.operator.value if attribution.operator else None
    parent = attribution.parent.value if attribution.parent else None
    small: list[Text] = []
    if parent and parent != operator:
        small.append(wire(parent, 60))
    if attribution.parent_jurisdiction:
        small.append(say.country(attribution.parent_jurisdiction))
    name = wire(operator, 60) if operator else say("word.unknown")
    return joined([name, wrapped('<span class="mut">', joined(small), "</span>")], " ") if small else name


def _summed(finding: Finding, name: str) -> Text:
    return numbers.size(sum(int(getattr(dependency, name)) for dependency in finding.dependencies))
