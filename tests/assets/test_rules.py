from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from kwel.assets import rules
from kwel.assets.rulekinds import DeviceRules, Role
from kwel.model.assets import AssetKind
from kwel.rulebook.rulefile import RuleError
from tests.assets.plant import mac

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "roles": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n'
    '[roles.server]\nmeans = "answers"\nrank = "generic"\n',
    "spoken": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "lan": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "macs": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "vendors": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "names": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "stacks": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "agents": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
}
VENDOR = '[[rules]]\nid = "x"\nvendor = "{vendor}"\nkind = "{kind}"\nrole = "{role}"\nmatches = []\nmisses = []\n'


STACK = """
[[rules]]
id = "x"
system = "X"
ttl = {ttl}
options = ["{options}"]
matches = ["ttl 64; window 1; options mss"]
misses = ["ttl 128; window 1; options mss"]
"""
AGENT = """
[[rules]]
id = "x"
system = "X"
words = ["{words}"]
matches = ["Windows NT"]
misses = ["Linux"]
"""


def write(folder: Path, **changes: str) -> Path:
    (folder / "devices").mkdir()
    for stem, text in GOOD.items():
        (folder / "devices" / f"{stem}.toml").write_text(text + changes.get(stem, ""))
    return folder


def test_every_installed_rule_proves_itself_by_its_examples() -> None:
    assert rules.failing_examples(rules.installed()) == []


def test_no_installed_rule_makes_an_asset_ot_by_anything_but_content() -> None:
    installed = rules.installed()

    hinted = {rule.says.kind for rule in installed.vendors} | {rule.says.kind for rule in installed.names}
    assert AssetKind.OT not in hinted
    speaking = {rule.application for rule in installed.spoken if rule.says.kind == AssetKind.OT}
    everywhere = {
        "unknown",
        "tls",
        "http",
        "dns",
        "ssh",
        "mqtt",
        "amqp",
        "coap",
        "rtps",
        "hislip",
        "ntp",
        "snmp",
        "smb",
    }
    assert {"modbus", "s7comm", "dnp3", "opcua"} <= speaking
    assert not speaking & everywhere


def test_a_shared_mac_is_known_and_a_vendors_is_not() -> None:
    installed = rules.installed()
    vrrp = installed.virtual_mac(mac("00:00:5e:00:01:07"))

    assert vrrp is not None
    assert vrrp.protocol == "VRRP"
    assert installed.virtual_mac(mac("28:63:36:10:00:11")) is None


@pytest.mark.parametrize(
    ("stem", "text", "why"),
    [
        ("stacks", STACK.format(ttl=64, options="mss,window"), "'window' is none of"),
        ("stacks", STACK.format(ttl=63, options="mss"), "63 is none of"),
        ("stacks", STACK.format(ttl=64, options="mss") + "windows = [70000]\n", "no number of 16 bits"),
        ("agents", AGENT.format(words="Windows NT"), "words in lower case"),
        ("vendors", VENDOR.format(vendor="moxa", kind="ot", role="server"), "makes no asset OT"),
        ("vendors", VENDOR.format(vendor="Moxa", kind="iiot", role="server"), "words in lower case"),
        ("vendors", VENDOR.format(vendor="moxa", kind="iiot", role="wizard"), "not in the vocabulary"),
        ("vendors", VENDOR.format(vendor="moxa", kind="plc", role="server"), "not in the vocabulary"),
        ("vendors", 2 * VENDOR.format(vendor="moxa", kind="iiot", role="server"), "there twice"),
        ("macs", '[[rules]]\nid = "x"\nprefix = "00:00:5E"\nprotocol = "X"\nmatches = []\nmisses = []\n', "lower case"),
        ("spoken", 'misspelt = "x"\n', "unknown key"),
    ],
)
def test_a_wrong_rule_is_an_error_with_its_file(tmp_path: Path, stem: str, text: str, why: str) -> None:
    with pytest.raises(RuleError, match=why) as caught:
        rules.load(write(tmp_path, **{stem: text}))

    assert str(caught.value).startswith(f"devices/{stem}.toml")


def test_a_rule_without_examples_or_with_wrong_ones_is_named(tmp_path: Path) -> None:
    text = VENDOR.format(vendor="moxa", kind="iiot", role="server").replace("matches = []", 'matches = ["Mox Inc"]')
    problems = rules.failing_examples(rules.load(write(tmp_path, vendors=text)))

    assert len(problems) == 2
    assert all("devices/vendors.toml x (2026-01-01)" in problem for problem in problems)


def test_rules_without_any_rule_are_fine(tmp_path: Path) -> None:
    assert rules.load(write(tmp_path)) == DeviceRules({"server": Role("", "generic")}, (), (), (), (), ())


OWN = """reviewed = 2026-01-01
sources = ["made up, 2026"]
[[rules]]
id = "pump"
role = "{role}"
grade = "{grade}"
kind = "{kind}"
{source}
any = [{condition}]
matches = ["says product Pump 3"]
misses = ["says product Dump 3"]
"""
SAYS = '{ says = ["product"], words = ["pump"] }'
GIVEN = {"role": "drive", "grade": "B", "kind": "ot", "source": 'source = "Book (2026)"', "condition": SAYS}


def own(folder: Path, **changes: str) -> Path:
    (folder / "devices").mkdir(exist_ok=True)
    (folder / "devices" / "roles-pumps.toml").write_text(OWN.format(**{**GIVEN, **changes}))
    return folder


def test_a_users_rules_are_laid_over_those_that_ship(tmp_path: Path) -> None:
    with_own = rules.installed(own(tmp_path))

    assert with_own.spoken == rules.installed().spoken
    assert {rule.id for rule in with_own.known} - {rule.id for rule in rules.installed().known} == {"pump"}
    assert rules.lint(tmp_path) == rules.test(tmp_path) == []


def test_a_users_file_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    own(tmp_path).joinpath("devices", "roles-pumps.toml").rename(tmp_path / "devices" / "pumps.toml")

    assert rules.lint(tmp_path) == ["devices/pumps.toml: file: is read by nobody; call it roles-pumps.toml"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"role": "wizard"}, "not in the vocabulary"),
        ({"grade": "A"}, "more than its conditions carry, B"),
        ({"source": "unsourced = true"}, "more than its conditions carry, C"),
        ({"source": ""}, "source: missing"),
        ({"source": 'source = "Book"'}, "carries no date"),
        ({"grade": "D", "condition": '{ says = ["hostname"], words = ["pump"] }'}, "alone makes no asset OT"),
        ({"grade": "D", "condition": '{ serves = ["tcp/502"] }'}, "alone makes no asset OT"),
        ({"grade": "D", "condition": '{ vendor = ["siemens ag"] }'}, "alone makes no asset OT"),
        ({"grade": "C", "condition": f'{SAYS}, {{ vendor = ["x"] }}'}, "more than its conditions carry, D"),
        ({"source": 'source = "Book (2026)"\nor = ["drive"]'}, "not another role"),
        ({"condition": ""}, "must ask for something"),
        ({"source": 'source = "Book (2026)"\ncolour = "red"'}, "unknown key"),
    ],
)
def test_a_rule_that_says_more_than_it_carries_is_refused(tmp_path: Path, changes: dict[str, str], why: str) -> None:
    faults = rules.lint(own(tmp_path, **changes))

    assert len(faults) == 1
    assert re.match(r"devices/roles-pumps.toml:[1-9][0-9]*: rules\[0\]\.", faults[0])
    assert why in faults[0]


def test_every_installed_role_has_a_name_in_both_languages_and_a_level_of_the_model() -> None:
    names = tomllib.loads(files("kwel.report").joinpath("html/catalogue.toml").read_text())

    for role, about in rules.installed().roles.items():
        assert set(names["role"][role]) == set(names["term"][role]) == {"nl", "en"}
        assert about.level in ("", *rules.LEVELS)


def test_an_example_that_is_no_statement_is_named(tmp_path: Path) -> None:
    text = own(tmp_path).joinpath("devices", "roles-pumps.toml").read_text().replace("says product Dump 3", "is a dump")
    (tmp_path / "devices" / "roles-pumps.toml").write_text(text)
    rules.installed.cache_clear()

    assert "must begin with one of" in rules.test(tmp_path)[0]
