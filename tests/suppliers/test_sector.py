"""Nothing is shown that fewer than k companies share, nor does the difference of two figures tell it."""

from __future__ import annotations

import copy
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.report import sectors
from kwel.suppliers.schema import DOSSIER, SchemaError, check
from kwel.suppliers.sector import Entry, merge, read
from tests.suppliers.making import CROSSWALK, maker, plant

if TYPE_CHECKING:
    from pathlib import Path

HIKVISION = "Hangzhou Hikvision Digital Technology Co.,Ltd."
MADE = (
    maker().make(plant((0, "eu.hik-connect.com"), (0, "plantgw-prod.azure-devices.net"), vendors=(HIKVISION,))).dossiers
)
BY_NAME = {one["supplier"]["name"]: one for one in MADE}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def company(number: int) -> str:
    return f"company-{LETTERS[number // 26]}{LETTERS[number % 26]}aaaaaaaaaaaaaa"


def dossier(number: int, supplier: str = "Hikvision", site: str = "a", **changes: Any) -> Entry:
    content = {
        **copy.deepcopy(BY_NAME[supplier]),
        "company": company(number),
        "site": f"site-{site}aaaaaaaaa",
        **changes,
    }
    for use in content["services"]:
        use |= {"operator": "Amazon Web Services", "parent": "Amazon.com, Inc.", "parent_jurisdiction": "US"}
    check(json.loads(json.dumps(content)), DOSSIER)
    return Entry((content["company"], content["site"]), content)


def figures(value: Any) -> list[int]:
    """Return every number of companies or sites that a result holds."""
    if isinstance(value, dict):
        own = [value[key] for key in ("companies", "sites") if value.get(key) is not None]
        return own + [one for inner in value.values() for one in figures(inner)]
    return [one for inner in value for one in figures(inner)] if isinstance(value, list) else []


def test_what_three_companies_share_is_shown() -> None:
    content = merge([dossier(number) for number in range(3)], CROSSWALK)
    (supplier,) = content["suppliers"]

    assert (content["companies"], supplier["name"], supplier["companies"]) == (3, "Hikvision", 3)
    assert [(one["service"], one["function"]) for one in supplier["services"]] == [("Hikvision Hik-Connect", "video")]
    assert supplier["services"][0]["hosted"][0]["operator"] == "Amazon Web Services"
    assert "cra-remote" in {one["id"] for one in supplier["questions"]}
    assert [one["operator"] for one in content["clouds"]] == ["Amazon Web Services"]
    assert [one["id"] for one in content["clouds"][0]["suppliers"]] == ["hikvision"]


def test_the_same_company_counts_once_however_many_dossiers_it_sends() -> None:
    same = [dossier(1, site=letter) for letter in "abcd"]
    content = merge([*same, *same, dossier(2)], CROSSWALK)

    assert (content["companies"], content["sites"], content["suppliers"], content["clouds"]) == (0, None, [], [])


def test_what_two_of_many_say_is_said_by_nobody() -> None:
    many = [dossier(number, "Microsoft") for number in range(9)]
    content = merge([*many, dossier(0), dossier(1)], CROSSWALK)

    assert [one["id"] for one in content["suppliers"]] == ["microsoft"]
    assert "Hikvision" not in json.dumps(content)


def test_figures_are_rounded_down_so_that_a_difference_tells_nothing() -> None:
    for count in range(3, 9):
        content = merge([dossier(number) for number in range(count)], CROSSWALK)

        assert {one % 3 for one in figures(content)} == {0}
        assert content["suppliers"][0]["companies"] == count // 3 * 3


def test_sites_are_shown_only_where_nobody_has_more_than_half_of_them() -> None:
    even = [dossier(number, site=letter) for number in range(3) for letter in "ab"]
    big = [dossier(0, site=letter) for letter in "abcdefgh"] + [dossier(1), dossier(2)]

    assert merge(even, CROSSWALK)["sites"] == 6
    assert merge(big, CROSSWALK)["sites"] is None


def test_words_are_those_of_enough_companies_or_our_own() -> None:
    entries = [dossier(number) for number in range(3)]
    for number, entry in enumerate(entries):
        entry.content["supplier"]["name"] = "Hikvision"
        entry.content["services"][0]["region"] = f"secret-{number}"
        entry.content["questions"][0]["text"] = {"nl": f"mijn {number}", "en": f"mine {number}"}
    text = json.dumps(merge(entries, CROSSWALK))

    assert "secret-" not in text
    assert "mine " not in text


def test_a_supplier_is_whom_our_rules_call_so() -> None:
    entries = [dossier(number) for number in range(3)]
    for name, entry in zip(("HIKVISION", "Hangzhou Hikvision Digital", "Hikvision"), entries, strict=True):
        entry.content["supplier"] |= {"id": "something-else", "name": name}
    (supplier,) = merge(entries, CROSSWALK)["suppliers"]

    assert (supplier["id"], supplier["name"]) == ("hikvision", "Hikvision")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["Hikvision", "Microsoft"]), st.sampled_from("abc"),
                          st.sampled_from(["NL", "DE", None])), max_size=24), st.integers(2, 5))  # fmt: skip
def test_no_cell_of_fewer_than_k_is_ever_shown(rows: list[tuple[int, str, str, str | None]], k: int) -> None:
    entries = []
    for number, supplier, site, country in rows:
        entry = dossier(number, supplier, site)
        for use in entry.content["services"]:
            use["location"] = country
        entries.append(entry)
    content = merge(entries, CROSSWALK, k)

    assert all(one >= k and one % k == 0 for one in figures(content["suppliers"]) + figures(content["clouds"]))
    for supplier in content["suppliers"]:
        by = [e for e in entries if e.content["supplier"]["id"] == supplier["id"]]
        assert supplier["companies"] <= len({e.site[0] for e in by})
        for place in supplier["hosted"]:
            there = {
                e.site[0] for e in by if any(use["location"] == place["location"] for use in e.content["services"])
            }
            assert len(there) >= max(k, place["companies"])
    assert merge(entries[::-1], CROSSWALK, k) == content


def test_k_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        merge([], CROSSWALK, 1)


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    bad = '<img src=x onerror="alert(1)">\u202e{{ 7*7 }}'
    entries = [dossier(number) for number in range(3)]
    for entry in entries:
        entry.content["services"][0] |= {
            "service": bad,
            "operator": bad,
            "parent": bad,
            "region": bad,
            "function": "<b>",
        }
        entry.content["supplier"]["name"] = bad
        entry.content["products"][0]["product"] = bad
    content = merge(entries, CROSSWALK)
    page = sectors.page(content, "1", "en")
    text, letter = sectors.letter(content, content["suppliers"][0], "nl")

    assert "<img" not in page + letter
    assert "<b>" not in page
    assert "\u202e" not in page + letter + text + sectors.agenda(content, "en")
    assert "{{ 7*7 }}" in page


def hurt(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(BY_NAME["Hikvision"])
    at: Any = content
    *way, last = path.split(".")
    for key in way:
        at = at[int(key) if key.isdigit() else key]
    at[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("format", "kwel", "format: is not one of"),
        ("version", 2, "version: is out of range"),
        ("version", True, "version: must be integer"),
        ("company", "company-A", "company: is not spelled"),
        ("company", "company-" + "a" * 80, "company: longer than 60"),
        ("supplier", [], "supplier: must be object"),
        ("services", [{}] * 501, "services: more than 500 rows"),
        ("services.0.service", "x" * 201, "services[0].service: longer than 200"),
        ("services.0.control", "good", "services[0].control: is not one of"),
        ("services.0.asset_count", -1, "services[0].asset_count: is out of range"),
        ("products.0.count", 10**19, "products[0].count: is out of range"),
        ("questions.0.id", "a b", "questions[0].id: is not spelled"),
    ],
)
def test_what_is_not_as_the_schema_says_is_left_out_and_named(tmp_path: Path, path: str, value: Any, why: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "dossier.json").write_text(json.dumps(hurt(path, value)))
    entries, unusable = read([tmp_path])

    assert entries == []
    assert why in unusable[0].why


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a":' * 5000, "\x00", '{"a": 1, "a": 2}', "1e999999", "9" * 5000])
def test_what_is_no_dossier_at_all_is_left_out_and_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "dossier.json").write_text(text)
    entries, unusable = read([tmp_path / "dossier.json"])

    assert (entries, len(unusable)) == ([], 1)
    assert len(unusable[0].why.splitlines()) == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@settings(max_examples=50)
@given(ANYTHING)
def test_a_schema_refuses_anything_else_with_one_reason(value: Any) -> None:
    with pytest.raises(SchemaError):
        check(value, DOSSIER)


def test_letters_and_the_agenda_name_nobody_of_the_sector() -> None:
    content = merge([dossier(number) for number in range(4)], CROSSWALK)
    papers = [
        sectors.page(content, "1", "nl"),
        sectors.agenda(content, "nl"),
        *sectors.letter(content, content["suppliers"][0], "en"),
    ]

    for paper in papers:
        assert "company-" not in paper
        assert "site-" not in paper.partition("</style>")[2]
    assert "ten minste 3 bedrijven" in papers[1]


def test_fifty_dossiers_are_merged_in_time(tmp_path: Path) -> None:
    for number in range(50):
        content = dossier(number).content
        content["services"] = [{**content["services"][0], "id": f"U-{n}"} for n in range(200)]
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "dossier.json").write_text(json.dumps(content))
    start = time.perf_counter()
    entries, unusable = read([tmp_path])
    content = merge(entries, CROSSWALK)

    assert (len(entries), unusable, content["companies"]) == (50, [], 48)
    assert time.perf_counter() - start < 5
