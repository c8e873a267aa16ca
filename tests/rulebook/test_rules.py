"""Every rule file that ships proves itself; no test here names a provider."""

from __future__ import annotations

import datetime
import itertools
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel import rulebook

if TYPE_CHECKING:
    from kwel.rulebook.model import Example, Operator, Service

BOOK = rulebook.load()
OPERATORS = list(BOOK.operators.values())
BUDGET = 0.3  # seconds to load: five times the 60 ms that it may cost on a quiet machine


def test_the_shipped_rules_are_in_order() -> None:
    assert rulebook.lint() == []


def test_the_shipped_examples_hold() -> None:
    assert rulebook.test() == []


@pytest.mark.parametrize("example", BOOK.examples, ids=lambda e: f"{e.rule}:{e.name}")
def test_a_name_with_another_name_behind_it_is_never_matched(example: Example) -> None:
    disguised = f"{example.name}.attacker.test"

    assert BOOK.operator_of(disguised) is None
    assert BOOK.service_of(disguised) is None


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.id)
def test_an_operator_can_be_recognised_by_something(operator: Operator) -> None:
    assert operator.domains or operator.networks or operator.ranges or operator.prefixes


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.id)
def test_operators_that_share_networks_share_a_parent(operator: Operator) -> None:
    assert {BOOK.operators[other].parent.name for other in operator.shares_networks_of} <= {operator.parent.name}


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.id)
def test_a_front_is_said_to_be_at_many_places(operator: Operator) -> None:
    if operator.kind == "cdn":
        assert operator.anycast or not operator.ranges


@pytest.mark.parametrize("service", BOOK.services, ids=lambda s: s.id)
def test_a_service_is_found_by_a_name_or_an_address(service: Service) -> None:
    assert service.names or service.prefixes or service.tags


def test_an_owner_from_a_document_that_nobody_opened_is_marked() -> None:
    rules = resources.files("kwel.rules")
    files = [file for folder in ("operators", "services") for file in (rules / folder).iterdir()]
    texts = {file.name: file.read_text("utf-8") for file in files if file.name.endswith(".toml")}
    named = {name for name, text in texts.items() if "(named, not opened)" in text}

    assert len(named) > 50
    assert [name for name in sorted(named) if 'owner = "unverified"' not in texts[name]] == []


def test_every_rule_was_reviewed_this_year_or_later() -> None:
    for reviewed in [o.reviewed for o in OPERATORS] + [s.reviewed for s in BOOK.services]:
        assert datetime.date(2026, 1, 1) <= datetime.date.fromisoformat(reviewed)


def test_blocs_grow_from_the_narrow_to_the_wide() -> None:
    sizes = [set(BOOK.blocs[name].members) for name in ("EU27", "EEA", "EEA+CH", "EEA+CH+GB")]

    assert len(sizes[0]) == 27
    assert all(small < large for small, large in itertools.pairwise(sizes))


@pytest.mark.slow
def test_every_region_that_the_tables_know_has_a_country(shipped_regions: set[tuple[str, str]]) -> None:
    owners = {claim.provider: o.regions for o in OPERATORS for claim in o.ranges}
    unknown = {(p, r) for p, r in shipped_regions if r not in BOOK.regions[owners[p]] and r != "global"}

    assert unknown == set()


@pytest.fixture(scope="module")
def shipped_regions() -> set[tuple[str, str]]:
    import maxminddb

    from kwel.attribution.tables import CLOUD

    table = resources.files("kwel.rules") / "data" / CLOUD
    with maxminddb.open_database(str(table)) as reader:
        records = [record for _, record in reader if isinstance(record, dict)]
    return {(str(r["provider"]), str(r["region"])) for r in records if r.get("region")}


def test_loading_all_rules_is_fast() -> None:
    best = min(_seconds() for _ in range(3))

    assert best < BUDGET


def _seconds() -> float:
    start = time.process_time()
    rulebook.load()
    return time.process_time() - start


def test_the_documentation_lists_every_kind_of_evidence_and_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")

    for kind, keys in BOOK.vocabulary.evidence.items():
        assert f"| `{kind}` |" in page
        assert f"| {', '.join(keys)} |" in page
    assert [reason for reason in BOOK.vocabulary.reasons if f"`{reason}`" not in page] == []
