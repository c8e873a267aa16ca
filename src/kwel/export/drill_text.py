"""A judged drill in, lines for a person at a terminal out, in Dutch or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from kwel.export.cells import visible
from kwel.model.drill import Happened, Judgement, Predicted

if TYPE_CHECKING:
    from kwel.model.drill import AssetTested, Trial
    from kwel.model.report import Report

Language = Literal["nl", "en"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "head": "{title} ({id}), cut from {begun} to {ended}",
        "asset": "asset",
        "function": "function",
        "target": "needs",
        "predicted": "predicted",
        "happened": "happened",
        "judgement": "judgement",
        "local": "inside the plant: {fate}",
        "back": "came back",
        "not-back": "not back yet",
        "uncut": "not cut off: {names}",
        "unseen": "seen during the cut only: {names}",
        "counts": "as predicted {as-predicted}, worse {worse}, better {better}, known {decided}, untested {not-tested}",
        Predicted.STOPS: "stops",
        Predicted.GOES_ON: "goes on",
        Predicted.UNDECIDED: "undecided",
        Happened.STOPPED: "stopped",
        Happened.WENT_ON: "went on",
        Happened.NOT_TRIED: "not asked",
        Judgement.AS_PREDICTED: "as predicted",
        Judgement.WORSE: "worse",
        Judgement.BETTER: "better",
        Judgement.DECIDED: "now known",
        Judgement.NOT_TESTED: "not tested",
        "kept-running": "kept running",
        "less": "less than half",
        "no-local": "no traffic there",
        "unsure": "too little captured",
    },
    "nl": {
        "head": "{title} ({id}), afgesneden van {begun} tot {ended}",
        "asset": "asset",
        "function": "functie",
        "target": "heeft nodig",
        "predicted": "voorspeld",
        "happened": "gebeurd",
        "judgement": "oordeel",
        "local": "binnen de fabriek: {fate}",
        "back": "kwam terug",
        "not-back": "nog niet terug",
        "uncut": "niet afgesneden: {names}",
        "unseen": "alleen tijdens de afsnijding gezien: {names}",
        "counts": "als voorspeld {as-predicted}, erger {worse}, beter {better}, bekend {decided}, rest {not-tested}",
        Predicted.STOPS: "stopt",
        Predicted.GOES_ON: "gaat door",
        Predicted.UNDECIDED: "onbeslist",
        Happened.STOPPED: "gestopt",
        Happened.WENT_ON: "ging door",
        Happened.NOT_TRIED: "niet gevraagd",
        Judgement.AS_PREDICTED: "als voorspeld",
        Judgement.WORSE: "erger",
        Judgement.BETTER: "beter",
        Judgement.DECIDED: "nu bekend",
        Judgement.NOT_TESTED: "niet beproefd",
        "kept-running": "liep door",
        "less": "minder dan de helft",
        "no-local": "geen verkeer daar",
        "unsure": "te weinig opgenomen",
    },
}


def trial_lines(before: Report, trial: Trial, language: Language) -> list[str]:
    """Return what happened, an asset a block."""
    from kwel.export.drill_json import trial_json

    words = WORDS[language]
    told = trial_json(before, trial)
    title = getattr(trial.scenario.title, language)
    lines = [
        words["head"].format(title=title, id=trial.scenario.id, begun=told["begun"][:19], ended=told["ended"][:19])
    ]
    lines.append("  " + words["counts"].format(**{one.value: trial.count(one) for one in Judgement}))
    for key, names in (("uncut", trial.uncut), ("unseen", trial.unseen)):
        if names:
            lines.append("  " + words[key].format(names=", ".join(names)))
    for one in trial.assets:
        lines += _asset(before, one, words)
    return [visible(line) for line in lines]


def _asset(before: Report, one: AssetTested, words: dict[str, str]) -> list[str]:
    fate = words[one.fate.value]
    if one.is_back is not None:
        fate += ", " + words["back" if one.is_back else "not-back"]
    lines = ["", f"{before.assets[one.asset].label}: {words[one.judgement]}; {words['local'].format(fate=fate)}"]
    rows: list[tuple[str, ...]] = [
        (need.function or "-", need.target, words[need.predicted], words[need.happened], words[need.judgement])
        for need in one.tested
    ]
    if rows:
        rows.insert(0, tuple(words[key] for key in ("function", "target", "predicted", "happened", "judgement")))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return lines + ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
