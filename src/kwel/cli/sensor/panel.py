"""How a sensor fares in, a panel for a terminal out: what needs a person stands in red at the top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from kwel.sensor.amiss import Amiss
    from kwel.sensor.health import Health, SourceHealth

SECOND: Final = 1_000_000_000
UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
NOT_KNOWN: Final = "?"


def panel(now: Health, before: Health | None, wrong: list[Amiss], at: int) -> RenderableType:
    """Return what a terminal shows.

    Args:
        now: how the sensor fares.
        before: how it fared a while ago, for rates; ``None`` where that is not known.
        wrong: what needs a person.
        at: this moment, nanoseconds since the epoch.
    """
    from rich.console import Group
    from rich.text import Text

    since = f"running for {span(at - now.started)}, told {span(at - now.at)} ago"
    head = Text.assemble((plain(now.sensor), "bold"), f"  kwel {plain(now.version)}, {since}")
    return Group(head, _wrong(wrong), _sources(now, before), _rest(now, at))


def _wrong(wrong: list[Amiss]) -> RenderableType:
    from rich.text import Text

    if not wrong:
        return Text("healthy: nothing needs a person", style="green")
    lines = Text()
    for one in wrong:
        where = f"{plain(one.source)}: " if one.source else ""
        lines.append(f"! {where}{plain(one.says)}", style="bold red")
        lines.append(f"\n    {plain(one.do)}\n", style="red")
    lines.right_crop(1)
    return lines


def _sources(now: Health, before: Health | None) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("source", overflow="fold")
    for title in ("packets", "/s", "bytes", "dropped", "missed", "sent", "stopped", "silent", "link"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in now.sources:
        table.add_row(
            cell(one.source), f"{one.packets:,}", _rate(one, now, before), size(one.bytes), _red(one.dropped),
            _red(one.missed), _red(one.sent), _red(one.stopped), _said(one.proved, "proved", "NOT"),
            _said(one.link, "up", "DOWN"),
        )  # fmt: skip
    return table


def _rest(now: Health, at: int) -> Table:
    from rich.table import Table

    quota = f" of {size(now.store_most)}" if now.store_most else ""
    newest = f", newest {span(at - now.newest)} ago" if now.newest is not None else ""
    oldest = f", oldest {span(at - now.oldest)}" if now.oldest is not None else ""
    made = f"{cell(now.report_name)}, {span(at - now.report)} ago" if now.report is not None else "none yet"
    seen = (f"one-way {_share(now.one_way)}, without a name {_share(now.unnamed)}, "
            f"name look-ups {_said(now.dns, 'seen', 'not seen')}")  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("windows", f"{now.kept:,} kept, {now.waiting} waiting, {now.lost} lost{newest}{oldest}")
    table.add_row("store", f"{size(now.store_bytes)}{quota}, {size(now.free_bytes)} free")
    table.add_row("coverage", seen)
    table.add_row("report", made)
    if again := [f"{cell(one.source)} {one.restarts} times" for one in now.sources if one.restarts]:
        table.add_row("started again", ", ".join(again))
    if now.clock_steps:
        table.add_row("clock", f"was set {now.clock_steps} times")
    if now.error:
        when = f" ({span(at - now.error_at)} ago)" if now.error_at is not None else ""
        table.add_row("last error", f"{cell(now.error)}{when}")
    return table


def _rate(one: SourceHealth, now: Health, before: Health | None) -> str:
    """Return the packets a second between two tellings; a count that is lower began anew."""
    if before is None or before.at >= now.at:
        return ""
    was = next((other for other in before.sources if other.source == one.source), None)
    if was is None or was.packets > one.packets:
        return ""
    return f"{(one.packets - was.packets) * SECOND / (now.at - before.at):,.0f}"


def _red(count: int | None) -> str:
    if count is None:
        return NOT_KNOWN
    return f"[bold red]{count:,}[/]" if count else "0"


def _said(holds: bool | None, yes: str, no: str) -> str:
    if holds is None:
        return NOT_KNOWN
    return yes if holds else f"[bold red]{no}[/]"


def _share(share: float | None) -> str:
    return NOT_KNOWN if share is None else f"{share:.0%}"


def plain(text: str) -> str:
    """Return text that does nothing to a terminal."""
    from kwel.export.cells import visible

    return visible(text)


def cell(text: str) -> str:
    """Return text for a cell of a table, in which brackets mean nothing to rich."""
    from rich.markup import escape

    return escape(plain(text))


def size(count: int | None) -> str:
    """Return a number of bytes in units of a thousand."""
    if count is None:
        return NOT_KNOWN
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {UNITS[unit]}" if unit == 0 or amount >= 99.5 else f"{amount:.3g} {UNITS[unit]}"


def span(nanoseconds: int) -> str:
    """Return a span of time as short as a panel needs it; one that is not over yet is no time."""
    seconds = max(nanoseconds, 0) // SECOND
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
