"""The site's own inventory: its words win, what frames say beside it stays visible, and nothing is guessed."""

from __future__ import annotations

import pytest

from kwel.assets.own import match
from kwel.model.assets import Asset, Fact
from kwel.model.claims import Claim, Grade
from kwel.model.inventory import Entry, InventoryFile, InventoryUse, Line, LineState, Match, OwnInventory
from kwel.model.site import NamedAsset, Zone
from tests.assets.test_told import make_site
from tests.export.plant import SEEN, make_asset

MAC = "00:90:e8:10:00:32"


def claim(value: str, grade: Grade = Grade.B) -> Claim:
    return Claim(value, grade, (SEEN,))


PLC = make_asset(32, id=MAC, macs=(claim(MAC),), facts=(Fact("serial", claim("S C-X4U421")),), label="plc32",
                 names=(claim("plc32"),), vendor=claim("Moxa"))  # fmt: skip
HMI = make_asset(21)


def matched(*entries: Entry, assets: tuple[Asset, ...] = (PLC, HMI)) -> tuple[list[Asset], InventoryUse]:
    return match(assets, OwnInventory((InventoryFile("a.csv", "", len(entries)),), entries))


def line(entry: Entry, *assets: Asset) -> Line:
    return matched(entry, assets=assets or (PLC, HMI))[1].lines[0]


@pytest.mark.parametrize(
    ("entry", "by"),
    [
        (Entry("a.csv:2", "Mixer", macs=(MAC,)), Match.MAC),
        (Entry("a.csv:2", "Mixer", serial="SC-X4U421"), Match.SERIAL),
        (Entry("a.csv:2", "Mixer", ("10.20.3.32",)), Match.ADDRESS),
        (Entry("a.csv:2", "PLC32"), Match.NAME),
        (Entry("a.csv:2", "Mixer", ("10.20.3.21",), macs=(MAC,)), Match.MAC),
    ],
)
def test_the_surest_that_finds_anything_decides(entry: Entry, by: Match) -> None:
    found = line(entry)

    assert (found.asset, found.by) == (MAC, by)


def test_the_words_of_the_site_win_and_say_where_they_stand() -> None:
    assets, use = matched(Entry("a.csv:2", "Mixer", macs=(MAC,), owner="Utilities", criticality="high", zone="Cell 1"))
    plc = assets[0]

    assert (plc.label, plc.owner, plc.criticality, plc.zone) == ("Mixer", "Utilities", "high", "Cell 1")
    assert [name.value for name in plc.names] == ["Mixer", "plc32"]
    assert plc.zone_why is not None
    assert plc.zone_why.evidence[0].source == "inventory a.csv:2"
    assert use.uninventoried == (HMI.id,)


def test_what_frames_tell_is_not_displaced_but_gaps_are_filled() -> None:
    assets, _ = matched(Entry("a.csv:2", "Mixer", macs=(MAC,), vendor="Moxa Inc.", product="UC-8200"))

    assert assets[0].vendor == PLC.vendor
    assert assets[0].product is not None
    assert (assets[0].product.value, assets[0].product.grade) == ("UC-8200", Grade.C)


def test_what_contradicts_it_is_told_with_both_sides() -> None:
    found = line(Entry("a.csv:2", "Mixer", ("10.20.3.32",), macs=("00:00:5e:00:53:01",), serial="OTHER"))

    assert found.state is LineState.DIFFERS
    assert [(of.field, of.told, of.seen) for of in found.differences] == [
        ("mac", "00:00:5e:00:53:01", MAC),
        ("serial", "OTHER", "S C-X4U421"),
    ]
    assert all(of.evidence for of in found.differences)


def test_another_address_of_the_same_mac_is_told() -> None:
    found = line(Entry("a.csv:2", "Mixer", ("10.20.9.9",), macs=(MAC,)))

    assert [(of.field, of.told, of.seen) for of in found.differences] == [("address", "10.20.9.9", "10.20.3.32")]


def test_the_maker_of_a_network_interface_contradicts_nothing_for_sure() -> None:
    said = make_asset(32, facts=(Fact("vendor", claim("Moxa")),))
    entry = Entry("a.csv:2", "Mixer", ("10.20.3.32",), vendor="Siemens")

    assert (line(entry, PLC).state, line(entry, PLC).differences[0].grade) == (LineState.SEEN, Grade.D)
    assert line(entry, said).state is LineState.DIFFERS
    assert not line(Entry("a.csv:2", "Mixer", ("10.20.3.32",), vendor="MOXA Europe GmbH"), said).differences


def test_two_that_fit_are_told_and_neither_is_named() -> None:
    twins = make_asset(1, id="10.0.0.1@20", addresses=("10.0.0.1",)), make_asset(2, id="10.0.0.1@30", vlans=(30,),
                                                                               addresses=("10.0.0.1",))  # fmt: skip
    assets, use = matched(Entry("a.csv:2", "Mixer", ("10.0.0.1",)), assets=twins)

    assert (use.lines[0].state, use.lines[0].others) == (LineState.AMBIGUOUS, ("10.0.0.1@30",))
    assert [asset.label for asset in assets] == [asset.label for asset in twins]
    assert use.uninventoried == ()
    told = matched(Entry("a.csv:2", "Mixer", ("10.0.0.1",), vlan=30), assets=twins)[1].lines[0]
    assert (told.state, told.asset) == (LineState.SEEN, "10.0.0.1@30")


def test_of_two_entries_about_one_asset_the_surer_speaks_and_the_other_is_told() -> None:
    assets, use = matched(Entry("a.csv:2", "Old", ("10.20.3.32",)), Entry("a.csv:3", "Mixer", macs=(MAC,)))

    assert assets[0].label == "Mixer"
    assert [(of.state, of.others) for of in use.lines] == [
        (LineState.AMBIGUOUS, ("a.csv:3",)),
        (LineState.SEEN, ()),
    ]


def test_what_was_not_seen_says_whether_its_neighbours_were() -> None:
    near, far = Entry("a.csv:2", "Gone", ("10.20.3.99",)), Entry("a.csv:3", "Elsewhere", ("10.99.0.1",))
    lines = matched(near, far)[1].lines

    assert [(of.state, of.in_sight) for of in lines] == [(LineState.UNSEEN, True), (LineState.UNSEEN, False)]


def test_the_site_file_goes_before_the_inventory_and_a_zone_that_differs_is_told() -> None:
    site = make_site(
        zones=(Zone("Cell 1", None, None, ("10.20.3.0/24",), ()),), assets=(NamedAsset("Gate", (), (MAC,), None),)
    )
    from kwel.assets.told import Told

    plc = Told(site, None).apply(PLC)
    own = OwnInventory((), (Entry("a.csv:2", "Mixer", macs=(MAC,), zone="Cell 2"),))
    (asset,), use = match((plc,), own, site)

    assert asset.label == "Gate"
    assert [(of.field, of.told, of.seen) for of in use.lines[0].differences] == [("zone", "Cell 2", "Cell 1")]


def test_as_many_entries_as_there_may_be_are_matched_at_once() -> None:
    addresses = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(20_000)]
    entries = [Entry(f"a.csv:{n}", f"plc {n}", (address,)) for n, address in enumerate(addresses)]
    assets = tuple(make_asset(n, id=f"{n}", addresses=(addresses[n],)) for n in range(2_000))
    found, use = matched(*entries, assets=assets)

    assert use.count(LineState.SEEN) == len(assets)
    assert found[1999].label == "plc 1999"
