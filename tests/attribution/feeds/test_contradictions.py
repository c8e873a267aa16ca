"""Rules and tables that contradict one another are told, each in one line; nested prefixes alone are none."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kwel import rulebook
from kwel.attribution.editions import Edition
from kwel.attribution.feeds import contradictions, mmdb
from kwel.attribution.feeds.mmdb import Range
from kwel.attribution.feeds.ranges import apart, block
from kwel.attribution.tables import ASN, CLOUD
from kwel.rulebook.model import Network, PublishedRange

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.rulebook.model import Operator, Rulebook

BOOK = rulebook.load()
CLOUDS: dict[str, tuple[str, str | None, int]] = {
    "198.51.0.0/17": ("aws", "eu-central-1", 17),
    "203.0.112.0/24": ("aws", "global", 24),
}
NUMBERS = {"198.51.0.0/16": 64500, "203.0.112.0/24": 64501, "192.0.2.0/25": 64502}
AWS, HETZNER, KPN = "aws", "hetzner", "kpn"


def tables(folder: Path, clouds: dict[str, tuple[str, str | None, int]], numbers: dict[str, int]) -> Edition:
    """Write two small tables."""
    records: list[dict[str, Any]] = [
        {"provider": provider, "prefix_length": length, **({"region": region} if region else {})}
        for provider, region, length in clouds.values()
    ]
    announced: list[dict[str, Any]] = [{"autonomous_system_number": number} for number in numbers.values()]
    manifest = {}
    for name, prefixes, rows in ((CLOUD, clouds, records), (ASN, numbers, announced)):
        ranges = apart(Range(block(p).first, block(p).last, index) for index, p in enumerate(prefixes))
        data = mmdb.write(ranges, rows, "k", "a", 1)
        (folder / name).write_bytes(data)
        manifest[name] = {"date": "2026-11-25", "crc32": zlib.crc32(data)}
    return Edition("test", folder, manifest)


def only(**operators: Operator) -> Rulebook:
    """The rules with no other operators than these."""
    return replace(BOOK, operators=operators, services=())


def operator(name: str, *prefixes: str, numbers: tuple[int, ...] = (), ranges: tuple[PublishedRange, ...] = ()) -> Any:
    networks = (Network(numbers, (), anycast=False, unsourced=False),) if numbers else ()
    no_tags: Any = {"front_tags": (), "anycast_services": ()}
    return replace(BOOK.operators[name], prefixes=prefixes, networks=networks, ranges=ranges, **no_tags)


EVERYTHING = PublishedRange("aws", ())
AMAZON = operator(AWS, ranges=(EVERYTHING,), numbers=(64500, 64501))


def told(folder: Path, book: Rulebook, providers: tuple[str, ...] = ()) -> list[str]:
    return contradictions.find(book, providers, (tables(folder, CLOUDS, NUMBERS),))


def test_the_shipped_rules_and_tables_contradict_nothing() -> None:
    from importlib.resources import files

    from kwel.attribution.editions import shipped
    from kwel.attribution.feeds import lists

    assert contradictions.find(BOOK, lists.load(files("kwel.rules")).providers, (shipped(),)) == []


def test_what_is_in_order_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, only(aws=AMAZON, hetzner=operator(HETZNER, "192.0.2.0/25", numbers=(64502,)))) == []


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (operator(HETZNER, "198.51.0.0/18"),
         "networks: '198.51.0.0/18' is announced under a number of operators/aws.toml: 16384 addresses"),
        (operator(HETZNER, "198.51.0.0/17"),
         "networks: '198.51.0.0/17' is published by operators/aws.toml: it never decides"),
        (operator(HETZNER, "198.51.0.0/16"),
         "networks: '198.51.0.0/16' is published by operators/aws.toml: 32768 addresses of it"),
        (operator(HETZNER, ranges=(PublishedRange("nobody", ()),)), "ranges: nobody publishes ranges as 'nobody'"),
        (operator(HETZNER, ranges=(PublishedRange("aws", ("moon-1",)),)),
         "ranges: 'aws' publishes none in 'moon-1'"),
        (operator(HETZNER, ranges=(EVERYTHING,)), "ranges: those of 'aws' are already in operators/aws.toml"),
    ],
)  # fmt: skip
def test_a_contradiction_with_a_table_is_named(tmp_path: Path, other: Operator, line: str) -> None:
    assert f"operators/hetzner.toml: {line}" in told(tmp_path, only(aws=AMAZON, hetzner=other))


def test_two_rules_for_one_prefix_and_a_prefix_inside_a_strangers_are_named(tmp_path: Path) -> None:
    book = only(
        aws=AMAZON,
        hetzner=operator(HETZNER, "192.0.2.0/25"),
        ovhcloud=operator("ovhcloud", "192.0.2.0/25"),
        scaleway=operator("scaleway", "192.0.2.64/26"),
    )

    assert told(tmp_path, book) == [
        "operators/ovhcloud.toml: networks: '192.0.2.0/25' is already in operators/hetzner.toml",
        "operators/scaleway.toml: networks: '192.0.2.64/26' lies in '192.0.2.0/25' of operators/hetzner.toml",
        "operators/scaleway.toml: networks: '192.0.2.64/26' lies in '192.0.2.0/25' of operators/ovhcloud.toml",
    ]


def test_hosts_of_a_group_and_hosts_lodged_with_a_carrier_are_no_contradiction(tmp_path: Path) -> None:
    eusc, carrier = operator("aws-eusc", "198.51.0.0/20"), operator(KPN, numbers=(64502,))
    lodged = operator(HETZNER, "192.0.2.0/25")

    assert told(tmp_path, only(**{"aws": AMAZON, "aws-eusc": eusc, "kpn": carrier, "hetzner": lodged})) == []


def test_ranges_that_nobody_claims_and_places_that_no_rule_knows_are_named(tmp_path: Path) -> None:
    edition = tables(tmp_path, {"198.51.0.0/17": ("aws", "moon-1", 17), "203.0.112.0/24": ("x", None, 24)}, NUMBERS)

    assert contradictions.find(only(aws=AMAZON), (), (edition,)) == [
        "regions.toml: aws: 'moon-1' is missing, where aws publishes ranges",
        "cloud.mmdb: x: published ranges that no operator claims",
    ]


def test_a_tag_that_no_published_range_has_is_named(tmp_path: Path) -> None:
    service = replace(BOOK.services[0], tags=("aws/NOT_THERE", "not-there/EITHER"), prefixes=())
    book = replace(only(aws=AMAZON), services=(service,))

    assert told(tmp_path, book) == [f"{service.file}: tags: no published range is tagged 'aws/NOT_THERE'"]


def test_a_tag_of_fronts_that_no_published_range_has_is_named(tmp_path: Path) -> None:
    amazon = replace(AMAZON, front_tags=("CLOUDFRONTT",))

    assert told(tmp_path, only(aws=amazon)) == [
        "operators/aws.toml: fronts, anycast_services: no published range is tagged 'CLOUDFRONTT'"
    ]


def test_a_published_range_under_a_number_of_somebody_else_is_named(tmp_path: Path) -> None:
    taken = operator(HETZNER, numbers=(64500,))
    amazon = operator(AWS, ranges=(EVERYTHING,))

    assert told(tmp_path, only(aws=amazon, hetzner=taken)) == [
        "operators/aws.toml: ranges: 1 of those published are announced under a number of operators/hetzner.toml"
    ]
