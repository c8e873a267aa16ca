"""Reports from before, while and after a cut in, what happened to each asset against what was predicted out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kwel.impact.drill.plan import called
from kwel.model.dependencies import DependencyState
from kwel.model.drill import AssetTested, Happened, Judgement, Predicted, Tested, Trial
from kwel.model.interruptions import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.model.claims import Evidence
    from kwel.model.graph import Need
    from kwel.model.interruptions import Interruption
    from kwel.model.outage import Outcome
    from kwel.model.report import Report

LESS: Final = 0.5
GONE: Final = 0.1
"""Parts of the bytes a second before."""
GRAVITY: Final = (
    Judgement.WORSE, Judgement.BETTER, Judgement.DECIDED, Judgement.AS_PREDICTED, Judgement.NOT_TESTED,
)  # fmt: skip
"""Which judgement of its needs an asset gets: the first of these."""
MOST_OF_IT: Final = 0.5
"""Part of the cut without an answer that counts as stopped: the other side of a connection may send on for a while."""
SECOND: Final = 1_000_000_000


@dataclass(slots=True)
class _Part:
    """One of the three parts, looked up by what an asset of the first part is called in it."""

    report: Report
    seconds: float
    asset_of: dict[str, int]
    answered: dict[tuple[int, str], list[Evidence]] = field(default_factory=dict)
    """By asset and host, address or ``asset N``: what proves that it was answered."""
    asked: dict[tuple[int, str], list[Evidence]] = field(default_factory=dict)
    """What proves that it was asked in vain."""

    @classmethod
    def of(cls, report: Report) -> _Part:
        """Read one part."""
        begun, ended = _span(report)
        asset_of = {key: index for index, asset in enumerate(report.assets) for key in (asset.id, *asset.addresses)}
        part = cls(report, max((ended - begun) / SECOND, 1.0), asset_of)
        for row in report.dependencies:
            index = asset_of[row.asset]
            held = part.answered if row.state == DependencyState.USED else part.asked
            for end in {row.host, row.attribution.name, row.attribution.address} - {None}:
                held.setdefault((index, str(end)), []).extend(row.evidence[:2])
        for need in report.needs().needs if report.needs else ():
            if need.inside:
                held = part.answered if need.state == DependencyState.USED else part.asked
                held.setdefault((need.source, _inside(need.target)), []).extend(need.evidence[:2])
        return part

    def find(self, asset_id: str, addresses: Sequence[str]) -> int | None:
        """Return the index of an asset of another part."""
        return next((self.asset_of[key] for key in (asset_id, *addresses) if key in self.asset_of), None)


def _span(report: Report) -> tuple[int, int]:
    """Return when the captures of a report begin and end."""
    times = [time for one in report.captures for time in (one.first, one.last) if time is not None]
    return min(times, default=0), max(times, default=0)


class _Spells:
    """Interruptions, looked up by assets of the first part."""

    def __init__(self, before: Report, reports: Sequence[Report], span: tuple[int, int]) -> None:
        index_of = {key: index for index, asset in enumerate(before.assets) for key in (asset.id, *asset.addresses)}
        self._span = span
        self._found: dict[int, list[Interruption]] = {}
        for report in reports:
            for one in report.interruptions.found:
                asset = report.assets[one.asset]
                index = next((index_of[key] for key in (asset.id, *asset.addresses) if key in index_of), None)
                if index is not None and self._share(one) > 0:
                    self._found.setdefault(index, []).append(one)

    def _share(self, one: Interruption) -> float:
        """Return how much of the cut a spell takes up."""
        begun, ended = self._span
        over = min(one.end.before if one.end else ended, ended)
        return (over - max(one.begin.before, begun)) / max(ended - begun, 1)

    def of_asset(self, index: int) -> tuple[Interruption, ...]:
        """Return the spells of an asset that fall into the cut, each once."""
        told = {(one.host, one.port): one for one in reversed(self._found.get(index, ()))}
        return tuple(sorted(told.values(), key=lambda one: one.begin.before))

    def covers(self, index: int, ends: Sequence[str]) -> bool:
        """Return whether one of *ends* did not answer an asset for most of the cut."""
        found = [one for one in self._found.get(index, ()) if one.host in ends or one.address in ends]
        return any(self._share(one) >= MOST_OF_IT for one in found)


def _inside(target: int) -> str:
    return f"asset {target}"


def judge(before: Report, during: Report, after: Report, outcome: Outcome, together: Report | None = None) -> Trial:
    """Return what happened to each asset.

    Args:
        before: of captures from before the cut; what was predicted is about these.
        during: of captures while it lasted.
        after: of captures from after it.
        outcome: what the simulation said, of the needs of *before*.
        together: of all these captures, where they follow on one another: they show when something stopped.
    """
    parts = [_Part.of(report) for report in (before, during, after)]
    rates = [_rates(part) for part in parts]
    spells = _Spells(before, [report for report in (together, during) if report], _span(during))
    broken, undecided = set(outcome.broken), {one.need for one in outcome.undecided}
    graph = outcome.graph
    assets = []
    for index in range(len(before.assets)):
        rows = [row for row in graph.rows_of(index) if graph.needs[row].state == DependencyState.USED]
        tested = tuple(
            _test(row, graph.needs[row], called(before, graph, row), parts, outcome, broken, undecided, spells)
            for row in rows
        )
        assets.append(_sum_up(index, tested, parts, rates, spells.of_asset(index)))
    begun, ended = _span(during)
    return Trial(
        scenario=outcome.scenario,
        begun=begun,
        ended=ended,
        assets=tuple(assets),
        uncut=_uncut(assets),
        unseen=tuple(asset.label for asset in during.assets if parts[0].find(asset.id, asset.addresses) is None),
    )


def _uncut(assets: Iterable[AssetTested]) -> tuple[str, ...]:
    lasted = {
        one.target for asset in assets for one in asset.tested if one.judgement == Judgement.BETTER and not one.inside
    }
    return tuple(sorted(lasted))


def _ends(need: Need, outcome: Outcome, before: Report) -> tuple[str, ...]:
    """Return the names and addresses by which the source of a need reached its target."""
    if need.inside:
        return (_inside(need.target),)
    rows = outcome.graph.externals[need.target].dependencies
    mine = [row for row in (before.dependencies[at] for at in rows) if row.asset == before.assets[need.source].id]
    ends = [end for row in mine for end in (row.host, row.attribution.name, row.attribution.address)]
    return tuple(dict.fromkeys(str(end) for end in ends if end))


def _seen(part: _Part, need: Need, ends: tuple[str, ...], before: Report) -> tuple[bool, bool, tuple[Evidence, ...]]:
    """Return whether a need was answered, and asked at all, in a part, and what proves it."""
    source = before.assets[need.source]
    index = part.find(source.id, source.addresses)
    if index is None:
        return False, False, ()
    if need.inside:
        target = before.assets[need.target]
        there = part.find(target.id, target.addresses)
        ends = () if there is None else (_inside(there),)
    answered = [step for end in ends for step in part.answered.get((index, end), ())]
    asked = [step for end in ends for step in part.asked.get((index, end), ())]
    return bool(answered), bool(answered or asked), tuple((answered or asked)[:2])


def _test(
    row: int, need: Need, target: str, parts: list[_Part], outcome: Outcome, broken: set[int], undecided: set[int],
    spells: _Spells,
) -> Tested:  # fmt: skip
    ends = _ends(need, outcome, parts[0].report)
    was_answered, was_asked, proof = _seen(parts[1], need, ends, parts[0].report)
    if spells.covers(need.source, ends):
        was_answered, was_asked = False, True
    again, asked_again, later = _seen(parts[2], need, ends, parts[0].report)
    predicted = Predicted.STOPS if row in broken else Predicted.UNDECIDED if row in undecided else Predicted.GOES_ON
    happened = Happened.WENT_ON if was_answered else Happened.STOPPED if was_asked else Happened.NOT_TRIED
    return Tested(
        asset=need.source,
        target=target,
        inside=need.inside,
        function=need.function,
        predicted=predicted,
        happened=happened,
        judgement=_judgement(predicted, happened),
        recovered=None if happened == Happened.WENT_ON or not asked_again else again,
        evidence=tuple(step for step in (*_proof_before(need), *proof, *later[:1]) if step.where),
    )


def _proof_before(need: Need) -> tuple[Evidence, ...]:
    """Return what shows the need before the cut."""
    return tuple(step for step in need.evidence if step.where)[:1]


def _judgement(predicted: Predicted, happened: Happened) -> Judgement:
    """Return the judgement; what nobody asked for proves nothing."""
    if happened == Happened.NOT_TRIED:
        return Judgement.NOT_TESTED
    if predicted == Predicted.UNDECIDED:
        return Judgement.DECIDED
    if (predicted == Predicted.STOPS) == (happened == Happened.STOPPED):
        return Judgement.AS_PREDICTED
    return Judgement.BETTER if happened == Happened.WENT_ON else Judgement.WORSE


def _rates(part: _Part) -> dict[int, float]:
    """Return the bytes a second that each asset exchanged inside the plant, with the ten it exchanged most with."""
    report = part.report
    if report.look_closer is None:
        return {}
    near = report.look_closer(range(len(report.assets)))
    return {
        index: sum(talk.bytes_in + talk.bytes_out for talk in one.talks if talk.application != "dns") / part.seconds
        for index, one in near.items()
    }


def _sum_up(
    index: int, tested: tuple[Tested, ...], parts: list[_Part], rates: list[dict[int, float]],
    found: Sequence[Interruption],
) -> AssetTested:  # fmt: skip
    asset = parts[0].report.assets[index]
    places = [part.find(asset.id, asset.addresses) for part in parts]
    was, during, later = (
        of.get(place, 0.0) if place is not None else 0.0 for of, place in zip(rates, places, strict=True)
    )
    fate = Fate.STOPPED if any(one.aftermath.fate == Fate.STOPPED for one in found) else _fate(was, during)
    judgements = {one.judgement for one in tested}
    return AssetTested(
        asset=index,
        fate=fate,
        rates=(was, during, later),
        is_back=later >= LESS * was if fate in (Fate.STOPPED, Fate.LESS) else None,
        judgement=next((one for one in GRAVITY if one in judgements), Judgement.NOT_TESTED),
        tested=tested,
        interruptions=tuple(found),
    )


def _fate(was: float, during: float) -> Fate:
    if was == 0:
        return Fate.NO_LOCAL
    part = during / was
    return Fate.STOPPED if part < GONE else Fate.LESS if part < LESS else Fate.KEPT_RUNNING
