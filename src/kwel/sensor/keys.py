"""The keys of sensor.toml: for each what it may be, what it is when it is left out, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one table."""

    table: str
    """``""`` is the head of the file; ``interfaces`` may be there several times."""
    name: str
    default: Any
    """What holds when it is left out; its type is what may be written. ``...`` where it has to be there."""
    meaning: str
    example: Any = None
    least: int = 0
    most: int = 0
    """Of a whole number; 0 is no limit."""
    words: tuple[str, ...] = ()
    """Of text: what may be written; all text if there are none."""
    path: Literal["", "always", "toml"] = ""
    """Whether text is a file or folder: then one that does not begin with ``/`` is beside the configuration. ``toml``:
    it is one if it ends so, else a name."""

    @property
    def kind(self) -> type:
        """Return the type of what may be written."""
        return str if self.default is ... else type(self.default)

    @property
    def full_name(self) -> str:
        """Return the key with its table."""
        return f"{self.table}.{self.name}" if self.table else self.name


INTERFACES: Final = "interfaces"
ALERTS: Final = "alerts"
"""A table that is read elsewhere: `kwel.alerts.settings`."""

KEYS: Final = (
    Key("", "name", "", "What the sensor is called in windows, reports and alerts. Default: the name of the machine.",
        example="substation-7"),
    Key("", "user", "", "Whom the processes become that listen, keep and report. Default: whoever starts it.",
        example="kwel"),
    Key(INTERFACES, "name", ..., "An interface that a mirror port or tap is on. It is locked before it is heard.",
        example="span0"),
    Key(INTERFACES, "namespace", "", "Network namespace that it is moved into, made if absent. Empty: it stays.",
        example="kwel"),
    Key(INTERFACES, "filter", "", "Hear only what passes: pcap-filter(7). What it leaves out nobody sees.",
        example="not ether proto 0x88ba"),
    Key(INTERFACES, "fanout", 1, "Processes that share the interface, for rates that one cannot follow.",
        least=1, most=64),
    Key(INTERFACES, "without", [], "Protections that this machine lacks and you do without: it is then never proved.",
        words=("egress-filter",)),
    Key("folder", "path", "", "A folder in which captures appear, also those that are still being written.",
        path="always", example="/captures"),
    Key("store", "folder", "/var/lib/kwel/store", "Where windows are kept.", path="always"),
    Key("store", "window_seconds", 300, "Length of a window. What is lost in a power cut is at most the open one.",
        least=1, most=86_400),
    Key("store", "most_gb", 0,
        "Largest size of the store; then the oldest goes, evidence first. 0: a tenth of its disk stays free.",
        most=1_000_000),
    Key("store", "days", 0, "Days after which all of a window goes but the record that it was there. 0: never.",
        most=36_500),
    Key("store", "wire_days", 0, "Days after which flows and names go; dependencies and assets stay. 0: never.",
        most=36_500),
    Key("store", "evidence_days", 0, "Days after which frames of evidence go. 0: never.", most=36_500),
    Key("store", "evidence_mb", 2, "Frames that each window keeps for good: those that a statement rests on.",
        most=4096),
    Key("store", "candidates_mb", 32, "Frames that each window holds in memory to choose its evidence from.",
        most=65_536),
    Key("analysis", "site", "", "Your own knowledge of the plant, see site.md.",
        path="always", example="/etc/kwel/site.toml"),
    Key("analysis", "policy", "", "Your own limits, see limits.md: a file, or the name of one that ships.",
        path="toml", example="no-foreign-cloud"),
    Key("analysis", "internal", [], "Prefixes that are the plant's own, beside the private ones.",
        example=["198.51.100.0/24"]),
    Key("analysis", "here", "", "Where the sensor stands: a country such as NL, or 52.1,5.1.", example="NL"),
    Key("analysis", "language", "", "Of reports. Default: that of the environment.", words=("nl", "en"), example="nl"),
    Key("analysis", "title", "", "Title of reports. Default: the name of the sensor.", example="Substation 7"),
    Key("reports", "folder", "", "Where reports are written; a web server may serve it. Empty: none are made.",
        path="always", example="/var/lib/kwel/reports"),
    Key("reports", "daily", True, "A report on every day."),
    Key("reports", "weekly", True, "A report on every week, Monday to Sunday."),
    Key("reports", "keep", 400, "Reports that are kept; the oldest goes first.", least=1, most=100_000),
    Key("health", "prometheus", "", "File for the textfile collector of Prometheus's node exporter. Empty: none.",
        path="always", example="/var/lib/prometheus/node-exporter/kwel.prom"),
)  # fmt: skip
"""In the order in which the documentation and a new configuration list them."""

HEADS: Final = {
    "": "What the sensor is called",
    INTERFACES: "What it listens to: one table for each interface",
    "folder": "Or a folder of captures, in place of interfaces",
    "store": "Where windows are kept, and how long",
    "analysis": "What you know and allow",
    "reports": "Reports",
    "health": "How the sensor fares",
}


def tables() -> tuple[str, ...]:
    """Return the names of the tables, in order."""
    return tuple(HEADS)


def of(table: str) -> dict[str, Key]:
    """Return the keys of a table by name."""
    return {key.name: key for key in KEYS if key.table == table}


def as_toml(value: Any) -> str:
    """Return a value as it is written in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(as_toml(one) for one in value)}]"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def example() -> str:
    """Return a configuration to go on from: every key with its meaning, those with a default commented out."""
    return "\n".join(_example_lines()) + "\n"


def table_of_documentation() -> str:
    """Return the keys as the table of docs/sensor.md."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for key in KEYS:
        where = f"[[{key.table}]] {key.name}" if key.table == INTERFACES else key.full_name
        default = "has to be there" if key.default is ... else f"`{as_toml(key.default)}`"
        rows.append(f"| `{where}` | {default} | {key.meaning} |")
    return "\n".join(rows)


def _example_lines() -> Iterator[str]:
    yield "# Configuration of a sensor. Check it with: kwel sensor config check sensor.toml"
    for table in tables():
        yield ""
        yield f"# {HEADS[table]}"
        shown = table == INTERFACES
        if table:
            head = f"[[{table}]]" if shown else f"[{table}]"
            yield f"# {head}" if table == "folder" else head
        for key in of(table).values():
            value = key.default if key.example is None else key.example
            off = "" if key.default is ... else "# "
            yield f"# {key.meaning}"
            yield f"{off}{key.name} = {as_toml(value)}"
    yield ""
    yield '# Alerts go nowhere unless you say so here; docs/sensor.md, "Alerts", has the keys'
    yield "# [alerts]"
