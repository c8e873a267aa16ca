"""How a sensor fares is written as one, read back as it was, and told to Prometheus in its own format."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.sensor import health, prometheus
from kwel.sensor.amiss import amiss
from kwel.sensor.health import Health, HealthError, SourceHealth

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
NOW = 1_800_000_000 * SECOND
SPAN = SourceHealth(
    "span0", "span0", link=True, packets=1_000_000, bytes=10**9, dropped=0, missed=0, sent=0, stopped=0, proved=True,
    heard=NOW, memory=10**8,
)  # fmt: skip
WELL = Health(
    "substation-7", "1.0", at=NOW, started=NOW - 24 * HOUR, window=300 * SECOND, sources=(SPAN,), kept=288,
    oldest=NOW - 24 * HOUR, newest=NOW - 60 * SECOND, store_bytes=10**9, free_bytes=10**11, one_way=0.01, unnamed=0.1,
    dns=True,
)  # fmt: skip


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    health.write(WELL, file)
    health.write(replace(WELL, kept=289), file)

    assert health.read(file) == replace(WELL, kept=289)
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
    assert file.stat().st_mode & 0o777 == 0o640


def test_fields_of_a_newer_version_are_left_out_and_missing_ones_have_defaults(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    told = {"form": 1, **asdict(WELL), "new": 3, "sources": [{"source": "a", "newer": {}}]}
    del told["kept"]
    file.write_text(json.dumps(told))

    assert health.read(file) == replace(WELL, kept=0, sources=(SourceHealth("a"),))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"3", b'"x"', b"{}", b'{"form": 2}', b'{"form": 1}', b"\xff\xfe", b"[" * 100_000,
        json.dumps({"form": 1, **asdict(WELL), "sources": 3}).encode(),
        json.dumps({"form": 1, **asdict(WELL), "sources": [3]}).encode(),
        json.dumps({"form": 1, **asdict(WELL), "kept": "many"}).encode(),
        json.dumps({"form": 1, **asdict(WELL), "at": None}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_status_is_told_in_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_bytes(content)

    with pytest.raises(HealthError) as told:
        health.read(file)
    assert str(told.value).startswith(f"{file}: ")
    assert "\n" not in str(told.value)


@given(
    st.dictionaries(st.sampled_from(list(asdict(WELL))), st.none() | st.integers() | st.text() | st.lists(st.text()))
)
def test_whatever_a_status_holds_is_read_or_refused(changes: dict[str, Any]) -> None:
    told = {**asdict(WELL), **changes}
    try:
        sources = tuple(health._made(SourceHealth, one) for one in told.pop("sources"))
        made = health._made(Health, {**told, "sources": sources})
    except TypeError:
        return
    assert isinstance(amiss(made, NOW), list)
    assert prometheus.text(made)


def test_nothing_is_amiss_with_a_sensor_that_is_well() -> None:
    assert amiss(WELL, NOW + 30 * SECOND) == []


def source(**changes: Any) -> dict[str, Any]:
    return {"sources": (replace(SPAN, **changes),)}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (source(sent=1), "sent"),
        (source(stopped=4), "stopped"),
        (source(proved=False, unproved=("egress-drop",)), "unproved"),
        (source(link=False), "link-down"),
        (source(heard=NOW - 2 * HOUR), "silent"),
        (source(heard=None), "silent"),
        (source(dropped_share=0.01), "dropped"),
        (source(missed_share=0.01), "missed"),
        ({"at": NOW - HOUR}, "stale"),
        ({"at": NOW + HOUR}, "clock"),
        ({"error": "disk", "error_at": NOW - HOUR}, "error"),
        ({"alerts": "webhook 1 is away"}, "alerts"),
        ({"one_way": 0.9}, "one-way"),
        ({"dns": False}, "no-dns"),
        ({"lost": 2}, "lost"),
        ({"newest": NOW - 2 * HOUR}, "late"),
        ({"newest": None}, "late"),
        ({"waiting": 9}, "waiting"),
        ({"free_bytes": 10**8}, "disk-full"),
        ({"free_bytes": 10**9, "disk_bytes": 10**12}, "disk-full"),
        ({"free_bytes": 39 * 10**7, "disk_bytes": 8 * 10**9}, "disk-full"),
    ],
)
def test_what_needs_a_person_is_told_with_what_to_do(changes: dict[str, Any], key: str) -> None:
    (one,) = amiss(replace(WELL, **changes), NOW)

    assert one.key == key
    assert one.says
    assert one.do


@pytest.mark.parametrize(
    "changes",
    [
        source(missed=None, missed_share=None, dropped_share=None, sent=None, stopped=None, proved=None, link=None),
        source(dropped=10_000, missed=10_000, dropped_share=0.0001, missed_share=0.0),
        {"error": "disk", "error_at": NOW - 48 * HOUR},
        {"one_way": None, "unnamed": None, "dns": None, "free_bytes": None, "newest": None, "kept": 0},
        {"free_bytes": 8 * 10**8, "disk_bytes": 8 * 10**9},
        {"sources": (SourceHealth("captures", packets=3),)},
        {"started": NOW - 60 * SECOND, "sources": (replace(SPAN, heard=None),)},
    ],
)
def test_what_is_not_known_or_long_past_needs_nobody(changes: dict[str, Any]) -> None:
    assert amiss(replace(WELL, **changes), NOW) == []


SAMPLE = re.compile(r'(kwel_sensor_[a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} (\S+)')


def parsed(text: str) -> dict[str, dict[str, float]]:
    """Return samples by name and labels; every family has HELP and TYPE once, and its samples after them."""
    samples: dict[str, dict[str, float]] = {}
    family = kind = ""
    assert text.endswith("\n")
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            family, kind = line.split()[2], ""
            assert family not in samples
            samples[family] = {}
        elif line.startswith("# TYPE "):
            assert line.split()[2] == family
            kind = line.split()[3]
            assert kind == ("counter" if family.endswith("_total") else "gauge")
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert kind
            assert match[1] == family
            assert match[2] not in samples[family]
            samples[family][match[2]] = float(match[3])
    return samples


def test_prometheus_is_told_what_is_known_and_nothing_else() -> None:
    two = replace(WELL, sources=(SPAN, replace(SPAN, source="span1", missed=None, sent=3)))
    told = parsed(prometheus.text(two))

    span0, span1 = (f'sensor="substation-7",source="{name}"' for name in ("span0", "span1"))
    assert told["kwel_sensor_packets_total"] == {span0: 1_000_000, span1: 1_000_000}
    assert told["kwel_sensor_missed_packets_total"] == {span0: 0}
    assert told["kwel_sensor_sent_packets"] == {span0: 0, span1: 3}
    assert told["kwel_sensor_healthy"] == {'sensor="substation-7"': 0}
    assert told["kwel_sensor_written_timestamp_seconds"] == {'sensor="substation-7"': NOW / SECOND}
    assert "kwel_sensor_store_limit_bytes" not in told


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_breaks_out_of_its_label(sensor: str, name: str) -> None:
    made = replace(WELL, sensor=sensor, sources=(replace(SPAN, source=name),))
    text = prometheus.text(made)

    assert len(text.split("\n")) == len(prometheus.text(WELL).split("\n"))
    parsed(text)


def test_the_text_file_is_for_the_node_exporter_too(tmp_path: Path) -> None:
    file = tmp_path / "kwel.prom"
    prometheus.write(WELL, file)

    assert file.stat().st_mode & 0o777 == 0o644
    assert parsed(file.read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["kwel.prom"]
