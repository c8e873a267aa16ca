"""Damaged bytes in, what was noticed of them out: features of one execution. What may not happen is raised."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from kwel.analysis.stages import Options, conclude, read_traffic
from kwel.capture import CaptureFile
from kwel.export import write
from kwel.export.report_json import write_report_json
from kwel.export.schema import TABLES
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.certificates import read_certificate
from kwel.protocols.registry import DISSECTORS
from kwel.protocols.talk import Talk
from kwel.protocols.wire import Reader, WireError
from kwel.report import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic
    from kwel.protocols.registry import Dissector

Features = frozenset[str]
MOST_SAID = 100_000


def container(path: Path) -> Features:
    """Read a file's frames: each lies within its buffer, and the description adds up."""
    capture = CaptureFile("fuzzed", path)
    count = 0
    for batch in capture.batches():
        ends = batch.records["start"].astype("int64") + batch.records["captured"]
        assert int(ends.max()) <= len(batch.buffer)
        count += len(batch.records)
    about = capture.describe()
    assert about.packets == count == sum(packets for _, packets in about.links)
    problem = about.problem or ""
    assert "\n" not in problem
    return frozenset({f"format {about.format}", "problem " + re.sub(r"[0-9a-fx]*\d[0-9a-f]*|'.*'", "#", problem)[:60]})


def pipeline(path: Path, *, thoroughly: bool = False) -> Features:
    """Read a file's traffic; *thoroughly*: draw every conclusion from it and write all that can be written."""
    traffic = read_traffic(str(path))
    coverage = traffic.coverage
    assert coverage.packets == coverage.used + sum(coverage.set_aside.values())
    assert coverage.packets == sum(capture.packets for capture in traffic.captures)
    assert sum(count for _, count in coverage.unread_links) == coverage.set_aside.get("link-type", 0)
    if thoroughly:
        _conclude(traffic)
    return _features(traffic)


def _conclude(traffic: Traffic) -> None:
    made = conclude(traffic, Options())
    coverage = made.report.coverage
    assert coverage.packets == coverage.used + sum(coverage.set_aside.values())
    render(made.report, "nl")
    render(made.report, "en")
    write_report_json(made.report, io.BytesIO())
    write.write_flows(made.traffic, "csv", io.BytesIO(), 80)
    write.write_names(made.traffic, "jsonl", io.BytesIO(), 80)
    for table in (of for of in TABLES if of.name not in ("flows", "names", "hellos", "lan", "dependencies")):
        write.write_concluded(table.name, made.report, "csv", io.BytesIO(), 80)
    write.write_hellos(made.traffic, "csv", io.BytesIO(), 80)
    write.write_lan(made.traffic, "csv", io.BytesIO(), 80)
    write.write_dependencies(made.report, "table", io.BytesIO(), 80)


def _features(traffic: Traffic) -> Features:
    """Return what tells this traffic apart from others: reasons, counts by their size, protocols, sources of names."""
    found = {f"aside {reason}" for reason in traffic.coverage.set_aside}
    found |= {f"note {key} {min(count, 1 << 10).bit_length()}" for key, count in traffic.coverage.notes.items()}
    found |= {f"speaks {Application(number).name}" for number in set(traffic.flows["application"].tolist())}
    found |= {f"state {number}" for number in set(traffic.flows["state"].tolist())}
    found |= {f"named by {NameSource(number).name}" for number in set(traffic.named["source"].tolist())}
    found |= {f"observed {one.protocol} {one.kind}" for one in traffic.observed}
    found |= {f"hello {len(traffic.hellos).bit_length()}", f"certificates {len(traffic.certificates).bit_length()}"}
    found |= {f"mirror {len(traffic.mirrors).bit_length()}", f"answers {len(traffic.answers).bit_length()}"}
    return frozenset(found)


def payload(data: bytes) -> Features:
    """Give *data* to every reader in Python: ``WireError`` is the only answer beside what they found."""
    found: set[str] = set()
    for dissector in DISSECTORS:
        if dissector.size_of:
            assert (dissector.size_of(data) or 0) >= 0
        if dissector.looks_like(data):
            found |= _said(dissector, data)
    try:
        found.add(f"certificate {len(read_certificate(data).names).bit_length()}")
    except WireError as error:
        found.add(f"certificate {type(error).__name__}")
    return frozenset(found)


def _said(dissector: Dissector, data: bytes) -> Features:
    """Let a dissector read *data*, as a question and as its own answer where it tells the two apart."""
    found: set[str] = set()
    said, talk = 0, Talk()
    readings = [dissector.observe(Reader(data))]
    if dissector.converse:
        readings += [dissector.converse(Reader(data), talk), dissector.converse(Reader(data), talk)]
    for reading in readings:
        try:
            for one in reading:
                said += 1
                found.add(f"{dissector.name} {type(one).__name__} {getattr(one, 'kind', '')}")
                assert said < MOST_SAID
        except WireError as error:
            found.add(f"{dissector.name} {type(error).__name__}")
    return frozenset(found)


FILES: dict[str, Callable[[Path], Features]] = {
    "container": container,
    "pipeline": pipeline,
    "everything": lambda path: pipeline(path, thoroughly=True),
    "payload": lambda path: payload(path.read_bytes()),
}
"""By name: what may be done with one input. A finding is tried again with ``python -m tests.fuzz --again``."""
