"""What routers that share an address say of it; and that each is read when it says something new."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.protocols import redundancy
from kwel.protocols.wire import Malformed, Reader
from tests.streams.making import ethernet, hear, ipv4, ipv6, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

FIRST, SECOND = "10.20.0.2", "10.20.0.3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vrrp.version3", "VRRP 7 master 10.20.0.1"),
        ("vrrp.version2", "VRRP 7 resigned 10.20.0.1"),
        ("vrrp.carp", "CARP 3 master"),
        ("hsrp.version1", "HSRP 10 active 10.20.0.1"),
        ("hsrp.version2", "HSRP 300 standby 10.20.0.1"),
    ],
)
def test_a_router_says_its_group_its_part_and_the_address(
    sample: Callable[[str], bytes], name: str, value: str
) -> None:
    observe = redundancy.observe_hsrp if name.startswith("hsrp") else redundancy.observe_vrrp
    assert [(said.kind, said.value) for said in observe(Reader(sample(name)))] == [("redundancy", value)]


def test_ipv6_addresses_are_read() -> None:
    message = bytes.fromhex("3107c80100640000") + bytes.fromhex("fe80") + bytes(13) + b"\1"
    assert [said.value for said in redundancy.observe_vrrp(Reader(message))] == ["VRRP 7 master fe80::1"]


@pytest.mark.parametrize("message", ["0105ff", "0128020905" + 40 * "00", "000311" + 20 * "00"])
def test_what_is_no_hsrp_is_refused(message: str) -> None:
    with pytest.raises(Malformed):
        list(redundancy.observe_hsrp(Reader(bytes.fromhex(message))))


def test_a_gateway_says_its_part_and_for_which_mac_it_forwards(sample: Callable[[str], bytes]) -> None:
    said = [(said.kind, said.value) for said in redundancy.observe_glbp(Reader(sample("glbp.active")))]

    assert said == [
        ("redundancy", "GLBP 10 active 10.20.0.1"),
        ("service", "GLBP 10 forwarder 1 active 00:07:b4:00:0a:01"),
    ]


@pytest.mark.parametrize(("at", "byte"), [(0, 2), (13, 1), (15, 3), (34, 3), (35, 9), (43, 7)])
def test_what_is_no_glbp_is_refused(sample: Callable[[str], bytes], at: int, byte: int) -> None:
    damaged = bytearray(sample("glbp.active"))
    damaged[at] = byte
    with pytest.raises(Malformed):
        list(redundancy.observe_glbp(Reader(bytes(damaged))))


def test_wireshark_reads_the_same(
    tmp_path: Path, sample: Callable[[str], bytes], require_tool: Callable[[str], str]
) -> None:
    """GLBP, and what VRRP 3 and CARP say over IPv6."""
    router, group = bytes.fromhex("fe80" + 13 * "00" + "02"), bytes.fromhex("ff02" + 13 * "00" + "12")
    vrrp = bytes.fromhex("3107c80100640000") + bytes.fromhex("fe80") + bytes(13) + b"\1"
    frames = [
        ethernet(ipv4(udp(sample("glbp.active"), 3222, 3222), 17, FIRST, "224.0.0.102", ttl=255)),
        ethernet(ipv6(vrrp, 112, router, group, 255), 0x86DD),
        ethernet(ipv6(sample("vrrp.carp"), 112, router, group, 255), 0x86DD),
    ]
    fields = (
        "glbp.group", "glbp.hello.vgstate", "glbp.hello.virtualipv4", "glbp.reqresp.forwarder",
        "glbp.reqresp.vfstate", "glbp.reqresp.virtualmac", "vrrp.virt_rtr_id", "vrrp.ipv6_addr", "carp.vhid",
    )  # fmt: skip
    command = [require_tool("tshark"), "-n", "-r", str(write_pcap(tmp_path / "theirs.pcap", frames)), "-T", "fields"]
    command += [part for field in fields for part in ("-e", field)]
    rows = [line.split("\t") for line in subprocess.check_output(command, text=True).splitlines()]
    said = [said.value for said in hear(tmp_path, frames).observed]

    assert rows[0][:6] == ["10", "32", "10.20.0.1", "1", "32", "00:07:b4:00:0a:01"]
    assert said[:2] == ["GLBP 10 active 10.20.0.1", "GLBP 10 forwarder 1 active 00:07:b4:00:0a:01"]
    assert rows[1][6:8] == ["7", "fe80::1"]
    assert said[2:] == ["VRRP 7 master fe80::1", "CARP 3 master"]


def parts(traffic: Traffic) -> list[tuple[str | None, str]]:
    return [(said.address, said.value) for said in traffic.observed if said.kind == "redundancy"]


def advertised(source: str, priority: int = 200) -> bytes:
    message = bytes([0x31, 7, priority, 1, 0, 100, 0, 0, 10, 20, 0, 1])
    return ethernet(ipv4(message, 112, source, "224.0.0.18", ttl=255))


def test_the_master_is_read_once_and_again_when_it_comes_back(tmp_path: Path) -> None:
    frames = [advertised(FIRST)] * 20 + [advertised(SECOND)] * 20 + [advertised(FIRST)] * 20
    traffic = hear(tmp_path, [*map(bytes, frames)], step=1_000_000)

    assert parts(traffic) == [(FIRST, "VRRP 7 master 10.20.0.1"), (SECOND, "VRRP 7 master 10.20.0.1")]
    again = {said.address: (said.until - said.time) // 1_000_000_000 for said in traffic.observed}
    assert again == {FIRST: 40, SECOND: 0}
    assert "vrrp-not-looked-at" not in traffic.coverage.notes


def test_hsrp_is_read_when_its_state_changes(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    active = sample("hsrp.version1")
    standby = active[:2] + b"\x08" + active[3:]
    frames = [
        ethernet(ipv4(udp(message, 1985, 1985), 17, FIRST, "224.0.0.2", ttl=1))
        for message in [standby] * 9 + [active] * 9
    ]

    assert parts(hear(tmp_path, frames, step=3_000_000)) == [
        (FIRST, "HSRP 10 standby 10.20.0.1"),
        (FIRST, "HSRP 10 active 10.20.0.1"),
    ]


def test_a_gateway_is_read_when_its_part_changes(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    active = sample("glbp.active")
    listening = active[:15] + b"\x04" + active[16:]
    frames = [
        ethernet(ipv4(udp(message, 3222, 3222), 17, FIRST, "224.0.0.102", ttl=255))
        for message in [listening] * 9 + [active] * 9
    ]

    assert parts(hear(tmp_path, frames, step=3_000_000)) == [
        (FIRST, "GLBP 10 listen 10.20.0.1"),
        (FIRST, "GLBP 10 active 10.20.0.1"),
    ]
