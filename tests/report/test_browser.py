"""The page as a reader meets it: any width, dark, in print, without a script, and under attack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # Chromium draws every page

Visit = Any
ALL = ("plant", "hostile", "nothing")

TEXT_IN_BOXES = """() => [...document.querySelectorAll('.nd')].flatMap(group => {
  const box = group.querySelector('rect').getBBox();
  return [...group.querySelectorAll('text')].filter(text => getComputedStyle(text).display !== 'none')
    .filter(text => { const b = text.getBBox(); return b.x < box.x || b.x + b.width > box.x + box.width + .5; })
    .map(text => text.textContent);
})"""

SHOWN = "() => document.body.innerText"


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [420, 1440])
def test_the_page_asks_for_nothing_complains_of_nothing_and_does_not_overflow(
    visit: Visit, pages: dict[str, Path], name: str, width: int
) -> None:
    with visit(pages[name], width=width) as (page, seen):
        for details in page.query_selector_all("details"):
            details.evaluate("element => element.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        requests = [url for url in seen.requests if not url.startswith("data:")]
        assert requests == [pages[name].as_uri()]
        assert seen.complaints == []


@pytest.mark.parametrize("name", ["plant", "hostile"])
@pytest.mark.parametrize("anchor", ["#nl", "#en"])
def test_no_text_leaves_its_box_in_the_diagram(visit: Visit, pages: dict[str, Path], name: str, anchor: str) -> None:
    with visit(pages[name], anchor=anchor) as (page, _):
        assert page.evaluate(TEXT_IN_BOXES) == []
        page.emulate_media(media="print")
        assert page.evaluate(TEXT_IN_BOXES) == []


def test_hostile_strings_run_nothing_and_are_there_to_be_read(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["hostile"]) as (page, seen):
        text = page.evaluate(SHOWN)
        assert "<img src=x onerror=alert(1)>" in text
        assert r"plc\u202egnp.exe" in text
        assert page.locator("main img, main script").count() == 0
        assert seen.complaints == []


def test_searching_filtering_and_sorting_find_the_assets(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], anchor="#en") as (page, _):
        rows = page.locator("#assets tbody:not([hidden]) .an")
        assert page.locator("#cnt").inner_text() == "15 of 15"
        page.fill("#q", "hik-connect")
        assert rows.all_inner_texts() == ["cam-gate1"]
        page.fill("#q", "")
        page.click("[data-f=unk]")
        assert rows.all_inner_texts() == ["bms-01"]
        assert page.locator("#cnt").inner_text() == "1 of 15"
        assert page.get_attribute("[data-f=unk]", "aria-pressed") == "true"
        page.click('[data-f=""]')
        out = page.locator("#assets thead th").nth(5)
        out.locator("button").click()
        out.locator("button").click()
        assert out.get_attribute("aria-sort") == "descending"
        assert rows.first.inner_text() == "hist-01"
        page.locator("#assets thead th").first.locator("button").click()
        labels = rows.all_inner_texts()
        assert labels.index("plc-9") < labels.index("plc-10"), "as people count"


def test_a_search_does_not_find_what_the_other_language_says(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], anchor="#en") as (page, _):
        page.fill("#q", "vergeefse")
        assert page.locator("#assets tbody:not([hidden])").count() == 0


def test_the_language_switches_in_place(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        assert "Negen van 15 assets" in page.inner_text("h1")
        page.click("[data-set=en]")
        assert page.inner_text("h1").startswith("Nine of 15 assets")
        assert page.get_attribute("html", "lang") == "en"
        assert page.title().startswith("Cloud contact")
        assert "Bewijsketen" not in page.evaluate(SHOWN)


@pytest.mark.parametrize(("name", "first", "second"), [("plant", "nl", "en"), ("hostile", "en", "nl")])
def test_the_language_switches_without_a_script(
    visit: Visit, pages: dict[str, Path], name: str, first: str, second: str
) -> None:
    words = {"nl": "Wie praat met wie", "en": "Who talks to whom"}
    with visit(pages[name], java_script_enabled=False) as (page, _):
        assert page.locator("#h2").inner_text() == words[first]
        page.click(f"[data-set={second}]")
        assert page.locator("#h2").inner_text() == words[second]
        page.click(f"[data-set={first}]")
        assert page.locator("#h2").inner_text() == words[first]


def test_without_a_script_there_is_nothing_that_needs_one(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], java_script_enabled=False) as (page, _):
        assert not page.locator("#q").is_visible()
        assert not page.locator("[data-act=theme]").is_visible()
        assert page.locator("#assets tbody").count() == 15


def test_dark_is_the_readers_choice_or_the_systems(visit: Visit, pages: dict[str, Path]) -> None:
    colour = "() => getComputedStyle(document.body).backgroundColor"
    with visit(pages["plant"], color_scheme="dark") as (page, _):
        dark = page.evaluate(colour)
        page.click("[data-act=theme]")
        light = page.evaluate(colour)
        assert (dark, light) == ("rgb(19, 24, 27)", "rgb(233, 236, 238)")
        page.click("[data-act=theme]")
        assert page.evaluate(colour) == dark


def test_a_narrow_page_has_a_list_in_the_place_of_the_diagram(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], width=420) as (page, _):
        assert not any(diagram.is_visible() for diagram in page.locator(".sankey").all())
        assert page.locator(".flist:not(.zlist) li").count() == 12
        assert page.locator(".zlist li").count() == 8
    with visit(pages["plant"]) as (page, _):
        assert [diagram.is_visible() for diagram in page.locator(".sankey").all()] == [True, True]
        assert not any(listed.is_visible() for listed in page.locator(".flist").all())


def test_pointing_at_an_asset_shows_what_belongs_to_it(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        box = page.locator(".sankey .nd").filter(has_text="cam-gate1")
        box.hover()
        assert "pick" in (page.get_attribute(".sankey", "class") or "")
        lit = page.locator(".sankey .nd.on").all_text_contents()
        assert any("Hik-Connect" in text for text in lit)
        assert not any("Hetzner" in text for text in lit)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_to_an_asset_opens_its_sheet(visit: Visit, pages: dict[str, Path], scripts: bool) -> None:
    with visit(pages["plant"], anchor="#a-1", java_script_enabled=scripts) as (page, _):
        assert page.locator("#a-1 .sheet").is_visible()
        assert not page.locator("#a-2 .sheet").is_visible()
        text = page.inner_text("#a-1 .sheet")
        assert "6AV2 124-0QC02-0AX1" in text
        assert "sw-3 port 14" in text
        page.locator("#a-1 .tk a").first.click()
        assert page.locator("#a-13 .sheet").is_visible()


def test_a_serial_number_is_found_by_the_search(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        page.fill("#q", "V-H5A12345")
        assert page.locator("#assets > tbody:not([hidden]) .an").all_inner_texts() == ["hmi-03"]


def test_pointing_at_a_zone_shows_what_it_is_connected_to(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        page.locator(".zmap .nd").filter(has_text="Boiler house").hover()
        lit = page.locator(".zmap .nd.on").all_text_contents()
        assert any("Supervision" in text for text in lit)
        assert not any("VLAN 30" in text for text in lit)


def test_lists_have_a_way_to_them(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], anchor="#en") as (page, _):
        page.click("text=1 not identified")
        assert page.locator("#l-unknown").is_visible()
        assert "10.20.1.14" in page.inner_text("#l-unknown")


@pytest.mark.parametrize("scripts", [True, False])
def test_print_has_every_detail_open_and_numbers_its_pages(
    visit: Visit, pages: dict[str, Path], tmp_path: Path, scripts: bool
) -> None:
    with visit(pages["plant"], java_script_enabled=scripts) as (page, _):
        page.emulate_media(media="print")
        shown = page.locator(".chain").evaluate_all if scripts else None
        if shown:
            assert all(shown("chains => chains.map(chain => chain.checkVisibility() || chain.offsetHeight > 0)"))
        assert not page.locator(".filt").is_visible()
        data = page.pdf(prefer_css_page_size=True, print_background=True)
    count = len(re.findall(rb"/Type\s*/Page\b", data))
    assert 5 < count < 20
    (tmp_path / "plant.pdf").write_bytes(data)


def test_the_summary_prints_on_one_page(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        page.evaluate("document.documentElement.setAttribute('data-print', 'sum')")
        data = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1


def test_one_sheet_prints_alone(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"], anchor="#a-1") as (page, _):
        page.evaluate("window.print = () => undefined")
        page.click("#a-1 [data-act=print-one]")
        page.emulate_media(media="print")
        assert page.locator("#a-1 .sheet").is_visible()
        assert not page.locator("#a-2").is_visible()
        assert not page.locator("#verdict").is_visible()
        data = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1


def test_the_hidden_language_is_hidden_everywhere(visit: Visit, pages: dict[str, Path]) -> None:
    with visit(pages["plant"]) as (page, _):
        visible = page.locator("main [lang=en]").evaluate_all(
            "all => all.filter(e => e.checkVisibility()).map(e => e.textContent)"
        )
        assert visible == []
