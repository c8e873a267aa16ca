"""What the one who holds the lock wrote is what a window gets, whatever a power cut left behind, and once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from kwel.model.window import Check, ClockStep, Losses, Proof, Window
from kwel.sensor import proofs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from kwel.model.traffic import Traffic

GOOD, BAD = Check("no-address", True), Check("no-address", False, "10.1.2.3")


MINUTE = 60 * 10**9


def of(since: int, sent: int | None = 0, stopped: int | None = 0, check: Check = GOOD, interface: str = "a") -> Proof:
    return Proof(interface, since, since + 10, sent, stopped, (check,))


def window(opened: int, closed: int, *interfaces: str) -> Window:
    losses = tuple(Losses(name, 0, 0, 0) for name in interfaces or ("a",))
    return Window("s", "a", 1, opened, closed, closed - opened, cast("Traffic", None), losses)


def test_the_proof_of_a_span_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    for proof in (of(0, 9), of(10), of(20, 1, 2, BAD), of(30, 0, 1), of(40, 8)):
        proofs.append(tmp_path, proof)

    assert proofs.between(tmp_path, "a", 12, 40) == Proof("a", 10, 40, 1, 3, (BAD,))
    assert proofs.between(tmp_path, "a", 50, 60) is None
    assert proofs.between(tmp_path / "none", "a", 0, 60) is None


def test_each_frame_that_was_sent_is_in_one_window(tmp_path: Path) -> None:
    for since in range(0, 100, 10):
        proofs.append(tmp_path, of(since, 1))
    windows = [window(3, 35), window(36, 52), window(75, 100)]

    found = [
        proofs.of_window(tmp_path, one, before.closed if before else None)
        for before, one in zip([None, *windows], windows, strict=False)
    ]
    assert [[(proof.since, proof.until, proof.sent) for proof in spells] for spells in found] == [
        [(0, 30, 3)],
        [(30, 50, 2)],
        [(50, 100, 5)],
    ]


def test_a_night_in_which_the_sensor_was_off_is_proved_by_nobody(tmp_path: Path) -> None:
    night = 12 * 3600 * 10**9
    for proof in (of(0, 1), of(night)):
        proofs.append(tmp_path, proof)

    found = proofs.of_window(tmp_path, window(night, night + 10), before=5)
    assert [(proof.since, proof.sent) for proof in found] == [(0, 1), (night, 0)]


def test_a_clock_that_is_set_back_puts_no_line_into_two_windows_and_none_out_of_all(tmp_path: Path) -> None:
    """From 120 to 60 minutes, three minutes into a window that ends at once; a line every minute, each with a frame."""

    def line(minute: int, since: int | None = None) -> Proof:
        return Proof("a", (minute - 1 if since is None else since) * MINUTE, minute * MINUTE, 1, 0, (GOOD,))

    def span(opened: int, closed: int, steps: tuple[ClockStep, ...] = ()) -> Window:
        return replace(window(opened * MINUTE, closed * MINUTE), clock_steps=steps)

    for minute in range(50, 121):
        proofs.append(tmp_path, line(minute))
    before = span(112, 117)
    step = span(117, 60, (ClockStep(60 * MINUTE, -60 * MINUTE),))
    after = [span(60, 65), span(65, 70), span(112, 117)]
    assert sum(one.sent or 0 for one in proofs.of_window(tmp_path, before)) == 5

    proofs.append(tmp_path, line(61, 120))
    for minute in range(62, 118):
        proofs.append(tmp_path, line(minute))
    found = [proofs.of_window(tmp_path, one) for one in (step, *after)]
    assert [sum(one.sent or 0 for one in spells) for spells in found] == [3, 5, 5, 5]


def test_what_of_a_window_came_after_the_clock_was_set_back_is_in_it(tmp_path: Path) -> None:
    for since in (100, 110, 120, 30, 40, 50, 60):  # the scribes were busy: it went on for a while
        proofs.append(tmp_path, of(since, 1))

    found = proofs.of_window(tmp_path, replace(window(110, 60), clock_steps=(ClockStep(35, -95),)))
    assert [(proof.since, proof.until, proof.sent) for proof in found] == [(30, 130, 5)]


def test_what_was_not_counted_is_not_nought(tmp_path: Path) -> None:
    proofs.append(tmp_path, of(0, None, None))

    found = proofs.between(tmp_path, "a", 0, 10)
    assert found
    assert found.sent is None
    assert found.stopped is None


def test_a_damaged_line_is_passed_over_and_spoils_no_other(tmp_path: Path) -> None:
    proofs.append(tmp_path, of(0, 1))
    with open(tmp_path / "a.jsonl", "a") as file:
        file.write('[10, 20, 0\n[]\n"x"\n["a", 0')  # the last one half written
    proofs.append(tmp_path, of(20, 1))

    assert proofs.between(tmp_path, "a", 0, 99) == Proof("a", 0, 30, 2, 0, (GOOD,))


def test_a_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "LARGEST", 2048)
    for since in range(0, 1000, 10):
        proofs.append(tmp_path, of(since))

    assert (tmp_path / "a.jsonl").stat().st_size <= 2048 + 100
    found = proofs.between(tmp_path, "a", 0, 1000)
    assert found
    assert found.until == 1000


def test_what_is_old_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "KEPT", 100)
    monkeypatch.setattr(proofs, "RECENT", 3)
    for since in range(0, 1000, 10):
        proofs.append(tmp_path, of(since))
    assert len((tmp_path / "a.jsonl").read_bytes().splitlines()) <= 21

    proofs.append(tmp_path, of(10**9))  # the clock was set forward
    assert len((tmp_path / "a.jsonl").read_bytes().splitlines()) == 3


def test_a_window_costs_its_own_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for since in range(0, 20_000, 10):
        proofs.append(tmp_path, of(since))
    read: list[bytes] = []
    whole = proofs._read

    def counted(line: bytes) -> Proof | None:
        read.append(line)
        return whole(line)

    monkeypatch.setattr(proofs, "_read", counted)

    found = proofs.between(tmp_path, "a", 19_900, 20_000)
    assert found
    assert found.since == 19_900
    assert len(read) <= 12 + proofs.STRAY


def test_a_line_that_a_clock_put_out_of_order_hides_none(tmp_path: Path) -> None:
    for since in (100, 110, 20, 120):
        proofs.append(tmp_path, of(since, 1))

    found = proofs.between(tmp_path, "a", 100, 130)
    assert found
    assert found.sent == 3


def test_each_interface_has_its_own(tmp_path: Path) -> None:
    for proof in (of(0, 3, interface="a"), of(0, 5, interface="b")):
        proofs.append(tmp_path, proof)

    found = [proofs.between(tmp_path, name, 0, 10) for name in ("a", "b", "c")]
    assert [one and one.sent for one in found] == [3, 5, None]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
    assert [proof.sent for proof in proofs.of_window(tmp_path, window(0, 10, "a", "b"))] == [3, 5]
