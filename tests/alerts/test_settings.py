"""The table [alerts]: checked, and every fault is named at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.alerts.kinds import kinds
from kwel.alerts.settings import Lines, Settings, SettingsError, Syslog, Webhook, examine, load
from kwel.model.findings import Severity
from tests.conftest import ROOT

WHOLE = """
learn_days = 14
again_hours = 12
per_hour = 5
language = "nl"
interface = "mgmt0"
one_way = 0.3
drops = 0.01
[[syslog]]
to = "tls://logs.example:6514"
ca = "/etc/kwel/ca.pem"
least = "medium"
facility = "local4"
[[syslog]]
to = "udp://192.0.2.1"
[[syslog]]
to = "unix:/dev/log"
[[file]]
path = "/var/log/kwel/alerts.jsonl"
largest_mb = 10
keep = 2
[[webhook]]
to = "https://hooks.example/kwel?site=3"
secret_file = "/etc/kwel/webhook.secret"
proxy = "http://192.0.2.9:3128"
"""


def test_nothing_is_the_defaults_and_sends_nowhere() -> None:
    assert load({}) == Settings()


def test_all_of_it() -> None:
    settings = load(tomllib.loads(WHOLE))
    tls, udp, local, lines, hook = settings.outputs

    assert (settings.learn, settings.language, settings.interface) == (14, "nl", "mgmt0")
    assert isinstance(tls, Syslog)
    assert (tls.host, tls.port, tls.facility, tls.least) == ("logs.example", 6514, 20, Severity.MEDIUM)
    assert tls.identity.authority == "/etc/kwel/ca.pem"
    assert isinstance(udp, Syslog)
    assert (udp.transport, udp.port) == ("udp", 514)
    assert isinstance(local, Syslog)
    assert local.host == "/dev/log"
    assert lines == Lines("file 1", Severity.INFO, "/var/log/kwel/alerts.jsonl", 10_000_000, 2)
    assert isinstance(hook, Webhook)
    assert hook.proxy == "http://192.0.2.9:3128"


def test_what_the_documentation_shows_is_right_and_names_every_kind() -> None:
    page = (ROOT / "docs" / "sensor.md").read_text()
    (block,) = (of for of in re.findall(r"```toml\n(.*?)```", page, flags=re.S) if "[alerts]" in of)

    assert len(load(tomllib.loads(block)["alerts"]).outputs) == 4
    assert load(tomllib.loads(block.partition("[[")[0])["alerts"]) == replace(Settings(), interface="mgmt0")
    for kind in kinds():
        assert f"`{kind}`" in page or kind == "test", kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lern_days = 3", "alerts.lern_days: unknown key"),
        ("learn_days = -1", "alerts.learn_days: -1 is not a number from 0 to 365"),
        ("learn_days = true", "True is not a number"),
        ("learn_days = nan", "nan is not a number"),
        ('[[syslog]]\nto = "logs.example"', "alerts.syslog[0].to: 'logs.example' is no collector"),
        ('[[syslog]]\nto = "tcp://"', "names no host"),
        ('[[syslog]]\nto = "tcp://a:99999"', "to:"),
        ('[[syslog]]\nto = "tcp://user:word@a"', "belong in files"),
        ('[[syslog]]\nto = "unix:log"', "unix:/dev/log"),
        ('[[syslog]]\nto = "tcp://a"\nca = "x"', "alerts.syslog[0].ca: unknown key"),
        ('[[syslog]]\nto = "tls://a"\nfingerprint = "12"', "64 hexadecimal digits"),
        ('[[syslog]]\nto = "tls://a"\nkey = "k.pem"', "certificate and key go together"),
        ('[[webhook]]\nto = "http://hooks.example/"', "is not https"),
        ('[[webhook]]\nto = "ftp://hooks.example/"', "is not https"),
        ('[[webhook]]\nto = "https://a/"\nproxy = "socks://b"', 'write "http://host:port"'),
        ('[[file]]\npath = "alerts.jsonl"', "does not begin with /"),
        ("syslog = 3", "must be list"),
    ],
)
def test_a_fault_is_one_line_with_the_key(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        load(tomllib.loads(text))

    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_every_fault_is_named_at_once() -> None:
    _, faults = examine(
        tomllib.loads('[[syslog]]\nto = "x"\n[[syslog]]\nto = "tcp://a"\nport = 3\n[[file]]\npath = "x"')
    )

    assert len(faults) == 3


NAMES = st.sampled_from(["to", "path", "ca"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["syslog", "file", "webhook", "learn_days", "language", "x"])


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_it_holds_it_is_read_or_refused(table: dict[str, object]) -> None:
    settings, faults = examine(table)

    assert isinstance(settings, Settings)
    assert all(isinstance(fault, str) for fault in faults)


@given(st.text(max_size=60))
def test_whatever_an_address_holds_it_is_read_or_refused(to: str) -> None:
    for scheme in ("", "tcp://", "tls://", "unix:"):
        examine({"syslog": [{"to": scheme + to}]})
    examine({"webhook": [{"to": "https://" + to, "proxy": "http://" + to}]})
