"""A judgement in, JUnit XML out: a test case a breach, one for each rule that nothing broke, and one for coverage.

There is no standard; this keeps to what the schemas of Jenkins and Surefire have in common: ``testsuites``,
``testsuite``, ``testcase`` with ``failure``, ``error`` or ``skipped``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from kwel.export.cells import visible
from kwel.export.judgement import DAYLESS
from kwel.model.limits import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from kwel.model.limits import Judged, Judgement

UNDECIDED: Final = {"fail": "failure", "incomplete": "error", "show": "skipped"}
"""What becomes of an undecided contact: where the check ends as incomplete, nobody may read that all is well."""


def write(judgement: Judgement, out: BinaryIO) -> None:
    """Write the XML."""
    cases = list(_cases(judgement))
    count = {kind: sum(1 for case in cases if f"<{kind} " in case) for kind in ("failure", "error", "skipped")}
    name = _attribute(judgement.policy.title.en)
    totals = f'tests="{len(cases)}" failures="{count["failure"]}" errors="{count["error"]}"'
    out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<testsuites name="kwel check" {totals}>\n'.encode())
    out.write(f'<testsuite name="{name}" {totals} skipped="{count["skipped"]}">\n'.encode())
    out.write("".join(cases).encode())
    out.write(b"</testsuite>\n</testsuites>\n")


def _cases(judgement: Judgement) -> Iterator[str]:
    yield _coverage(judgement)
    for of in judgement.expired:
        said = f"expired on {of.expires}, owner {of.owner}, {of.ticket}: renew or remove it"
        yield _case(of.rule, f"exception {of.number}", _outcome("failure", "expired-exception", said, of.reason))
    broken = set()
    undecided = UNDECIDED[judgement.policy.undecided]
    kinds = {Decision.BREACH: "failure", Decision.UNDECIDED: undecided, Decision.EXCEPTED: "skipped"}
    for judged in judgement.rows(*kinds):
        broken.add(judged.rule)
        yield _case(judged.rule, _name(judged), _outcome(kinds[judged.decision], *_why(judged)))
    for rule in judgement.policy.rules:
        if rule.id not in broken:
            yield _case(rule.id, "no breach", "")


def _coverage(judgement: Judgement) -> str:
    if judgement.is_blind or judgement.unread or judgement.is_dayless:
        said = f"coverage is {judgement.coverage}, the policy asks for {judgement.policy.coverage}"
        more = "; ".join((*judgement.shortcomings, *judgement.unread, *([DAYLESS] if judgement.is_dayless else [])))
        return _case("coverage", "enough was seen", _outcome("error", "incomplete", said, more))
    return _case("coverage", "enough was seen", "")


def _name(judged: Judged) -> str:
    ends = [judged.asset_label, judged.destination]
    if judged.direction == "inbound":
        ends.reverse()
    return f"{' -> '.join(ends)} ({judged.what})"


def _why(judged: Judged) -> tuple[str, str, str]:
    """Return kind, message and text."""
    frames = f"frames {' '.join(judged.evidence)}"
    because = "; ".join(f"{key} = {value}" for key, value in judged.because)
    if judged.exemption:
        of = judged.exemption
        because += f"; exception {of.number}: {of.reason} ({of.owner}, {of.ticket}), until {of.expires}"
    if judged.open:
        because += f"; not known: {', '.join(judged.open)}"
    return judged.decision.value, f"{judged.rule}: {judged.asset} and {judged.destination}", f"{because}; {frames}"


def _case(classname: str, name: str, inside: str) -> str:
    head = f'<testcase classname="{_attribute(classname)}" name="{_attribute(name)}"'
    return f"{head}>{inside}</testcase>\n" if inside else f"{head}/>\n"


def _outcome(element: str, kind: str, message: str, text: str) -> str:
    start = f'<{element} message="{_attribute(message)}"'
    start += "" if element == "skipped" else f' type="{_attribute(kind)}"'
    return f"{start}>{escape(visible(text))}</{element}>"


def _attribute(text: str) -> str:
    return escape(visible(text), {'"': "&quot;"})
