"""What the one who holds the lock wrote is what a window gets, whatever a power cut left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.window import Check, Proof
from kwel.sensor import proofs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GOOD, BAD = Check("no-address", True), Check("no-address", False, "10.1.2.3")


def of(since: int, sent: int | None = 0, stopped: int | None = 0, check: Check = GOOD, interface: str = "a") -> Proof:
    return Proof(interface, since, since + 10, sent, stopped, (check,))


def test_the_proof_of_a_window_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    for proof in (of(0, 9), of(10), of(20, 1, 2, BAD), of(30, 0, 1), of(40, 8)):
        proofs.append(tmp_path / "p", proof)

    assert proofs.between(tmp_path / "p", "a", 12, 40) == Proof("a", 10, 40, 1, 3, (BAD,))
    assert proofs.between(tmp_path / "p", "a", 50, 60) is None
    assert proofs.between(tmp_path / "none", "a", 0, 60) is None


def test_what_was_not_counted_is_not_nought(tmp_path: Path) -> None:
    proofs.append(tmp_path / "p", of(0, None, None))

    found = proofs.between(tmp_path / "p", "a", 0, 10)
    assert found
    assert found.sent is None
    assert found.stopped is None


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    proofs.append(tmp_path / "p", of(0, 1))
    with open(tmp_path / "p", "a") as file:
        file.write('[10, 20, 0\n[]\n"x"\n')
    proofs.append(tmp_path / "p", of(20, 1))

    assert proofs.between(tmp_path / "p", "a", 0, 99) == Proof("a", 0, 30, 2, 0, (GOOD,))


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "MOST", 2)
    for since in range(0, 1000, 10):
        proofs.append(tmp_path / "p", of(since))

    assert (tmp_path / "p").stat().st_size <= 2 * 1024
    found = proofs.between(tmp_path / "p", "a", 0, 1000)
    assert found
    assert found.until == 1000


def test_each_interface_has_its_own(tmp_path: Path) -> None:
    for proof in (of(0, 3, interface="a"), of(0, 5, interface="b")):
        proofs.append(tmp_path / "p", proof)

    found = [proofs.between(tmp_path / "p", name, 0, 10) for name in ("a", "b", "c")]
    assert [one and one.sent for one in found] == [3, 5, None]
