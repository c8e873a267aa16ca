from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.assets.command_rules import failing_examples, installed, load
from kwel.model.kinds import Application
from kwel.protocols.framing import WALKED
from kwel.rulebook.rulefile import RuleError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'reviewed = 2026-01-01\nsources = ["made up, 2026"]\n[protocols.modbus]\nsources = ["made up, 2026"]\n'
EXAMPLES = 'matches = ["read 3"]\nmisses = ["read 4"]\n'


def rules(folder: Path, text: str, head: str = HEAD) -> Path:
    (folder / "devices").mkdir()
    (folder / "devices" / "commands.toml").write_text(head + text)
    return folder


def test_installed_codes_prove_themselves_and_cover_all_that_is_walked() -> None:
    assert failing_examples(installed()) == []
    assert set(installed()) == {Application(number) for number in WALKED}


def test_a_code_that_stands_nowhere_is_other_with_its_number(tmp_path: Path) -> None:
    codes = load(rules(tmp_path, 'asks = "any"\n' + EXAMPLES + "[protocols.modbus.read]\nRead = [3, 9]\n"))

    assert codes[Application.MODBUS].find(9) == ("read", "Read")
    assert codes[Application.MODBUS].find(0x41) == ("other", "0x41")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('asks = "anybody"\n' + EXAMPLES, "not in the vocabulary"),
        ('asks = "any"\n' + EXAMPLES + "[protocols.modbus.read]\nA = 3\n[protocols.modbus.write]\nB = 3\n", "already"),
        ('asks = "any"\n' + EXAMPLES + "[protocols.modbus.read]\nA = -3\n", "no code"),
        ('asks = "any"\n' + EXAMPLES + "[protocols.modbus.steal]\nA = 3\n", "unknown key"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        load(rules(tmp_path, text))


def test_a_protocol_that_nobody_recognises_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no protocol"):
        load(rules(tmp_path, "", HEAD.replace("modbus", "telepathy")))


def test_examples_that_do_not_hold_are_named(tmp_path: Path) -> None:
    codes = load(rules(tmp_path, 'asks = "any"\n' + EXAMPLES.replace("4", "3") + "[protocols.modbus.read]\nRead = 3\n"))

    assert failing_examples(codes) == ["rules/devices/commands.toml modbus: 'read 3' should not match"]
