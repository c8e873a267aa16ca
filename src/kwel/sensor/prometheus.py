"""How a sensor fares in, the text file that Prometheus's node exporter reads out.

https://prometheus.io/docs/instrumenting/exposition_formats/ (text format, version 0.0.4). Times are seconds, as its
conventions have it; what is not known is left out, so that nobody takes it for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.sensor.amiss import amiss
from kwel.sensor.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kwel.sensor.health import Health, SourceHealth

    Number = float | int | bool | None

SECOND: Final = 1_000_000_000
FOR_ALL: Final = 0o644

OF_SENSOR: Final[tuple[tuple[str, str, str, Callable[[Health], Number]], ...]] = (
    ("written_timestamp_seconds", "gauge", "When the sensor told this last.", lambda of: of.at / SECOND),
    ("started_timestamp_seconds", "gauge", "When the sensor was started.", lambda of: of.started / SECOND),
    ("healthy", "gauge", "1 where nothing needs a person.", lambda of: not amiss(of, of.at)),
    ("windows_kept", "gauge", "Windows in the store.", lambda of: of.kept),
    ("windows_lost", "gauge", "Windows of the last day that are missing.", lambda of: of.lost),
    ("windows_waiting", "gauge", "Windows that were heard and are not stored yet.", lambda of: of.waiting),
    ("oldest_window_timestamp_seconds", "gauge", "When the oldest window was opened.", lambda of: _seconds(of.oldest)),
    ("newest_window_timestamp_seconds", "gauge", "When the newest window was closed.", lambda of: _seconds(of.newest)),
    ("store_bytes", "gauge", "Size of the store.", lambda of: of.store_bytes),
    ("store_limit_bytes", "gauge", "Its quota.", lambda of: of.store_most),
    ("free_bytes", "gauge", "Free on the disk of the store.", lambda of: of.free_bytes),
    ("last_report_timestamp_seconds", "gauge", "When the last report was made.", lambda of: _seconds(of.report)),
    ("last_error_timestamp_seconds", "gauge", "When something went wrong last.", lambda of: _seconds(of.error_at)),
    ("clock_steps", "gauge", "How often the clock was set in the last day.", lambda of: of.clock_steps),
    ("one_way_share", "gauge", "Conversations of which one side alone was seen.", lambda of: of.one_way),
    ("unnamed_share", "gauge", "Conversations outside for which no name was seen.", lambda of: of.unnamed),
    ("dns_seen", "gauge", "1 where names were looked up in the newest window.", lambda of: of.dns),
)
OF_SOURCE: Final[tuple[tuple[str, str, str, Callable[[SourceHealth], Number]], ...]] = (
    ("packets_total", "counter", "Packets that were heard.", lambda of: of.packets),
    ("bytes_total", "counter", "Bytes of packets that were heard.", lambda of: of.bytes),
    ("dropped_packets_total", "counter", "Packets that the sensor was too slow for.", lambda of: of.dropped),
    ("missed_packets_total", "counter", "Packets that the card lost.", lambda of: of.missed),
    ("dropped_share", "gauge", "Dropped, of the newest window or the last day.", lambda of: of.dropped_share),
    ("missed_share", "gauge", "Missed by the card, likewise.", lambda of: of.missed_share),
    ("sent_packets", "gauge", "Packets that the interface sent in the last day; 0 is right.", lambda of: of.sent),
    ("stopped_packets", "gauge", "Packets that the egress filter stopped in the last day.", lambda of: of.stopped),
    ("proved", "gauge", "1 where the interface is proved unable to send.", lambda of: of.proved),
    ("link_up", "gauge", "1 where the link is up.", lambda of: of.link),
    ("last_packet_timestamp_seconds", "gauge", "When a packet was heard last.", lambda of: _seconds(of.heard)),
    ("restarts_total", "counter", "Times its process was started again.", lambda of: of.restarts),
    ("memory_bytes", "gauge", "Memory that the process holds.", lambda of: of.memory),
)


def write(health: Health, file: Path) -> None:
    """Write the text file; the node exporter sees the old one or the new one.

    Raises:
        OSError: it cannot be written; the old file stays.
    """
    replace_file(file, text(health).encode("utf-8", "backslashreplace"), lasting=False, mode=FOR_ALL)


def text(health: Health) -> str:
    """Return how a sensor fares as samples, each family with its HELP and TYPE."""
    return "".join(_lines(health))


def _lines(health: Health) -> Iterator[str]:
    sensor = f'sensor="{_escaped(health.sensor)}"'
    yield from _family(
        "info", "gauge", "The sensor and its version.", [(f'{sensor},version="{_escaped(health.version)}"', 1)]
    )
    for name, kind, meaning, value in OF_SENSOR:
        yield from _family(name, kind, meaning, [(sensor, value(health))])
    labels = [f'{sensor},source="{_escaped(one.source)}"' for one in health.sources]
    for name, kind, meaning, worth in OF_SOURCE:
        values = [(label, worth(one)) for label, one in zip(labels, health.sources, strict=True)]
        yield from _family(name, kind, meaning, values)


def _family(name: str, kind: str, meaning: str, samples: Sequence[tuple[str, Number]]) -> Iterator[str]:
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return
    yield f"# HELP kwel_sensor_{name} {meaning}\n# TYPE kwel_sensor_{name} {kind}\n"
    for labels, value in known:
        yield f"kwel_sensor_{name}{{{labels}}} {float(value):.17g}\n"


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / SECOND


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
