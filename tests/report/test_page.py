"""The page asks for nothing, lets nothing in, and is the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest

from kwel.report import ReportError, render
from tests.report import fixtures

ELEMENTS = """
a article b bdi body button caption circle code dd details div dl dt fieldset figcaption figure footer g h1 h2 h3
head header html i input label legend li main meta nav ol output p path rect script section span style summary svg
symbol table tbody td text th thead title tr ul use
"""
"""All that the templates use."""
MAKERS = {"plant": fixtures.plant, "hostile": fixtures.hostile, "nothing": fixtures.nothing}


@pytest.fixture(scope="module", params=MAKERS)
def page(request: pytest.FixtureRequest) -> str:
    return render(MAKERS[request.param](), "nl")


class Elements(HTMLParser):
    """Gathers elements and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_policy_allows_exactly_its_own_style_and_script(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(blocks) == 1
        digest = base64.b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
        assert f"{directive} &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[1]


def test_there_is_no_inline_style_no_handler_and_no_reference_outside(page: str) -> None:
    for tag, attributes in Elements(page).found:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not {"src", "srcset", "action", "data", "poster", "formaction"} & set(attributes), tag
        assert tag not in {"link", "iframe", "object", "embed", "img", "base", "form"}
        assert (attributes.get("href") or "#").startswith("#"), tag


def test_ids_are_unique_and_links_lead_somewhere(page: str) -> None:
    elements = Elements(page).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(attributes.get("href") or "#")[1:] for _, attributes in elements} - {""}
    assert targets <= set(ids)


def test_no_placeholder_and_no_invisible_character_is_left(page: str) -> None:
    body = page[page.index("<body") :]
    text = re.sub(r"<script>.*?</script>", "", body, flags=re.DOTALL)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert not re.search(r"\{[a-z-]+\}", text)


def test_hostile_strings_add_no_element(page: str) -> None:
    assert {tag for tag, _ in Elements(page).found} <= set(ELEMENTS.split())


def test_the_language_is_the_one_asked_for() -> None:
    assert '<html lang="en" data-lang="en">' in render(fixtures.plant(), "en")
    with pytest.raises(ReportError, match="no such language: fr"):
        render(fixtures.plant(), "fr")  # type: ignore[arg-type]


def test_the_same_report_is_the_same_page() -> None:
    assert render(fixtures.plant(), "en") == render(fixtures.plant(), "en")


def test_the_page_does_not_depend_on_the_order_of_hashes() -> None:
    program = (
        "import hashlib; from tests.report import fixtures; from kwel.report import render; "
        "print(hashlib.sha256(render(fixtures.plant(), 'nl').encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_very_large_plant_is_a_page_of_moderate_size_in_moderate_time() -> None:
    report = fixtures.large()
    render(fixtures.plant(), "en")  # templates compiled
    start = time.process_time()

    page = render(report, "en")

    assert time.process_time() - start < 2, "0.4 s on the machine that this was written on"
    assert len(page.encode()) < 3_000_000
