"""Names that rest on less: told long ago, or told to a resolver of the plant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.analysis.stages import analyse
from kwel.dependencies.hearsay import is_stale, told_otherwise
from kwel.model.dependencies import DependencyState
from tests.streams.making import (
    CLIENT,
    SERVER,
    Talk,
    dns_answer,
    dns_question,
    ethernet,
    hear,
    hello,
    ipv4,
    resolver_says,
    tcp,
    udp,
    write_pcap,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.analysis.stages import Analysis
    from kwel.model.claims import Grade

RESOLVER, UPSTREAM = "10.20.0.1", "192.0.2.53"
HOUR = 3600


def forwarded(name: str, address: str) -> list[bytes]:
    """Return what a resolver of the plant asks outside, and is told."""
    return [
        ethernet(ipv4(udp(dns_question(name), 51000, 53), 17, RESOLVER, UPSTREAM)),
        ethernet(ipv4(udp(dns_answer(name, address), 53, 51000), 17, UPSTREAM, RESOLVER)),
    ]


def concluded(folder: Path, frames: list[bytes]) -> Analysis:
    return analyse([str(write_pcap(folder / "made.pcap", frames))])


def host_of(analysis: Analysis) -> dict[str, tuple[Grade, list[str]]]:
    """Return grade and kinds of evidence of what the client contacted, by host."""
    return {
        d.host: (d.attribution.grade, [step.kind for step in d.evidence])
        for d in analysis.dependencies
        if d.state is DependencyState.USED and CLIENT in d.asset_label
    }


SERVED = resolver_says("other.example", "203.0.113.77", client="10.20.1.99")


def test_a_resolver_of_the_plant_names_what_its_clients_contact(tmp_path: Path) -> None:
    frames = [*SERVED, *forwarded("hub.example", SERVER), *Talk(port=8883).handshake()]
    found = host_of(concluded(tmp_path, frames))

    assert list(found) == ["hub.example"]
    assert found["hub.example"][1][1:4] == ["dns-question", "dns-answer", "dns-answer-to-another"]


def test_an_address_of_two_names_stays_nameless(tmp_path: Path) -> None:
    frames = [*SERVED, *forwarded("one.example", SERVER), *forwarded("two.example", SERVER), *Talk().handshake()]
    assert list(host_of(concluded(tmp_path, frames))) == [SERVER]


def test_what_a_resolver_is_told_later_names_nothing(tmp_path: Path) -> None:
    frames = [*SERVED, *Talk().handshake(), *forwarded("hub.example", SERVER)]
    assert list(host_of(concluded(tmp_path, frames))) == [SERVER]


def test_what_another_client_is_told_names_nothing(tmp_path: Path) -> None:
    frames = [*resolver_says("hub.example", SERVER, client="10.20.1.99"), *Talk().handshake()]
    assert list(host_of(concluded(tmp_path, frames))) == [SERVER]


def test_a_name_by_hearsay_counts_one_grade_lower(tmp_path: Path) -> None:
    name = "x.blob.core.windows.net"
    direct = host_of(concluded(tmp_path, [*resolver_says(name, SERVER), *Talk(port=8883).handshake()]))
    hearsay = host_of(concluded(tmp_path, [*SERVED, *forwarded(name, SERVER), *Talk(port=8883).handshake()]))

    assert hearsay[name][0] == direct[name][0] - 1


def test_an_answer_is_good_for_its_time_to_live_and_a_while(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [*resolver_says("hub.example", SERVER), *Talk(port=8883).handshake()])
    flow = traffic.flows[1]
    answered = int(traffic.answers["time"][0])
    for seconds, expected in ((60, False), (360, False), (361, True), (24 * HOUR, True)):
        flow["first"] = answered + seconds * 10**9
        assert is_stale(traffic).tolist() == [False, expected]


def test_a_name_that_the_flow_itself_says_does_not_age(tmp_path: Path) -> None:
    talk = Talk()
    traffic = hear(
        tmp_path, [*resolver_says("hub.example", SERVER), *talk.handshake(), talk.up(hello("hub.example"), 0)]
    )
    traffic.flows["first"][1] += 24 * HOUR * 10**9
    assert not is_stale(traffic).any()


def test_a_name_at_an_address_that_the_dns_never_gave_is_told(tmp_path: Path) -> None:
    talk = Talk()
    said = [*talk.handshake(), talk.up(hello("hub.example"), 0)]

    def told(*frames: bytes) -> bool:
        return bool(told_otherwise(hear(tmp_path, [*frames, *said])).any())

    assert told(*resolver_says("hub.example", "203.0.113.9"))
    assert not told(*resolver_says("hub.example", "203.0.113.9"), *resolver_says("hub.example", SERVER))
    assert not told(*resolver_says("hub.example", "203.0.113.9", client="10.20.1.99"))
    assert not told(*resolver_says("other.example", "203.0.113.9"))
    assert not told()


def test_each_of_many_nameless_flows_finds_its_own_name(tmp_path: Path) -> None:
    frames = [*SERVED]
    for i in range(400):
        address = f"198.51.{i // 200}.{i % 200 + 1}"
        frames += forwarded(f"host{i}.example", address)
        frames.append(ethernet(ipv4(tcp(b"", 1, 2, 40000 + i, 8883), 6, CLIENT, address)))
    hosts = {d.host for d in concluded(tmp_path, frames).dependencies}
    assert {f"host{i}.example" for i in range(400)} <= hosts


def test_evidence_of_an_answer_tells_who_gave_it(tmp_path: Path) -> None:
    analysis = concluded(tmp_path, [*resolver_says("hub.example", SERVER), *Talk(port=8883).handshake()])
    (dependency,) = analysis.dependencies
    (step,) = [step for step in dependency.evidence if step.kind == "dns-answer"]

    assert dict(step.values)["resolver"] == RESOLVER
