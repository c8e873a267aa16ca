"""DNS answers of published captures, read by Wireshark: records that name hosts, and how questions were answered."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kwel.columns import address_text
from kwel.kinds import Application, RecordKind
from kwel.pipeline import read_traffic
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


def asked(tshark: str, path: Path, wanted: str, *fields: str) -> list[list[list[str]]]:
    """Return, for each frame that *wanted* selects, the values of each field."""
    command = [tshark, "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-r", str(path), "-Y", wanted, "-T", "fields"]
    command += ["-E", "occurrence=a", "-E", "aggregator=|"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    return [
        [[value for value in cell.split("|") if value] for cell in line.split("\t")]
        for line in done.stdout.splitlines()
    ]


def told(traffic: Traffic, kind: RecordKind) -> Counter[str]:
    """Return what the records of a type in DNS answers hold, counted."""
    spoken = traffic.flows["application"][traffic.answers["flow"]]
    rows = traffic.answers[(traffic.answers["kind"] == kind) & (spoken == Application.DNS)]
    if kind in (RecordKind.A, RecordKind.AAAA):
        return Counter(address_text(int(row["address_hi"]), int(row["address_lo"])) for row in rows)
    return Counter(traffic.names[int(row["target"])] for row in rows)


@pytest.fixture
def find(shared: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a function: the path of a published capture, or of a sample."""
    return lambda name: SAMPLES / name if "/" not in name else shared(f"corpus/captures/{name}")


@pytest.mark.parametrize("name", [*PUBLISHED, *OWN])
def test_every_record_that_wireshark_reads_is_there(
    name: str, find: Callable[[str], Path], require_tool: Callable[[str], str]
) -> None:
    path, tshark = find(name), require_tool("tshark")
    only = "dns && !mdns && !llmnr && dns.flags.response == 1 && !icmp && !icmpv6"
    frames = asked(tshark, path, only, *FIELDS.values())
    traffic = read_traffic(str(path))

    for at, kind in enumerate(FIELDS):
        expected = Counter(value.lower().rstrip(".") for frame in frames for value in frame[at])
        found = told(traffic, kind)
        if kind is RecordKind.PTR:  # others than reverse names are not kept
            expected = Counter({value: count for value, count in expected.items() if value in found})
        if name in MIRRORED:
            expected, found = Counter(set(expected)), Counter(set(found))
        assert found == expected, kind


@pytest.mark.parametrize("name", [*PUBLISHED, *OWN])
def test_a_question_that_wireshark_saw_refused_is_refused(
    name: str, find: Callable[[str], Path], require_tool: Callable[[str], str]
) -> None:
    path, tshark = find(name), require_tool("tshark")
    only = "dns.flags.rcode == 3 && !mdns && !llmnr && !icmp && !icmpv6"
    expected = {cell[0].lower() for (cell,) in asked(tshark, path, only, "dns.qry.name") if cell}
    traffic = read_traffic(str(path))
    rows = traffic.answers[traffic.answers["code"] == 3]

    assert {traffic.names[int(row["question"])] for row in rows} == expected
