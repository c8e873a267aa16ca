from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kwel.evidence.second_opinion import (
    Heard,
    SecondOpinionError,
    compare,
    heard_by_kwel,
    heard_by_wireshark,
    read_packet,
)
from tests.export import plant
from tests.truths import read_truth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDS = (("10.20.3.32", 49152), ("192.0.2.7", 8883))


def heard(name: str, frame: int = 1) -> Heard:
    return Heard(ENDS, "server-name", name, frame)


def test_the_frame_does_not_make_two_names_differ() -> None:
    opinion = compare([heard("a.example", 236)], [heard("a.example", 237)])

    assert opinion.agreed == (heard("a.example"),)
    assert opinion.only_kwel == opinion.only_wireshark == ()


def test_what_only_one_read_is_kept_apart_in_a_fixed_order() -> None:
    opinion = compare([heard("b.example"), heard("a.example")], [heard("c.example")])

    assert [one.name for one in opinion.only_kwel] == ["a.example", "b.example"]
    assert [one.name for one in opinion.only_wireshark] == ["c.example"]


def test_names_of_kwel_carry_the_ends_of_their_flow() -> None:
    names = {one.name: one for one in heard_by_kwel(plant.make_traffic(), 0)}

    assert names["iot.cloud.example"] == Heard(ENDS, "server-name", "iot.cloud.example", 118)
    assert names["iot.cloud.example"].frame == 118
    assert names[plant.HOSTILE].kind == "host"


def test_a_capture_that_no_name_is_from_gives_none() -> None:
    assert heard_by_kwel(plant.make_traffic(), 1) == set()


def layer(name: str, fields: dict[str, list[str]] | None = None, **attributes: Any) -> SimpleNamespace:
    def get_field(field: str) -> Any:
        values = (fields or {}).get(field)
        if values is None:
            return None
        return SimpleNamespace(all_fields=[SimpleNamespace(get_default_value=lambda v=value: v) for value in values])

    return SimpleNamespace(layer_name=name, get_field=get_field, **attributes)


def test_a_name_in_a_tunnel_is_between_the_inner_ends() -> None:
    packet = SimpleNamespace(
        number="80",
        layers=[
            layer("ip", src="192.0.2.1", dst="192.0.2.2"), layer("udp", srcport="1", dstport="4789"), layer("vxlan"),
            layer("ip", src="192.0.2.7", dst="10.20.3.32"), layer("tcp", srcport="8883", dstport="49152"),
            layer("tls", {"handshake_extensions_server_name": ["A.example."]}),
        ],
    )  # fmt: skip

    assert list(read_packet(packet)) == [Heard(ENDS, "server-name", "a.example", 80)]


def test_the_target_of_connect_counts_and_not_its_host_header() -> None:
    fields = {"request_method": ["CONNECT"], "request_uri": ["plant.example:443"], "host": ["plant.example:443"]}
    packet = SimpleNamespace(
        number="6",
        layers=[
            layer("ip", src="10.20.3.32", dst="192.0.2.7"), layer("tcp", srcport="49152", dstport="8883"),
            layer("http", fields),
        ],
    )  # fmt: skip

    assert list(read_packet(packet)) == [Heard(ENDS, "connect", "plant.example", 6)]


def test_without_tshark_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SecondOpinionError, match="tshark is not installed"):
        heard_by_wireshark(tmp_path / "x.pcap")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["proxy_connect", "quic_h3", "vxlan_mirror", "office_it"])
def test_wireshark_reads_every_name_that_the_truth_promises(
    name: str, samples: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("tshark")
    truth = read_truth(samples / f"{name}.yaml")
    kinds = {"sni": "server-name", "quic-sni": "server-name", "http-connect": "connect", "http-host": "host"}
    expected = {
        (kinds[evidence], event["hostname"])
        for event in truth["cloud_events"]
        for evidence in event["evidence"]
        if evidence in kinds
    }

    assert expected <= {(one.kind, one.name) for one in heard_by_wireshark(samples / truth["file"])}


@pytest.mark.slow
def test_a_capture_that_ends_in_the_middle_of_a_packet_is_read_up_to_there(
    samples: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("tshark")
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "quic_h3.pcap").read_bytes()[:-10])

    assert heard_by_wireshark(cut) == heard_by_wireshark(samples / "quic_h3.pcap")


@pytest.mark.slow
def test_what_is_no_capture_is_one_line_in_the_words_of_tshark(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("tshark")
    (tmp_path / "notes.pcap").write_text("no capture")

    with pytest.raises(SecondOpinionError, match=r"^tshark stopped: .*notes.pcap[^\n]+$"):
        heard_by_wireshark(tmp_path / "notes.pcap")


@pytest.mark.slow
def test_others_can_start_programs_in_their_event_loops_afterwards(
    samples: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("tshark")
    heard_by_wireshark(samples / "proxy_connect.pcap")

    async def start() -> int:
        return await (await asyncio.create_subprocess_exec("true")).wait()

    assert asyncio.run(start()) == 0
