"""Nothing internal leaves: every file that is written is searched for everything internal that is known."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kwel.analysis.dossiers import _json
from kwel.analysis.stages import analyse
from kwel.model.claims import Grade
from kwel.model.site import NamedAsset, Site, SiteUse, Tenant
from kwel.model.zones import PROPOSED
from kwel.report import letters, papers
from kwel.suppliers.dossier import _hash, digest
from kwel.suppliers.internal import Guard, words_of
from kwel.suppliers.schema import DOSSIER, check
from tests.report.fixtures import claim, fact, zone
from tests.suppliers.making import BOOK, KEY, maker, plant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.model.assets import Asset
    from kwel.model.kinds import FactKind
    from kwel.model.report import Report

STYLE = re.compile(r"<style>.*?</style>", re.S)


def text_of(file: Path) -> str:
    return STYLE.sub("", file.read_text("utf-8")).casefold()


@pytest.fixture(scope="module")
def mixed(request: pytest.FixtureRequest) -> Report:
    return analyse([str(request.config.rootpath / "sample_pcaps" / "mixed_plant.pcapng")]).report


def test_no_file_holds_anything_internal_of_the_sample(mixed: Report, tmp_path: Path) -> None:
    maker().write(mixed, tmp_path)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    words = words_of(mixed, BOOK)

    assert {file.name for file in files} == {
        "index.html", "index.json", "dossier.html", "dossier.json", "letter.html", "letter.txt", "answer.json"
    }  # fmt: skip
    assert {"plantgw-prod", "cam-gate1", "10.20.3.32", "00:90:e8:10:00:32", "mixed_plant.pcapng"} <= words
    for file in files:
        text = text_of(file)
        assert [word for word in words if word in text] == [], file
        assert KEY.secret.hex() not in text


def test_dossiers_say_what_was_observed(mixed: Report) -> None:
    (hikvision,) = (one for one in maker().make(mixed).dossiers if one["supplier"]["id"] == "hikvision")
    (service,) = hikvision["services"]

    assert service["hosts"] == ["*.hik-connect.com"]
    assert (service["operator"], service["parent"], service["location"]) == (
        "Amazon Web Services",
        "Amazon.com, Inc.",
        "DE",
    )
    assert (service["function"], service["path"], service["control"]) == ("video", "data", "non")
    assert service["evidence"][-1]["steps"][0]["frame"]
    assert hikvision["products"][0]["product"] == "DS-2CD2143"
    assert [one["service"] for one in hikvision["elsewhere"]] == ["Alibaba IoT"]
    assert {"cra-remote", "rdi-subsuppliers", "da-jurisdiction"} <= {one["id"] for one in hikvision["questions"]}
    assert [(one["function"], one["direct"]) for one in hikvision["stops"]] == [("video", True)]


def test_the_same_analysis_and_key_give_the_same_bytes(mixed: Report, tmp_path: Path) -> None:
    for name in ("one", "other"):
        maker().write(mixed, tmp_path / name)
    pairs = [
        (file, tmp_path / "other" / file.relative_to(tmp_path / "one")) for file in (tmp_path / "one").rglob("*.*")
    ]

    assert pairs
    assert all(one.read_bytes() == other.read_bytes() for one, other in pairs)


def test_dossiers_are_as_their_schema_says(mixed: Report) -> None:
    for dossier in maker().make(mixed).dossiers:
        check(json.loads(_json(dossier)), DOSSIER)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_letter_is_whole_in_both_languages(mixed: Report, language: Any) -> None:
    for dossier in maker().make(mixed).dossiers:
        text, page = letters.letter(dossier, digest(dossier), language)

        assert dossier["supplier"]["name"] in text
        assert all(len(line) <= 78 for line in text.splitlines())
        assert f'lang="{language}"' in page
        assert "<script" not in page


WORD = st.from_regex(r"zq[a-z]{3,6}[0-9]{1,3}[a-z]{2}", fullmatch=True)
SUFFIXES = (
    "azure-devices.net", "azurewebsites.net", "blob.core.windows.net", "iot.eu-west-1.amazonaws.com",
    "vendor-portal.example", "hik-connect.com", "mqtt.iothub.aliyuncs.com",
)  # fmt: skip


def assets_of(report: Report, draw: Any, words: list[str]) -> Iterator[Asset]:
    """Yield assets that are full of internal names, also where none is expected."""

    def word() -> str:
        words.append(draw(WORD))
        return words[-1]

    for one in report.assets:
        product = draw(st.sampled_from(["CPU 1511", "CPU {} V2", "{}", "box 10.1.2.3", "aa:bb:cc:dd:ee:ff", "a@{}"]))
        yield replace(
            one,
            label=word(),
            names=(claim(f"{word()}.{word()}.example"),),
            owner=word(),
            zone=draw(st.sampled_from(["{}", PROPOSED + "{}", "{} / DMZ"])).format(word()),
            product=claim(product.format(draw(st.sampled_from(words)))),
            firmware=claim(draw(st.sampled_from(["V1.2", "{}"])).format(draw(st.sampled_from(words)))),
            vendor=claim(
                draw(st.sampled_from(["Siemens AG", "{} Machines"])).format(draw(st.sampled_from(words))), grade=Grade.C
            ),
            facts=tuple(fact(kind, word(), 5, "snmp") for kind in FACT_KINDS),
            addresses=(*one.addresses, draw(st.ip_addresses(network="10.0.0.0/8").map(str)), "fd00:7a:7a::77"),
        )


FACT_KINDS: tuple[FactKind, ...] = ("hostname", "serial", "location", "identity", "uri", "description")


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_no_output_holds_anything_internal_of_random_sites(data: st.DataObject) -> None:
    words: list[str] = []

    def word() -> str:
        words.append(data.draw(WORD))
        return words[-1]

    names = [f"{word()}.{suffix}" for suffix in data.draw(st.lists(st.sampled_from(SUFFIXES), min_size=1, max_size=5))]
    report = plant(*((0, name) for name in names), vendors=("Siemens AG", "ABB"))
    named = NamedAsset(word(), ("10.9.9.9",), ("00:1b:1b:77:77:77",), word(), None, word())
    site = Site(
        "site.toml", "00", word(), ("198.51.100.0/24",), (f"{word()}.example",), (Tenant(word(), ""),), (), (named,), ()
    )
    report = replace(
        report,
        assets=tuple(assets_of(report, data.draw, words)),
        title=word(),
        captures=(report.captures[0]._replace(name=f"{word()}.pcapng"),),
        zones=(zone(1, word(), "2", 0),),
        site=SiteUse(site, None, ()),
    )
    addresses = {text for one in report.assets for text in (*one.addresses, one.id)} | {"10.9.9.9", "198.51.100.0"}
    made = maker().make(report)

    assert made.dossiers
    for dossier in made.dossiers:
        reference = digest(dossier)
        pages = (
            _json(dossier),
            STYLE.sub("", papers.dossier(dossier, reference, "nl")),
            *letters.letter(dossier, reference, "en"),
        )
        for page in pages:
            text = STYLE.sub("", page).casefold()
            assert [text[max(0, text.index(one) - 80) : text.index(one) + 40] for one in words if one in text] == []
            assert [one for one in addresses if re.search(rf"(?<![\d.a-f:]){re.escape(one)}(?![\d.a-f:])", text)] == []


def test_a_name_that_only_a_device_gives_its_maker_may_not_name_the_plant() -> None:
    report = plant(vendors=("Siemens AG", None))
    told = replace(report.assets[1], label="zqplant77", vendor=claim("zqplant77 Machines", grade=Grade.C))
    made = maker().make(replace(report, assets=(report.assets[0], told)))

    assert [one["supplier"]["id"] for one in made.dossiers] == ["siemens"]
    assert made.withheld == 1


def test_what_looks_like_an_address_is_withheld_though_nobody_knows_it() -> None:
    guard = Guard([])

    for text in ("gw 10.1.2.3", "aa:bb:cc:dd:ee:ff", "aabb.ccdd.eeff", "a@b", "opc.tcp://x", r"\\srv\share", "x" * 121):
        assert not guard.passes(text), text
    assert guard.passes("1756-L61/B LOGIX5561 20.011")


@pytest.mark.parametrize(
    "text",
    ["gw fd00::7", "fe80::1", "HMI-001B1B777777", "00.1b.1b.77.77.77", "00 1b 1b 77 77 77", "001b1b-777777",
     "box 10-1-2-3", "box 10_1_2_3"],
)  # fmt: skip
def test_addresses_are_told_in_every_spelling(text: str) -> None:
    assert not Guard([]).passes(text)


@pytest.mark.parametrize("text", ["gw PLANT-WEST", "gw plantwest", "Plant_West", "PLANT WEST"])
def test_names_are_found_in_every_spelling(text: str) -> None:
    assert not Guard(["plant west"]).passes(text)


@pytest.mark.parametrize(
    "text",
    ["1756-L61/B LOGIX5561 20.011", "6ES7 511-1AK01-0AB0", "750-8212/025-000", "V 4.2.3 20240101", "FX3U-32MT/ES"],
)
def test_products_are_no_addresses(text: str) -> None:
    assert Guard(["plant west", "00:1b:1b:77:77:77"]).passes(text)


def test_no_digest_confirms_a_name_that_is_withheld() -> None:
    report = plant((0, "gw.zqplant77.example"), vendors=("Siemens AG",))
    told = replace(report.assets[0], label="zqplant77")
    made = maker().make(replace(report, assets=(told,)))
    (siemens,) = (one for one in made.dossiers if one["supplier"]["id"] == "siemens")
    (row,) = siemens["elsewhere"]
    shown = [row[key] for key in ("service", "function", "operator", "region", "location", "verdict")]
    guesses = ("zqplant77.example", "zqplant77-example", "zqplant77")

    assert row["supplier"] is None
    assert row["id"] not in {f"U-{_hash(guess, *shown)}" for guess in guesses}


def test_volumes_are_rounded_and_moments_are_days(mixed: Report) -> None:
    for dossier in maker().make(mixed).dossiers:
        for row in (*dossier["services"], *dossier["elsewhere"]):
            assert len(str(row["bytes_out"]).rstrip("0")) <= 2
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["first"])
