"""Runs the stages of an analysis in order; it is the only module that sees them all.

Captured packets become flows; flows gain names; addresses gain assets on the inside and operators on the outside; pairs
of the two become dependencies; dependencies become findings; all of it becomes a report.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from kwel import capture
from kwel.analysis.result import Analysis, Options
from kwel.model.records.columns import address_halves, address_text

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Collection, Iterator, Sequence

    from kwel.assets import Inventory
    from kwel.assets.zones.draw import Drawn
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.overrides import Overruled
    from kwel.attribution.tables import Tables
    from kwel.capture import CaptureFile
    from kwel.model.commands import Command
    from kwel.model.dependencies import Dependencies
    from kwel.model.findings import Finding
    from kwel.model.interruptions import Interruptions
    from kwel.model.inventory import InventoryUse
    from kwel.model.report import Report, Timeline
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
    """Read captures: flows, the names on them, and what hosts state about themselves.

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
    frames, log_files = [file for file in files if file.log is None], [file for file in files if file.log is not None]
    from_frames = _read_frames(frames, options, progress, total, discovery) if frames or not log_files else None
    if not log_files:
        assert from_frames is not None
        return from_frames
    from kwel import logs

    before = sum(size for file, size in zip(files, sizes, strict=True) if size and file.log is None)
    from_logs = logs.read(log_files, options.max_flows, progress and (lambda done: progress(before + done, total)))
    return from_logs if from_frames is None else _add_logs(from_frames, from_logs)


def find_files(paths: Sequence[str], hash_files: bool = False) -> list[CaptureFile]:
    """Return the captures behind *paths*, and the logs of other probes, which have ``log``."""
    from kwel.logs import recognise

    return capture.find_captures(paths, hash_files=hash_files, recognise=recognise)


def _read_frames(
    files: Sequence[CaptureFile], options: Options, progress: Progress | None, total: int | None, discovery: bool
) -> Traffic:
    """Return the traffic in capture files."""
    from kwel.analysis.analyser import Analyser

    analyser = Analyser(options.max_flows, discovery=discovery)
    done = 0
    for file in files:
        analyser.begin(file.name)
        for batch in file.batches():
            analyser.process(batch)
            if progress:
                progress(done + file.position, total)
        done += file.position
    return analyser.finish(tuple(file.describe() for file in files))


def _add_logs(from_frames: Traffic, from_logs: Traffic) -> Traffic:
    """Return the traffic of frames with that of logs added; what both show counts once."""
    from kwel.logs import beside
    from kwel.merge import join

    return join([from_frames, beside(from_logs, from_frames)])


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


@dataclass(frozen=True, slots=True)
class _Basis:
    """The rules, tables and attributor by which captures are judged, and the day on which the site's overrides hold."""

    options: Options
    book: Rulebook
    tables: Tables
    day: str | None
    attributor: Attributor | Overruled

    @property
    def ech_public_names(self) -> set[str]:
        """Return the names that providers show outside an encrypted ClientHello."""
        return {name for operator in self.book.operators.values() for name in operator.ech_public_names}

    @property
    def members(self) -> tuple[str, ...]:
        """Return the countries of the bloc."""
        return tuple(sorted(self.attributor.members))


@dataclass(frozen=True, slots=True)
class _Plant:
    """The assets of the plant, the assets at both ends of each flow, and how the site's inventory was used."""

    inventory: Inventory
    use: InventoryUse | None

    @property
    def sides(self) -> tuple[Any, Any]:
        """Return for each flow the asset that began it and the one that answered; negative is none of the plant's."""
        return self.inventory.asset_of_initiator, self.inventory.asset_of_responder


def _conclude(traffic: Traffic, options: Options) -> Analysis:
    """Run the stages in order: each takes what the ones before it returned."""
    from kwel.analysis.answers import added
    from kwel.assets import find_commands

    basis = _load_basis(traffic, options)
    plant = _identify_assets(traffic, basis)
    traffic = with_ech(traffic, basis.ech_public_names)
    dependencies, timeline = _find_dependencies(traffic, plant, basis)
    traffic = _measure_coverage(traffic, plant, dependencies)
    commands = find_commands(traffic, plant.inventory)
    zoning = _draw_zones(traffic, plant, dependencies, commands, basis)
    findings, left_out = _find_findings(traffic, dependencies, commands, zoning, basis)
    traffic = _noted(traffic, "findings-left-out", left_out)
    report = _assemble_report(traffic, plant, dependencies, timeline, commands, zoning, findings, basis=basis)
    report = added(report, traffic, plant.sides, basis.book, options, basis.day)
    return Analysis(options, traffic, report)


def _load_basis(traffic: Traffic, options: Options) -> _Basis:
    """Load the rules, and the edition of the address tables that is nearest to the captures."""
    from kwel import rulebook
    from kwel.attribution import editions

    book, tables = rulebook.load(options.rules), editions.open_tables(_day(traffic))
    day = _iso(options.on or _day(traffic))
    return _Basis(options, book, tables, day, _make_attributor(book, tables, options, day))


def _identify_assets(traffic: Traffic, basis: _Basis) -> _Plant:
    """Return the assets, with the names of the site's own inventory where there is one."""
    from kwel.assets import identify, in_own_words

    options, vendors = basis.options, basis.tables.folders.get("oui.tsv")
    inventory = identify(traffic, options.internal, vendors, options.site, basis.day, options.rules)
    own = options.own_inventory
    return _Plant(*in_own_words(inventory, own, options.site)) if own else _Plant(inventory, None)


def _find_dependencies(traffic: Traffic, plant: _Plant, basis: _Basis) -> tuple[Dependencies, Timeline]:
    """Return which asset needs which host outside, and when."""
    from kwel import dependencies
    from kwel.attribution import roundtrips

    return dependencies.build(
        traffic,
        plant.inventory.assets,
        *plant.sides,
        is_outside=plant.inventory.is_outside,
        judge=basis.attributor,
        outer_names=basis.ech_public_names,
        exclude=roundtrips.excluding(basis.book, basis.options.place),
    )


def _measure_coverage(traffic: Traffic, plant: _Plant, found: Dependencies) -> Traffic:
    """Return the traffic with its coverage: how much of it the conclusions rest on, and what is missing."""
    from kwel import dependencies, findings
    from kwel.dependencies import ech

    inventory, sides = plant.inventory, plant.sides
    otherwise = dependencies.told_otherwise(traffic) & (sides[1] == dependencies.OUTSIDE)
    counts = {
        **inventory.left_out,
        "destinations-left-out": found.left_out,
        "names-hidden": findings.names_hidden(found),
        **ech.counts(traffic.hellos, traffic.flows, traffic.weights),
        "sni-not-resolved": int(traffic.weights[otherwise].sum()),
    }
    return replace(traffic, coverage=findings.measure(traffic, inventory.assets, *sides, counts, inventory.systems))


def _draw_zones(
    traffic: Traffic, plant: _Plant, found: Dependencies, commands: Sequence[Command], basis: _Basis
) -> Drawn:
    """Return the zones and conduits, and the assets with their zones."""
    from kwel.assets import zones

    return zones.draw(
        traffic,
        plant.inventory.assets,
        plant.sides,
        found,
        carriers=basis.book.vocabulary.carrier_kinds,
        site=basis.options.site,
        commands=commands,
    )


def _find_findings(
    traffic: Traffic, found: Dependencies, commands: Sequence[Command], zoning: Drawn, basis: _Basis
) -> tuple[tuple[Finding, ...], int]:
    """Return the findings, gravest first, and how many more there were than fit."""
    from kwel import findings

    return findings.find(
        zoning.assets,
        found,
        traffic.coverage,
        bloc=basis.members,
        commands=commands,
        zones=zoning.zones,
        conduits=zoning.conduits,
        owner_of=lambda address: basis.attributor(address, None),
    )


def _assemble_report(
    traffic: Traffic,
    plant: _Plant,
    found: Dependencies,
    timeline: Timeline,
    commands: tuple[Command, ...],
    zoning: Drawn,
    findings: tuple[Finding, ...],
    *,
    basis: _Basis,
) -> Report:
    """Return the report of everything that the stages found."""
    from kwel.assets import look_closer
    from kwel.model.report import Report
    from kwel.model.version import __version__

    options, book = basis.options, basis.book
    return Report(
        rulebook=book.digest,
        bloc=options.bloc,
        bloc_members=basis.members,
        other_blocs=tuple(name for name in book.blocs if name != options.bloc),
        version=__version__,
        command=options.command,
        law=book.law,
        accepted=options.accepted,
        title=options.title,
        internal=options.internal,
        links=basis.attributor.links.find,
        captures=traffic.captures,
        coverage=traffic.coverage,
        assets=zoning.assets,
        dependencies=found,
        timeline=timeline,
        findings=findings,
        tables=basis.tables.infos(),
        site=_site_use(options.site, basis.day, found, plant.inventory),
        commands=commands,
        changes=plant.inventory.changes,
        look_closer=partial(look_closer, traffic, plant.sides),
        zones=zoning.zones,
        conduits=zoning.conduits,
        inventory=plant.use,
        interruptions=_interruptions(traffic, plant.sides, found, options),
    )


def _interruptions(traffic: Traffic, sides: tuple[Any, Any], found: Dependencies, options: Options) -> Interruptions:
    """Return the outages that the captures hold."""
    from kwel.assets import plant_protocols
    from kwel.impact.interruptions import find_interruptions

    return find_interruptions(traffic, sides, found, plant_protocols(options.rules), traffic.coverage.pauses)


def _site_use(site: Site | None, day: str | None, found: Dependencies, inventory: Inventory) -> SiteUse | None:
    """Return which statements of the site file had an effect."""
    from kwel.site import effects

    return effects.use(site, day, found, inventory.effects) if site else None


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

    With an *analysis*, what its captures say of the host counts too: its address, its name, its DNS aliases.

    Raises:
        RuleError, TableError: the rules or tables of this installation are damaged.
    """
    from kwel.attribution.explain import explain as explained

    host, options = query.strip().rstrip(".").lower(), options or Options()
    attributor = _attributor(_day(analysis.traffic) if analysis else None, options)
    if analysis and host in analysis.rows_of:
        dependency = analysis.dependencies[analysis.rows_of[host]]
        answer = explained(attributor, replace(dependency.attribution, evidence=dependency.evidence))
        return {**answer, "query": query, "asset": dependency.asset_label, "state": dependency.state.value}
    try:
        address: str | None = address_text(*address_halves(host))
    except OSError:
        address = None
    return {**explained(attributor, attributor(address, None if address else host)), "query": query}


@lru_cache(maxsize=1)
def _attributor(day: datetime.date | None, options: Options) -> Attributor | Overruled:
    """Return the attributor of a day and options; rules and tables are loaded once for many hosts."""
    from kwel import rulebook
    from kwel.attribution import editions

    return _make_attributor(rulebook.load(options.rules), editions.open_tables(day), options, _iso(options.on or day))


def _make_attributor(book: Rulebook, tables: Tables, options: Options, day: str | None) -> Attributor | Overruled:
    """Return the attributor: tables and rules, with the overrides of the site that hold on a day."""
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.overrides import Overruled

    attributor = Attributor(book, tables, options.bloc, options.accepted)
    return Overruled(attributor, book, options.site, day) if options.site else attributor
