"""Whatever programs of the system print, only a PassiveError comes of it, and damage is never taken for a wall."""

from __future__ import annotations

import builtins
import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.sensor.lockdown import checks, interface, namespaces, programs, status, walls
from kwel.sensor.lockdown.errors import PassiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

LINK = {
    "ifindex": 7, "ifname": "span0", "flags": ["NOARP", "PROMISC", "UP"], "link_type": "ether",
    "linkinfo": {"info_kind": "veth"},
    "addr_info": [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "scope": "global"}],
}  # fmt: skip
UPON = {"ifindex": 8, "ifname": "span0.5", "link": "span0", "flags": [], "link_type": "ether", "addr_info": []}
TABLE = {"family": "netdev", "table": "kwel-span0"}
NFT = {
    "nftables": [
        {"metainfo": {"json_schema_version": 1}},
        {"counter": {"name": "tests", "packets": 1, **TABLE}},
        {"counter": {"name": "stopped", "packets": 0, **TABLE}},
        {"rule": {"chain": "out", "expr": [{"counter": "stopped"}, {"drop": None}], **TABLE}},
        {"rule": {"chain": "in", "expr": [{"drop": None}], **TABLE}},
    ]
}
LISTED = "table netdev kwel-span0 {\n" + "".join(
    f'\tchain {chain} {{\n\t\ttype filter hook {hook} device "span0" priority -1000; policy drop;\n\t\tdrop\n\t}}\n'
    for chain, hook in (("out", "egress"), ("in", "ingress"))
)
QUEUE = [{"kind": "pfifo", "root": True, "options": {"limit": 0}}]
ROUTES = [{"dst": "default", "gateway": "192.0.2.254"}]
ANSWERS = {
    "ip -json -details address show": json.dumps([LINK, UPON]),
    "ip -json link show": json.dumps([LINK, UPON]),
    "ip -json -4 route show table all dev span0": json.dumps(ROUTES),
    "ip -json -6 route show table all dev span0": "[ ]",
    "nft list table netdev kwel-span0": LISTED,
    "nft --json list table netdev kwel-span0": json.dumps(NFT),
    "tc -json qdisc show dev span0": json.dumps(QUEUE),
    "ethtool --show-pause span0": "Pause parameters for span0:\nTX:\t\ton\n",
    "ethtool --show-priv-flags span0": "Private flags for span0:\nfw-lldp-agent     : on\n",
}
OPEN = ("no-address", "no-route", "nothing-joined", "no-pause-frames", "no-lldp-agent")
"""What does not hold by the answers above."""
SEALED = {
    "PPid": "1", "CapInh": "0", "CapPrm": "0", "CapEff": "0", "CapAmb": "0", "NoNewPrivs": "1", "Seccomp": "2",
    "Seccomp_filters": "2",
}  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("ifname", "rule", "kind")), inner),
    max_leaves=4,
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where something stands in an answer."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*here, key)
        yield from places(one, (*here, key))


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """Return an answer with something else at a place."""
    if not place:
        return new
    made = dict(value) if isinstance(value, dict) else list(value)
    made[place[0]] = put(made[place[0]], place[1:], new)
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    said = dict(ANSWERS)
    monkeypatch.setattr(programs, "ask", lambda *command, given=None: said.get(" ".join(command), ""))
    monkeypatch.setattr(programs, "read_word", lambda _: None)
    monkeypatch.setattr(namespaces, "name_of_this", lambda: "kwel")
    return said


def test_the_answers_are_read_as_they_are_meant(answers: dict[str, str]) -> None:
    found = {check.key: check.holds for check in checks.look("span0")}

    assert [key for key, holds in found.items() if holds is False] == [
        "no-address", "no-route", "nothing-joined", "own-namespace", "no-pause-frames", "no-lldp-agent",
    ]  # fmt: skip
    assert walls.standing("span0") == (True, True, True, (1, 0))


@QUICK
@given(data=st.data(), new=ANYTHING)
def test_an_answer_of_another_form_is_an_error_of_ours(answers: dict[str, str], data: st.DataObject, new: Any) -> None:
    command = data.draw(st.sampled_from([one for one in ANSWERS if "json" in one]))
    value = json.loads(ANSWERS[command])
    changed = put(value, data.draw(st.sampled_from([(), *places(value)])), new)
    answers.update(ANSWERS | {command: json.dumps(changed)})
    with suppress(PassiveError):
        checks.look("span0")


@QUICK
@given(data=st.data())
def test_an_answer_that_is_cut_or_garbled_proves_nothing(answers: dict[str, str], data: st.DataObject) -> None:
    command = data.draw(st.sampled_from(sorted(ANSWERS)))
    text = ANSWERS[command]
    at = data.draw(st.integers(1, len(text) - 1))
    tail = data.draw(st.sampled_from(("", "\0", "}", '"', "�")))
    answers.update(ANSWERS | {command: text[:at] + tail})
    with suppress(PassiveError):
        assert not [check for check in checks.look("span0") if check.holds and check.key in OPEN]
        if command.startswith(("nft --json", "tc")):
            stand = walls.standing("span0")
            assert not (stand.egress and stand.queue)


@pytest.mark.parametrize(
    ("command", "place", "new", "key"),
    [
        ("ip -json -details address show", (0, "addr_info"), None, "no-address"),
        ("ip -json -details address show", (0, "addr_info", 0), {"family": "inet"}, "no-address"),
        ("nft --json list table netdev kwel-span0", ("nftables", 3, "rule", "expr", 1), "drop", "egress-drop"),
        ("nft --json list table netdev kwel-span0", ("nftables", 3, "rule"), {"expr": [{"accept": None}]}, "host-deaf"),
        ("tc -json qdisc show dev span0", (0, "options", "limit"), False, "queue-closed"),
        ("tc -json qdisc show dev span0", (0, "options"), None, "queue-closed"),
    ],
)
def test_what_is_not_said_as_it_should_be_does_not_hold(
    command: str, place: tuple[Any, ...], new: Any, key: str, answers: dict[str, str]
) -> None:
    answers[command] = json.dumps(put(json.loads(ANSWERS[command]), place, new))
    found = []
    with suppress(PassiveError):
        found = [check.holds for check in checks.look("span0") if check.key == key]
    assert found in ([], [False])


def test_a_counter_that_is_cut_short_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    head, line = "Inter-|\n face |\n", "span0: 1 2 3 4 5 6 7 8 9 1234 11 12 13 14 15 16\n"
    for at in range(len(line)):
        monkeypatch.setattr(builtins, "open", lambda *_, at=at, **__: io.StringIO(head + line[:at]))
        assert interface.sent("span0") in ((None,) if at < len(line) - 2 else (None, 1234))
    for wrong in ("-234", "1_34", "x"):
        monkeypatch.setattr(builtins, "open", lambda *_, bad=wrong, **__: io.StringIO(line.replace("1234", bad)))
        assert interface.sent("span0") is None


def test_a_process_of_which_a_line_is_missing_or_damaged_is_not_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.listdir", lambda _: ["7"])

    def holds(own: dict[str, str]) -> bool | None:
        parent = {**SEALED, "Seccomp_filters": "1"}
        monkeypatch.setattr(status, "_told", lambda folder: parent if folder == "/proc/1" else own)
        return status.sealed(7).holds

    assert holds(SEALED)
    for key in SEALED:
        assert not holds({name: value for name, value in SEALED.items() if name != key}), key
        assert not holds({**SEALED, key: "\ufffd"}), key
