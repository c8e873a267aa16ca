from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.assets import rules
from kwel.assets.rules import DeviceRules
from kwel.model.assets import AssetKind
from kwel.rulefile import RuleError
from tests.assets.plant import mac

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "roles": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n[roles]\nserver = "answers"\n',
    "spoken": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "lan": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "macs": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "vendors": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
    "names": 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n',
}
VENDOR = '[[rules]]\nid = "x"\nvendor = "{vendor}"\nkind = "{kind}"\nrole = "{role}"\nmatches = []\nmisses = []\n'


def write(folder: Path, **changes: str) -> Path:
    (folder / "devices").mkdir()
    for stem, text in GOOD.items():
        (folder / "devices" / f"{stem}.toml").write_text(text + changes.get(stem, ""))
    return folder


def test_every_installed_rule_proves_itself_by_its_examples() -> None:
    assert rules.failing_examples(rules.installed()) == []


def test_no_installed_rule_makes_an_asset_ot_by_anything_but_content() -> None:
    installed = rules.installed()

    hinted = {rule.kind for rule in installed.vendors} | {rule.kind for rule in installed.names}
    assert AssetKind.OT not in hinted
    speaking = {rule.application for rule in installed.spoken if rule.kind == AssetKind.OT}
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
    assert rules.load(write(tmp_path)) == DeviceRules(("server",), (), (), (), ())
