"""By which interface packets leave, as the kernel's tables have it."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.alerts.routes import leaves_by, name_servers
from kwel.alerts.send import Road, SendError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

V4 = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
mgmt0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
span0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
mgmt0\t0002A8C0\t00000000\t0001\t0\t0\t50\t00FFFFFF\t0\t0\t0
span0\t0003A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
down0\t0004A8C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0005A8C0\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
NONE = "0" * 32
V6 = f"""20010db8000000010000000000000000 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001    span0
{NONE} 00 {NONE} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003    mgmt0
{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200       lo
"""


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "route").write_text(V4)
    (tmp_path / "ipv6_route").write_text(V6)
    return tmp_path / "route", tmp_path / "ipv6_route"


@pytest.mark.parametrize(
    ("address", "interface"),
    [
        ("203.0.113.9", "mgmt0"),
        ("192.168.2.9", "mgmt0"),  # of two equally long, the one that costs less
        ("192.168.3.9", "span0"),
        ("192.168.4.9", "mgmt0"),  # that route is down
        ("192.168.5.9", "mgmt0"),
        ("2001:db8:0:1::9", "span0"),
        ("2001:db8:0:2::9", "mgmt0"),
        ("::ffff:192.168.3.9", "span0"),
        ("fe80::1%span0", "mgmt0"),
        ("127.0.0.5", "lo"),
        ("::1", "lo"),
    ],
)
def test_the_longest_prefix_decides(address: str, interface: str, tables: tuple[Path, Path]) -> None:
    assert leaves_by(address, *tables) == interface


def test_without_a_table_no_route_is_known(tmp_path: Path) -> None:
    assert leaves_by("192.0.2.1", tmp_path / "no", tmp_path / "none") is None


def test_it_agrees_with_the_kernel_of_this_machine(require_tool: Callable[[str], str]) -> None:
    for address in ("127.0.0.1", "192.0.2.1", "198.51.100.7"):
        told = subprocess.run(
            [require_tool("ip"), "route", "get", address], capture_output=True, text=True, check=False
        )
        if told.returncode == 0:
            assert leaves_by(address) == told.stdout.split(" dev ")[1].split()[0]


def test_name_servers(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("# nameserver 192.0.2.7\nnameserver 192.0.2.53\noptions edns0\nnameserver\n")

    assert name_servers((tmp_path / "none", tmp_path / "resolv.conf")) == ["192.0.2.53"]


def test_a_road_by_an_interface_that_is_listened_to_is_refused() -> None:
    road = Road(("span0",), find={"192.0.2.1": "span0", "192.0.2.2": "mgmt0"}.get)

    road.check("192.0.2.2")
    with pytest.raises(SendError, match=r"leaves by span0, which is listened to"):
        road.check("192.0.2.1")
    with pytest.raises(SendError, match=r"no route to 192\.0\.2\.3"):
        road.check("192.0.2.3")
    with pytest.raises(SendError, match=r"every interface"):
        road.resolve("box.local", 1, socket.SOCK_STREAM)


def test_the_management_interface_is_never_one_that_is_listened_to() -> None:
    with pytest.raises(SendError, match="name another interface"):
        Road(("span0", "span1"), "span1")


def test_no_socket_is_made_for_a_road_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(SendError, match="listened to"):
        Road(("span0",), find=lambda _: "span0").connect("192.0.2.1", 514)


def test_a_name_is_not_asked_for_by_an_interface_that_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("kwel.alerts.send.name_servers", lambda: ["192.0.2.53"])
    with pytest.raises(SendError, match="name server"):
        Road(("span0",), find=lambda _: "span0").connect("logs.example", 514)
