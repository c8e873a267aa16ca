from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel.report import papers
from kwel.rulebook.crosswalk import Names
from kwel.suppliers.answers import Answer, AnswerError, beside, form, load, read
from kwel.suppliers.dossier import digest
from kwel.suppliers.schema import ANSWER, check
from tests.suppliers.making import CROSSWALK, maker, plant

if TYPE_CHECKING:
    from pathlib import Path

NAMES = Names(CROSSWALK)
HIKVISION = "Hangzhou Hikvision Digital Technology Co.,Ltd."


@pytest.fixture(scope="module")
def dossier() -> dict[str, Any]:
    made = maker().make(plant((0, "eu.hik-connect.com"), (0, "a.b.eu-central-1.amazonaws.com"), vendors=(HIKVISION,)))
    return next(one for one in made.dossiers if one["supplier"]["id"] == "amazon-web-services")


def answering(dossier: dict[str, Any], **fields: Any) -> Answer:
    service = dossier["services"][0]["id"]
    content = {
        "format": "kwel-answer",
        "version": 1,
        "supplier": dossier["supplier"]["id"],
        "date": "2026-12-01",
        "services": [{"service": service, **fields}],
    }
    check(content, ANSWER)
    return Answer("answer.json", content)


def outcomes(dossier: dict[str, Any], **fields: Any) -> dict[str, str]:
    (row,) = beside(dossier, answering(dossier, **fields), NAMES)["answers"]["services"]
    return {one["field"]: one["outcome"] for one in row["fields"]}


def test_the_form_is_an_answer_that_says_nothing(dossier: dict[str, Any]) -> None:
    empty = form(dossier)
    check(empty, ANSWER)
    shown = beside(dossier, Answer("answer.json", empty), NAMES)["answers"]

    assert (shown["answers"], shown["services"], shown["contradictions"]) == ([], [], 0)
    assert [row["question"] for row in empty["answers"]] == [row["id"] for row in dossier["questions"]]


def test_an_answer_never_alters_what_was_observed(dossier: dict[str, Any]) -> None:
    before = json.dumps(dossier)
    made = beside(dossier, answering(dossier, hosted_in=["NL"], parent="Somebody else"), NAMES)

    assert json.dumps(dossier) == before
    assert {key: value for key, value in made.items() if key != "answers"} == dossier
    assert digest(made) == digest(dossier)


def test_hosted_in_europe_and_seen_elsewhere_is_a_contradiction(dossier: dict[str, Any]) -> None:
    seen = {**dossier, "services": [{**dossier["services"][0], "location": "US"}]}

    assert outcomes(seen, hosted_in=["NL", "DE"]) == {"hosted_in": "contradicts"}
    assert outcomes(seen, hosted_in=["US"]) == {"hosted_in": "agrees"}
    assert beside(seen, answering(seen, hosted_in=["NL"]), NAMES)["answers"]["contradictions"] == 1


@pytest.mark.parametrize("location", [None, "anycast"])
def test_what_was_not_seen_is_not_compared(dossier: dict[str, Any], location: str | None) -> None:
    seen = {**dossier, "services": [{**dossier["services"][0], "location": location}]}

    assert outcomes(seen, hosted_in=["NL"]) == {"hosted_in": "open"}


def test_companies_are_compared_in_one_spelling(dossier: dict[str, Any]) -> None:
    assert outcomes(dossier, operator="Amazon Web Services EMEA SARL") == {"operator": "agrees"}
    assert outcomes(dossier, operator="Hetzner Online GmbH") == {"operator": "contradicts"}
    assert outcomes(dossier, works_without="yes", remark="see page 3") == {"works_without": "open", "remark": "open"}


def test_an_answer_is_shown_beside_the_observation_as_text(dossier: dict[str, Any]) -> None:
    made = beside(dossier, answering(dossier, operator="<script>alert(1)</script>", parent_jurisdiction="NL"), NAMES)
    page = papers.dossier(made, digest(made), "nl")

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Tegenspraak" in page


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'format = "kwel-answer"\nversion = 1\nsupplier = "x"\ndate = 2026-12-01\n'
        '[[services]]\nservice = "U-1"\nhosted_in = ["DE"]\n'
    )
    content = read(tmp_path / "a.toml").content
    (tmp_path / "a.json").write_text(json.dumps(content))

    assert read(tmp_path / "a.json").content == content


def test_of_two_answers_the_later_counts(tmp_path: Path) -> None:
    for name, date in (("b", "2026-12-02"), ("a", "2026-12-03"), ("c", "2026-12-01")):
        content = {"format": "kwel-answer", "version": 1, "supplier": "x", "date": date}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))

    assert load(tmp_path)["x"].content["date"] == "2026-12-03"


BASE = '"format": "kwel-answer", "version": 1, "supplier": "x", "date": "2026-12-01"'
WRONG = {
    "": "is no JSON",
    "[" * 100_000: "nested too deep",
    "{" + BASE + ', "x": NaN}': "is no number",
    "{" + BASE + ', "date": "2026-12-01"}': "twice",
    "{" + BASE + ', "verdict": "eu"}': "'verdict' is no key of it",
    "{" + BASE.replace("2026-12-01", "2026-13-01") + "}": "month",
    "{" + BASE.replace("2026-12-01", "2026-12-01\\n") + "}": "longer than 10",
    "{" + BASE.replace('"x"', '"../x"') + "}": "is not spelled as it must be",
    "{" + BASE + ', "statement": "' + "a" * 2001 + '"}': "longer than 2000",
    "{" + BASE + ', "services": [{"service": "U-1", "hosted_in": ["Holland"]}]}': "services[0].hosted_in[0]",
    "{" + BASE + ', "services": [{"service": "U-1", "works_without": "maybe"}]}': "is not one of",
    "{" + BASE + ', "services": [' + ",".join(['{"service": "a"}'] * 501) + "]}": "more than 500 rows",
    "{" + BASE + ', "statement": "\\ud800"}': "half a character",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=list(WRONG.values()))
def test_hostile_answers_are_refused_with_file_place_and_reason(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(AnswerError, match=r"a\.json: ") as error:
        read(tmp_path / "a.json")
    assert why in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b" " * 4_000_001)
    (tmp_path / "a.toml").write_bytes(b"#" * 4_000_001)

    for name in ("a.json", "a.toml"):
        with pytest.raises(AnswerError, match="larger than 4 MB"):
            read(tmp_path / name)
