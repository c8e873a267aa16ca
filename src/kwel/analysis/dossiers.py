"""An analysis in, a folder of supplier dossiers out: for each supplier a dossier, a letter and a form to answer on.

Joins ``suppliers``, which knows what may leave, and ``report``, which makes pages of that and of nothing else.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kwel.impact.outage import simulate
from kwel.model.law import Words
from kwel.model.outage import Scenario, Takes
from kwel.model.verdicts import Control
from kwel.model.version import __version__
from kwel.model.zones import BETWEEN
from kwel.report import letters, papers, sectors
from kwel.rulebook.crosswalk import Names
from kwel.suppliers import answers, dossier, group, internal, stops

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kwel.model.report import Report
    from kwel.model.suppliers import Crosswalk, Stop, Supplier, Suppliers
    from kwel.report.text import Language
    from kwel.rulebook.model import Rulebook
    from kwel.suppliers.answers import Answer
    from kwel.suppliers.pseudonyms import Key

    Stopping = Callable[[Supplier], Sequence[Stop]]

MOST = 200
"""Suppliers that get a dossier: a browser meets thousands of domains."""
_WORST = (Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN, Control.NONE)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    suppliers: Suppliers
    dossiers: tuple[dict[str, Any], ...]
    withheld: int
    """Suppliers whose name came from the network and names something internal."""
    left_out: int
    """Suppliers beyond the first ``MOST``, and those that were not asked for."""
    strangers: tuple[str, ...]
    """Suppliers that answers came from and that are not in this analysis."""


@dataclass(frozen=True, slots=True)
class Maker:
    """What dossiers are made with."""

    crosswalk: Crosswalk
    book: Rulebook
    key: Key
    language: Language
    only: frozenset[str] = frozenset()
    """Ids or names, in lower case, of the suppliers that are asked for; empty: all."""

    def make(self, report: Report, replies: Mapping[str, Answer] | None = None) -> Written:
        """Return the dossiers of an analysis, with the answers beside what was observed."""
        found = group(report, self.crosswalk)
        guard = internal.Guard(internal.words_of(report, self.book))
        maker = dossier.Maker(report, found, self.crosswalk, self.key, guard)
        named = [one for one in found.all if one.by_rule or guard.passes(one.name)]
        wanted = [one for one in named if not self.only or {one.id, one.name.casefold()} & self.only][:MOST]
        stopping = simulating(report)
        made = []
        for supplier in wanted:
            content = maker.make(supplier, stopping(supplier))
            reply = (replies or {}).get(supplier.id)
            made.append(answers.beside(content, reply, Names(self.crosswalk)) if reply else content)
        strangers = tuple(sorted(set(replies or ()) - {one.id for one in named}))
        return Written(found, tuple(made), len(found.all) - len(named), len(named) - len(wanted), strangers)

    def write(self, report: Report, folder: Path, replies: Mapping[str, Answer] | None = None) -> Written:
        """Write the dossiers into a folder: one folder for each supplier, and a list of all.

        Raises:
            OSError: something cannot be written.
        """
        written = self.make(report, replies)
        rows = [_row(content) for content in written.dossiers]
        for content in written.dossiers:
            self._write(content, folder / content["supplier"]["id"])
        counted = {"nobody": written.suppliers.nobody, "withheld": written.withheld, "left-out": written.left_out}
        listed = papers.index(rows, counted, report.version, self.language)
        _put(folder / "index.html", listed)
        _put(folder / "index.json", _json({"company": self.key.company, "suppliers": rows}))
        return written

    def who(self, report: Report, asked: Sequence[str]) -> dict[str, list[str]]:
        """Return what stands behind pseudonyms of dossiers, and in whose dossier: for the owner alone."""
        wanted, found = set(asked), dict[str, list[str]]()
        for supplier in group(report, self.crosswalk).all:
            hide = self.key.for_reader(supplier.id)
            for asset in report.assets:
                names = {hide.name("asset", asset.id), *(hide.address(text) for text in asset.addresses)}
                for zone in (asset.zone or "").split(BETWEEN):
                    if (name := hide.name("zone", zone)) in wanted:
                        found.setdefault(name, []).append(f"zone {zone} (dossier of {supplier.name})")
                what = f"{asset.label}, {', '.join((asset.id, *asset.addresses))} (dossier of {supplier.name})"
                for name in wanted & names:
                    found.setdefault(name, []).append(what)
        return {name: list(dict.fromkeys(lines)) for name, lines in found.items()}

    def _write(self, content: dict[str, Any], folder: Path) -> None:
        reference = dossier.digest(content)
        text, page = letters.letter(content, reference, self.language)
        _put(folder / "dossier.json", _json(content))
        _put(folder / "dossier.html", papers.dossier(content, reference, self.language))
        _put(folder / "letter.txt", text)
        _put(folder / "letter.html", page)
        _put(folder / "answer.json", _json(answers.form(content)))


def simulating(report: Report) -> Stopping:
    """Return what tells what stops without a supplier: by simulation, where it is known who needs what."""
    if report.needs is None:
        return stops.direct
    graph = report.needs()

    def stopping(supplier: Supplier) -> Sequence[Stop]:
        keys = stops.keys_of(supplier, graph)
        if not keys:
            return ()
        title = Words(supplier.name, supplier.name)
        cut = Scenario(supplier.id, title, "supplier", (Takes(keys=keys),), notice=0, source="", reviewed="")
        return stops.simulated(simulate(graph, cut))

    return stopping


def write_sector(content: dict[str, Any], folder: Path, language: Language) -> str:
    """Write what companies have in common into a folder: for programs, as a page, an agenda, and joint letters.

    Returns:
        The same as JSON.

    Raises:
        OSError: something cannot be written.
    """
    text = _json(content)
    _put(folder / "sector.json", text)
    _put(folder / "sector.html", sectors.page(content, __version__, language))
    _put(folder / "agenda.txt", sectors.agenda(content, language))
    for supplier in content["suppliers"]:
        letter, page = sectors.letter(content, supplier, language)
        _put(folder / supplier["id"] / "letter.txt", letter)
        _put(folder / supplier["id"] / "letter.html", page)
    return text


def _row(content: dict[str, Any]) -> dict[str, Any]:
    """Return what the list says of a dossier."""
    services, head, reply = content["services"], content["supplier"], content.get("answers")
    controls = {Control(row["control"]) for row in services} or {Control.NONE}
    return {
        "id": head["id"],
        "name": head["name"],
        "known": head["known"],
        "grade": head["grade"],
        "control": next(one for one in _WORST if one in controls).value,
        "devices": sum(row["count"] for row in content["products"]),
        "services": len(services),
        "dependents": len({asset for row in services for asset in row["assets"]}),
        "answered": reply["date"] if reply else None,
        "contradictions": reply["contradictions"] if reply else 0,
        "reference": dossier.digest(content),
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"


def _put(file: Path, text: str) -> None:
    """Write a file beside and rename it, so that there is never half of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".kwel-{os.getpid()}.part")
    try:
        beside.write_text(text, "utf-8", "backslashreplace")
        beside.replace(file)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
