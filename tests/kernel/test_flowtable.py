"""Who began, how far it came, how much went each way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kwel.kernel.flowtable import clear
from kwel.kernel.rows import HALF, RUN
from kwel.model.records.columns import Direction, State, address_text
from tests.streams.making import CLIENT, SERVER, Talk, ethernet, hear, ipv4, ipv6, tcp, udp

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

FIN_ACK, RST_ACK = 0x11, 0x14


def initiator(flow) -> str:  # type: ignore[no-untyped-def]
    return address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"]))


def test_the_sender_of_the_syn_began_though_its_port_is_lower(tmp_path: Path) -> None:
    talk = Talk(port=50000, client_port=443)
    (flow,) = hear(tmp_path, talk.handshake()).flows

    assert (initiator(flow), flow["direction"], flow["state"]) == (CLIENT, Direction.HANDSHAKE, State.ESTABLISHED)
    assert flow["rtt_us"] == 1000


def test_of_a_syn_that_was_sent_again_the_first_is_timed(tmp_path: Path) -> None:
    talk = Talk()
    (flow,) = hear(tmp_path, [talk.handshake()[0], *talk.handshake()]).flows

    assert (flow["state"], flow["rtt_us"]) == (State.ESTABLISHED, 2000)


def test_a_syn_ack_alone_tells_who_began(tmp_path: Path) -> None:
    (flow,) = hear(tmp_path, Talk(port=50000, client_port=443).handshake()[1:2]).flows
    assert (initiator(flow), flow["direction"]) == (CLIENT, Direction.HANDSHAKE)


def test_without_a_handshake_the_lower_port_is_taken_for_the_responder_and_marked_so(tmp_path: Path) -> None:
    talk = Talk()
    (flow,) = hear(tmp_path, [talk.down(b"abc", 0), talk.up(b"abc", 0)]).flows
    assert (initiator(flow), flow["direction"], flow["state"]) == (CLIENT, Direction.UNKNOWN, State.MIDSTREAM)


@pytest.mark.parametrize(
    ("frames", "state"),
    [
        (lambda t: t.handshake()[:1], State.UNANSWERED),
        (lambda t: [t.handshake()[0], t.handshake()[0]], State.UNANSWERED),
        (lambda t: [t.handshake()[0], t.down(b"", -1, RST_ACK)], State.REFUSED),
        (lambda t: [*t.handshake(), t.down(b"", 0, RST_ACK)], State.ESTABLISHED),
        (lambda t: [t.handshake()[0], t.handshake()[2], t.up(b"data", 0)], State.ESTABLISHED),
    ],
    ids=["syn", "syn twice", "reset", "reset later", "one way"],
)
def test_state(tmp_path: Path, frames, state: State) -> None:  # type: ignore[no-untyped-def]
    (flow,) = hear(tmp_path, frames(Talk())).flows
    assert State(int(flow["state"])) is state


def test_the_ttl_of_the_first_packet_is_kept_if_the_initiator_sent_it(tmp_path: Path) -> None:
    up = [ethernet(ipv4(tcp(b"", 1, flags), 6, ttl=ttl)) for flags, ttl in ((2, 127), (0x10, 30))]
    down = ethernet(ipv4(tcp(b"", 1, 0x12, 443, 40000), 6, SERVER, CLIENT, ttl=55))
    other = ethernet(ipv6(udp(b"x", 40000, 53), 17, bytes(15) + b"\1", bytes(15) + b"\2", hops=255), 0x86DD)

    assert hear(tmp_path, [up[0], down, up[1], other]).flows["hops"].tolist() == [127, 255]
    assert hear(tmp_path, [down, up[1]]).flows["hops"].tolist() == [0]


def test_a_flow_is_found_again_whatever_the_ttl_and_however_large_the_table(tmp_path: Path) -> None:
    first = [ethernet(ipv4(udp(b"x", port, 514), 17, ttl=64 + port % 64)) for port in range(20_000, 60_000)]
    again = [ethernet(ipv4(udp(b"y", port, 514), 17, ttl=32)) for port in range(20_000, 60_000)]
    flows = hear(tmp_path, first + again).flows

    assert len(flows) == 40_000
    assert set(flows["packets_out"].tolist()) == {2}


def test_bytes_and_packets_are_counted_each_way_as_they_were_on_the_wire(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*talk.handshake(), talk.up(bytes(500), 0), talk.down(bytes(1000), 0), talk.down(bytes(1000), 1000)]
    (flow,) = hear(tmp_path, frames, snaplen=100).flows

    assert (flow["packets_out"], flow["packets_in"]) == (3, 3)
    assert flow["bytes_out"] == sum(len(frames[i]) for i in (0, 2, 3))
    assert flow["bytes_in"] == sum(len(frames[i]) for i in (1, 4, 5))


def test_the_same_ports_after_a_close_are_a_new_flow(tmp_path: Path) -> None:
    first, second = Talk(isn=1000), Talk(isn=99000)
    frames = [*first.handshake(), first.up(b"", 0, FIN_ACK), *second.handshake()]
    flows = hear(tmp_path, frames).flows

    assert flows["first_frame"].tolist() == [1, 5]
    assert flows["packets_out"].tolist() == [3, 2]


def test_vlans_and_tunnels_keep_flows_apart(tmp_path: Path) -> None:
    inner = [ipv4(udp(b"x", 40000, 2000), 17) for _ in range(4)]  # each is a packet of its own
    plain, tag = ethernet(inner[0]), ethernet(inner[1], tags=bytes.fromhex("81000014"))
    double, last = ethernet(inner[2], tags=bytes.fromhex("88a801f481000014")), ethernet(inner[3])
    vxlan = ethernet(ipv4(udp(bytes.fromhex("0800000000106800") + last, 5000, 4789), 17, "192.0.2.1", "192.0.2.2"))
    flows = hear(tmp_path, [plain, tag, double, vxlan]).flows

    assert flows["vlan"].tolist() == [0, 20, 500 << 16 | 20, 0]
    assert flows["tunnel"].tolist() == [0, 0, 0, 3 << 24 | 0x1068]
    assert len({initiator(flow) for flow in flows}) == 1


def test_a_full_table_sets_packets_aside_and_counts_them(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"x", 10000 + i, 2000), 17)) for i in range(50)]
    traffic = hear(tmp_path, frames, max_flows=20)

    assert len(traffic.flows) == 20
    assert traffic.coverage.set_aside == {"table-full": 30}
    assert traffic.coverage.packets == traffic.coverage.used + 30


def test_unanswered_handshakes_make_room_where_there_are_many_flows(tmp_path: Path) -> None:
    talks = [Talk(isn=1000, port=20000 + i) for i in range(5)]
    answered = [frame for talk in talks for frame in talk.handshake()]
    alone = [ethernet(ipv4(tcp(b"", 1, 2, 30000 + i), 6)) for i in range(50)]
    traffic = hear(tmp_path, [*answered, *alone, *(talk.up(b"x", 0) for talk in talks)], max_flows=20)
    flows, coverage = traffic.flows, traffic.coverage

    assert coverage.notes["flows-evicted"] == 55 - len(flows)
    assert not coverage.set_aside
    assert coverage.used == coverage.packets == 70
    assert (flows["payload_out"] > 0).sum() == 5
    assert flows["first_frame"].max() == 65
    assert set(flows["state"][flows["payload_out"] == 0].tolist()) == {State.UNANSWERED}


def test_a_row_that_is_taken_over_is_as_good_as_new() -> None:
    """All but what the new flow writes at once: its key, when and where it began, and its notes."""
    written = {"a_hi", "a_lo", "b_hi", "b_lo", "key", "path", "first", "notes", "first_frame", "capture"}
    run, first, second = (used_row(kind) for kind in (RUN, HALF, HALF))
    clear(run, first, second)

    assert {name for name, value in vars(run).items() if value not in (0, [0, 0])} == written
    assert set(vars(first).values()) == set(vars(second).values()) == {0}


def used_row(kind: np.dtype[np.void]) -> SimpleNamespace:
    return SimpleNamespace(**{name: [7, 7] if kind[name].shape else 7 for name in kind.names or ()})


def test_a_flow_that_lost_its_row_begins_again(tmp_path: Path) -> None:
    alone = [ethernet(ipv4(tcp(b"", 1, 2, 30000 + i), 6)) for i in range(30)]
    flows = hear(tmp_path, [*alone, *alone], max_flows=20).flows

    ports = flows["initiator_port"].tolist()
    assert len(set(ports)) == len(ports) == 10
    assert set(flows["packets_out"].tolist()) == {1}


def test_many_flows_survive_a_growing_table(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"x", 1 + i % 60000, 2000 + i // 60000), 17)) for i in range(30000)] * 2
    flows = hear(tmp_path, frames).flows

    assert len(flows) == 30000
    assert set((flows["packets_out"] + flows["packets_in"]).tolist()) == {2}


def test_ipv6_extension_headers_are_stepped_over(tmp_path: Path) -> None:
    a, b = bytes.fromhex("20010db8" + "00" * 11 + "05"), bytes.fromhex("20010db8" + "00" * 11 + "07")
    options = bytes([6, 0, 1, 4, 0, 0, 0, 0])
    (flow,) = hear(tmp_path, [ethernet(ipv6(options + tcp(b"", 1, 2), 0, a, b), 0x86DD)]).flows

    assert (initiator(flow), flow["responder_port"], flow["version"]) == ("2001:db8::5", 443, 6)


def test_ethernet_padding_is_no_payload(tmp_path: Path) -> None:
    frame = ethernet(ipv4(tcp(b"", 1, 0x10), 6)) + bytes(6)
    (flow,) = hear(tmp_path, [frame]).flows
    assert flow["payload_out"] == 0


def test_ip_options_are_stepped_over(tmp_path: Path) -> None:
    (flow,) = hear(tmp_path, [ethernet(ipv4(udp(b"x", 40000, 2000), 17, options=bytes(8)))]).flows
    assert flow["responder_port"] == 2000
    assert address_text(int(flow["responder_hi"]), int(flow["responder_lo"])) == SERVER
