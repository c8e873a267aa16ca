from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kwel.protocols import discovery
from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

PLC = 0x286336100011


def test_lldp_tells_name_description_chassis_and_management_address(sample: Callable[[str], bytes]) -> None:
    assert list(discovery.observe_lldp(Reader(sample("lldp.plc")))) == [
        Saying("chassis", "28:63:36:10:00:11"),
        Saying("hostname", "plc1", PLC, "10.20.1.11"),
        Saying("product", "Siemens SIMATIC S7-300 CPU315-2 PN/DP", PLC, "10.20.1.11"),
    ]


def test_a_profinet_device_is_called_by_its_station_name(sample: Callable[[str], bytes]) -> None:
    assert list(discovery.observe_lldp(Reader(sample("lldp.station")))) == [
        Saying("hostname", "plcxb1d0ed", address="10.20.1.16"),
        Saying("product", "Siemens, SIMATIC S7, CPU-1500", address="10.20.1.16"),
        Saying("switch-port", "port-001", address="10.20.1.16"),
    ]


def test_a_port_of_a_profinet_device_tells_the_mac_of_the_station(sample: Callable[[str], bytes]) -> None:
    told = b"\xfe\x0a\x00\x0e\xcf\x05" + PLC.to_bytes(6, "big") + bytes(2)
    said = list(discovery.observe_lldp(Reader(sample("lldp.station")[:-9] + told)))

    assert Saying("chassis", "28:63:36:10:00:11") in said
    assert {of.mac for of in said if of.kind != "chassis"} == {PLC}


def test_the_inventory_of_media_endpoints_is_read(sample: Callable[[str], bytes]) -> None:
    def of_organisation(subtype: int, value: bytes) -> bytes:
        return (0xFE00 | 4 + len(value)).to_bytes(2, "big") + b"\x00\x12\xbb" + bytes([subtype]) + value

    told = of_organisation(8, b"S4711") + of_organisation(9, b"Maker") + of_organisation(10, b"IX-7") + bytes(2)
    said = list(discovery.observe_lldp(Reader(sample("lldp.plc")[:-2] + told)))

    assert {(of.kind, of.value, of.mac) for of in said} >= {
        ("serial", "S4711", PLC), ("vendor", "Maker", PLC), ("product", "IX-7", PLC),
    }  # fmt: skip


def test_cdp_tells_what_a_switch_is_and_which_port_this_is(sample: Callable[[str], bytes]) -> None:
    assert list(discovery.observe_cdp(Reader(sample("cdp.switch")))) == [
        Saying("hostname", "sw-hall2.plant.local", address="10.20.0.2"),
        Saying("switch-port", "GigabitEthernet1/0/7", address="10.20.0.2"),
        Saying("firmware", "Cisco IOS Software, Version 15.2(7)E4 Compiled", address="10.20.0.2"),
        Saying("product", "cisco IE-3400-8T2S", address="10.20.0.2"),
    ]


def test_a_thousand_empty_elements_do_not_exhaust_the_stack(sample: Callable[[str], bytes]) -> None:
    flood = sample("lldp.station")[:24] + bytes.fromhex("0800") * 4000

    assert list(discovery.observe_lldp(Reader(flood)))


@pytest.mark.parametrize("raw", ["0207 04 28633610", "0207 04 286336100011"])
def test_an_element_cut_short_is_truncated_or_lacks_its_partner(raw: str) -> None:
    with pytest.raises((Truncated, Malformed)):
        list(discovery.observe_lldp(Reader(bytes.fromhex(raw))))


def test_what_scapy_cannot_read_is_malformed() -> None:
    too_short = bytes.fromhex("0202 0400 0402 0500 1001 05 0000")

    with pytest.raises(Malformed):
        list(discovery.observe_lldp(Reader(too_short)))


def test_an_unknown_version_of_cdp_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(discovery.observe_cdp(Reader(bytes.fromhex("09b40000"))))


def test_scapy_is_loaded_without_opening_a_socket() -> None:
    program = """
import socket, sys
def refuse(*args, **options):
    raise SystemExit("a socket was opened")
socket.socket.__init__ = refuse
from kwel.protocols import discovery
assert "scapy" not in sys.modules
discovery._layers("lldp")
discovery._layers("cdp")
assert "scapy.all" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
