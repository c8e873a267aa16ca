"""Writes the skeleton of a new rule file: an operator, a service or a device.

What nobody looked up is marked in the file (``unsourced``, ``unverified``), which costs a grade. A field that was not
given holds ``?``, which the loader refuses by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
_FILES: Final = {"operator": "operators/{}.toml", "service": "services/{}.toml", "device": "devices/roles-{}.toml"}
KINDS: Final = tuple(_FILES)

_OPERATOR: Final = """\
name = "{title}"
entity = "{title}"              # the legal entity that runs the hosts
jurisdiction = "{country}"      # its seat, such as "NL"
kind = "cloud"                  # a word of vocabulary.toml, [kinds]
domains = ["{domain}"]          # suffixes that only its own hosts have
owner = "unverified"            # remove this once a source says who the parent is
unsourced = true                # remove this once every fact has a source
sources = ["Not looked up, {today}"] # title or page, and its date
reviewed = {today}

[parent]                        # who controls the entity in the end
name = "{title}"
jurisdiction = "{country}"

[examples]
matches = ["www.{domain}"]
misses = ["not{domain}", "www.{domain}.attacker.test"]
"""
_SERVICE: Final = """\
vendor = "{title}"
jurisdiction = "{country}"      # seat of the vendor, such as "NL"
owner = "unverified"            # remove this once a source says who the parent is
sources = ["Not looked up, {today}"] # title or page, and its date
reviewed = {today}

[[services]]
names = ["{domain}"]            # suffixes of this product
product = "{title}"
function = "{word}"             # a word of vocabulary.toml, [functions.*]
evidence = "unverified"         # or documented, code, measured

[examples]
matches = ["www.{domain}"]
misses = ["not{domain}", "www.{domain}.attacker.test"]
"""
_DEVICE: Final = """\
reviewed = {today}
sources = ["Each rule names its own, {today}"]

[[rules]]
id = "{name}"
role = "{word}"                 # a word of roles.toml
kind = "ot"                     # or it, iiot, shared
grade = "C"                     # of the role: B once a source is named
unsourced = true                # or source = "title and chapter (year)"
any = [
  {{ says = ["product", "order-number"], words = ["{words}"] }}, # whole words in lower case
]
matches = ["says product {words}"]
misses = ["says product not{words}", "says hostname {words}"]
"""
_TEXTS: Final = {"operator": _OPERATOR, "service": _SERVICE, "device": _DEVICE}


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a new rule; ``?`` stands for what is not."""

    name: str
    """Lower-case letters, digits and hyphens: the stem of the file."""
    today: str
    """ISO 8601 date."""
    country: str = "?"
    domain: str = ""
    """Empty: the name under ``.example``."""
    word: str = "?"
    """Function of a service, role of a device."""


def file_of(kind: str, name: str) -> str:
    """Return where the rule belongs in a folder of rules."""
    return _FILES[kind].format(name)


def text_of(kind: str, given: Given) -> str:
    """Return the text of a new rule file."""
    words = given.name.replace("-", " ")
    return _TEXTS[kind].format(
        name=given.name,
        title=words.title(),
        words=words,
        today=given.today,
        country=given.country,
        domain=given.domain or f"{given.name}.example",
        word=given.word,
    )


def write(root: Path, kind: str, given: Given) -> Path:
    """Write a new rule file and return it.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    file = root / file_of(kind, given.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as out:
        out.write(text_of(kind, given))
    return file
