"""A site file is read whole, or refused with one line that says where and what to write."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.model.site import OverrideState
from kwel.site import SiteError, load

if TYPE_CHECKING:
    from pathlib import Path

BOOK = rulebook.load()
OPERATOR = next(iter(BOOK.operators.values()))
FUNCTION, USUAL = next(iter(BOOK.vocabulary.functions.items()))
TEXT = f"""\
name = "Plant West"
internal = ["198.51.100.0/24", "2001:db8::/48"]
domains = ["Plant.example."]

[[tenants]]
name = "gw.iot.cloud.example"
what = "IoT hub"

[[zones]]
name = "Cell 1"
level = 3.5
sl_t = 2
prefixes = ["10.20.1.0/24"]
vlans = [20, 21]

[[assets]]
name = "PLC mixer"
address = ["10.20.1.11", "2001:DB8::11"]
mac = "00-90-E8-10-00-32"
zone = "Cell 1"

[[overrides]]
host = "gw-*.supplier.example"
operator = "{OPERATOR.id}"
supplier = {{ name = "Maker", jurisdiction = "SE", parent = {{ name = "Group", jurisdiction = "GB" }} }}
service = "Remote"
function = "{FUNCTION}"
place = "DE"
author = "A. Author"
reason = "contract"
date = 2026-01-20
expires = 2027-01-20

[[overrides]]
asset = "10.20.1.11"
kind = "ot"
role = "controller"
author = "A. Author"
reason = "register"
date = 2026-01-20
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "site.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_site_file_says_what_it_says(tmp_path: Path) -> None:
    site = load(write(tmp_path, TEXT), BOOK)
    zone, asset, (host, device) = site.zones[0], site.assets[0], site.overrides
    sets = dict(host.sets)

    assert (site.file, site.name, site.domains) == ("site.toml", "Plant West", ("plant.example",))
    assert site.internal == ("198.51.100.0/24", "2001:db8::/48", "10.20.1.0/24")
    assert (zone.level, zone.sl_t, zone.vlans) == ("3.5", 2, (20, 21))
    assert (asset.addresses, asset.macs) == (("10.20.1.11", "2001:db8::11"), ("00:90:e8:10:00:32",))
    assert (sets["operator"], sets["parent"]) == (OPERATOR.name, OPERATOR.parent.name)
    assert (sets["supplier_jurisdiction"], sets["supplier_parent_jurisdiction"]) == ("SE", "GB")
    assert (sets["path"], sets["impact"]) == (USUAL.path, USUAL.impact.within)
    assert (device.scope, dict(device.sets)) == ("asset", {"kind": "ot", "role": "controller"})
    assert site.source(host) == "site file site.toml (A. Author, 2026-01-20)"


def test_an_override_holds_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    text = TEXT.replace("expires = 2027", "begins = 2026-03-01\nexpires = 2027")
    override = load(write(tmp_path, text), BOOK).overrides[0]
    days = ("2026-02-28", "2026-03-01", "2027-01-20", "2027-01-21", None)

    assert [override.state(day) for day in days] == [
        OverrideState.NOT_YET,
        OverrideState.APPLIES,
        OverrideState.APPLIES,
        OverrideState.EXPIRED,
        OverrideState.APPLIES,
    ]


FAULTS = [
    (
        'author = "A. Author"\nreason = "contract"',
        'reason = "contract"',
        ":22: overrides[1].author: missing; write aut",
    ),
    ('reason = "register"', "", ":34: overrides[2].reason: missing; write reason = "),
    ('reason = "register"', 'reason = " "', "overrides[2].reason: is empty; write reason = "),
    ('"register"\ndate = 2026-01-20', '"register"', ":34: overrides[2].date: missing; write date = 20"),
    ('"register"\ndate = 2026-01-20', '"register"\ndate = "2026-01-20"', "date: must be date, is str; write date = "),
    ('"register"\ndate = 2026-01-20', '"register"\ndate = 2026-01-20T00:00:00', "must be date, is datetime; write"),
    ("expires = 2027-01-20", "expires = 2026-01-19", "expires: 2026-01-19 is before 2026-01-20"),
    ("expires = 2027-01-20", "expired = 2027-01-20", "overrides[1].expired: unknown key"),
    ('name = "Plant West"', "name = Plant", "not TOML: Invalid value (at line 1, column 8)"),
    ('name = "Plant West"', "name = 1", "name: must be str, is int; write name = "),
    ('name = "Plant West"', f'name = "{"x" * 301}"', "name: has 301 characters, more than 300"),
    ("198.51.100.0/24", "198.51.100.1/24", "internal: 198.51.100.1/24 has host bits set; write 198.51"),
    ("198.51.100.0/24", "0.0.0.0/0", "internal: 0.0.0.0/0 is every address there is"),
    ('"Plant.example."', '"bücher.example"', "'bücher.example' is not a domain; write plant.example; in captures it"),
    ('"Plant.example."', '"*.example"', "domains: '*.example' is not a domain"),
    ('"Plant.example."', '"gw.iot.cloud.example"', "domains: 'gw.iot.cloud.example' is there twice"),
    ("level = 3.5", "level = 6", "zones[1].level: must be one of 0, 1, 2, 3, 3.5, 4, 5"),
    ("level = 3.5", "level = true", "zones[1].level: must be one of"),
    ("sl_t = 2", "sl_t = 5", "zones[1].sl_t: 5 is not between 0 and 4"),
    ("[20, 21]", "[20, 20]", "zones[1].vlans: 20 is not a VLAN of 1 to 4094, or there twice"),
    ("[20, 21]", "[true]", "zones[1].vlans: True is not a VLAN"),
    ('zone = "Cell 1"', 'zone = "Cell 2"', "assets[1].zone: no [[zones]] with name = 'Cell 2'"),
    ("00-90-E8-10-00-32", "00-90-E8", "assets[1].mac: '00-90-E8' is not a MAC address; write"),
    ('"10.20.1.11", "2001', '"10.20.1", "2001', "assets[1].address: '10.20.1' is not an address; write"),
    (f'"{OPERATOR.id}"', '"nobody"', "overrides[1].operator: no operator 'nobody' in the rules; write its id, or"),
    (f'"{OPERATOR.id}"', "3", "overrides[1].operator: must be str, is int"),
    (f'"{OPERATOR.id}"', '{ name = "X" }', "overrides[1].operator.jurisdiction: missing"),
    (f'"{OPERATOR.id}"', f'{{ name = "{OPERATOR.name}", jurisdiction = "NL" }}', "has a rule; write operator = "),
    ('place = "DE"', 'place = "de"', "overrides[1].place: 'de' is not an upper-case ISO 3166-1 country code"),
    (f'function = "{FUNCTION}"', 'function = "x"', "overrides[1].function: 'x' is not in the vocabulary"),
    ('host = "gw-*', 'domain = "x.example"\nhost = "gw-*', "write one of host, domain, prefix, asset"),
    ("gw-*.supplier.example", "gw.*.example", "overrides[1].host: 'gw.*.example' is not a host; write"),
    ("gw-*.supplier.example", "*-*-*-*-*.supplier.example", "has more than 4 asterisks"),
    ('kind = "ot"\nrole = "controller"\n', "", "overrides[2].asset: says nothing of it; write kind, role, vendor or"),
    ('kind = "ot"', 'kind = "OT"', "overrides[2].kind: 'OT' is not in the vocabulary"),
    ("[[tenants]]", "[tenants]", "tenants: must be list, is dict"),
    ("[[tenants]]", "[extra]", "extra: unknown key"),
]


@pytest.mark.parametrize(("old", "new", "why"), FAULTS, ids=[fault[2][:40] for fault in FAULTS])
def test_a_fault_is_told_in_one_line_with_file_key_and_what_to_write(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    assert old in TEXT
    path = write(tmp_path, TEXT.replace(old, new, 1))

    with pytest.raises(SiteError) as raised:
        load(path, BOOK)
    assert str(raised.value).startswith(str(path))
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_overrides_of_one_thing_are_refused_unless_they_follow_one_another(tmp_path: Path) -> None:
    head = '[[overrides]]\nprefix = "192.0.2.0/24"\nplace = "DE"\nauthor = "a"\nreason = "b"\ndate = 2026-01-01\n'
    later = head + "begins = 2027-01-01\n"

    with pytest.raises(SiteError, match=r"overrides\[2\].prefix: overrides\[1\] is about 192.0.2.0/24 too"):
        load(write(tmp_path, head + later), BOOK)
    assert len(load(write(tmp_path, head + "expires = 2026-12-31\n" + later), BOOK).overrides) == 2


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="No such file or directory; name a site file"):
        load(tmp_path / "none.toml", BOOK)
    with pytest.raises(SiteError, match="Is a directory"):
        load(tmp_path, BOOK)
    with pytest.raises(SiteError, match="larger than 1048576 bytes"):
        load(write(tmp_path, b"#" * (1 << 20) + b"\n"), BOOK)
    with pytest.raises(SiteError, match=r"nested too deep|not TOML"):
        load(write(tmp_path, b"a = " + b"[" * 100_000), BOOK)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    path
    for key, value in tomllib.loads(TEXT).items()
    for path in ([(key,)] + ([(key, 0, inner) for inner in value[0]] if isinstance(value[0], dict) else []))
]


@given(path=st.sampled_from(PATHS), value=VALUES)
def test_a_value_of_any_other_type_is_refused_with_one_line_or_read(path: tuple[Any, ...], value: Any) -> None:
    from pathlib import Path

    from kwel.rulebook.rulefile import RuleError
    from kwel.site.read import site_of

    whole = tomllib.loads(TEXT)
    at: Any = whole
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value

    told = ""
    try:
        site_of(Path("site.toml"), whole, "", "", BOOK)
    except RuleError as error:
        told = str(error)

    assert told == "" or (told.startswith("site.toml: ") and "\n" not in told)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_site_file_or_one_line(text: bytes) -> None:
    import tempfile
    from pathlib import Path

    told = ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            load(write(Path(folder), text), BOOK)
        except SiteError as error:
            told = str(error)

    assert told == "" or "site.toml: " in told


def test_zones_have_owners_and_assets_levels_owners_and_criticality(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(
        '[[zones]]\nname = "Cell 1"\nlevel = 1\nowner = "Production"\nprefixes = ["10.20.1.0/24"]\n'
        '[[assets]]\nname = "Panel"\naddress = "10.20.1.21"\nlevel = 2\nowner = "Shift"\ncriticality = "high"\n'
    )
    site = load(file)

    assert site.zones[0].owner == "Production"
    assert (site.assets[0].level, site.assets[0].owner, site.assets[0].criticality) == ("2", "Shift", "high")
