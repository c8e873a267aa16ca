"""What a driver tells of its card, in the words of ethtool 6.1; and what it is asked to do."""

from __future__ import annotations

import pytest

from kwel.sensor.lockdown import card, programs

QUIET = "Pause parameters for span0:\nAutonegotiate:\toff\nRX:\t\ton\nTX:\t\toff\n\n"
PAUSES = QUIET.replace("TX:\t\toff", "TX:\t\ton")
AGENT_IN_I40E = (
    "Private flags for span0:\nMFP                  : off\ndisable-fw-lldp      : off\nvf-vlan-pruning  : off\n"
)
AGENT_IN_ICE = "Private flags for span0:\nlink-down-on-close: off\nfw-lldp-agent     : on\nlegacy-rx         : off\n"


class Driver:
    """Answers for ethtool; keeps what it was asked to do."""

    def __init__(self, pause: str | None, flags: str | None) -> None:
        self.answers = {"--show-pause": pause, "--show-priv-flags": flags}
        self.told: list[tuple[str, ...]] = []

    def __call__(self, program: str, *arguments: str, given: str | None = None) -> str:
        assert (program, given) == ("ethtool", None)
        if arguments[0] in self.answers:
            answer = self.answers[arguments[0]]
            if answer is None:
                raise programs.ProgramError("ethtool: netlink error: Operation not supported")
            return answer
        self.told.append(arguments)
        raise programs.ProgramError("ethtool: netlink error: Operation not supported")


@pytest.mark.parametrize(
    ("pause", "flags", "pauses", "agent"),
    [
        (None, None, (None, "the driver does not say"), (None, "the driver does not say")),
        (QUIET, AGENT_IN_I40E, (True, "off"), (False, "disable-fw-lldp off")),
        (
            PAUSES,
            AGENT_IN_I40E.replace("lldp      : off", "lldp      : on"),
            (False, "on"),
            (True, "disable-fw-lldp on"),
        ),
        (QUIET, AGENT_IN_ICE, (True, "off"), (False, "fw-lldp-agent on")),
        ("nonsense", "nonsense", (None, "the driver does not say"), (None, "the driver does not say")),
    ],
)
def test_what_the_driver_says_is_told(
    pause: str | None,
    flags: str | None,
    pauses: tuple[bool | None, str],
    agent: tuple[bool | None, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "ask", Driver(pause, flags))

    assert [(check.holds, check.value) for check in card.look("span0")] == [pauses, agent]


def test_a_card_is_asked_to_be_silent_and_to_leave_frames_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(PAUSES, AGENT_IN_ICE)
    monkeypatch.setattr(programs, "ask", driver)
    card.silence("span0")

    assert driver.told == [
        ("--offload", "span0", "gro", "off"),
        ("--offload", "span0", "lro", "off"),
        ("--pause", "span0", "autoneg", "off", "tx", "off"),
        ("--set-priv-flags", "span0", "fw-lldp-agent", "off"),
    ]
