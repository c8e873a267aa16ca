"""The most used hosts of laboratory and corpus, labelled by hand: kwel must name the same operator and the same law."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kwel import rulebook
from kwel.attribution import editions
from kwel.attribution.attribute import Attributor
from kwel.model.claims import Grade

LABELS = Path(__file__).parent.parent / "golden" / "hosts-61.toml"
HOSTS: list[dict[str, Any]] = tomllib.loads(LABELS.read_text())["hosts"]
UNKNOWN = "unknown"
BOOK = rulebook.load()


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return Attributor(BOOK, editions.open_tables(None), "EEA")


def test_sixty_one_hosts_are_labelled_each_with_its_reason() -> None:
    assert len({host["name"] for host in HOSTS}) == 61
    assert all(host["why"] for host in HOSTS)
    assert sum(host["operator"] == UNKNOWN for host in HOSTS) < 10


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host["name"])
def test_operator_and_jurisdiction_are_those_of_the_label(host: dict[str, Any], attributor: Attributor) -> None:
    """Where the label says that nobody can know, kwel may show a hint of grade D and must not count it."""
    found = attributor.attribute(host["address"], host["name"], tuple(host.get("chain", ())))
    operator = BOOK.operators[found.operator_id] if found.operator_id else None

    if host["operator"] == UNKNOWN:
        assert operator is None or (found.operator is not None and found.operator.grade <= Grade.D)
    else:
        assert operator is not None
        assert (operator.entity, found.parent_jurisdiction) == (host["operator"], host["jurisdiction"])
