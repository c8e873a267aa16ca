"""Inventories as people keep them: spreadsheets in two languages, exports of NetBox, and what is wrong in them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.rulebook.rulefile import RuleError
from kwel.site import SiteError, headings, inventory, load_inventory

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.inventory import OwnInventory

DUTCH = """\
Naam;IP-adres;MAC-adres;Eigenaar;Kritikaliteit;Zone;Fabrikant;Serienummer;Kast
PLC ketelhuis;10.20.1.11;28-63-36-10-00-11;Energie;hoog;Cel 1;Siemens AG;S C-X4U421;K 3
HMI 1;10.20.2.21 / 2001:DB8::21;n.v.t.;Bediening;;;;;
"""
ENGLISH = '''\
name,addresses,mac,owner,criticality,vlan
"PLC ""mixer""","10.20.1.11, 10.20.1.12",0090.e810.0032 00:90:e8:10:00:33,Utilities,high,VLAN 20
'''
NETBOX = """\
Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,IP Address,IPv4 Address,Serial number
plc-1,Active,Utilities,West,Boiler house,R1,PLC,Siemens,S7-1500,10.20.1.11/24,10.20.1.11/24,ABC 123
"""
INTERFACES = """\
Device,Name,Enabled,MAC Address,IP Addresses
plc-1,X1,True,28:63:36:10:00:11,10.20.1.11/24
plc-1,X2,True,28:63:36:10:00:12,10.21.1.11/24
switch-9,Vlan1,True,,10.20.1.9/24
"""
API = {
    "count": 1,
    "results": [
        {
            "id": 7, "display": "plc-1 (R1)", "name": "plc-1", "device_type": {"manufacturer": {"name": "Siemens"},
            "model": "S7-1500"}, "role": {"name": "PLC", "slug": "plc"}, "tenant": {"name": "Utilities"},
            "serial": "ABC 123", "site": {"name": "West"}, "location": None, "rack": {"name": "R1"},
            "primary_ip": {"address": "10.20.1.11/24"}, "primary_ip4": {"address": "10.20.1.11/24"},
            "custom_fields": {"criticality": {"label": "high"}, "zone": "Cell 1"},
            "interfaces": [
                {"name": "X1", "mac_address": "28:63:36:10:00:11", "ip_addresses": [{"address": "10.2.1.1/8"}]}
            ],
        }
    ],
}  # fmt: skip


def read(folder: Path, *texts: str | bytes) -> OwnInventory:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"inventory-{number}.csv")
        files[-1].write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_inventory(files)


def test_a_dutch_spreadsheet_says_what_it_says(tmp_path: Path) -> None:
    found = read(tmp_path, DUTCH)
    plc, hmi = found.entries

    assert found.problems == ()
    assert (plc.name, plc.addresses, plc.macs) == ("PLC ketelhuis", ("10.20.1.11",), ("28:63:36:10:00:11",))
    assert (plc.owner, plc.criticality, plc.zone) == ("Energie", "hoog", "Cel 1")
    assert (plc.vendor, plc.serial, plc.location, plc.where) == ("Siemens AG", "S C-X4U421", "K 3", "inventory-0.csv:2")
    assert (hmi.addresses, hmi.macs, hmi.owner) == (("10.20.2.21", "2001:db8::21"), (), "Bediening")


def test_an_english_one_holds_several_addresses_in_a_cell(tmp_path: Path) -> None:
    (plc,) = read(tmp_path, ENGLISH).entries

    assert plc.name == 'PLC "mixer"'
    assert plc.addresses == ("10.20.1.11", "10.20.1.12")
    assert plc.macs == ("00:90:e8:10:00:32", "00:90:e8:10:00:33")
    assert plc.vlan == 20


@pytest.mark.parametrize(
    "content",
    [
        DUTCH.encode("utf-8-sig"),
        DUTCH.encode("cp1252"),
        DUTCH.encode("utf-16"),
        DUTCH.replace("\n", "\r\n").encode(),
        DUTCH.replace(";", "\t").encode(),
        b"sep=;\n" + DUTCH.encode(),
        b"\n;;;\n" + DUTCH.encode(),
    ],
)
def test_whatever_spreadsheets_do_to_a_file_changes_nothing(content: bytes, tmp_path: Path) -> None:
    told, found = read(tmp_path, DUTCH), read(tmp_path, content)

    assert [entry.name for entry in found.entries] == [entry.name for entry in told.entries]
    assert [entry.macs for entry in found.entries] == [entry.macs for entry in told.entries]


def test_windows_letters_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "naam;ip\nGasko\u00e9l;10.0.0.1\n".encode("cp1252")).entries[0].name == "Gasko\u00e9l"


def test_netbox_is_known_by_its_columns(tmp_path: Path) -> None:
    (plc,) = read(tmp_path, NETBOX).entries

    assert (plc.name, plc.addresses, plc.vendor, plc.product) == ("plc-1", ("10.20.1.11",), "Siemens", "S7-1500")
    assert (plc.role, plc.owner, plc.serial, plc.location) == ("PLC", "Utilities", "ABC 123", "West, Boiler house, R1")


def test_interfaces_of_netbox_are_joined_to_their_devices(tmp_path: Path) -> None:
    for files in ((NETBOX, INTERFACES), (INTERFACES, NETBOX)):
        plc, switch = read(tmp_path, *files).entries

        assert plc.macs == ("28:63:36:10:00:11", "28:63:36:10:00:12")
        assert plc.addresses == ("10.20.1.11", "10.21.1.11")
        assert plc.vendor == "Siemens"
        assert (switch.name, switch.addresses) == ("switch-9", ("10.20.1.9",))


@pytest.mark.parametrize("content", [API, API["results"], {"data": {"device_list": API["results"]}}])
def test_what_netbox_answers_as_json_is_read(content: object, tmp_path: Path) -> None:
    (plc,) = read(tmp_path, json.dumps(content)).entries

    assert (plc.name, plc.vendor, plc.product, plc.role) == ("plc-1", "Siemens", "S7-1500", "PLC")
    assert (plc.addresses, plc.macs) == (("10.20.1.11", "10.2.1.1"), ("28:63:36:10:00:11",))
    assert (plc.owner, plc.criticality, plc.zone, plc.location) == ("Utilities", "high", "Cell 1", "West, R1")
    assert plc.where == "inventory-0.csv[1]"


def test_a_cell_that_is_none_is_named_and_the_rest_of_the_row_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "name,ip,mac,vlan\nPLC,10.20.300.1,9.0E+11,5000\n\n,,,\nHMI,10.0.0.2 (eth0),,\n;x,,,\n")

    assert [entry.name for entry in found.entries] == ["PLC", "HMI", ";x"]
    assert found.entries[1].addresses == ("10.0.0.2",)
    assert found.problems == (
        "inventory-0.csv:2: address: '10.20.300.1' is none; write 10.20.3.32 or 2001:db8::32",
        "inventory-0.csv:2: mac: '9.0E+11' is none; write 00:90:e8:10:00:32",
        "inventory-0.csv:2: vlan: '5000' is none; write a number of 1 to 4094",
        "inventory-0.csv:5: address: '(eth0)' is none; write 10.20.3.32 or 2001:db8::32",
    )


def test_a_row_without_anything_to_find_a_device_by_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "name,owner\n,Utilities\n")

    assert found.entries == ()
    assert found.problems[0].startswith("inventory-0.csv:2: nothing to find the device by")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"colour,shape\nred,round\n", "no column tells which device it is (colour, shape)"),
        (b"PK\x03\x04rest", "a workbook, not text"),
        (b'name,ip\n"PLC,10.0.0.1\n', "not CSV"),
        (b"[1, 2]", "no list of devices"),
        (b"{" * 100_000, "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"results": ', "not JSON"),
        (b"\xff\xfen\x00a\x00", "no column tells"),
        (b"\xff\xfe\x00\xd8\x00", "damaged UTF-16"),
        (b"," * 600 + b"name\n", "601 columns"),
    ],
)
def test_what_is_no_inventory_is_refused_in_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(SiteError) as caught:
        read(tmp_path, content)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="No such file"):
        load_inventory([tmp_path / "absent.csv"])


def test_there_is_an_end_to_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "name,zone\n" + "".join(f"plc-{n},zone {n}\n" for n in range(30))
    monkeypatch.setattr(inventory, "MOST", 20)
    with pytest.raises(SiteError, match=r"csv:22: more than 20 devices"):
        read(tmp_path, rows)
    monkeypatch.setattr(inventory, "MOST", 50)
    monkeypatch.setattr(inventory, "MOST_ZONES", 20)
    with pytest.raises(SiteError, match="30 zones, more than 20"):
        read(tmp_path, rows)
    monkeypatch.setattr(inventory, "LARGEST", 10)
    with pytest.raises(SiteError, match="larger than"):
        read(tmp_path, rows)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=8), separator=st.sampled_from(";,\t"))
def test_no_cell_is_taken_for_what_it_is_not(rows: list[list[str]], separator: str, tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([["name", "ip", "mac", "owner", "serial", "vlan"], *rows])
    found = read(tmp_path, text.getvalue())

    assert len(found.entries) <= len(rows)
    for entry in found.entries:
        assert entry.name is None or 0 < len(entry.name) <= 300
        assert all(mac.count(":") == 5 for mac in entry.macs)
        assert entry.vlan is None or 0 < entry.vlan < 4095
    assert all(problem.startswith("inventory-0.csv:") for problem in found.problems)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.binary(max_size=100).map(lambda some: b"name,ip\n" + some))
def test_nothing_but_one_line_comes_of_hostile_bytes(content: bytes, tmp_path: Path) -> None:
    try:
        read(tmp_path, content)
    except SiteError as error:
        said = str(error)
    else:
        said = ""
    assert len(said.splitlines()) <= 1


KEYS = st.sampled_from(["name", "results", "interfaces", "primary_ip4", "device_type", "custom_fields"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("10.0.0.1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.lists(JSON, max_size=3) | st.dictionaries(st.sampled_from(["results", "data"]), JSON))
def test_json_of_any_shape_is_read_or_refused(content: object, tmp_path: Path) -> None:
    try:
        read(tmp_path, json.dumps(content))
    except SiteError as error:
        said = str(error)
    else:
        said = "is empty"
    assert "no list of devices" in said or "is empty" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [('"na", ', ""), ('mac = ["naam"', "is a column of name already"), ('colour = ["x"', "unknown key")],
)
def test_headings_are_checked(change: str, why: str) -> None:
    text = 'reviewed = 2026-11-25\nsources = ["people, 2026"]\nempty = []\n[columns]\n'
    given = {field: f'{field} = ["{field}"]' for field in headings.FIELDS} | {"name": 'name = ["naam"]'}
    key = change.partition(" ")[0]
    if why:
        given[key] = f"{change}]"
        with pytest.raises(RuleError, match=why):
            headings.read((text + "\n".join(given.values())).encode())
    else:
        assert headings.read((text + "\n".join(given.values())).encode()).field("NAAM") == ("name", 0)
