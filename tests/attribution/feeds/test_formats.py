"""Lists in their owners' formats are read exactly; anything else is refused with one line."""

from __future__ import annotations

import copy
import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.attribution.feeds.formats import FORMATS, LONGEST_COMPLAINT, FeedError, parse
from tests.attribution.feeds.serving import AWS, AZURE, GEOFEED, GOOGLE, LINES, ORACLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.attribution.feeds.ranges import Block

SAMPLES: dict[str, str] = {
    "aws-ip-ranges": json.dumps(AWS),
    "azure-service-tags": json.dumps(AZURE),
    "google-ip-ranges": json.dumps(GOOGLE),
    "oracle-ip-ranges": json.dumps(ORACLE),
    "fastly-ip-list": json.dumps({"addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"]}),
    "geofeed": GEOFEED,
    "geofeed-countries": GEOFEED,
    "prefix-lines": LINES,
}


def read(form: str, text: str | None = None) -> list[tuple[str, str | None, tuple[str, ...]]]:
    rows = parse(form, (SAMPLES[form] if text is None else text).encode(), "p").rows
    assert all(row.provider == "p" for row in rows)
    return [(written(row.prefix), row.region, row.services) for row in rows]


def written(prefix: Block) -> str:
    first = ipaddress.IPv6Address(prefix.first) if prefix.first >> 32 else ipaddress.IPv4Address(prefix.first)
    return f"{first}/{prefix.length}"


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(FORMATS)


def test_a_local_zone_is_not_where_its_parent_region_is() -> None:
    rows = read("aws-ip-ranges")

    assert ("3.78.10.0/24", "eu-central-1-waw-1", ("EC2",)) in rows
    assert ("13.32.0.0/15", "global", ("CLOUDFRONT",)) in rows
    assert ("2a05:d014::/36", "eu-central-1", ("EC2",)) in rows
    assert parse("aws-ip-ranges", SAMPLES["aws-ip-ranges"].encode(), "p").date == "2026-11-24"


def test_an_azure_tag_loses_its_region_and_nothing_else() -> None:
    rows = read("azure-service-tags")

    assert ("13.69.109.130/31", "westeurope", ("AZUREIOTHUB",)) in rows
    assert ("147.243.0.0/16", None, ("AZUREFRONTDOOR.BACKEND",)) in rows
    assert ("2603:1020::/36", None, ("AZURECLOUD",)) in rows


def test_the_others_give_their_places_and_dates() -> None:
    assert read("google-ip-ranges")[0] == ("34.90.0.0/15", "europe-west4", ("GOOGLE_CLOUD",))
    assert read("oracle-ip-ranges") == [("140.238.240.0/20", "eu-amsterdam-1", ("OCI",))]
    assert read("geofeed") == [("5.101.96.0/21", "NL-NH", ()), ("2604:a880::/32", None, ())]
    assert read("geofeed-countries") == [("5.101.96.0/21", "NL", ()), ("2604:a880::/32", "US", ())]
    assert read("prefix-lines") == [("173.245.48.0/20", None, ()), ("103.21.244.0/22", None, ())]
    assert read("fastly-ip-list")[1] == ("2a04:4e40::/32", None, ())
    assert parse("oracle-ip-ranges", SAMPLES["oracle-ip-ranges"].encode(), "p").date == "2026-11-20"


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        ("0.0.0.0/0", "too wide"),
        ("::/0", "no global unicast"),
        ("2000::/3", "too wide"),
        ("::3.64.0.0/108", "no global unicast"),
        ("fe80::/64", "no global unicast"),
        ("3.64.0.1/12", "not a prefix"),
        ("three", "not a prefix"),
        ("3.64.0.0/33", "not a prefix"),
        ("", "not a prefix"),
    ],
)
def test_a_prefix_that_cannot_be_true_refuses_the_list(prefix: str, why: str) -> None:
    told = copy.deepcopy(AWS)
    told["prefixes"][0]["ip_prefix"] = prefix
    with pytest.raises(FeedError, match=why):
        parse("aws-ip-ranges", json.dumps(told).encode(), "p")


def change(path: tuple[str | int, ...], value: object) -> Callable[[], bytes]:
    def changed() -> bytes:
        told: Any = copy.deepcopy(AWS)
        inner = told
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return json.dumps(told).encode()

    return changed


@pytest.mark.parametrize(
    "data",
    [
        lambda: b"",
        lambda: b"<html>maintenance</html>",
        lambda: b"\xff\xfe\x00",
        lambda: b"[" * 100_000,
        lambda: b"null",
        lambda: b'{"createDate": "2026-11-24-00-00-00", "prefixes": [], "ipv6_prefixes": []}',
        lambda: json.dumps(AWS).encode()[:-40],
        change(("createDate",), "soon"),
        change(("createDate",), None),
        change(("prefixes",), {"a": 1}),
        change(("prefixes", 0), "text"),
        change(("prefixes", 0, "ip_prefix"), 3),
        change(("prefixes", 0, "service"), "<script>"),
        change(("prefixes", 0, "service"), ["EC2"]),
        change(("prefixes", 0, "network_border_group"), "x" * 200),
        change(("prefixes", 0, "network_border_group"), "a\nb"),
    ],
)
def test_what_is_no_list_is_refused_with_one_line(data: Callable[[], bytes]) -> None:
    with pytest.raises(FeedError) as raised:
        parse("aws-ip-ranges", data(), "p")
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) <= LONGEST_COMPLAINT


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_damaged_list_is_read_or_refused_and_nothing_else(form: str, data: st.DataObject) -> None:
    text = bytearray(SAMPLES[form].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(text)))
    try:
        feed = parse(form, bytes(text[:end]), "p")
    except FeedError:
        return
    assert all(row.prefix.first <= row.prefix.last for row in feed.rows)


def test_a_geofeed_whose_row_ends_too_soon_is_refused() -> None:
    for form in ("geofeed", "geofeed-countries"):
        with pytest.raises(FeedError, match="not in the format geofeed"):
            parse(form, b"5.101.96.0/21\n", "p")
