"""Every sentence exists in both languages and fills in the same things."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from kwel import rulebook
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.commands import CommandClass
from kwel.model.findings import Severity
from kwel.model.kinds import Application, FactKind, Lan
from kwel.model.law import OUTCOMES
from kwel.model.verdicts import BASES, Control, Verdict
from kwel.model.zones import OUTSIDE
from kwel.report import catalogue
from kwel.report.catalogue import Catalogue, capitalised
from kwel.report.text import plain, wire
from kwel.rulebook.law import CHECKED, HOW
from kwel.rulebook.legal_reach import LINKS

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "src" / "kwel" / "report"
SAY = catalogue.load()


def fields(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field}


def test_both_languages_are_there_and_fill_in_the_same_values() -> None:
    for key, entry in SAY.sentences.items():
        assert fields(entry["nl"]) == fields(entry["en"]), key
        assert entry["nl"].strip(), key
        assert entry["en"].strip(), key


LEADS_TO = {
    "lead.unread": "limits", "cover.switches-is": "law", "cover.bloc-members": "method", "cover.tables": "method",
    "cover.digests": "method", "finding.nothing": "limits", "limits.attempts": "tried", "limits.lookups": "tried",
    "set-aside.link-type": "method", "lead.site": "method",
    "judged.lead": "judged", "lead.outage": "outage", "lead.outage.one": "outage",
}  # fmt: skip
"""Sentences that name a chapter, by the end of their key, and the template of that chapter."""


def test_a_sentence_names_the_chapter_that_it_means() -> None:
    called = re.compile(r"chapter\((\d+), ")
    naming = {key: entry for key, entry in SAY.sentences.items() if re.search(r"hoofdstuk \d|chapter \d", str(entry))}
    for key, entry in naming.items():
        (template,) = {there for ending, there in LEADS_TO.items() if ending in key}
        (number,) = called.findall((REPORT / "html" / f"{template}.html").read_text())
        assert f"hoofdstuk {number}" in entry["nl"], key
        assert f"chapter {number}" in entry["en"], key

    assert naming


def test_a_singular_has_its_plural() -> None:
    singulars = [key for key in SAY.sentences if key.endswith(".one")]

    assert [key for key in singulars if key != "headline.one" and f"{key.removesuffix('one')}other" not in SAY] == []


def test_every_sentence_that_the_templates_ask_for_exists() -> None:
    for template in sorted((REPORT / "html").glob("*.html")):
        for key in re.findall(r'\bt\("([^"~]+)"[,)]', template.read_text("utf-8")):
            assert key in SAY, f"{template.name}: {key}"
        for key in re.findall(r'\bt\.count\("([^"]+)"', template.read_text("utf-8")):
            assert f"{key}.one" in SAY, f"{template.name}: {key}"


def test_every_sentence_that_the_code_asks_for_exists() -> None:
    for module in sorted(REPORT.glob("*.py")):
        source = module.read_text("utf-8")
        for key in re.findall(r'\bsay\("([^"{]+)"', source):
            assert key in SAY, f"{module.name}: {key}"
        for key in re.findall(r'\bsay\.count\("([^"{]+)"', source):
            assert f"{key}.one" in SAY, f"{module.name}: {key}"


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("verdict.{}.name", [verdict.value for verdict in Verdict]),
        ("verdict.{}.meaning", [verdict.value for verdict in Verdict]),
        ("state.{}", [control.value for control in Control]),
        ("key.{}", [control.value for control in Control]),
        ("kind.{}", [kind.value for kind in AssetKind]),
        ("kind.short.{}", [kind.value for kind in AssetKind]),
        ("grade.{}", [grade.name for grade in Grade]),
        ("grade-meaning.{}", [grade.name for grade in Grade]),
        ("severity.{}", [severity.name for severity in Severity]),
        ("term.{}", [*rulebook.load().vocabulary.functions, *rulebook.load().vocabulary.impacts]),
        ("law-status.{}", list(rulebook.load().vocabulary.law_statuses)),
        ("law-checked.{}", list(CHECKED)),
        ("law.link.{}", list(LINKS)),
        ("law.outcome.{}", list(OUTCOMES)),
        ("law.short.{}", [outcome for outcome in OUTCOMES if outcome != "not-observable"]),
        ("law.stated.{}", list(BASES)),
        ("term.{}", list(HOW)),
        ("term.{}", [application.label for application in Application if application]),
        ("term.{}", [protocol.label for protocol in Lan]),
        ("fact.{}", list(get_args(FactKind))),
        ("command.{}", [kind.value for kind in CommandClass]),
        ("zone.{}", list(OUTSIDE)),
        ("zone.short-{}", list(OUTSIDE)),
        ("step.{}", ["observed", "looked-up", "inferred", "rejected"]),
    ],
)
def test_every_member_of_a_closed_list_has_its_words(group: str, members: list[str]) -> None:
    assert [member for member in members if group.format(member) not in SAY] == []


def test_every_word_of_the_rules_vocabulary_has_its_sentence() -> None:
    vocabulary = tomllib.loads((ROOT / "rules" / "vocabulary.toml").read_text("utf-8"))

    assert [key for key in vocabulary["evidence"] if f"evidence.{key}" not in SAY] == []
    assert [key for key in vocabulary["reasons"] if f"reason.{key}" not in SAY] == []


def test_sentences_about_rules_fill_in_only_what_the_rules_give() -> None:
    vocabulary = tomllib.loads((ROOT / "rules" / "vocabulary.toml").read_text("utf-8"))
    for kind, values in vocabulary["evidence"].items():
        given = {value.strip() for value in values.split(",")}
        given |= {value.removesuffix("_nl") for value in given if value.removesuffix("_nl") + "_en" in given}
        asked = fields(SAY.sentences[f"evidence.{kind}"]["en"])
        assert asked <= given, kind


def test_a_value_that_is_not_given_says_so() -> None:
    assert SAY("evidence.tls-sni").en == "TLS asks for the server name not known"


def test_values_are_escaped() -> None:
    assert SAY("evidence.tls-sni", name="<b>").en.endswith("&lt;b&gt;")
    assert SAY("evidence.tls-sni", name=wire("<b>")).en.endswith("<bdi>&lt;b&gt;</bdi>")


def test_numbers_are_words_up_to_twelve() -> None:
    assert [str(SAY.words(count).en) for count in (0, 1, 12, 13)] == ["none", "one", "twelve", "13"]
    assert [str(SAY.words(count).nl) for count in (0, 1, 12, 13)] == ["geen", "één", "twaalf", "13"]


def test_a_number_that_begins_a_sentence_has_a_capital() -> None:
    assert SAY.capital_words(1).nl == "Eén"
    assert SAY.capital_words(9).nl == "Negen"
    assert SAY.capital_words(1_300).nl == "1.300"
    assert capitalised(plain("abc")).en == "Abc"


def test_one_has_the_singular() -> None:
    assert SAY.count("method.packets", 1).en == "1 packet"
    assert SAY.count("method.packets", 2_000).nl == "2.000 pakketten"


def test_countries_have_names_and_a_code_that_is_none_is_kept() -> None:
    assert SAY.country("US").nl == "Verenigde Staten"
    assert SAY.country("ZZ").nl == "ZZ"


def test_a_key_without_a_sentence_is_our_fault_and_loud() -> None:
    with pytest.raises(KeyError):
        Catalogue({})("no.such")


def test_no_sentence_asks_for_a_value_that_the_catalogue_itself_is_called_with() -> None:
    """A value of evidence that is named ``key`` would be taken for the key of the sentence."""
    assert "{key}" not in files("kwel.report").joinpath("html/catalogue.toml").read_text(encoding="utf-8")
