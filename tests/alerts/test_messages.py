"""What is sent is well formed, whatever names were seen on the wire."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from kwel.alerts.kinds import sentence
from kwel.alerts.ledger import Waiting
from kwel.alerts.messages import BOM, LARGEST, json_line, local, syslog
from kwel.alerts.settings import Identity, Syslog
from kwel.model.alerts import Alert
from kwel.model.findings import Severity

HOSTILE = 'a"] [x@1 y="1"]\n<0>1 \\\x00\x1b[2J\u202egpj.exe\ud800é'
MESSAGE = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (?P<host>[!-~]{1,255}) kwel - "
    rb"(?P<id>[!-~]{1,32}) (?P<data>(\[[!-~]+?( [!-<>-~]+?=\"([^\"\\\]]|\\[\"\\\]])*\")*\])+) "
    + BOM
    + rb"(?P<text>.*)",
    re.S,
)
"""RFC 5424 section 6, as far as we use it."""
OUTPUT = Syslog("syslog 1", Severity.INFO, "udp", "192.0.2.1", 514, 16, 32473, Identity())


def made(text: str = "plc-1", **more: object) -> Waiting:
    fields: dict[str, object] = {
        "id": "A0123456789", "kind": "new-operator", "severity": Severity.MEDIUM, "time": 1_772_442_847_120_331_000,
        "sensor": "box", "source": "span0", "window": 7, "asset": text, "asset_label": text, "operator": text,
        "host": text, "evidence": ("span0.pcapng#7",), "because": (text,), "values": {"host": text},
    }  # fmt: skip
    return Waiting(1, Alert(**{**fields, **more}), 1, 1_772_442_847_120_331_000)  # type: ignore[arg-type]


def test_a_message_as_the_rfc_has_it() -> None:
    assert syslog(made(), OUTPUT, "en", "1.0") == (
        b"<132>1 2026-03-02T09:14:07.120331Z box kwel - new-operator "
        b'[origin software="kwel" swVersion="1.0"][kwel@32473 id="A0123456789" kind="new-operator" severity="medium" '
        b'telling="1" source="span0" window="7" asset="plc-1" label="plc-1" operator="plc-1" host="plc-1" '
        b'evidence="span0.pcapng#7"] ' + BOM + b"plc-1 uses plc-1 for the first time: plc-1."
    )


def test_hostile_names_stay_within_their_parameter() -> None:
    whole = MESSAGE.fullmatch(syslog(made(HOSTILE), OUTPUT, "en", "1.0"))

    assert whole
    assert whole["data"].count(b"[") - whole["data"].count(b"\\[") >= 2
    assert b"\n" not in whole[0]
    assert b"\x1b" not in whole[0]
    assert "\u202e".encode() not in whole[0]


@given(st.text(alphabet=st.characters(), max_size=300), st.sampled_from(["nl", "en"]))
def test_whatever_a_name_holds_the_message_is_one(text: str, language: str) -> None:
    message = syslog(made(text, sensor=text, source=text), OUTPUT, language, text)

    assert MESSAGE.fullmatch(message)
    assert len(message) <= LARGEST
    message.decode()
    assert not re.search(rb"[\x00-\x1f\x7f]", message)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_whatever_a_name_holds_a_line_is_one_line(text: str) -> None:
    line = json_line(made(text), "en")

    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line)["asset"] == text
    assert not re.search(rb"[\x00-\x1f\x7f]", local(made(text), OUTPUT, "en"))


def test_what_is_not_known_says_so() -> None:
    assert sentence(made("").alert, "en") == "not known uses not known for the first time: not known."
    assert sentence(made("").alert, "nl").startswith("onbekend gebruikt")


def test_the_gravest_are_critical() -> None:
    assert syslog(made(severity=Severity.HIGH), OUTPUT, "en", "1").startswith(b"<130>1 ")
    assert local(made(severity=Severity.HIGH), OUTPUT, "en").startswith(b"<130>")
