"""A judgement as table, JSON, JUnit and SARIF; names in it are hostile."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from kwel.export import judgement as tables
from kwel.export import junit, sarif
from kwel.policy.judge import Seen, judge
from tests.policy.making import contacts_of, policy_of

if TYPE_CHECKING:
    from kwel.model.limits import Judgement

HOSTILE = '"><script>&amp;\x1b[2J\u202e]]>\x00\ud800=cmd'
POLICY = """
title = "Limits"
default = "allow"
[[rules]]
id = "a"
action = "deny"
source = "board decision"
control = "non-european"
[[rules]]
id = "w"
action = "warn"
functions = "time"
[[rules]]
id = "never"
action = "deny"
functions = "energy"
[[exceptions]]
rule = "a"
assets = "gw"
owner = "o"
reason = "moving"
ticket = "CHG-1"
expires = 2027-01-01
"""
SEEN = (
    f"direction=outbound assets=plc hosts={HOSTILE} control=non-european",
    "direction=outbound assets=gw hosts=b.example control=non-european",
    "direction=outbound assets=x hosts=c.example control=?",
    "direction=inbound assets=y hosts=d.example functions=time",
    "direction=outbound assets=z hosts=e.example control=european",
)


def judged(coverage: str = "good", day: str | None = "2026-11-25", policy: str = POLICY) -> Judgement:
    return judge(policy_of(policy), contacts_of(SEEN), Seen(coverage, ("one-way",) if coverage != "good" else ()), day)


def as_sarif(judgement: Judgement) -> dict[str, Any]:
    out = io.BytesIO()
    sarif.write(judgement, out, "1.2.3")
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def as_junit(judgement: Judgement) -> ElementTree.Element:
    out = io.BytesIO()
    junit.write(judgement, out)
    return ElementTree.fromstring(out.getvalue())


def test_json_has_every_contact_that_is_not_plainly_in_order() -> None:
    out = io.BytesIO()
    tables.write_json(judged(), out)
    content = json.loads(out.getvalue())

    assert content["counts"] == {"breach": 1, "undecided": 1, "warning": 1, "excepted": 1, "allowed": 1}
    assert [row["decision"] for row in content["contacts"]] == ["breach", "undecided", "warning", "excepted"]
    first, second, _, excepted = content["contacts"]
    assert (first["rule"], first["asset"], first["destination"]) == ("a", "plc", HOSTILE)
    assert first["because"] == {"control": "non-european"}
    assert first["evidence"] == ["test.pcap#1"]
    assert second["open"] == ["control"]
    assert (excepted["exception"]["owner"], excepted["exception"]["expires"]) == ("o", "2027-01-01")


def test_table_shows_hostile_names_as_text_and_ends_with_the_outcome() -> None:
    out = io.StringIO()
    tables.write_table(judged(), out, 200)
    lines = out.getvalue().splitlines()

    assert lines[-1].startswith("breach on 2026-11-25: 1 breach, 1 undecided")
    assert all(line.isprintable() for line in lines)


def test_junit_has_a_case_a_breach_and_one_for_each_rule_without() -> None:
    suite = as_junit(judged())[0]
    cases = {(case.get("classname"), case[0].tag if len(case) else "passed") for case in suite}

    assert cases == {("coverage", "passed"), ("a", "failure"), ("default: outbound", "error"), ("a", "skipped"),
                     ("w", "passed"), ("never", "passed")}  # fmt: skip
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "6",
        "1",
        "1",
        "1",
    )


@pytest.mark.parametrize(("word", "tag"), [("show", "skipped"), ("incomplete", "error"), ("fail", "failure")])
def test_junit_takes_what_is_undecided_as_the_exit_status_does(word: str, tag: str) -> None:
    default = f'default = {{ outbound = "allow", inbound = "allow", inside = "allow", undecided = "{word}" }}'
    suite = as_junit(judged(policy=POLICY.replace('default = "allow"', default)))[0]

    assert [case[0].tag for case in suite if case.get("classname") == "default: outbound"] == [tag]


@pytest.mark.parametrize("day", [None, "1970-01-01"])
def test_without_a_day_no_exception_is_taken_for_valid(day: str | None) -> None:
    policy = """
    default = { outbound = "deny", inbound = "allow", inside = "allow", undecided = "show" }
    [[exceptions]]
    rule = "default: outbound"
    direction = "outbound"
    owner = "o"
    reason = "r"
    ticket = "t"
    expires = 2020-01-01
    """
    judgement = judged(day=day, policy=policy)
    notes = as_sarif(judgement)["runs"][0]["invocations"][0]["toolExecutionNotifications"]

    assert judgement.result == "incomplete"
    assert as_junit(judgement)[0][0][0].tag == "error"
    assert [note["level"] for note in notes] == ["error"]
    assert tables.DAYLESS in list(tables.lines(judgement))
    assert judged(day=day, policy='default = "allow"').result == "in-order"


def test_junit_calls_too_little_coverage_an_error() -> None:
    suite = as_junit(judged("poor"))[0]

    assert suite.get("errors") == "2"
    assert suite[0][0].tag == "error"


def test_junit_fails_what_has_expired() -> None:
    suite = as_junit(judged(day="2027-01-02"))[0]
    failed = [case.get("name") for case in suite if len(case) and case[0].tag == "failure"]

    assert failed[0] == "exception 1"
    assert len(failed) == 3


RESULT_KINDS = {"notApplicable", "pass", "fail", "review", "open", "informational"}
LEVELS = {"none", "note", "warning", "error"}


@pytest.mark.parametrize("day", ["2026-11-25", "2027-01-02"])
@pytest.mark.parametrize("coverage", ["good", "poor"])
def test_sarif_keeps_to_what_its_schema_asks_for(coverage: str, day: str) -> None:
    log = as_sarif(judged(coverage, day))

    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "kwel"
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["shortDescription"]["text"] for rule in rules)
    assert all(rule["defaultConfiguration"]["level"] in LEVELS for rule in rules)
    for result in run["results"]:
        assert result["kind"] in RESULT_KINDS
        assert result["level"] in LEVELS
        assert result["kind"] == "fail" or result["level"] == "none"  # 3.27.10
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
        assert result["message"]["text"]
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] in {"inSource", "external"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert " " not in uri
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    assert all(note["level"] in LEVELS and note["message"]["text"] for note in invocation["toolExecutionNotifications"])
    prints = [result["partialFingerprints"]["kwelContact/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_tells_open_from_failed_and_suppressed() -> None:
    (run,) = as_sarif(judged())["runs"]
    found = [(of["kind"], of["level"], "suppressions" in of) for of in run["results"]]

    assert found == [("fail", "error", False), ("open", "none", False), ("fail", "warning", False),
                     ("fail", "error", True)]  # fmt: skip
    assert "moving (o, CHG-1), until 2027-01-01" in json.dumps(run["results"][-1]["suppressions"])


def test_sarif_of_nothing_is_still_a_log() -> None:
    made = judge(policy_of(POLICY), contacts_of([]), Seen("poor", is_empty=True), None)
    (run,) = as_sarif(made)["runs"]

    assert run["results"] == []
    assert run["invocations"][0]["exitCode"] == 3
