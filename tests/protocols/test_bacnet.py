"""What BACnet and EtherNet/IP devices say of themselves is read, and of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.protocols import bacnet, enip
from kwel.protocols.wire import Malformed, Reader
from tests.conftest import SAMPLES
from tests.streams.making import SERVER, ethernet, hear, ipv4, udp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

I_AM = bytes.fromhex("810a001501001000c4020003e922040091002203e7")


def acknowledged(prop: int, value: bytes, owner: int = 8, charset: int = 0, control: bytes = b"\0") -> bytes:
    """Return the answer to a ReadProperty of instance 7 (clause 15.5)."""
    said = bytes([charset]) + value
    size = bytes([0x70 | len(said)]) if len(said) < 5 else bytes([0x75, len(said)])
    apdu = b"\x30\1\x0c\x0c" + (owner << 22 | 7).to_bytes(4, "big") + b"\x19" + bytes([prop]) + b"\x3e" + size + said
    body = b"\1" + control + apdu + b"\x3f"
    return b"\x81\x0a" + (4 + len(body)).to_bytes(2, "big") + body


def said(payload: bytes) -> list[tuple[str, str]]:
    assert bacnet.looks_like(payload)
    return [(each.kind, each.value) for each in bacnet.observe(Reader(payload))]


def test_a_device_tells_its_instance() -> None:
    assert said(I_AM) == [("identity", "bacnet/1001"), ("identity", "bacnet-vendor/999")]


@pytest.mark.parametrize(
    ("number", "kind"), [(121, "vendor"), (70, "product"), (44, "firmware"), (58, "location"), (12, "software")]
)  # fmt: skip
def test_a_device_tells_its_properties(number: int, kind: str) -> None:
    assert said(acknowledged(number, b"AHU 1")) == [(kind, "AHU 1")]


def test_its_name_comes_with_its_instance() -> None:
    assert said(acknowledged(77, b"AHU 1")) == [("identity", "bacnet/7"), ("hostname", "AHU 1")]


def test_a_vendor_number_is_said_with_the_name_that_it_stands_for() -> None:
    assert said(bytes.fromhex("810a0014 0100 30010c 0c02000007 1978 3e 2107 3f")) == [
        ("identity", "bacnet-vendor/7"), ("vendor", "Siemens"),
    ]  # fmt: skip


@pytest.mark.parametrize(("charset", "encoding"), [(5, "latin-1"), (4, "utf-16-be"), (3, "utf-32-be"), (0, "utf-8")])
def test_a_name_in_another_alphabet_is_read_where_it_is_known(charset: int, encoding: str) -> None:
    assert ("hostname", "Kühlung") in said(acknowledged(77, "Kühlung".encode(encoding), charset=charset))
    assert said(acknowledged(77, b"?", charset=1)) == []


def test_points_are_named_apart_from_the_device() -> None:
    assert said(acknowledged(77, b"Supply temperature", owner=0)) == [("service", "analog-input 7: Supply temperature")]
    assert said(acknowledged(121, b"no name", owner=0)) == []


def test_a_device_behind_a_router_is_told_of_as_behind_it() -> None:
    assert said(acknowledged(77, b"AHU 1", control=b"\x08\0\7\1\5")) == [
        ("protocol", "bacnet/7:5 device 7"), ("protocol", "bacnet/7:5 name AHU 1"),
    ]  # fmt: skip


def test_what_is_forwarded_is_of_the_address_that_it_bears() -> None:
    forwarded = b"\x81\x04\0\x1b" + bytes((10, 20, 1, 15)) + b"\xba\xc0" + I_AM[4:]
    assert {(each.value, each.address) for each in bacnet.observe(Reader(forwarded))} == {
        ("bacnet/1001", "10.20.1.15"), ("bacnet-vendor/999", "10.20.1.15"),
    }  # fmt: skip
    assert said(b"\x81\x04\0\x1b" + bytes(6) + I_AM[4:]) == []


def test_a_router_tells_what_lies_behind_it() -> None:
    assert said(bytes.fromhex("810b000b 0180 01 0002 1a90")) == [
        ("protocol", "bacnet/routes network 2"), ("protocol", "bacnet/routes network 6800"),
    ]  # fmt: skip


def test_many_properties_are_read_at_once_and_one_that_failed_is_passed_over(
    sample: Callable[[str], bytes],
) -> None:
    assert said(sample("bacnet.read_multiple")) == [
        ("identity", "bacnet/1001"),
        ("hostname", "AHU-1"),
        ("identity", "bacnet-vendor/7"),
        ("vendor", "Siemens"),
        ("vendor", "ACME AG"),
        ("product", "Ctl 9"),
        ("service", "analog-input 3: Supply air"),
    ]


def test_what_is_no_i_am_is_refused() -> None:
    with pytest.raises(Malformed):
        said(I_AM[:8] + b"\xc4\0\0\3\xe9" + I_AM[13:])


def test_a_device_is_called_by_its_name() -> None:
    (device,) = [asset for asset in analyse(str(SAMPLES / "ot_clean.pcap")).assets if "10.20.1.15" in asset.addresses]
    assert device.label == "AHU-1"


def test_a_list_identity_names_product_and_revision(tmp_path: Path) -> None:
    sample = (SAMPLES.parent / "tests" / "protocols" / "samples" / "enip.list_identity.hex").read_text()
    answer = bytes.fromhex(sample.splitlines()[-1])
    assert [(each.kind, each.value) for each in enip.observe(Reader(answer))] == [
        ("role", "server"),
        ("identity", "cip-vendor/1"),
        ("vendor", "Rockwell Automation"),
        ("product", "Line 7 PC"),
        ("firmware", "20.011"),
        ("serial", "00c0ffee"),
    ]

    asked = ethernet(ipv4(udp(b"\x63" + bytes(23), 40000, 44818), 17))
    answered = ethernet(ipv4(udp(answer, 44818, 40000), 17, SERVER, "10.20.3.32"))
    observed = hear(tmp_path, [asked, answered]).observed
    assert ("product", "Line 7 PC", SERVER) in [(each.kind, each.value, each.address) for each in observed]
