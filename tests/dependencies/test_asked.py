"""Evidence tells when a name was asked for, how long the answer took, and which resolver gave none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.streams.unanswered import PATIENCE
from tests.streams.making import SERVER, Talk, resolver_says, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.claims import Evidence

LATER = PATIENCE // 1000 + 1_000_000


def steps(path: Path, host: str) -> dict[str, Evidence]:
    """Return the evidence of the dependency on a host, by kind."""
    report = analyse([str(path)]).report
    (found,) = [one for one in report.dependencies if one.host == host]
    return {step.kind: step for step in found.evidence}


def test_the_question_stands_before_the_answer_with_both_delays(tmp_path: Path) -> None:
    talk = Talk()
    frames = [*resolver_says("hub.example", SERVER), *talk.handshake()]
    found = steps(write_pcap(tmp_path / "made.pcap", frames, step=2500), "hub.example")

    kinds = list(found)
    assert kinds[kinds.index("dns-question") + 1] == "dns-answer"
    assert str(found["dns-question"].where) == "made.pcap#1"
    assert dict(found["dns-question"].values) == {
        "name": "hub.example",
        "asked": "2023-11-14T22:13:20.000000000Z",
        "wait": "0.002500",
        "began": "0.005000",
    }


def test_a_name_that_was_only_looked_up_has_no_connection_that_began(tmp_path: Path) -> None:
    found = steps(write_pcap(tmp_path / "made.pcap", resolver_says("hub.example", SERVER)), "hub.example")

    values = dict(found["dns-question"].values)
    assert (values["wait"], values["began"]) == ("0.001000", "")


def test_an_answer_without_its_question_has_no_time_of_asking(tmp_path: Path) -> None:
    talk = Talk()
    frames = [resolver_says("hub.example", SERVER)[1], *talk.handshake()]
    found = steps(write_pcap(tmp_path / "made.pcap", frames), "hub.example")

    assert "dns-answer" in found
    assert "dns-question" not in found


@pytest.mark.parametrize(("others", "kind"), [(1, "dns-silent-resolver"), (2, "dns-no-answer")])
def test_a_resolver_that_gives_no_answer_is_told_from_one_that_gives_none_at_all(
    tmp_path: Path, others: int, kind: str
) -> None:
    frames = [resolver_says("lost.example", SERVER)[0], *resolver_says("hub.example", SERVER)[:others]]
    found = steps(write_pcap(tmp_path / "made.pcap", frames, step=LATER), "lost.example")

    assert dict(found[kind].values) == {"name": "lost.example", "resolver": "10.20.0.1"}
    assert str(found[kind].where) == "made.pcap#1"


def test_where_the_capture_ends_nobody_says_that_there_was_no_answer(tmp_path: Path) -> None:
    frames = resolver_says("lost.example", SERVER)[:1]
    found = steps(write_pcap(tmp_path / "made.pcap", frames), "lost.example")

    assert [kind for kind in found if kind.startswith("dns-")] == ["dns-question"]
