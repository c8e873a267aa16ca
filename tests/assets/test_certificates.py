"""What the plant's servers are called in the certificates that they show, and what a proxy is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.assets import identify
from tests.streams.making import (
    SERVER,
    Talk,
    certificate,
    certificate_message,
    handshake,
    hear,
    hello,
    records,
    server_hello,
)

if TYPE_CHECKING:
    from pathlib import Path

LEAF = certificate("hmi7.plant.example", ["hmi7.plant.example", "*.plant.example"])
FLIGHT = b"".join(records(one, 16384) for one in (server_hello(), certificate_message(LEAF), handshake(14, b"")))


def called(folder: Path, frames: list[bytes], internal: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return (name, addresses) of what certificates call assets."""
    inventory = identify(hear(folder, frames), internal)
    return [
        (fact.claim.value, asset.addresses)
        for asset in inventory.assets
        for fact in asset.facts
        if fact.kind == "certificate"
    ]


def test_a_server_of_the_plant_is_called_what_its_certificate_says(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*talk.handshake(), talk.up(hello("hmi7.plant.example"), 0), talk.down(FLIGHT, 0)]

    found = called(tmp_path, frames, [f"{SERVER}/32"])
    assert sorted(name for name, _ in found) == ["*.plant.example", "hmi7.plant.example"]
    assert {addresses for _, addresses in found} == {(SERVER,)}


def test_a_server_elsewhere_is_no_asset(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*talk.handshake(), talk.up(hello("hmi7.plant.example"), 0), talk.down(FLIGHT, 0)]

    assert called(tmp_path, frames, []) == []


def test_a_proxy_is_not_called_what_others_show_through_it(tmp_path: Path) -> None:
    talk, ask = Talk(port=3128), b"CONNECT site.example:443 HTTP/1.1\r\nHost: site.example\r\n\r\n"
    answer, first = b"HTTP/1.1 200 Connected\r\n\r\n", hello("site.example")
    frames = [talk.up(ask, 0), talk.down(answer, 0), talk.up(first, len(ask)), talk.down(FLIGHT, len(answer))]

    assert called(tmp_path, [*talk.handshake(), *frames], [f"{SERVER}/32"]) == []
