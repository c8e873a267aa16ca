"""Rules on law: a fault is named, an example that does not hold is told, a user's own rows stand beside the shipped."""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel import rulebook
from kwel.model.law import LawKind
from kwel.rulebook import RuleError

if TYPE_CHECKING:
    from kwel.model.law import Framework, Law, Offering

BOOK = rulebook.load()
LAWS, SOVEREIGN, FRAMEWORKS = "jurisdictions/laws.toml", "jurisdictions/sovereign.toml", "frameworks.toml"
FAULTS = [
    (LAWS, 'kind = "access"', 'kind = "spying"', "kind: 'spying' is not in the vocabulary"),
    (LAWS, 'status = "in-force"', 'status = "forced"', "status: 'forced' is not in the vocabulary"),
    (LAWS, "status_date = 2026-04-21", "", "status_date: missing"),
    (LAWS, 'jurisdiction = "US"', 'jurisdiction = "us"', "jurisdiction: 'us' is not an upper-case"),
    (LAWS, ", by way of lexbuild.dev, 2026-04-21", "", "source: 'United States Code, currency of Public Law 119-84'"),
    (LAWS, 'checked = "text"', 'checked = "surely"', "checked: 'surely' is not in the vocabulary"),
    (LAWS, 'through = ["parent",', 'through = ["cousin",', "through: 'cousin' is not one of"),
    (LAWS, 'id = "us-fisa-702"', 'id = "us-cloud-act"', "laws[1].id: 'us-cloud-act' is there twice"),
    (LAWS, 'id = "us-nsl"', 'id = "us nsl:+"', "laws[2].id: 'us nsl:+' is not letters, digits and hyphens"),
    (FRAMEWORKS, 'id = "SOV-1"', 'id = "SOV/1"', "id: 'SOV/1' is not letters, digits and hyphens"),
    (FRAMEWORKS, '"SEAL-4"]', '"SEAL 4"]', "levels: 'SEAL 4' is not letters, digits and hyphens"),
    (LAWS, "status_date = 2026-04-21", "status_date = 2026-12-01", "status_date: 2026-12-01 is after the file was"),
    (SOVEREIGN, "date = 2025-12-17", "date = 2027-01-01", "offerings[2].date: 2027-01-01 is after the file was"),
    (SOVEREIGN, 'how = "licensor"', 'how = "parent"', "offerings[2].how: the parent of its operators is seated in FR"),
    (LAWS, 'bloc = "EU27"', 'bloc = "EU28"', "bloc: no bloc 'EU28'"),
    (LAWS, 'law = "eu-restrictive-measures"', 'law = "eu-none"', "precedents[0].law: no law 'eu-none'"),
    (LAWS, "last = 2025-07-30", "last = 2025-07-01", "precedents[0].last: 2025-07-01 is before 2025-07-22"),
    (LAWS, "reviewed = 2026-11-25", "", "reviewed: missing"),
    (SOVEREIGN, 'operators = ["bleu"]', 'operators = ["blue"]', "offerings[3].operators: no operator 'blue'"),
    (SOVEREIGN, 'operators = ["bleu"]', 'operators = ["s3ns"]', "operators: 's3ns' is already in 's3ns'"),
    (SOVEREIGN, 'id = "bleu"', 'id = "EEA"', "offerings[3].id: 'EEA' is there twice"),
    (SOVEREIGN, 'how = "licensor"', 'how = "friend"', "how: 'friend' is not in the vocabulary"),
    (SOVEREIGN, "date = 2026-01-15", "", "offerings[0].date: missing"),
    (FRAMEWORKS, '"SEAL-4"]', '"SEAL-4", "open"]', "levels: 'open' is an outcome of every framework"),
    (FRAMEWORKS, 'outcome = "SEAL-1"', 'outcome = "SEAL-9"', "outcome: 'SEAL-9' is not in the vocabulary"),
    (FRAMEWORKS, 'when = ["parent-outside"]', "when = []", "when: is empty"),
    (FRAMEWORKS, 'when = ["parent-outside"]', 'when = ["parent-rich"]', "when: 'parent-rich' is not one of"),
    (FRAMEWORKS, 'status = "proposal"', 'status = "hope"', "status: 'hope' is not in the vocabulary"),
    (FRAMEWORKS, 'kind = "not-observable"', 'kind = "fact"', "limits: an objective has limits, or needs, exactly"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shipped = Path(str(resources.files("kwel.rules")))
    return Path(shutil.copytree(shipped, tmp_path / "rules", ignore=shutil.ignore_patterns("data", "*.py*")))


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(("name", "old", "new", "why"), FAULTS, ids=[f[3][:40] for f in FAULTS])
def test_a_fault_is_named_with_file_and_key(root: Path, name: str, old: str, new: str, why: str) -> None:
    change(root, name, old, new)

    with pytest.raises(RuleError) as raised:
        rulebook.load(root)
    assert re.match(rf"{name}(:[1-9][0-9]*)?: ", str(raised.value))
    assert why in str(raised.value)


def test_an_example_that_does_not_hold_is_told(root: Path) -> None:
    change(root, LAWS, 'misses = ["us-ear", "eu-e-evidence"]', 'misses = ["cn-nil"]')
    change(root, FRAMEWORKS, '"eu-csf/SOV-1:SEAL-0"', '"eu-csf/SOV-1:SEAL-3"')

    assert rulebook.test(root) == [
        "frameworks.toml: examples.matches: 'eu-csf/SOV-1:SEAL-3' does not follow from "
        "parent US, operator US, supplier US, location US",
        "jurisdictions/laws.toml: examples.misses: 'cn-nil' follows from parent CN, operator CN, location DE",
    ]


def test_a_law_without_an_example_is_told(root: Path) -> None:
    change(root, LAWS, '[[examples]]\noperator = ["IL"]\nmatches = ["il-communications"]', "")

    assert rulebook.lint(root) == [
        "jurisdictions/laws*.toml: examples: no example that matches law 'il-communications'"
    ]


def test_rows_of_a_user_stand_beside_the_shipped_ones(root: Path) -> None:
    own = (root / LAWS).read_text("utf-8")
    row = own[own.index("[[laws]]") : own.index("[[laws]]", own.index("[[laws]]") + 1)]
    row = row.replace("us-cloud-act", "jp-example").replace('"US"', '"JP"')
    example = '[[examples]]\nparent = ["JP"]\nmatches = ["jp-example"]\n'
    (root / "jurisdictions" / "laws-own.toml").write_text(f"reviewed = 2026-11-25\n{row}\n{example}", "utf-8")

    assert [law.id for law in rulebook.load(root).law.laws if law.jurisdiction == "JP"] == ["jp-example"]
    assert rulebook.lint(root) == rulebook.test(root) == []


@pytest.mark.parametrize("law", BOOK.law.laws, ids=lambda law: law.id)
def test_every_law_is_one_of_two_kinds_and_says_in_both_languages_what_it_reaches(law: Law) -> None:
    assert law.kind in LawKind
    assert law.reaches.nl != law.reaches.en
    if law.checked == "unverified":
        assert "known" in law.source or "knowledge" in law.source


@pytest.mark.parametrize("offering", BOOK.law.offerings.values(), ids=lambda offering: offering.id)
def test_the_influence_on_an_offering_is_that_which_its_operators_rule_states(offering: Offering) -> None:
    for operator in offering.operators:
        parent = BOOK.operators[operator].parent
        assert (parent.name, parent.jurisdiction) == (offering.party, offering.jurisdiction) or offering.how != "parent"
        assert parent.jurisdiction != offering.jurisdiction or offering.how == "parent"


@pytest.mark.parametrize("framework", BOOK.law.frameworks, ids=lambda framework: framework.id)
def test_no_framework_promises_a_rating(framework: Framework) -> None:
    for objective in framework.objectives:
        for rule in objective.rules:
            assert rule.because.nl
            assert rule.because.en
            assert "compl" not in rule.because.en
    if framework.status == "proposal":
        assert framework.note.nl.startswith("VOORSTEL")
        assert framework.note.en.startswith("PROPOSAL")


def test_what_was_not_looked_up_is_not_said_to_be_in_force() -> None:
    assert {law.status for law in BOOK.law.laws if law.checked == "unverified"} == {"presumed"}


OWN_LAW = """
reviewed = 2026-11-25

[[laws]]
id = "jp-example"
title = "Example Act"
kind = "access"
jurisdiction = "JP"
status = "in-force"
status_date = 2026-05-01
reference = "Act 12 of 2024, Article 3"
reaches = { nl = "aanbieders", en = "providers" }
through = ["parent"]
source = "Text, 2026-05-01"
checked = "text"

[[examples]]
parent = ["JP"]
matches = ["jp-example"]
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder that holds a user's law and nothing else."""
    (tmp_path / "jurisdictions").mkdir()
    (tmp_path / "jurisdictions" / "laws-own.toml").write_text(OWN_LAW, "utf-8")
    return tmp_path


def test_a_folder_that_is_no_whole_rulebook_is_laid_over_the_shipped_one(own: Path) -> None:
    book = rulebook.load(own)

    assert [law.id for law in book.law.laws if law not in BOOK.law.laws] == ["jp-example"]
    assert book.operators.keys() == BOOK.operators.keys()
    assert book.digest != BOOK.digest
    assert rulebook.lint(own) == rulebook.test(own) == []


def test_a_file_of_the_same_name_replaces_the_shipped_one(own: Path) -> None:
    (own / "jurisdictions" / "laws.toml").write_text(OWN_LAW, "utf-8")
    (own / "jurisdictions" / "laws-own.toml").unlink()

    assert [law.id for law in rulebook.load(own).law.laws] == ["jp-example"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("laws-own.toml", "laws-own.toml: file: is read by nobody"),
        ("devices/x.toml", "devices/x.toml: file: is read by"),
    ],
)
def test_a_file_that_nobody_reads_is_refused(own: Path, name: str, why: str) -> None:
    (own / name).parent.mkdir(exist_ok=True)
    (own / name).write_text(OWN_LAW, "utf-8")

    with pytest.raises(RuleError, match=why):
        rulebook.load(own)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rule files there"):
        rulebook.load(tmp_path)
