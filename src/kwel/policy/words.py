"""Lists the words that each key of a policy may hold, and suggests the nearest one for a wrong word."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.model.assets import AssetKind
from kwel.model.commands import CommandClass
from kwel.model.dependencies import DependencyState
from kwel.model.kinds import Application, Lan
from kwel.model.verdicts import Control, Verdict
from kwel.policy.contacts import DIRECTIONS, KEYS
from kwel.policy.match import EXACTLY, NOT_KNOWN, STAR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kwel.rulebook.model import Rulebook

LEVELS: Final = ("0", "1", "2", "3", "3.5", "4", "5")
CONTROL: Final = {
    Control.NON_EUROPEAN: "non-european",
    Control.UNDECIDED: "undecided",
    Control.EUROPEAN: "european",
}
"""How a policy calls the states of control."""
ANYCAST: Final = "anycast"
COUNTRIES: Final = frozenset(key for key in KEYS if key.endswith("jurisdictions")) | {"places"}
OPEN: Final = frozenset({"assets", "to_assets", "hosts", "zones", "to_zones", "owners", "criticalities", "regions"})
"""Keys for which any word may be right."""
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PORTS: Final = re.compile(r"([a-z0-9-]+/)?\d{1,5}(-\d{1,5})?|[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Vocabulary:
    """The words allowed for each key."""

    closed: Mapping[str, frozenset[str]]
    """Keys that hold a word of a list, and nothing else."""
    listed: Mapping[str, frozenset[str]]
    """Keys that hold a word of the rules, or one that only a site knows."""
    blocs: Mapping[str, tuple[str, ...]]
    ids: Mapping[str, str]
    """Of operators, and what they are called."""

    def meant(self, key: str, word: str) -> str | None:
        """Return the word of a list that is nearest to an unknown one."""
        if key in COUNTRIES:
            known: Collection[str] = [*self.blocs, NOT_KNOWN, *([ANYCAST] if key == "places" else [])]
        else:
            known = [*self.closed.get(key, ()), *self.listed.get(key, ()), *(self.ids if key == "operators" else ())]
        folded = {of.casefold(): of for of in sorted(known)}
        near = difflib.get_close_matches(word.casefold(), folded, 1, 0.6)
        return folded[near[0]] if near else None


def vocabulary(book: Rulebook, roles: Collection[str] = ()) -> Vocabulary:
    """Return the words that rules and closed lists know; *roles* are those of devices."""
    words, operators = book.vocabulary, book.operators.values()
    protocols = {of.label for of in (*Application, *Lan) if of}
    closed: dict[str, Collection[str]] = {
        "direction": DIRECTIONS,
        "kinds": tuple(AssetKind),
        "levels": LEVELS,
        "control": CONTROL.values(),
        "verdicts": tuple(Verdict),
        "functions": words.functions,
        "paths": ("data", "control"),
        "impacts": words.impacts,
        "states": tuple(DependencyState),
        "commands": tuple(CommandClass),
        "protocols": protocols,
        **({"roles": roles} if roles else {}),
    }
    for key in ("kinds", "roles", "levels"):
        if key in closed:
            closed[f"to_{key}"] = closed[key]
    listed = {
        "operators": {of.name for of in operators},
        "parents": {of.parent.name for of in operators},
        "services": {of.product for of in book.services if of.product},
        "suppliers": {of.vendor for of in book.services if of.vendor} | {of.name for of in operators},
    }
    return Vocabulary(
        {key: frozenset(str(word) for word in of) for key, of in closed.items()},
        {key: frozenset(of) for key, of in listed.items()},
        {name: bloc.members for name, bloc in book.blocs.items()},
        {of.id: of.name for of in operators},
    )


def checked(key: str, word: str, known: Vocabulary) -> tuple[tuple[str, ...], str | None]:
    """Return what a word stands for, and what is wrong with it; ``None`` where nothing is."""
    if word == NOT_KNOWN and key != "direction":
        return (word,), None
    if key in COUNTRIES:
        if word in known.blocs:
            return known.blocs[word], None
        if _COUNTRY.fullmatch(word) or (word == ANYCAST and key == "places"):
            return (word,), None
        return (), f"{word!r} is neither a country (ISO 3166-1, upper case) nor a bloc{_hint(key, word, known)}"
    if key in known.closed:
        if word in known.closed[key] or STAR in word:
            return (word,), None
        return (), f"{word!r} is not one of the words for {key}{_hint(key, word, known)}"
    if key == "ports":
        if _PORTS.fullmatch(word) and _are_ports(word):
            return (word,), None
        return (), f'{word!r} is not a port; write 443, "tcp/443", "udp/5000-5100" or "icmp"'
    if key == "hosts" and not word.startswith(EXACTLY):
        word = word.lower()  # RFC 4343: names of the DNS have no case
    return (known.ids.get(word, word) if key == "operators" else word,), None


def strange(key: str, word: str, known: Vocabulary) -> str | None:
    """Return that no rule knows a word, with the one that was probably meant; ``None`` where one does."""
    if (
        key not in known.listed
        or STAR in word
        or word.startswith(EXACTLY)
        or word == NOT_KNOWN
        or word in known.listed[key]
    ):
        return None
    return f"no rule knows {word!r}{_hint(key, word, known)}"


def _hint(key: str, word: str, known: Vocabulary) -> str:
    meant = known.meant(key, word)
    if meant:
        return f"; did you mean {meant!r}?"
    words = sorted(known.closed.get(key, ()))
    return f" ({', '.join(words)})" if 0 < len(words) <= 12 else ""


def _are_ports(word: str) -> bool:
    ports = word.rpartition("/")[2]
    if not ports[:1].isdigit():
        return True
    first, _, last = ports.partition("-")
    return int(first) <= int(last or first) <= 0xFFFF
