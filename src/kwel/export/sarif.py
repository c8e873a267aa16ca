"""A judgement in, a SARIF log out (OASIS Static Analysis Results Interchange Format 2.1.0, 27 March 2020).

A breach is a result of kind ``fail``, what is undecided one of kind ``open``, and an exception a suppression with its
reason (sections 3.27.9, 3.35). Captures have frames, not lines: those stand in the property bag.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kwel.export.cells import visible
from kwel.export.judgement import DAYLESS
from kwel.model.limits import Action, Decision, Result

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from kwel.model.limits import Judged, Judgement, Policy

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {Action.DENY: "error", Action.WARN: "warning", Action.ALLOW: "note"}
TOLD: Final = (Decision.BREACH, Decision.UNDECIDED, Decision.WARNING, Decision.EXCEPTED)


def write(judgement: Judgement, out: BinaryIO, version: str) -> None:
    """Write the log; results one by one, for there may be many."""
    rules = _rules(judgement.policy)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "kwel", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(judgement)],
        "properties": {"policy": judgement.policy.file, "sha256": judgement.policy.sha256, "day": judgement.day},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": []}
    head = json.dumps(log, indent=1).removesuffix("]\n}")
    out.write((head + "\n  " + json.dumps(run).removesuffix("}") + ', "results": [').encode())
    before = "\n"
    for result in _results(judgement, index):
        out.write((before + json.dumps(result)).encode())
        before = ",\n"
    out.write(b"]}\n ]\n}\n")


def _rules(policy: Policy) -> list[dict[str, Any]]:
    rules = []
    for rule in policy.rules:
        about: dict[str, Any] = {"id": rule.id, "defaultConfiguration": {"level": LEVELS[rule.action]}}
        text = rule.because.en if rule.because else "; ".join(str(of) for of in rule.conditions)
        about["shortDescription"] = {"text": visible(f"{rule.action.value}: {text}")}
        if rule.source:
            about["help"] = {"text": visible(rule.source)}
        rules.append(about)
    for name, action in policy.default.items():
        about = {"id": f"default: {name}", "defaultConfiguration": {"level": LEVELS[action]}}
        rules.append({**about, "shortDescription": {"text": f"{action.value} where no rule holds: {name}"}})
    return rules


def _invocation(judgement: Judgement) -> dict[str, Any]:
    notes = [f"coverage is {judgement.coverage}: {key}" for key in judgement.shortcomings]
    notes += [f"not read to its end: {problem}" for problem in judgement.unread]
    notes += ["no packet could be used"] if judgement.is_empty else []
    notes += [DAYLESS] if judgement.is_dayless else []
    level = "error" if judgement.is_blind or judgement.unread or judgement.is_dayless else "note"
    return {
        "executionSuccessful": judgement.result is not Result.INCOMPLETE,
        "exitCode": {Result.IN_ORDER: 0, Result.BREACH: 1, Result.INCOMPLETE: 3}[judgement.result],
        "toolExecutionNotifications": [{"level": level, "message": {"text": visible(note)}} for note in notes],
    }


def _results(judgement: Judgement, index: dict[str, int]) -> Iterable[dict[str, Any]]:
    for of in judgement.expired:
        text = f"exception {of.number} from {of.rule} expired on {of.expires} (owner {of.owner}, {of.ticket})"
        yield {
            "ruleId": of.rule,
            "ruleIndex": index[of.rule],
            "kind": "fail",
            "level": "error",
            "message": {"text": visible(text)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(judgement.policy.file)}}}],
            "partialFingerprints": {"kwelContact/v1": _print(of.rule, str(of.number), of.expires)},
        }
    for judged in judgement.rows(*TOLD):
        yield _result(judged, index[judged.rule])


def _result(judged: Judged, index: int) -> dict[str, Any]:
    is_open = judged.decision is Decision.UNDECIDED
    result: dict[str, Any] = {
        "ruleId": judged.rule,
        "ruleIndex": index,
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else LEVELS[judged.action],
        "message": {"text": visible(_text(judged))},
        "locations": [_location(judged)],
        "partialFingerprints": {
            "kwelContact/v1": _print(judged.rule, judged.asset, judged.destination, judged.direction, judged.what)
        },
        "properties": {"decision": judged.decision.value, "frames": list(judged.evidence), **dict(judged.because)},
    }
    if judged.decision is Decision.EXCEPTED and judged.exemption:
        of = judged.exemption
        why = f"{of.reason} ({of.owner}, {of.ticket}), until {of.expires}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(why)}]
    return result


def _text(judged: Judged) -> str:
    ends = f"{judged.asset_label} and {judged.destination}"
    said = f"{judged.direction}: {ends}, {judged.what}; frames {' '.join(judged.evidence)}"
    return f"{said}; not known: {', '.join(judged.open)}" if judged.open else said


def _location(judged: Judged) -> dict[str, Any]:
    capture = judged.evidence[0].rpartition("#")[0] if judged.evidence else ""
    names = [{"name": visible(name), "kind": "resource"} for name in (judged.asset, judged.destination)]
    location: dict[str, Any] = {"logicalLocations": names}
    if capture:
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(capture)}}
    return location


def _print(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
