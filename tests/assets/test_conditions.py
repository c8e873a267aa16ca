from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.assets import conditions, rules
from kwel.assets.conditions import Atom, Index, Statement, tokens
from kwel.model.claims import Grade
from kwel.rulebook.rulefile import RuleError, RuleTable

APPLICATIONS = ("modbus", "s7comm", "enip")


def read(text: str) -> tuple[Atom, ...]:
    table = RuleTable(tomllib.loads(f"c = {text}")["c"], "x.toml")
    return conditions.read(table, APPLICATIONS)


def held(condition: str, *known: str) -> bool:
    index = Index(read(condition))
    return bool(index.holding(Statement.parse(text) for text in known))


@pytest.mark.parametrize(
    ("condition", "known", "wanted"),
    [
        ('{ says = ["product"], words = ["cpu 315"] }', "says product CPU 315-2 PN/DP", True),
        ('{ says = ["product"], words = ["cpu 315"] }', "says product CPU-3150", False),
        ('{ says = ["product"], words = ["cpu 31*"] }', "says product CPU 3150", True),
        ('{ says = ["product"], words = ["cpu 31*"] }', "says description CPU 3150", False),
        ('{ says = ["product"], words = ["6av*"] }', "says product Siemens 6AV2124", True),
        ('{ says = ["product"], words = ["6av*"] }', "says product 16AV2124", False),
        ('{ speaks = ["modbus", "enip"], as = "client", with = 3 }', "speaks enip as client with 3", True),
        ('{ speaks = ["modbus"], as = "client", with = 3 }', "speaks modbus as client with 2", False),
        ('{ speaks = ["modbus"], as = "client" }', "speaks modbus as server", False),
        ('{ calls = ["enip"] }', "calls enip", True),
        ('{ vendor = ["siemens ag"] }', "vendor Siemens AG", True),
        ('{ vendor = ["siemens ag"] }', "vendor Siemens Aglow", False),
        ('{ serves = ["tcp/554"] }', "serves tcp/554", True),
        ('{ serves = ["tcp/554"] }', "serves udp/554", False),
        ('{ asks = ["talk2m.com"] }', "asks device.vpn.talk2m.com", True),
        ('{ asks = ["talk2m.com"] }', "asks nottalk2m.com", False),
        ("{ tries = 40 }", "tries 40", True),
        ("{ tries = 40 }", "tries 39", False),
        ('{ reaches = ["outside"] }', "reaches outside", True),
    ],
)
def test_a_condition_holds_of_what_it_names_and_of_nothing_else(condition: str, known: str, wanted: bool) -> None:
    assert held(condition, known) == wanted


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("{ }", "asks for nothing"),
        ('{ says = ["colour"], words = ["red"] }', "not in the vocabulary"),
        ('{ says = ["product"], words = ["Red"] }', "words in lower case"),
        ('{ says = ["product"], words = ["a*"] }', "too short"),
        ('{ says = ["product"], words = ["re d-x"] }', "words in lower case"),
        ('{ speaks = ["smoke"], as = "client" }', "not in the vocabulary"),
        ('{ speaks = ["modbus"], as = "peer" }', "not in the vocabulary"),
        ('{ speaks = ["modbus"], as = "client", with = 0 }', "at least one"),
        ('{ serves = ["tcp/0"] }', "no port"),
        ('{ serves = ["554"] }', "no port"),
        ('{ asks = ["com"] }', "not a lower-case domain suffix"),
        ('{ reaches = ["inside"] }', "not in the vocabulary"),
        ('{ vendor = ["siemens"], words = ["x"] }', "unknown key"),
    ],
)
def test_a_wrong_condition_is_refused_with_the_reason(condition: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        read(condition)


def test_an_example_that_is_no_statement_is_refused() -> None:
    for text in ("is a plc", "says", ""):
        with pytest.raises(ValueError, match="must begin with"):
            Statement.parse(text)


def test_a_name_a_port_and_a_vendor_carry_a_hint_only() -> None:
    weak = (Atom("says", "hostname", "plc"), Atom("serves", "tcp/502"), Atom("vendor", "siemens"))

    assert {atom.strength for atom in weak} == {Grade.D}
    assert not any(atom.is_own_content for atom in weak)
    assert Atom("says", "product", "plc").is_own_content


def test_a_number_that_a_maker_gave_its_product_is_no_name() -> None:
    given, chosen = Atom("says", "identity", "snmp object 1 3 6 1 4 1 8691 7"), Atom("says", "identity", "gateway 7")

    assert (given.strength, given.is_own_content) == (Grade.B, True)
    assert (chosen.strength, chosen.is_own_content) == (Grade.D, False)


ATOMS = [atom for rule in rules.installed().known for choice in rule.needs for atom in choice]
INDEX = Index(ATOMS)
VENDORS = sorted({atom.key for atom in ATOMS if atom.sort == "vendor"})


@given(st.lists(st.sampled_from(VENDORS), min_size=1, max_size=4), st.text(max_size=8))
def test_the_index_finds_what_looking_at_each_pattern_finds(words: list[str], noise: str) -> None:
    said = f"{noise} {' '.join(words)}"
    text = f" {' '.join(tokens(said))} "
    wanted = {INDEX.number[atom] for atom in INDEX.atoms if atom.sort == "vendor" and f" {atom.key} " in text}

    assert set(INDEX.holding([Statement("vendor", said)])) == wanted
