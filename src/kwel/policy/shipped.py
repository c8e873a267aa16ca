"""Loads a policy by name: a limits file, or one of those that kwel ships."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.limits import Policy
    from kwel.policy.words import Vocabulary
    from kwel.rulebook.model import Rulebook

_NAME = re.compile(r"[a-z0-9-]+")


def shipped() -> tuple[str, ...]:
    """Return the names of the policies that kwel ships."""
    folder = files("kwel.rules") / "policy"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def known_words(book: Rulebook, folder: Path | None = None) -> Vocabulary:
    """Return the words that a policy may hold; *folder* holds rules of the user's own."""
    from kwel.assets import rules as devices
    from kwel.policy.words import vocabulary

    return vocabulary(book, devices.installed(folder).roles)


def named(name: str, known: Vocabulary) -> Policy:
    """Return the policy of a name, or of a file.

    Raises:
        LimitsError: it cannot be read, or is wrong.
    """
    from kwel.policy.policy import load, parse, sound

    if not _NAME.fullmatch(name) or name not in shipped() or Path(name).exists():
        return load(name, known)
    text = (files("kwel.rules") / "policy" / f"{name}.toml").read_bytes()
    return sound(*parse(text, f"{name}.toml", known))
