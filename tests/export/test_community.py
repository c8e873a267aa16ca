"""Ids from the specification's own baseline: https://github.com/corelight/community-id-spec, baseline/baseline.json."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.export.community import community_ids
from tests.export.plant import make_flow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VECTORS = [
    ("128.232.110.120", 34855, "66.35.250.204", 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("66.35.250.204", 80, "128.232.110.120", 34855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("192.168.1.52", 54585, "8.8.8.8", 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
]


@pytest.mark.parametrize("vector", VECTORS)
def test_id_is_that_of_the_specification_whoever_began(vector: tuple[str, int, str, int, int, str]) -> None:
    a, a_port, b, b_port, transport, expected = vector
    flow = make_flow(a, b, initiator_port=a_port, responder_port=b_port, transport=transport)

    assert community_ids(flow) == [expected]


def test_icmp_has_no_id_since_a_flow_does_not_keep_its_type() -> None:
    flows = np.concatenate([make_flow("10.0.0.1", "10.0.0.2", transport=number) for number in (1, 58, 47)])

    assert [known is None for known in community_ids(flows)] == [True, True, False]


@pytest.mark.parametrize("name", ["ipv6.pcap", "office_it.pcap"])
def test_wireshark_gives_the_same_ids(name: str, samples: Path, require_tool: Callable[[str], str]) -> None:
    fields = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport"]
    command = [require_tool("tshark"), "-n", "-r", str(samples / name), "--enable-protocol", "communityid"]
    command += ["-Y", "(tcp or udp) and not icmp and not icmpv6", "-T", "fields", "-E", "occurrence=f"]
    for field in ["communityid", "ip.proto", "ipv6.nxt", *fields]:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines
    for line in lines:
        expected, v4, v6, *ends = line.split("\t")
        a, b, a_port, b_port = (four or six for four, six in zip(ends[::2], ends[1::2], strict=True))
        flow = make_flow(a, b, initiator_port=int(a_port), responder_port=int(b_port), transport=int(v4 or v6))
        assert community_ids(flow) == [expected]
