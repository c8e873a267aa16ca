"""DNS answers of published captures, read by Wireshark: records that name hosts, and how questions were answered."""

from __future__ import annotations

import subprocess
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.kinds import Application, RecordKind
from kwel.model.records.columns import address_text
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

pytestmark = pytest.mark.slow  # tshark reads every capture

PUBLISHED = (
    "DNS-OARC+dsc/src/test/dnso1tcp.pcap",
    "OISF+suricata-verify/tests/dns/dns-tcp-www-google-com/dns.pcap",
    "OISF+suricata-verify/tests/issues/issue-4759.1/tcpdns.pcap",
    "arkime+arkime/tests/pcap/dns-wiresharkrepo.pcap",
    "arkime+arkime/tests/pcap/v6-http.pcap",
    "cisco+mercury/unit_tests/pcaps/dns_packet.capture2.pcap",
    "idaholab+Malcolm-Test-Artifacts/pcap/plugins/ripple20/dns_caa_records.pcap",
    "idaholab+Malcolm-Test-Artifacts/pcap/plugins/ripple20/dns_over_tcp.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/teams.pcap",
    "stratosphereips+StratosphereLinuxIPS/dataset/test-cc/test-cc-capture-2.pcap",
    "the-tcpdump-group+tcpdump/tests/dns_tcp.pcap",
    "zeek+zeek/testing/btest/Traces/dns-svcb.pcap",
    "zeek+zeek/testing/btest/Traces/var-services-std-ports.pcap",
)
FIELDS = {
    RecordKind.A: "dns.a",
    RecordKind.AAAA: "dns.aaaa",
    RecordKind.CNAME: "dns.cname",
    RecordKind.PTR: "dns.ptr.domain_name",
    RecordKind.MX: "dns.mx.mail_exchange",
    RecordKind.SRV: "dns.srv.target",
}
OWN = [path.name for path in sorted(SAMPLES.glob("*.pcap*"))]
MIRRORED = {"dup_span.pcap"}
"""Here every answer is there twice."""


ANSWER, CODE, QUESTION = "dns.flags.response", "dns.flags.rcode", "dns.qry.name"
TRUE = {"1", "True"}
"""As one version of tshark or another writes it."""
each = pytest.mark.parametrize("name", [*PUBLISHED, *OWN], scope="module")


@cache
def _frames_of(tshark: str, path: Path) -> list[dict[str, list[str]]]:
    """Return, for each frame that speaks DNS, the values of each field: to start tshark takes longer than to read."""
    fields = (*FIELDS.values(), ANSWER, CODE, QUESTION)
    command = [tshark, "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-r", str(path), "-T", "fields"]
    command += ["-Y", "dns && !mdns && !llmnr && !icmp && !icmpv6", "-E", "occurrence=a", "-E", "aggregator=|"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    return [
        {field: [value for value in cell.split("|") if value] for field, cell in zip(fields, row, strict=True)}
        for row in (line.split("\t") for line in done.stdout.splitlines())
    ]


def told(traffic: Traffic, kind: RecordKind) -> Counter[str]:
    """Return what the records of a type in DNS answers hold, counted."""
    spoken = traffic.flows["application"][traffic.answers["flow"]]
    rows = traffic.answers[(traffic.answers["kind"] == kind) & (spoken == Application.DNS)]
    if kind in (RecordKind.A, RecordKind.AAAA):
        return Counter(address_text(int(row["address_hi"]), int(row["address_lo"])) for row in rows)
    return Counter(traffic.names[int(row["target"])] for row in rows)


@pytest.fixture
def path(name: str, shared: Callable[[str], Path]) -> Path:
    """Return where a published capture is, or a sample."""
    return SAMPLES / name if "/" not in name else shared(f"corpus/captures/{name}")


@pytest.fixture
def frames(path: Path, require_tool: Callable[[str], str]) -> list[dict[str, list[str]]]:
    """Return what Wireshark reads in each frame that speaks DNS."""
    return _frames_of(require_tool("tshark"), path)


@each
def test_every_record_that_wireshark_reads_is_there(name: str, path: Path, frames: list[dict[str, list[str]]]) -> None:
    answers = [frame for frame in frames if not TRUE.isdisjoint(frame[ANSWER])]
    traffic = read_traffic(str(path))

    for kind, field in FIELDS.items():
        expected = Counter(value.lower().rstrip(".") for frame in answers for value in frame[field])
        found = told(traffic, kind)
        if kind is RecordKind.PTR:  # others than reverse names are not kept
            expected = Counter({value: count for value, count in expected.items() if value in found})
        if name in MIRRORED:
            expected, found = Counter(set(expected)), Counter(set(found))
        assert found == expected, kind


@each
def test_a_question_that_wireshark_saw_refused_is_refused(path: Path, frames: list[dict[str, list[str]]]) -> None:
    refused = [cell for frame in frames if "3" in frame[CODE] and (cell := frame[QUESTION])]
    expected = {cell[0].lower() for cell in refused}
    traffic = read_traffic(str(path))
    rows = traffic.answers[traffic.answers["code"] == 3]

    assert {traffic.names[int(row["question"])] for row in rows} == expected
