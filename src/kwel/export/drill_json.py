"""A plan or a judged drill in, the JSON that holds it out. docs/drill.md describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from kwel.model.drill import AssetTested, DrillTold, Plan, Target, Tested, Trial, Watch
    from kwel.model.interruptions import Interruption
    from kwel.model.outage import Scenario
    from kwel.model.report import Report


def plan_json(report: Report, plan: Plan) -> dict[str, Any]:
    """Return a test protocol."""
    label = [asset.label for asset in report.assets]
    return {
        "kwel": report.version,
        "rulebook": report.rulebook,
        "captures": [{"name": one.name, "sha256": one.sha256} for one in report.captures],
        "scenario": _scenario(plan.scenario),
        "targets": [_target(report, target) for target in plan.targets],
        "not_cut_off": list(plan.uncut),
        "predicted": [_watch(report, watch) for watch in plan.watches],
        "undecided": [label[index] for index in plan.undecided],
        "go_on": [label[index] for index in plan.rests],
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.title._asdict(),
        "notice_days": scenario.notice,
        "duration_days": scenario.duration,
    }


def _target(report: Report, target: Target) -> dict[str, Any]:
    return {
        "key": target.key,
        "service": target.label,
        "operator": target.operator,
        "hosts": list(target.hosts),
        "addresses": list(target.addresses),
        "ports": [f"{transport}/{port}" for transport, port in target.ports],
        "assets": [report.assets[index].label for index in target.assets],
    }


def _watch(report: Report, watch: Watch) -> dict[str, Any]:
    return {
        "asset": report.assets[watch.asset].id,
        "label": report.assets[watch.asset].label,
        "function": watch.function,
        "felt": watch.time,
        "direct": watch.direct,
        "through": list(watch.through),
        "alternative": watch.alternative,
    }


def trial_json(before: Report, trial: Trial) -> dict[str, Any]:
    """Return what a drill showed; *before*: whose assets it speaks of."""
    return {
        "kwel": before.version,
        "rulebook": before.rulebook,
        "scenario": _scenario(trial.scenario),
        "begun": _time(trial.begun),
        "ended": _time(trial.ended),
        "not_cut_off": list(trial.uncut),
        "unseen_before": list(trial.unseen),
        "assets": [_asset(before, one) for one in trial.assets],
    }


def _time(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


def _asset(before: Report, one: AssetTested) -> dict[str, Any]:
    asset = before.assets[one.asset]
    was, during, later = (round(rate, 1) for rate in one.rates)
    return {
        "asset": asset.id,
        "label": asset.label,
        "judgement": one.judgement.value,
        "local": one.fate.value,
        "local_is_back": one.is_back,
        "local_bytes_per_second": {"before": was, "during": during, "after": later},
        "needs": [_tested(need) for need in one.tested],
        "interruptions": [_interruption(stop) for stop in one.interruptions],
    }


def _tested(one: Tested) -> dict[str, Any]:
    return {
        "target": one.target,
        "inside": one.inside,
        "function": one.function,
        "predicted": one.predicted.value,
        "happened": one.happened.value,
        "judgement": one.judgement.value,
        "recovered": one.recovered,
        "evidence": [str(step.where) for step in one.evidence if step.where],
    }


def _interruption(stop: Interruption) -> dict[str, Any]:
    return {
        "host": stop.host,
        "port": stop.port,
        "sign": stop.sign.value,
        "begin": _time(stop.begin.before),
        "end": _time(stop.end.before) if stop.end else None,
        "attempts": stop.retries.count,
        "retry_seconds": stop.retries.interval,
        "backs_off": stop.retries.grows,
        "local": stop.aftermath.fate.value,
        "stopped_after_seconds": stop.aftermath.stopped_after,
        "fell_back": stop.aftermath.fell_back,
    }


def told_json(told: DrillTold) -> dict[str, Any]:
    """Return what is kept of a drill that was judged before."""
    return {
        "file": told.file,
        "sha256": told.sha256,
        "scenario": told.scenario,
        "title": told.title._asdict(),
        "begun": told.begun,
        "ended": told.ended,
        "judgements": {judgement.value: count for judgement, count in told.counts},
        "stopped": list(told.stopped),
        "came_back": told.back,
        "not_cut_off": list(told.uncut),
    }
