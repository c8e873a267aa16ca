"""Reads and checks a site file: what the user knows of the plant, with signed and dated overrides."""

from __future__ import annotations

import datetime
import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.model.assets import AssetKind
from kwel.model.site import Buffer, NamedAsset, Override, Site, Tenant, Zone
from kwel.rulebook.rulefile import RuleError
from kwel.site.table import MAC, SiteError, SiteTable

if TYPE_CHECKING:
    from kwel.model.inventory import OwnInventory
    from kwel.model.site import Database, Scope
    from kwel.rulebook import Rulebook

LARGEST: Final = 1 << 20
"""Bytes of a site file. Ten thousand assets take half of that."""
LEVELS: Final = ("0", "1", "2", "3", "3.5", "4", "5")
"""Of the Purdue reference model; 3.5 is the usual name of what stands between plant and office."""
SECURITY_LEVELS: Final = range(5)
"""IEC 62443-3-3: SL 0 to SL 4."""
MOST_DATABASES: Final = 8
VLANS: Final = range(1, 4095)
"""IEEE 802.1Q."""
LONGEST_BUFFER: Final = 24 * 366
"""Hours."""
PATHS: Final = ("data", "control")
SCOPES: Final[tuple[Scope, ...]] = ("host", "domain", "prefix", "asset")
OF_ASSETS: Final = ("kind", "role", "vendor", "product")

Sets = dict[str, str]


def load(path: str | Path, book: Rulebook | None = None) -> Site:
    """Read a site file.

    Args:
        path: of the file.
        book: the rules that know operators and functions; by default those of this installation.

    Raises:
        SiteError: it cannot be read or is wrong: ``file:line: key: why; what to write``.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise SiteError(f"{path}: {error.strerror or error}; name a site file with --site") from error
    if len(text) > LARGEST:
        raise SiteError(f"{path}: larger than {LARGEST} bytes; a site file holds what people wrote")
    if book is None:
        from kwel import rulebook

        book = rulebook.load()
    try:
        return site_of(path, *_parsed(path, text), hashlib.sha256(text).hexdigest(), book)
    except RuleError as error:
        raise SiteError(str(error)) from error


def site_of(path: Path, content: dict[str, Any], whole: str, sha256: str, book: Rulebook) -> Site:
    """Return what a parsed file says.

    Args:
        path: of the file.
        content: as ``tomllib`` gives it.
        whole: its text, to find lines in.
        sha256: of the file.
        book: the rules that know operators and functions.

    Raises:
        RuleError: it is wrong.
    """
    table = SiteTable(content, str(path), whole=whole)
    zones = tuple(_zone(inner) for inner in table.each("zones"))
    _distinct(table, "zones", [zone.name for zone in zones])
    known = {zone.name for zone in zones}
    internal = table.networks("internal")
    site = Site(
        file=path.name,
        sha256=sha256,
        name=table.words_to_show("name", ""),
        here=_here(table),
        internal=tuple(dict.fromkeys([*internal, *(prefix for zone in zones for prefix in zone.prefixes)])),
        domains=tuple(table.domain("domains", value) for value in table.many("domains")),
        tenants=tuple(_tenant(inner) for inner in table.each("tenants")),
        zones=zones,
        assets=tuple(_asset(inner, known) for inner in table.each("assets")),
        overrides=tuple(_override(inner, n, book) for n, inner in enumerate(table.each("overrides"), 1)),
        databases=_databases(table, path),
        inventory=_inventory(table, path),
        buffers=tuple(_buffer(inner, book) for inner in table.each("buffers")),
    )
    table.finish()
    _check_together(table, site)
    return site


def _here(table: SiteTable) -> str:
    """Return where captures of the site are made; empty where it does not say."""
    text = table.words_to_show("here", "")
    if text:
        from kwel.rulebook.places import circles, parse_here

        try:
            parse_here(text, circles())
        except ValueError as error:
            raise table.wrong("here", str(error)) from error
    return text


def _parsed(path: Path, text: bytes) -> tuple[dict[str, Any], str]:
    """Return the content of a file, and its text."""
    try:
        whole = text.decode()
        content = tomllib.loads(whole)
    except RecursionError as error:
        raise SiteError(f"{path}: nested too deep") from error
    except ValueError as error:
        raise SiteError(f"{path}: not TOML: {error}") from error
    return content, whole


def _zone(table: SiteTable) -> Zone:
    zone = Zone(
        name=table.words_to_show("name"),
        level=_level(table),
        sl_t=_number(table, "sl_t", SECURITY_LEVELS),
        prefixes=table.networks("prefixes"),
        vlans=_vlans(table),
        owner=table.words_to_show("owner", None),
    )
    table.finish()
    return zone


def _level(table: SiteTable) -> str | None:
    kind = table.kind_of("level")
    if kind is None:
        return None
    value = str(table.take("level", kind)) if kind in (int, float, str) else ""
    if value not in LEVELS:
        raise table.wrong("level", f"must be one of {', '.join(LEVELS)} (Purdue reference model)")
    return value


def _number(table: SiteTable, key: str, allowed: range) -> int | None:
    value: int | None = table.take(key, int, None)
    if value is not None and value not in allowed:
        raise table.wrong(key, f"{value} is not between {allowed[0]} and {allowed[-1]}")
    return value


def _vlans(table: SiteTable) -> tuple[int, ...]:
    values = table.take("vlans", list, [])
    for index, value in enumerate(values):
        if type(value) is not int or value not in VLANS or value in values[:index]:
            raise table.wrong("vlans", f"{value!r} is not a VLAN of 1 to {VLANS[-1]}, or there twice")
    return tuple(values)


def _tenant(table: SiteTable) -> Tenant:
    tenant = Tenant(table.domain("name", table.text("name")), table.words_to_show("what", ""))
    table.finish()
    return tenant


def _asset(table: SiteTable, zones: set[str]) -> NamedAsset:
    asset = NamedAsset(
        name=table.words_to_show("name"),
        addresses=tuple(table.address("address", value) for value in table.many("address")),
        macs=tuple(table.mac("mac", value) for value in table.many("mac")),
        zone=table.words_to_show("zone", None),
        level=_level(table),
        owner=table.words_to_show("owner", None),
        criticality=table.words_to_show("criticality", None),
    )
    table.finish()
    if not asset.addresses and not asset.macs:
        raise table.wrong("address", 'missing; write address = "10.20.3.32" or mac = "00:90:e8:10:00:32"')
    if asset.zone is not None and asset.zone not in zones:
        raise table.wrong("zone", f"no [[zones]] with name = {asset.zone!r}")
    return asset


def _databases(table: SiteTable, path: Path) -> tuple[Database, ...]:
    files = []
    for inner in table.each("databases"):
        files.append(inner.text("file"))
        inner.finish()
    _distinct(table, "databases", files)
    if len(files) > MOST_DATABASES:
        raise table.wrong("databases", f"{len(files)} entries, more than {MOST_DATABASES}")
    if not files:
        return ()
    from kwel.site.database import open_database

    return tuple(open_database(path.parent / file) for file in files)


def _inventory(table: SiteTable, path: Path) -> OwnInventory | None:
    """Return what the inventory says that the file names, from its own folder on."""
    files = table.many("inventory")
    if not files:
        return None
    from kwel.site.inventory import load as load_inventory

    return load_inventory([path.parent / file for file in files])


def _override(table: SiteTable, number: int, book: Rulebook) -> Override:
    author, reason, date = table.words_to_show("author"), table.words_to_show("reason"), table.date("date")
    begins, expires = _date(table, "begins"), _date(table, "expires")
    if expires and expires < (begins or date):
        raise table.wrong("expires", f"{expires} is before {begins or date}")
    scope, what = _scope(table)
    sets = _of_asset(table) if scope == "asset" else _of_endpoint(table, book)
    table.finish()
    if not sets:
        keys = OF_ASSETS if scope == "asset" else ("operator", "supplier", "service", "function", "place")
        raise table.wrong(scope, f"says nothing of it; write {', '.join(keys[:-1])} or {keys[-1]}")
    return Override(number, scope, what, tuple(sets.items()), author, reason, date, begins, expires)


def _buffer(table: SiteTable, book: Rulebook) -> Buffer:
    kind = table.kind_of("hours")
    hours = float(table.take("hours", kind)) if kind in (int, float) else -1.0
    if not 0 <= hours <= LONGEST_BUFFER:
        raise table.wrong("hours", f"must be a number from 0 to {LONGEST_BUFFER}; write hours = 72")
    asset = table.words_to_show("asset", None)
    functions = tuple(book.vocabulary.functions)
    function = table.one_of("function", functions) if "function" in table else None
    if asset is None and function is None:
        raise table.wrong("asset", "missing; write asset or function: who goes on so long, or without what")
    if asset is not None:
        is_mac = MAC.fullmatch(asset.lower().replace("-", ":"))
        asset = table.mac("asset", asset) if is_mac else asset
    buffer = Buffer(asset, function, hours, table.words_to_show("reason"))
    table.finish()
    return buffer


def _date(table: SiteTable, key: str) -> str | None:
    value: datetime.date | None = table.take(key, datetime.date, None)
    return value.isoformat() if value else None


def _scope(table: SiteTable) -> tuple[Scope, str]:
    given = [scope for scope in SCOPES if scope in table]
    if len(given) != 1:
        raise table.wrong("host", f"write one of {', '.join(SCOPES)}: what it is about")
    scope = given[0]
    value = table.text(scope)
    if scope == "asset":
        is_mac = MAC.fullmatch(value.lower().replace("-", ":"))
        return scope, table.mac(scope, value) if is_mac else table.address(scope, value)
    return scope, {"host": table.pattern, "domain": table.domain, "prefix": table.prefix}[scope](scope, value)


def _of_asset(table: SiteTable) -> Sets:
    sets = {}
    if "kind" in table:
        sets["kind"] = table.one_of("kind", tuple(kind.value for kind in AssetKind))
    for key in OF_ASSETS[1:]:
        if key in table:
            sets[key] = table.words_to_show(key)
    return sets


def _of_endpoint(table: SiteTable, book: Rulebook) -> Sets:
    """Return what is said of a host, as fields of an attribution."""
    sets: Sets = {}
    if "operator" in table:
        sets |= _operator(table, book)
        if not table.take("front", bool, default=True):
            sets["no_front"] = "yes"
    if "supplier" in table:
        sets |= _party(table.inner("supplier"), "supplier")
    if "service" in table:
        sets["service"] = table.words_to_show("service")
    words = book.vocabulary
    if "function" in table:
        sets["function"] = table.one_of("function", tuple(words.functions))
        usual = words.functions[sets["function"]]
        sets |= {"path": usual.path, "impact": usual.impact.within}
    for key, known in (("path", PATHS), ("impact", words.impacts)):
        if key in table:
            sets[key] = table.one_of(key, known)
    if "place" in table:
        sets["location"] = table.country("place")
    return sets


def _operator(table: SiteTable, book: Rulebook) -> Sets:
    """Return who runs the hosts: by the id of a rule, or in full."""
    if table.kind_of("operator") is dict:
        inner = table.inner("operator")
        kind = inner.one_of("kind", book.vocabulary.kinds, "")
        sets = _party(inner, "operator")
        if known := next((of.id for of in book.operators.values() if of.name == sets["operator"]), None):
            raise table.wrong("operator", f"{sets['operator']!r} has a rule; write operator = {known!r}")
        for key in ("", "_jurisdiction"):
            sets.setdefault(f"parent{key}", sets[f"operator{key}"])
        return {**sets, "role": kind} if kind else sets
    name = table.text("operator")
    operator = book.operators.get(name)
    if operator is None:
        raise table.wrong(
            "operator",
            f"no operator {name!r} in the rules; write its id, or "
            'operator = { name = "Example Cloud", jurisdiction = "DE" }',
        )
    return {
        "operator": operator.name,
        "operator_id": operator.id,
        "operator_jurisdiction": operator.jurisdiction,
        "parent": operator.parent.name,
        "parent_jurisdiction": operator.parent.jurisdiction,
        "role": operator.kind,
    }


def _party(table: SiteTable, axis: str) -> Sets:
    """Return a legal person, its seat and, where it has one, its parent."""
    sets = {axis: table.words_to_show("name"), f"{axis}_jurisdiction": table.country("jurisdiction")}
    parent = table.inner("parent")
    if parent:
        key = "parent" if axis == "operator" else f"{axis}_parent"
        sets |= {key: parent.words_to_show("name"), f"{key}_jurisdiction": parent.country("jurisdiction")}
        parent.finish()
    table.finish()
    return sets


def _distinct(table: SiteTable, key: str, values: list[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise table.wrong(key, f"{value!r} is there twice")
        seen.add(value)


def _check_together(table: SiteTable, site: Site) -> None:
    """Refuse what is right in each entry and wrong in all of them."""
    _distinct(table, "zones.prefixes", [prefix for zone in site.zones for prefix in zone.prefixes])
    _distinct(table, "zones.vlans", [vlan for zone in site.zones for vlan in zone.vlans])
    _distinct(table, "domains", [*site.domains, *(tenant.name for tenant in site.tenants)])
    _distinct(table, "assets.address", [address for asset in site.assets for address in asset.addresses])
    _distinct(table, "assets.mac", [mac for asset in site.assets for mac in asset.macs])
    _distinct(table, "buffers", [(of.asset, of.function) for of in site.buffers])
    seen: dict[tuple[str, str], Override] = {}
    for override in site.overrides:
        other = seen.setdefault((override.scope, override.what), override)
        if other is not override and _overlap(other, override):
            raise table.wrong(
                f"overrides[{override.number}].{override.scope}",
                f"overrides[{other.number}] is about {override.what} too, at the same time; keep one",
            )


def _overlap(one: Override, other: Override) -> bool:
    """Return whether two overrides hold on some day both."""
    end, start = "9999", "0000"
    return (one.begins or start) <= (other.expires or end) and (other.begins or start) <= (one.expires or end)
