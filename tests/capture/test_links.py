"""Names of link types."""

from __future__ import annotations

from kwel.capture.links import NAMES, link_name


def test_every_link_type_has_a_name_of_its_own() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
    assert link_name(276) == "Linux cooked v2"
    assert link_name(147) == "private use 0"
    assert set(range(99, 303)) <= set(NAMES)
    assert link_name(65000) == "link type 65000"
