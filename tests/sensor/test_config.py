"""A configuration is understood as documented, and all that is wrong with one is told at once, with its line."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.rulebook.lines import lines_of
from kwel.sensor import config, keys
from kwel.sensor.config import Config, Judging, Keeping, Listened, Reporting
from tests.conftest import ROOT

FILE = Path("/etc/kwel/sensor.toml")


def read(text: str) -> tuple[Config, list[str]]:
    return config.parse(text.encode(), FILE)


def faults(text: str) -> list[str]:
    return [fault.removeprefix(f"{FILE}:") for fault in read(text)[1]]


def test_the_example_is_right_and_says_what_holds_anyway() -> None:
    one, wrong = read(keys.example())

    assert wrong == []
    assert one.interfaces == (Listened("span0"),)
    assert (one.store, one.analysis, one.reports) == (Keeping(), Judging(), Reporting())


def test_the_example_is_right_with_every_key_in_force() -> None:
    lines = keys.example().splitlines()
    known = {key.name for key in keys.KEYS}
    in_force = [
        line.removeprefix("# ") if line.removeprefix("# ").partition(" =")[0] in known else line
        for line in lines
        if "captures" not in line
    ]
    one, wrong = read("\n".join(in_force).replace("without = []", 'without = ["egress-filter"]'))

    assert wrong == []
    assert (one.name, one.user, one.interfaces[0].namespace) == ("substation-7", "kwel", "kwel")
    assert one.interfaces[0].without == ("egress-filter",)


def test_defaults_of_the_keys_are_those_of_the_fields() -> None:
    held: dict[str, Any] = {
        INTERFACES: Listened("x"),
        "store": Keeping(),
        "analysis": Judging(),
        "reports": Reporting(),
    }
    for table, of in held.items():
        defaults = {field.name: getattr(of, field.name) for field in fields(of)}
        documented = {key.name: key.default for key in keys.of(table).values()}
        assert documented.keys() == defaults.keys()
        for name, default in documented.items():
            if default is not ...:
                assert defaults[name] == (tuple(default) if isinstance(default, list) else default), name


INTERFACES = keys.INTERFACES


def test_the_documentation_has_every_key() -> None:
    assert keys.table_of_documentation() in (ROOT / "docs" / "sensor.md").read_text()


WRONG = """nam = "x"
user = 3
window_seconds = 4

[[interfaces]]
nme = "span0"
[[interfaces]]   # the second
name = "span0"
fanout = 0
filter = "not a filter ("
namespace = "a/b"
without = ["egress-filtre"]

[store]
wndow_seconds = 3
most_gb = true
[analysis]
internal = ["10.0.0.1/8"]
here = "Mars"
language = "de"
[health]
prometheus = "x"
[folder]
path = "captures"
[report]
daily = false
"""


def test_all_that_is_wrong_is_told_at_once_with_its_line_and_what_to_write() -> None:
    told = faults(WRONG)

    for start in (
        "1: nam: unknown key; did you mean name?",
        "2: user: has to be text in quotes, is int",
        "3: window_seconds: unknown key; it belongs to [store]",
        '5: interfaces.1.name: missing; write name = "span0"',
        "6: interfaces.1.nme: unknown key; did you mean name?",
        "9: interfaces.2.fanout: has to be 1 to 64, is 0",
        "10: interfaces.2.filter: ",
        "11: interfaces.2.namespace: 'a/b' is no name",
        "12: interfaces.2.without: 'egress-filtre' is none of egress-filter; did you mean egress-filter?",
        "15: store.wndow_seconds: unknown key; did you mean window_seconds?",
        "16: store.most_gb: has to be a whole number, is bool",
        "18: analysis.internal: 10.0.0.1/8 has host bits set",
        "19: analysis.here: 'Mars' is no place",
        "20: analysis.language: 'de' is none of nl, en",
        "22: health.prometheus: has to end in .prom",
        "24: folder.path: goes in place of interfaces",
        "25: report: unknown key; did you mean reports?",
    ):
        assert any(one.startswith(start) for one in told), (start, told)
    assert len(told) == 17
    assert all("\n" not in one for one in told)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "interfaces: missing: nothing would be listened to"),
        ("interfaces = 3", "one table for each interface"),
        ("[interfaces]\nname = 'span0'", "one table for each interface"),
        ("store = 3\n[[interfaces]]\nname = 'a'", "has to be a table: [store]"),
        ("alerts = []\n[[interfaces]]\nname = 'a'", "has to be a table: [alerts]"),
        ("[[interfaces]]\nname = 'a'\n[[interfaces]]\nname = 'a'", "a is there twice"),
        ("[[interfaces]]\nname = 'a b'", "is no name of an interface"),
        ("[[interfaces]]\nname = ''", "is empty"),
        ('name = "\\u001b[2J"\n[[interfaces]]\nname = "a"', "can be printed"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("[[interfaces]]\nname = 'a'\n" * 70, "more than 64 times"),
        ("\x00", "not TOML"),
    ],
)
def test_what_is_wrong_is_told(text: str, why: str) -> None:
    told = faults(text)

    assert any(why in one for one in told), told


def test_paths_stand_beside_the_file() -> None:
    one, wrong = read('[folder]\npath = "captures"\n[store]\nfolder = "/s"\n[analysis]\nsite = "a/site.toml"\n'
                      'policy = "limits.toml"\n')  # fmt: skip

    assert wrong == []
    assert (one.folder, one.store.folder, one.analysis.site) == ("/etc/kwel/captures", "/s", "/etc/kwel/a/site.toml")
    assert one.analysis.policy == "/etc/kwel/limits.toml"
    assert (
        read('[folder]\npath = "c"\n[analysis]\npolicy = "no-foreign-cloud"')[0].analysis.policy == "no-foreign-cloud"
    )


def test_alerts_are_handed_on_as_they_stand() -> None:
    one, wrong = read('[folder]\npath = "c"\n[alerts]\nanything = 3\n[[alerts.file]]\npath = "x"\n')

    assert wrong == []
    assert one.alerts == {"anything": 3, "file": [{"path": "x"}]}


def test_loading_tells_the_first_fault_and_how_many_there_are(tmp_path: Path) -> None:
    file = tmp_path / "sensor.toml"
    file.write_text(WRONG)
    with pytest.raises(
        config.ConfigError, match=r"1: nam: unknown key; did you mean name\? \(and 16 more: kwel sensor"
    ):
        config.load(file)
    with pytest.raises(config.ConfigError, match="No such file"):
        config.load(tmp_path / "none.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([key.name for key in keys.KEYS] + ["x", "interfaces", "store", "alerts"])


@given(st.dictionaries(st.sampled_from([*keys.tables(), "alerts", "x"]), VALUES | st.dictionaries(NAMES, VALUES)))
def test_whatever_a_file_holds_is_read_or_told(content: dict[str, Any]) -> None:
    reader = config._Reader(FILE, {})
    one = reader.read(dict(content), "")

    assert isinstance(one, Config)
    assert all(fault.isprintable() or "\\" in fault for fault in reader.faults)


@given(st.text(alphabet="[]=.\"'#ab\n 1", max_size=60))
def test_lines_are_told_of_no_text_that_breaks_them(text: str) -> None:
    for number in lines_of(text).values():
        assert 1 <= number <= len(text.splitlines())
    config.parse(text.encode(), FILE)


def test_lines_are_those_of_the_file() -> None:
    text = "a = 1\n\n[[i]]\nb = 2\n[[i]] # two\nb = 3\n[s.t]\n  c=4\n"
    tomllib.loads(text)

    assert lines_of(text) == {
        ("a",): 1, ("i", 0): 3, ("i", 0, "b"): 4, ("i", 1): 5, ("i", 1, "b"): 6, ("s", "t"): 7, ("s", "t", "c"): 8,
    }  # fmt: skip
