"""The only module that sees every stage; it holds no analysis of its own and reads top to bottom as the story.

Captured packets become flows; flows gain names; addresses gain assets on the inside and operators on the outside; pairs
of the two become dependencies; dependencies become findings; all of it becomes a report.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from kwel import capture
from kwel.analysis.result import Analysis, Options
from kwel.model.records.columns import address_halves, address_text

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Collection, Iterator, Sequence

    from kwel.assets import Inventory
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.overrides import Overruled
    from kwel.attribution.tables import Tables
    from kwel.capture import CaptureFile
    from kwel.model.dependencies import Dependencies
    from kwel.model.interruptions import Interruptions
    from kwel.model.inventory import InventoryUse
    from kwel.model.report import Report
    from kwel.model.site import Site, SiteUse
    from kwel.model.traffic import Traffic
    from kwel.rulebook import Rulebook

    Progress = Callable[[int, int | None], None]

__all__ = ["Analysis", "Options", "analyse", "conclude", "explain", "read_traffic", "with_ech"]


def analyse(paths: Sequence[str] | str, options: Options | None = None, progress: Progress | None = None) -> Analysis:
    """Read captures and draw every conclusion from them.

    Bad input raises nothing: each capture says in ``problem`` what could not be read.

    Raises:
        RuleError, TableError: the rules or tables of this installation are damaged.
        ValueError: a prefix in ``options.internal``, the name of the bloc or of an accepted offering is wrong.
    """
    options = options or Options()
    return conclude(read_traffic(paths, options, progress), options)


def read_traffic(
    paths: Sequence[str] | str,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    discovery: bool = True,
) -> Traffic:
    """Read captures: flows, the names on them, and what hosts say of themselves.

    Args:
        paths: files, folders, or ``-`` for standard input.
        options: see there.
        progress: called now and then with bytes read, and bytes in all where known.
        discovery: whether to read what hosts say of themselves; flows and their names need none of it.
    """
    options = options or Options()
    files = find_files([paths] if isinstance(paths, str) else list(paths), options.hash_files)
    sizes = [file.size for file in files]
    total = None if None in sizes else sum(size for size in sizes if size)
    frames, logs = [file for file in files if file.log is None], [file for file in files if file.log is not None]
    heard = _heard(frames, options, progress, total, discovery) if frames or not logs else None
    if not logs:
        assert heard is not None
        return heard
    from kwel import logs as probes

    before = sum(size for file, size in zip(files, sizes, strict=True) if size and file.log is None)
    told = probes.read(logs, options.max_flows, progress and (lambda done: progress(before + done, total)))
    return told if heard is None else _beside(heard, told)


def find_files(paths: Sequence[str], hash_files: bool = False) -> list[CaptureFile]:
    """Return the captures behind *paths*, and the logs of other probes, which have ``log``."""
    from kwel.logs import recognise

    return capture.find_captures(paths, hash_files=hash_files, recognise=recognise)


def _heard(
    files: Sequence[CaptureFile], options: Options, progress: Progress | None, total: int | None, discovery: bool
) -> Traffic:
    """Return what is on the wire in captures."""
    from kwel.analysis.analyser import Hearing

    hearing = Hearing(options.max_flows, discovery=discovery)
    done = 0
    for file in files:
        hearing.begin(file.name)
        for batch in file.batches():
            hearing.hear(batch)
            if progress:
                progress(done + file.position, total)
        done += file.position
    return hearing.finish(tuple(file.describe() for file in files))


def _beside(heard: Traffic, told: Traffic) -> Traffic:
    """Return what frames show, and beside it what logs alone tell of: what both tell counts once."""
    from kwel.logs import beside
    from kwel.merge import join

    return join([heard, beside(told, heard)])


def with_ech(traffic: Traffic, outer_names: Collection[str] = ()) -> Traffic:
    """Decide which ClientHellos hold a real encrypted one, as far as the DNS and the *outer_names* of rules tell.

    ``read_traffic`` leaves that open: most who read flows and names never ask, and it takes sorting all answers.
    """
    from kwel.dependencies import ech

    hellos = ech.decide(traffic.hellos, traffic.flows, traffic.answers, traffic.names, outer_names)
    return replace(traffic, hellos=hellos)


@contextmanager
def _without_cycle_collection() -> Iterator[None]:
    """Many small objects are made and none in cycles: looking for cycles would take a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def conclude(traffic: Traffic, options: Options) -> Analysis:
    """Draw the conclusions: assets, attributions, dependencies, findings."""
    with _without_cycle_collection():
        return _conclude(traffic, options)


def _conclude(traffic: Traffic, options: Options) -> Analysis:
    from kwel import dependencies, findings, rulebook
    from kwel.analysis.answers import added
    from kwel.assets import find_commands, look_closer, zones
    from kwel.attribution import editions, roundtrips

    book, tables = rulebook.load(options.rules), editions.open_tables(_day(traffic))
    day = _iso(options.on or _day(traffic))
    attributor = _judge(book, tables, options, day)
    members = tuple(sorted(attributor.members))
    inventory, use = _identified(traffic, options, tables, day)
    outer_names = {name for operator in book.operators.values() for name in operator.ech_public_names}
    traffic = with_ech(traffic, outer_names)
    sides = inventory.asset_of_initiator, inventory.asset_of_responder
    asked = inventory.is_outside, attributor, outer_names, roundtrips.excluding(book, options.place)
    found, timeline = dependencies.build(traffic, inventory.assets, sides[0], sides[1], *asked)
    traffic, commands = _measured(traffic, inventory, found), find_commands(traffic, inventory)
    drawn = zones.draw(traffic, inventory.assets, sides, found, book.vocabulary.carrier_kinds, options.site, commands)
    acts = commands, drawn.zones, drawn.conduits, lambda address: attributor(address, None)
    answers, left_out = findings.find(drawn.assets, found, traffic.coverage, members, *acts)
    traffic = _noted(traffic, "findings-left-out", left_out)
    report = _headed(options, book, attributor)(
        captures=traffic.captures,
        coverage=traffic.coverage,
        assets=drawn.assets,
        dependencies=found,
        timeline=timeline,
        findings=answers,
        tables=tables.infos(),
        site=_site_use(options.site, day, found, inventory),
        commands=commands,
        changes=inventory.changes,
        look_closer=partial(look_closer, traffic, sides),
        zones=drawn.zones,
        conduits=drawn.conduits,
        inventory=use,
        interruptions=_interruptions(traffic, sides, found, options),
    )
    return Analysis(options, traffic, added(report, traffic, sides, book, options, day))


def _interruptions(traffic: Traffic, sides: tuple[Any, Any], found: Dependencies, options: Options) -> Interruptions:
    """Return the outages that the captures hold."""
    from kwel.assets import plant_protocols
    from kwel.impact.interruptions import find_interruptions

    return find_interruptions(traffic, sides, found, plant_protocols(options.rules), traffic.coverage.pauses)


def _headed(options: Options, book: Rulebook, attributor: Attributor | Overruled) -> Callable[..., Report]:
    """Return what makes a report, with what was asked and by which rules it is judged."""
    from kwel.model.report import Report
    from kwel.model.version import __version__

    return partial(
        Report,
        rulebook=book.digest,
        bloc=options.bloc,
        bloc_members=tuple(sorted(attributor.members)),
        other_blocs=tuple(name for name in book.blocs if name != options.bloc),
        version=__version__,
        command=options.command,
        law=book.law,
        accepted=options.accepted,
        title=options.title,
        internal=options.internal,
        links=attributor.links.find,
    )


def _identified(
    traffic: Traffic, options: Options, tables: Tables, day: str | None
) -> tuple[Inventory, InventoryUse | None]:
    """Return the assets, in the words of the site's own inventory where there is one, and what became of that."""
    from kwel.assets import identify, in_own_words

    vendors = tables.folders.get("oui.tsv")
    inventory = identify(traffic, options.internal, vendors, options.site, day, options.rules)
    own = options.own_inventory
    return in_own_words(inventory, own, options.site) if own else (inventory, None)


def _site_use(site: Site | None, day: str | None, found: Dependencies, inventory: Inventory) -> SiteUse | None:
    from kwel.site import effects

    return effects.use(site, day, found, inventory.effects) if site else None


def _measured(traffic: Traffic, inventory: Inventory, found: Dependencies) -> Traffic:
    """Return the traffic with how much of it the conclusions rest on."""
    from kwel import dependencies, findings
    from kwel.dependencies import ech

    sides = inventory.asset_of_initiator, inventory.asset_of_responder
    otherwise = dependencies.told_otherwise(traffic) & (sides[1] == dependencies.OUTSIDE)
    counts = {
        **inventory.left_out,
        "destinations-left-out": found.left_out,
        "names-hidden": findings.names_hidden(found),
        **ech.counts(traffic.hellos, traffic.flows, traffic.weights),
        "sni-not-resolved": int(traffic.weights[otherwise].sum()),
    }
    return replace(traffic, coverage=findings.measure(traffic, inventory.assets, *sides, counts, inventory.systems))


def _noted(traffic: Traffic, note: str, count: int) -> Traffic:
    """Return the traffic with one more count of what limits the conclusions, if it is any."""
    notes = {**traffic.coverage.notes, note: count} if count else traffic.coverage.notes
    return replace(traffic, coverage=replace(traffic.coverage, notes=notes))


def _day(traffic: Traffic) -> datetime.date | None:
    """Return the day on which the captures end: what they show is judged by the tables nearest to it."""
    from kwel.attribution.editions import day_of

    ends = [one.last for one in traffic.captures if one.last is not None]
    return day_of(max(ends)) if ends else None


def _iso(day: datetime.date | None) -> str | None:
    return day.isoformat() if day else None


def explain(query: str, analysis: Analysis | None = None, options: Options | None = None) -> dict[str, Any]:
    """Return how the attribution of a host or an address comes about: the keys of ``kwel explain --json``.

    With an *analysis*, what its captures say of the host counts too: its address, its name, the way through the DNS.

    Raises:
        RuleError, TableError: the rules or tables of this installation are damaged.
    """
    from kwel.attribution.explain import explain as explained

    host, options = query.strip().rstrip(".").lower(), options or Options()
    attributor = _attributor(_day(analysis.traffic) if analysis else None, options)
    if analysis and host in analysis.rows_of:
        dependency = analysis.dependencies[analysis.rows_of[host]]
        told = explained(attributor, replace(dependency.attribution, evidence=dependency.evidence))
        return {**told, "query": query, "asset": dependency.asset_label, "state": dependency.state.value}
    try:
        address: str | None = address_text(*address_halves(host))
    except OSError:
        address = None
    return {**explained(attributor, attributor(address, None if address else host)), "query": query}


@lru_cache(maxsize=1)
def _attributor(day: datetime.date | None, options: Options) -> Attributor | Overruled:
    """Return what attributes: whoever asks for many hosts loads rules and tables once."""
    from kwel import rulebook
    from kwel.attribution import editions

    return _judge(rulebook.load(options.rules), editions.open_tables(day), options, _iso(options.on or day))


def _judge(book: Rulebook, tables: Tables, options: Options, day: str | None) -> Attributor | Overruled:
    """Return what attributes: by tables and rules, and then as the site says on a day."""
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.overrides import Overruled

    attributor = Attributor(book, tables, options.bloc, options.accepted)
    return Overruled(attributor, book, options.site, day) if options.site else attributor
