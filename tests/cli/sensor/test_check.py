"""``kwel sensor check`` says in sentences what was found, and in its exit status what that means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kwel.cli.app import run
from kwel.model.window import MAY_BE_UNKNOWN
from kwel.report import catalogue
from kwel.sensor import lockdown
from kwel.sensor.lockdown import checks, programs
from tests.sensor.lockdown.wires import HELD, SENSOR, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.window import Check

QUICK = ("--during", "0.1")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = run(["sensor", "check", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_an_open_interface_is_not_proved(capsys: pytest.CaptureFixture[str], require_ip: None) -> None:
    status, out, err = said(capsys, "lo", "--during", "0")

    assert (status, err) == (1, "")
    assert "  NO  The interface has an address and can answer [127.0.0.1/8" in out
    assert "NOT proved\n--lock would refuse it: lo carries no Ethernet (loopback); choose the card" in out


def test_an_absent_interface_cannot_be_looked_at(capsys: pytest.CaptureFixture[str], require_ip: None) -> None:
    status, out, err = said(capsys, "nope0")

    assert (status, out) == (3, "")
    assert err.startswith("kwel: there is no interface nope0 here; there are: ")


def test_without_goes_with_lock(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = said(capsys, "lo", "--without", "egress-filter")

    assert status == 2
    assert "--without goes with --lock" in err


def test_locking_is_proved_and_looking_later_finds_it(
    wire: Wire,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with lockdown.inside(wire.sensor):
        status, out, err = said(capsys, SENSOR, "--lock", "--namespace", wire.own, *QUICK)
    assert (status, err) == (0, "")
    assert "frames sent: 0 before, 0 after; stopped by the filter meanwhile: 0" in out
    assert out.endswith("proved: it cannot send, and sent nothing\n")

    status, out, err = said(capsys, SENSOR, "--namespace", wire.own, "--json", *QUICK)
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["interface"], told["namespace"], told["proved"], told["sent"]) == (SENSOR, wire.own, True, 0)
    tested = next(check for check in told["checks"] if check["key"] == "self-test-refused")
    assert tested["holds"] is True
    assert tested["says"] == "A test frame was refused by the filter"


def test_an_interface_with_an_address_is_refused(
    wire: Wire,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wire.address(f"{HELD}/24")
    with lockdown.inside(wire.sensor):
        status, out, err = said(capsys, SENSOR, "--lock")

    assert (status, out) == (1, "")
    assert err.startswith(f"kwel: {SENSOR} has the address {HELD}/24, so it could answer")


def test_where_a_person_may_not_look_it_is_neither_proved_nor_disproved(
    wire: Wire,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with lockdown.inside(wire.sensor):
        lockdown.lock(SENSOR)
        ask = programs.ask

        def refusing(program: str, *arguments: str, given: str | None = None) -> str:
            if program == "nft":
                raise lockdown.NotPermittedError("nft list: not permitted; run it as root")
            return ask(program, *arguments, given=given)

        monkeypatch.setattr(programs, "ask", refusing)
        status, out, _ = said(capsys, SENSOR, *QUICK)

    assert status == 3
    assert "   ?  Whether there is an egress filter could not be seen: that needs rights" in out


@pytest.fixture
def require_ip(require_tool: object) -> None:
    """Skip where iproute2 is absent."""
    assert callable(require_tool)
    require_tool("ip")


def keys_of(found: Sequence[Check]) -> set[str]:
    return {check.key for check in found}


def test_every_check_has_its_sentences(require_ip: None) -> None:
    say = catalogue.load()
    known = {key.split(".")[1] for key in say.sentences if key.startswith("passive.")}

    assert keys_of(checks.look("lo")) <= known
    assert {"sealed", "seal-test-refused", "nothing-sent", "self-test-refused", "interface-is-here"} <= known
    assert known >= MAY_BE_UNKNOWN
    assert all(f"passive.{key}.{answer}" in say for key in known for answer in ("yes", "no", "unknown"))
