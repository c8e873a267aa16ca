"""Whatever way a capture is cut, the joined pieces lead to the conclusions of the whole."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kwel.merge import join
from tests.conftest import SAMPLES
from tests.merge.bordering import Cuts
from tests.merge.comparing import differences
from tests.merge.cutting import cut, deal, frames_of, read

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("", "lan", "ot", "made", "drill")
CAPTURES = sorted(
    path
    for folder in FOLDERS
    for path in (SAMPLES / folder).iterdir()
    if path.name.endswith((".pcap", ".pcapng", ".gz"))
)
MESSAGE_ON_BOTH_SIDES = {
    "erspan2_frag.pcap": 2,
    "quic_h3.pcap": 2,
    "dup_vlans.pcap": 1,
    "fragment_overlap.pcap": 4,
    "hello_shuffled.pcap": 1,
}
"""Borders of these cuts that lie within fragments of a datagram, pieces of a ClientHello, or a packet and its copy."""


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_pieces_lead_to_the_conclusions_of_the_whole(path: Path, tmp_path: Path) -> None:
    frames = frames_of(path)
    if len(frames) < 8:
        pytest.skip("it is too short to cut")
    pick = random.Random(path.name)
    cuts = Cuts(tmp_path, frames)
    moved = cuts.settle(sorted(pick.sample(range(1, len(frames)), pick.randint(1, 5))))
    assert moved.left == {}
    assert len(moved.blamed) == MESSAGE_ON_BOTH_SIDES.get(path.name, 0)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_what_several_processes_heard_leads_to_the_conclusions_of_the_whole(path: Path, tmp_path: Path) -> None:
    frames = frames_of(path)
    hands = deal(frames, 2)
    whole, *dealt = read(tmp_path, [frames, *hands])
    assert differences(whole, join(dealt)) == {}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Cuts:
    return Cuts(tmp_path_factory.mktemp("small"), frames_of(SAMPLES / "dhcp_dns_tls.pcap"))


@settings(max_examples=6, phases=[Phase.generate])
@given(borders=st.sets(st.integers(1, 57), min_size=1, max_size=9))
def test_wherever_it_is_cut_the_pieces_lead_to_the_conclusions_of_the_whole(borders: set[int], small: Cuts) -> None:
    assert len(small.frames) == 58
    assert small.differ(sorted(borders)) == {}


def test_the_order_of_parts_does_not_matter(tmp_path: Path) -> None:
    frames = frames_of(SAMPLES / "mixed_plant.pcapng")
    for parts in (read(tmp_path, deal(frames, 3)), read(tmp_path, cut(frames, [500, 900]))):
        one, other = join(parts), join(parts[::-1])
        assert differences(one, other) == {}
        assert one.flows.tobytes() == other.flows.tobytes()


def test_a_day_grows_window_by_window(tmp_path: Path) -> None:
    frames = frames_of(SAMPLES / "office_it.pcap")
    parts = read(tmp_path, cut(frames, range(40, len(frames), 40)))
    day = parts[0]
    for part in parts[1:]:
        day = join([day, part])
    assert differences(join(parts), day) == {}


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="nothing to join"):
        join([])
