"""A view in, one self-contained HTML document out.

The document asks the network for nothing: its Content Security Policy (CSP Level 3, section 2.3.1 hash sources)
forbids everything but the one style sheet and the one script that it carries, by their SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from kwel.report.text import visible

if TYPE_CHECKING:
    from kwel.report.catalogue import Catalogue
    from kwel.report.text import Language, Text
    from kwel.report.view import View

_FACES = (
    ("Barlow", 400, "barlow-400"),
    ("Barlow", 600, "barlow-600"),
    ("Barlow Semi Condensed", 500, "barlow-semi-condensed-500"),
    ("Barlow Semi Condensed", 600, "barlow-semi-condensed-600"),
)


def document(view: View, say: Catalogue, language: Language) -> str:
    """Return the whole page."""
    style = _style().replace("REPORT-IDENTITY", view.identity)
    script = _read("app.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _templates().get_template("page.html")
    return template.render(view=view, t=say, lang=language, policy=policy, style=style, script=script)


def paper(name: str, page: object, say: Catalogue, title: Text, language: Language) -> str:
    """Return a page of what leaves the house: one document, without a script, in both languages."""
    style = _style().replace("REPORT-IDENTITY", "kwel")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; font-src data:; base-uri 'none'; form-action 'none'"
    template = _templates().get_template(name)
    return template.render(view=page, t=say, title=title, lang=language, policy=policy, style=style)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _read(name: str) -> str:
    return (resources.files("kwel.report") / "html" / name).read_text("utf-8").replace("\r\n", "\n")


@cache
def _style() -> str:
    """Return the style sheet with its fonts inside."""
    folder = resources.files("kwel.report") / "html" / "fonts"
    faces = []
    for family, weight, name in _FACES:
        data = base64.b64encode((folder / f"{name}.woff2").read_bytes()).decode()
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:block;'
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}\n"
        )
    return "".join(faces) + _read("style.css")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finished,
    )


def _template(name: str) -> tuple[str, str, None]:
    return _read(name), name, None


def _finished(value: Any) -> Any:
    """Spell out what is invisible in any plain string that reaches the page by whatever way."""
    return visible(value, 10**6) if type(value) is str else value
