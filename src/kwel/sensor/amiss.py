"""How a sensor fares in, what needs a person out: each with what it is and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.store.quota import scarce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.sensor.health import Health, SourceHealth

SECOND: Final = 1_000_000_000
STALE: Final = 300 * SECOND
"""A sensor tells how it fares every minute; after five it is not running."""
LATE: Final = 3
"""Windows after which the newest one should be in the store."""
SILENT: Final = 3600 * SECOND
"""No frame for an hour on a mirror port: the mirror is gone."""
DROPS: Final = 0.001
"""Share of packets."""
ONE_WAY: Final = 0.5
"""Share of conversations: a mirror of one direction."""
SCARCE: Final = 1 << 30
"""Bytes: less is a full disk soon."""
RECENT: Final = 24 * 3600 * SECOND


class Amiss(NamedTuple):
    """One thing that needs a person."""

    key: str
    source: str
    """Empty where it is about the sensor as a whole."""
    says: str
    do: str


def amiss(health: Health, now: int) -> list[Amiss]:
    """Return what needs a person, the worst first. *now*: nanoseconds since the epoch."""
    return [*_passive(health), *_running(health, now), *_hearing(health, now), *_keeping(health, now)]


def _passive(health: Health) -> Iterator[Amiss]:
    for one in health.sources:
        check = f"kwel sensor check {one.interface}"
        if one.sent:
            yield Amiss(
                "sent", one.source, f"sent {one.sent} frames: it should send none", f"pull its cable, then {check}"
            )
        if one.stopped:
            yield Amiss("stopped", one.source, f"{one.stopped} frames were to be sent, and stopped",
                        "find the program on this machine that tries")  # fmt: skip
        if one.proved is False:
            yield Amiss(
                "unproved", one.source, f"not proved silent: {', '.join(one.unproved) or 'no reason given'}", check
            )


def _running(health: Health, now: int) -> Iterator[Amiss]:
    if now - health.at > STALE:
        yield Amiss("stale", "", f"has told nothing for {_span(now - health.at)}", "systemctl status kwel-sensor")
    if health.at - now > STALE:
        yield Amiss("clock", "", "told this in the future: the clock was set back", "set the clock of this machine")
    if health.error and health.error_at is not None and now - health.error_at < RECENT:
        yield Amiss("error", "", health.error, "journalctl -u kwel-sensor")
    if health.alerts:
        yield Amiss("alerts", "", f"alerts: {health.alerts}", "kwel sensor alerts test")


def _hearing(health: Health, now: int) -> Iterator[Amiss]:
    for one in health.sources:
        if one.link is False:
            yield Amiss("link-down", one.source, "its link is down", "look at the cable and the switch port")
        elif one.interface and (one.heard is None or now - one.heard > SILENT):
            since = "nothing yet" if one.heard is None else f"nothing for {_span(now - one.heard)}"
            if one.heard is not None or now - health.started > SILENT:
                yield Amiss(
                    "silent", one.source, f"heard {since}", "look whether the switch still mirrors to this port"
                )
        yield from _drops(one)
    if health.one_way is not None and health.one_way > ONE_WAY:
        yield Amiss("one-way", "", f"{health.one_way:.0%} of conversations show one side only",
                    "mirror both directions (both, not rx or tx)")  # fmt: skip
    if health.dns is False:
        yield Amiss("no-dns", "", "no name was looked up in the newest window",
                    "mirror the port of the name server too, or clouds stay without a name")  # fmt: skip


def _drops(one: SourceHealth) -> Iterator[Amiss]:
    if one.dropped_share is not None and one.dropped_share > DROPS:
        yield Amiss("dropped", one.source, f"{_share(one.dropped_share)} were dropped: the machine is too slow",
                    "share the interface (fanout), or mirror less")  # fmt: skip
    if one.missed_share is not None and one.missed_share > DROPS:
        yield Amiss("missed", one.source, f"{_share(one.missed_share)} were lost by the card",
                    "enlarge its ring: ethtool -G")  # fmt: skip


def _share(share: float) -> str:
    return f"{share * 100:.2g} % of the packets of the newest window or the last day"


def _keeping(health: Health, now: int) -> Iterator[Amiss]:
    if health.lost:
        yield Amiss("lost", "", f"{health.lost} windows of the last day are missing", "journalctl -u kwel-sensor")
    if health.newest is None and health.kept and now - health.started > LATE * health.window + STALE:
        yield Amiss("late", "", "all windows were closed in the future: the clock was set back",
                    "set the clock of this machine; journalctl -u kwel-sensor")  # fmt: skip
    elif health.newest is not None and now - health.newest > LATE * health.window + STALE:
        yield Amiss("late", "", f"the newest window is {_span(now - health.newest)} old", "journalctl -u kwel-sensor")
    elif health.waiting > LATE * max(len(health.sources), 1):
        yield Amiss("waiting", "", f"{health.waiting} windows wait to be stored", "is the machine busy otherwise?")
    few = SCARCE if health.disk_bytes is None else scarce(health.disk_bytes, SCARCE)
    if health.free_bytes is not None and health.free_bytes < few:
        yield Amiss(
            "disk-full",
            "",
            f"{health.free_bytes >> 20} MB are free on the disk",
            "set store.most_gb lower, or make room",
        )


def _span(nanoseconds: int) -> str:
    """Return a span of time in words, rounded down."""
    seconds = nanoseconds // SECOND
    for name, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {name}"
    return f"{seconds} seconds"
