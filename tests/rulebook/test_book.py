"""A wrong rule is an error that names the file, the key and the reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kwel import rulebook
from kwel.model.claims import Grade
from kwel.rulebook import RuleError
from kwel.rulebook.model import Impact

if TYPE_CHECKING:
    from pathlib import Path

VOCABULARY = """
reviewed = 2026-11-24
counts = "C"
controlled = "B"
front_kinds = ["cdn"]
impacts = ["hours", "days"]
carrier_kinds = ["network"]
[kinds]
cloud = "rents out servers"
cdn = "delivers for others"
network = "carries"
saas = "runs an application"
[functions.storage]
path = "data"
meaning = "files"
impact = "days"
impact_why = { nl = "vol", en = "full" }
[functions.remote-access]
path = "control"
meaning = "a way in"
impact = "hours"
impact_why = { nl = "geen hulp", en = "no help" }
[reasons]
all-in-bloc = "all inside"
[evidence]
asn = "asn, operator"
"""
REGIONS = """
sources = ["docs, 2026"]
reviewed = 2026-11-24
[acme]
eu-1 = ["NL", "Amsterdam"]
[sites]
ams = ["NL", "Amsterdam"]
"""
BLOCS = """
sources = ["treaty, 1994"]
reviewed = 2026-11-24
[[blocs]]
id = "EEA"
members = ["NL", "NO"]
"""
OPERATOR = """
name = "Acme"
entity = "Acme B.V."
jurisdiction = "NO"
kind = "cloud"
domains = ["acme.cloud"]
networks = ["192.0.2.0/24"]
region_names = ["{region}.acme.cloud"]
sources = ["annual report, 2025"]
reviewed = 2026-11-24
[parent]
name = "Acme Holding N.V."
jurisdiction = "NL"
[[asns]]
numbers = [64500]
places = ["NL"]
[[ranges]]
provider = "acme"
[examples]
matches = ["www.acme.cloud"]
misses = ["notacme.cloud"]
"""
SERVICE = """
vendor = "Maker"
jurisdiction = "SE"
sources = ["manual, 2025"]
reviewed = 2026-11-24
[[services]]
names = ["files.maker.test", "iot.{region}.maker.test"]
product = "Maker Files"
function = "storage"
evidence = "documented"
[examples]
matches = ["eu.files.maker.test"]
misses = ["notfiles.maker.test"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "vocabulary.toml": VOCABULARY,
        "regions.toml": REGIONS,
        "jurisdictions/blocs.toml": BLOCS,
        "operators/acme.toml": OPERATOR,
        "services/maker.toml": SERVICE,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_rulebook_says_what_its_files_say(root: Path) -> None:
    book = rulebook.load(root)
    acme = book.operators["acme"]

    assert (acme.jurisdiction, acme.parent.jurisdiction) == ("NO", "NL")
    assert acme.networks[0].places == ("NL",)
    assert book.services[0].path == "data"
    assert book.regions["acme"]["eu-1"].place == "Amsterdam"
    assert book.vocabulary.controlled is Grade.B
    assert rulebook.lint(root) == rulebook.test(root) == []


def test_an_outage_is_felt_as_soon_as_the_function_says_unless_the_service_says_otherwise(root: Path) -> None:
    assert rulebook.load(root).services[0].impact == Impact("days", "vol", "full")
    own = 'impact = "hours"\nimpact_why = { nl = "staat stil", en = "stops" }\nproduct ='
    change(root, SERVICE_FILE, "product =", own)

    assert rulebook.load(root).services[0].impact == Impact("hours", "staat stil", "stops")


OPERATOR_FILE, SERVICE_FILE = "operators/acme.toml", "services/maker.toml"
FAULTS = [
    (OPERATOR_FILE, 'kind = "cloud"', 'kind = "clown"', "kind: 'clown' is not in the vocabulary"),
    (OPERATOR_FILE, 'kind = "cloud"', 'knd = "cloud"', "kind: missing"),
    (OPERATOR_FILE, 'name = "Acme"', 'name = "Acme"\nnmae = "Acme"', "nmae: unknown key"),
    (OPERATOR_FILE, 'name = "Acme"', "name = 1", "name: must be str, is int"),
    (OPERATOR_FILE, 'name = "Acme"', 'name = " "', "name: is empty"),
    (OPERATOR_FILE, 'name = "Acme"', "name = Acme", "file: not TOML"),
    (OPERATOR_FILE, '"NO"', '"no"', "jurisdiction: 'no' is not an upper-case ISO 3166-1"),
    (OPERATOR_FILE, '["NL"]', '["nl"]', "asns[0].places: 'nl' is not an upper-case ISO 3166-1"),
    (OPERATOR_FILE, 'jurisdiction = "NL"', "", "parent.jurisdiction: missing"),
    (OPERATOR_FILE, '["annual report, 2025"]', "[]", "sources: a rule needs at least one source"),
    (OPERATOR_FILE, "annual report, 2025", "annual report", "sources: 'annual report' carries no date"),
    (OPERATOR_FILE, "reviewed = 2026-11-24", 'reviewed = "2026-11-24"', "reviewed: must be date, is str"),
    (OPERATOR_FILE, "192.0.2.0/24", "192.0.2.1/24", "networks: 192.0.2.1/24 has host bits set"),
    (OPERATOR_FILE, "192.0.2.0/24", "192.0.2.0/33", "networks: '192.0.2.0/33' does not appear"),
    (
        OPERATOR_FILE,
        '"192.0.2.0/24"',
        '"192.0.2.64/26", "192.0.2.0/24"',
        "'192.0.2.64/26' is shadowed by '192.0.2.0/24'",
    ),
    (OPERATOR_FILE, '"192.0.2.0/24"', '"2001:db8::/32", "2001:db8:1::/48"', "'2001:db8:1::/48' is shadowed by"),
    (OPERATOR_FILE, '["acme.cloud"]', '["Acme.cloud"]', "domains: 'Acme.cloud' is not a lower-case domain"),
    (OPERATOR_FILE, '["acme.cloud"]', '[".acme.cloud"]', "domains: '.acme.cloud' is not a lower-case domain"),
    (OPERATOR_FILE, '["acme.cloud"]', '["cloud"]', "domains: 'cloud' is not a lower-case domain"),
    (OPERATOR_FILE, '["acme.cloud"]', '["acme.cloud", "eu.acme.cloud"]', "'eu.acme.cloud' is shadowed by"),
    (OPERATOR_FILE, '["acme.cloud"]', '["acme.cloud", "acme.cloud"]', "'acme.cloud' is there twice"),
    (OPERATOR_FILE, "[64500]", "[64500, 64500]", "asns[0].numbers: 64500 is not an AS number, or there twice"),
    (OPERATOR_FILE, "[64500]", '["64500"]', "asns[0].numbers: '64500' is not an AS number"),
    (OPERATOR_FILE, "[64500]", "[true]", "asns[0].numbers: True is not an AS number"),
    (OPERATOR_FILE, "{region}.acme.cloud", "acme.{region}.cloud", "region_names: 'acme.{region}.cloud'"),
    (OPERATOR_FILE, 'misses = ["notacme.cloud"]', "misses = []", "needs a name that matches and one"),
    (OPERATOR_FILE, "[examples]", "[example]", "examples: missing"),
    (
        OPERATOR_FILE,
        "[parent]",
        'shares_networks_of = ["nobody"]\n[parent]',
        "shares_networks_of: no operator 'nobody'",
    ),
    (OPERATOR_FILE, "[parent]", 'regions = "nowhere"\n[parent]', "regions: 'nowhere' is not in regions.toml"),
    (SERVICE_FILE, '"storage"', '"hoarding"', "services[0].function: 'hoarding' is not in the vocabulary"),
    (SERVICE_FILE, '"documented"', '"hearsay"', "services[0].evidence: 'hearsay' is not in the vocabulary"),
    (
        SERVICE_FILE,
        "product =",
        'tags = ["azure/storage"]\nproduct =',
        "tags: 'azure/storage' is not a provider and a tag",
    ),
    (SERVICE_FILE, "product =", 'operator = "none"\nproduct =', "operator: no operator 'none'"),
    (SERVICE_FILE, "product =", 'path = "sideways"\nproduct =', "path: 'sideways' is not in the vocabulary"),
    (SERVICE_FILE, "product =", 'impact = "soon"\nproduct =', "impact: 'soon' is not in the vocabulary"),
    (SERVICE_FILE, "product =", 'impact = "hours"\nproduct =', "impact_why: missing"),
    (SERVICE_FILE, "product =", 'impact_why = { nl = "a", en = "b" }\nproduct =', "impact_why: unknown key"),
    (SERVICE_FILE, 'jurisdiction = "SE"', "", "jurisdiction: missing"),
    (SERVICE_FILE, "files.maker.test", "files..test", "services[0].names: 'files..test' is not a lower-case"),
    ("regions.toml", '["NL", "Amsterdam"]', '["NL"]', "acme.eu-1: must be [country, place]"),
    ("regions.toml", '["NL", "Amsterdam"]', '["nl", "Amsterdam"]', "acme.eu-1: 'nl' is not an upper-case"),
    ("jurisdictions/blocs.toml", '["NL", "NO"]', '["NL", "NL"]', "blocs[0].members: 'NL' is there twice"),
    ("vocabulary.toml", 'counts = "C"', 'counts = "E"', "counts: 'E' is not in the vocabulary"),
]


@pytest.mark.parametrize(("name", "old", "new", "why"), FAULTS, ids=[f[3][:40] for f in FAULTS])
def test_a_fault_is_named_with_file_and_key(root: Path, name: str, old: str, new: str, why: str) -> None:
    change(root, name, old, new)

    with pytest.raises(RuleError) as raised:
        rulebook.load(root)
    assert re.match(rf"{name}(:[1-9][0-9]*)?: ", str(raised.value))
    assert why in str(raised.value)
    assert rulebook.lint(root) == rulebook.test(root) == [str(raised.value)]


@pytest.mark.parametrize("name", ["vocabulary.toml", "regions.toml", "jurisdictions/blocs.toml"])
def test_a_missing_file_is_named(root: Path, name: str) -> None:
    (root / name).unlink()

    with pytest.raises(RuleError, match=f"{name}: file: missing"):
        rulebook.load(root)


def test_two_operators_cannot_claim_one_domain_or_one_network(root: Path) -> None:
    twin = root / "operators" / "twin.toml"
    twin.write_text(OPERATOR.replace("www.acme.cloud", "x.acme.cloud"), encoding="utf-8")
    change(root, "operators/twin.toml", "reviewed", 'regions = "acme"\nreviewed')

    with pytest.raises(RuleError, match=r"operators/twin.toml: domains: 'acme.cloud' is already in"):
        rulebook.load(root)
    change(root, "operators/twin.toml", '["acme.cloud"]', '["twin.cloud"]')
    with pytest.raises(RuleError, match=r"operators/twin.toml: asns: '64500' is already in"):
        rulebook.load(root)


def test_an_example_that_does_not_hold_is_told(root: Path) -> None:
    change(root, OPERATOR_FILE, '"www.acme.cloud"', '"www.acme.test"')
    change(root, OPERATOR_FILE, '"notacme.cloud"', '"eu.acme.cloud"')

    assert rulebook.test(root) == [
        "operators/acme.toml: examples.matches: 'www.acme.test' belongs to nobody",
        "operators/acme.toml: examples.misses: 'eu.acme.cloud' belongs to operators/acme.toml",
    ]


def test_a_service_without_an_example_is_told(root: Path) -> None:
    more = '[[services]]\nnames = ["x.test"]\nproduct = "X"\nfunction = "storage"\nevidence = "code"\n[examples]'
    change(root, SERVICE_FILE, "[examples]", more)

    assert rulebook.lint(root) == ["services/maker.toml: examples: no example that matches 'X'"]


def test_a_name_may_stand_for_any_region(root: Path) -> None:
    book = rulebook.load(root)

    assert book.service_of("x.iot.eu-1.maker.test") == (book.services[0], "iot.eu-1.maker.test")
    assert book.service_of("x.iot.us-9.maker.test") is None


def test_the_digest_follows_names_and_contents_and_nothing_else(root: Path) -> None:
    digest = rulebook.load(root).digest
    (root / "data").mkdir()
    (root / "data" / "tables.toml").write_text("generated = true", encoding="utf-8")
    (root / "README.md").write_text("words", encoding="utf-8")
    assert rulebook.load(root).digest == digest

    change(root, OPERATOR_FILE, "annual report", "Annual report")
    assert rulebook.load(root).digest != digest


def test_folders_of_other_stages_are_part_of_the_digest_and_not_read_here(root: Path) -> None:
    digest = rulebook.load(root).digest
    (root / "devices").mkdir()
    (root / "devices" / "plc.toml").write_text("anything = 1", encoding="utf-8")

    assert rulebook.load(root).digest != digest


def test_an_example_may_be_a_network_number(root: Path) -> None:
    path = root / OPERATOR_FILE
    path.write_text(OPERATOR.replace('["www.acme.cloud"]', '["AS64500"]').replace('["notacme.cloud"]', '["AS64500"]'))

    assert rulebook.test(root) == ["operators/acme.toml: examples.misses: 'AS64500' belongs to operators/acme.toml"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("domians = []", "domians: unknown key; did you mean domains?"),
        ("qqq = 1", "qqq: unknown key"),
        ("lodges = true", "lodges: is now called mixed_hosting; write mixed_hosting"),
        ('keeps = ["a.example"]', "keeps: is now called own_suffixes; write own_suffixes"),
        ("shares = []", "shares: is now called shares_networks_of; write shares_networks_of"),
        ("fronts = []", "fronts: is now called front_tags; write front_tags"),
        ("outer_names = []", "outer_names: is now called ech_public_names; write ech_public_names"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_key_to_write(root: Path, line: str, why: str) -> None:
    change(root, OPERATOR_FILE, "[parent]", f"{line}\n[parent]")
    number = (root / OPERATOR_FILE).read_text(encoding="utf-8").splitlines().index(line) + 1

    with pytest.raises(RuleError) as raised:
        rulebook.load(root)
    assert str(raised.value) == f"{OPERATOR_FILE}:{number}: {why}"
