"""What is wrong with a limits file is told in one line: file, line, key, why, and what to write."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.policy.lint import lint
from kwel.policy.policy import LimitsError, load, parse
from tests.policy.making import known, policy_of

DAY = datetime.date(2026, 11, 25)
ALLOW = 'default = "allow"\n'
RULE = ALLOW + '[[rules]]\nid = "a"\naction = "deny"\n'
EXCEPTION = """
[[exceptions]]
rule = "a"
assets = "gw"
owner = "o"
reason = "r"
ticket = "t"
expires = 2027-01-01
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "not TOML"),
        ("", 'default: missing; write default = "deny"'),
        ('default = "never"', "default: 'never' is not in the vocabulary (allow, warn, deny)"),
        ('[default]\noutbound = "deny"\ninbound = "deny"', "default.inside: missing"),
        (ALLOW + "sometimes = 1", "sometimes: unknown key"),
        (ALLOW + "[[rules]]\naction = 'deny'", "limits.toml:2: rules[1].id: missing"),
        (RULE + 'kind = "ot"', "rules[1].kind: unknown key"),
        (RULE + 'kinds = "plc"', "rules[1].kinds: 'plc' is not one of the words for kinds"),
        (RULE + 'functions = "remote-acces"', "did you mean 'remote-access'?"),
        (RULE + 'roles = "controler"', "did you mean 'controller'?"),
        (RULE + 'protocols = "modbuss"', "did you mean 'modbus'?"),
        (RULE + 'places = "nl"', "neither a country (ISO 3166-1, upper case) nor a bloc"),
        (RULE + 'jurisdictions = "EAA"', "did you mean 'EEA'?"),
        (RULE + 'ports = "tcp/70000"', "is not a port"),
        (RULE + 'ports = "tcp/9-3"', "is not a port"),
        (RULE + "kinds = []", "is empty: then it would never hold"),
        (RULE + "kinds = [true]", "True is not a word"),
        (RULE + 'kinds = ["ot", "ot"]', "is there twice"),
        (RULE + '[[rules]]\nid = "a"\naction = "deny"', "'a' is there twice"),
        (RULE + EXCEPTION.replace('rule = "a"', 'rule = "b"'), "no rule 'b'"),
        (RULE + EXCEPTION.replace('owner = "o"', ""), "exceptions[1].owner: missing; write owner"),
        (RULE + EXCEPTION.replace('ticket = "t"', ""), "exceptions[1].ticket: missing; write ticket"),
        (RULE + EXCEPTION.replace("expires = 2027-01-01", ""), "exceptions[1].expires: missing; write expires"),
        (RULE + EXCEPTION.replace("2027-01-01", '"2027-01-01"'), "must be date"),
        (RULE + EXCEPTION.replace('assets = "gw"', ""), "an exception from a whole rule is none"),
        (RULE + EXCEPTION + "begins = 2027-02-01", "2027-01-01 is before 2027-02-01"),
        ('default = "allow"\n"a\\nb" = 1', "'a\\nb': unknown key"),
    ],
)
def test_what_is_wrong_is_told(text: str, said: str) -> None:
    _, faults = parse(text.encode(), "limits.toml", known())

    assert any(said in fault for fault in faults), faults
    assert all("\n" not in fault for fault in faults)


def test_everything_wrong_is_told_at_once() -> None:
    text = (
        RULE + 'kinds = "plc"\n[[rules]]\nid = "b"\naction = "denny"\n[[rules]]\nid = "c"\naction = "deny"\nnot_x = 1'
    )

    assert len(parse(text.encode(), "limits.toml", known())[1]) == 3


def test_a_file_that_cannot_be_read_is_told(tmp_path: object) -> None:
    with pytest.raises(LimitsError, match="name a limits file with --policy"):
        load(f"{tmp_path}/none.toml", known())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_faults(text: bytes) -> None:
    policy, faults = parse(text, "limits.toml", known())

    assert policy is not None or faults


def test_a_rule_that_a_wider_one_silences_is_never_reached() -> None:
    text = ALLOW + (
        '[[rules]]\nid = "wide"\naction = "deny"\nkinds = ["ot", "iiot"]\n'
        '[[rules]]\nid = "narrow"\naction = "warn"\nkinds = "ot"\nfunctions = "time"\n'
        '[[rules]]\nid = "other"\naction = "warn"\nkinds = "it"\n'
    )

    remarks = lint(policy_of(text), known(), DAY)

    assert [(of.level, of.key) for of in remarks] == [("fault", "rules.narrow")]
    assert "wide above it" in remarks[0].message


@pytest.mark.parametrize(
    ("above", "below", "is_reached"),
    [
        ('action = "deny"', 'action = "allow"\nkinds = "ot"', False),
        ('action = "deny"\nnot_zones = "A"', 'action = "allow"\nzones = "A"', True),
        ('action = "deny"\nnot_zones = "A"', 'action = "allow"\nzones = "B"', False),
        ('action = "deny"\nnot_zones = "A"', 'action = "allow"\nzones = "*"', True),
        ('action = "deny"\nnot_zones = ["A", "B"]', 'action = "allow"\nnot_zones = "A"', True),
        ('action = "deny"\nnot_zones = "A"', 'action = "allow"\nnot_zones = ["A", "B"]', False),
        ('action = "deny"\nhosts = "*"', 'action = "allow"\nhosts = "x.example"', False),
        ('action = "deny"\nhosts = "*"', 'action = "allow"\nzones = "A"', True),
        ('action = "deny"\ncommands = "*"', 'action = "allow"\nzones = "A"', True),
        ('action = "allow"\njurisdictions = ["NL", "US"]', 'action = "deny"\njurisdictions = "US"', True),
        ('action = "allow"\njurisdictions = "EEA"', 'action = "allow"\njurisdictions = "NL"', False),
    ],
)
def test_whether_a_rule_is_reached(above: str, below: str, is_reached: bool) -> None:
    text = f'{ALLOW}[[rules]]\nid = "a"\n{above}\n[[rules]]\nid = "b"\n{below}\n'

    faults = [of for of in lint(policy_of(text), known(), DAY) if of.level == "fault"]

    assert (not faults) is is_reached


@pytest.mark.parametrize(
    ("expires", "level", "said"),
    [
        ("2026-11-24", "fault", "expired on 2026-11-24 (o, t)"),
        ("2026-11-25", "note", "expires in 0 days"),
        ("2026-12-24", "note", "expires in 29 days"),
        ("2029-01-01", "note", "is better a rule"),
    ],
)
def test_exceptions_that_run_out_are_told(expires: str, level: str, said: str) -> None:
    remarks = lint(policy_of(RULE + 'kinds = "ot"\n' + EXCEPTION.replace("2027-01-01", expires)), known(), DAY)

    assert [(of.level, said in of.message) for of in remarks] == [(level, True)]


def test_a_name_that_no_rule_knows_is_a_note_with_what_was_meant() -> None:
    remarks = lint(policy_of(RULE + 'operators = ["Hetzner Onlin", "hetzner"]'), known(), DAY)

    assert [of.level for of in remarks] == ["note"]
    assert "did you mean" in remarks[0].message


def test_an_example_that_comes_out_otherwise_is_a_fault() -> None:
    text = RULE + 'kinds = "ot"\n[[examples]]\nexpect = "allowed"\ndirection = "outbound"\nkinds = "ot"\n'

    assert [of.message for of in lint(policy_of(text), known(), DAY)] == ["is breach, and allowed was expected"]
