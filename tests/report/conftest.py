"""A browser for the page as a reader sees it: without a network, and counting what it asks for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Seen:
    """What went on while a page was open."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    """Return headless Chromium; for one module, since its event loop would stand in the way of other tests'."""
    executable = require_tool("chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def visit(browser: Browser) -> Callable[..., Any]:
    """Return a function that opens a file as a reader would and yields the page and what it did."""

    @contextmanager
    def visit(file: Path, *, width: int = 1440, anchor: str = "", **options: Any) -> Iterator[tuple[Page, Seen]]:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        page, seen = context.new_page(), Seen()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
        page.goto(f"{file.as_uri()}{anchor}")
        try:
            yield page, seen
        finally:
            context.close()

    return visit


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the reports of the fixtures as files, by name."""
    from kwel.report import write
    from tests.report import fixtures

    folder = tmp_path_factory.mktemp("reports")
    made = {"plant": fixtures.plant(), "hostile": fixtures.hostile(), "nothing": fixtures.nothing()}
    for name, report in made.items():
        write(report, folder / f"{name}.html", "nl" if name == "plant" else "en")
    return {name: folder / f"{name}.html" for name in made}
