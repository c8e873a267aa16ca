from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.evidence import second_opinion
from kwel.evidence.second_opinion import Heard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Cli

MISHEARD = Heard((("10.20.3.32", 1), ("2001:db8::7", 443)), "server-name", "evil\x1b[2J.example", 7)


def test_without_tshark_one_line_says_what_to_install(cli: Cli, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    status, out, err = cli("verify", str(samples / "blocked_attempts.pcap"))

    assert (status, out) == (3, "")
    assert err == (
        "kwel: blocked_attempts.pcap: tshark is not installed: install the package tshark, then run this again\n"
    )


def test_what_only_wireshark_reads_is_shown_with_its_frame_and_the_status_is_one(
    cli: Cli, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "heard_by_wireshark", lambda path: {MISHEARD})
    status, out, err = cli("verify", str(samples / "blocked_attempts.pcap"))

    assert (status, err) == (1, "")
    assert out == (
        "only Wireshark  blocked_attempts.pcap#7  server-name evil\\x1b[2J.example"
        "  10.20.3.32:1 - [2001:db8::7]:443\n"
        "kwel and Wireshark agree on 0 of 1 server names\n"
    )


def test_what_is_no_file_cannot_be_compared(cli: Cli, tmp_path: Path) -> None:
    status, out, err = cli("verify", str(tmp_path / "absent.pcap"))

    assert status == 3
    assert out == "kwel and Wireshark agree on 0 of 0 server names\n"
    assert "absent.pcap: not compared" in err
