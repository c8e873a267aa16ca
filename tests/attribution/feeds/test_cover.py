"""What all published prefixes around an address say together."""

from __future__ import annotations

from kwel.attribution.feeds.cover import Cover, Published, within
from kwel.attribution.feeds.ranges import block


def cover(*published: Published) -> Cover:
    """Return what the prefixes say together, from the widest to the longest."""
    known = Cover()
    for row in published:
        everywhere = row.region == "global"
        says = Cover(
            row.provider,
            row.region,
            bool(row.region) and not everywhere,
            frozenset(row.services),
            row.prefix.length,
        )
        known = within(known, row.prefix, says)
    return known


def row(prefix: str, region: str | None, *services: str, provider: str = "p") -> Published:
    return Published(block(prefix), provider, region, services)


def test_a_longer_prefix_without_a_place_inherits_the_place_around_it() -> None:
    known = cover(row("10.0.0.0/8", None, "ALL"), row("10.1.0.0/16", "here", "ALL"), row("10.1.2.0/24", None, "DB"))

    assert (known.region, known.length, known.services) == ("here", 16, frozenset({"ALL", "DB"}))


def test_the_longest_prefix_with_a_place_decides() -> None:
    known = cover(row("10.0.0.0/8", "here"), row("10.1.0.0/16", "there"))

    assert (known.region, known.length) == ("there", 16)


def test_global_yields_to_a_place_whichever_is_longer() -> None:
    assert cover(row("10.0.0.0/8", "global"), row("10.1.0.0/16", "here")).region == "here"
    assert cover(row("10.0.0.0/8", "here"), row("10.1.0.0/16", "global")).region == "here"


def test_global_stays_where_no_prefix_names_a_place() -> None:
    known = cover(row("10.0.0.0/8", "global"), row("10.1.0.0/16", None))

    assert (known.region, known.placed, known.length) == ("global", False, 16)


def test_nothing_is_inherited_from_another_provider() -> None:
    known = cover(row("10.0.0.0/8", "here", "A"), row("10.1.0.0/16", None, "B", provider="q"))

    assert (known.provider, known.region, known.services) == ("q", None, frozenset({"B"}))
