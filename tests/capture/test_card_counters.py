"""What the card lost: from files laid out as the system does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kwel.capture.card_counters import LOST, OVERRUN, CardCounters, risen

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "02:00:00:00:00:01"
HEAD = "Inter-|   Receive |\n face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"


def laid_out(folder: Path, **counts: int) -> None:
    """Write the files of an interface."""
    place = folder / "eth7"
    (place / "statistics").mkdir(parents=True, exist_ok=True)
    (place / "ifindex").write_text("7\n")
    (place / "address").write_text(ADDRESS + "\n")
    for name in (*LOST, *OVERRUN):
        (place / "statistics" / name).write_text(f"{counts.get(name, 0)}\n")


def test_what_rose_since_last_asked_is_told_once(tmp_path: Path) -> None:
    laid_out(tmp_path, rx_dropped=5)
    counters = CardCounters("eth7", 7, ADDRESS, str(tmp_path), str(tmp_path / "none"))
    assert counters.missed() == 0
    laid_out(tmp_path, rx_dropped=8, rx_missed_errors=2, rx_fifo_errors=4, rx_over_errors=3)
    assert counters.missed() == 3 + 2 + 4
    assert counters.missed() == 0
    assert len(counters.files()) == 5
    counters.close()
    assert counters.missed() is None


def test_the_files_of_another_interface_of_that_name_are_not_read(tmp_path: Path) -> None:
    laid_out(tmp_path, rx_dropped=5)
    table = tmp_path / "dev"
    row = "  eth7: 1000 10 {} {} {} 9 0 0 1 1 0 0 0 0 0 0\n"
    table.write_text(HEAD + row.replace("eth7", "eth77").format(9, 9, 9) + row.format(1, 2, 3))
    for index, address in ((8, ADDRESS), (7, "02:00:00:00:00:02")):
        counters = CardCounters("eth7", index, address, str(tmp_path), str(table))
        table.write_text(HEAD + row.format(2, 4, 6))
        assert counters.missed() == 1 + 2 + 3
        table.write_text(HEAD + row.format(1, 2, 3))
        counters.close()


def test_where_nothing_tells_nothing_is_claimed(tmp_path: Path) -> None:
    counters = CardCounters("eth7", 7, ADDRESS, str(tmp_path), str(tmp_path / "none"))
    assert counters.missed() is None
    assert counters.files() == ()
    counters.close()


def test_an_interface_that_left_the_table_is_unknown(tmp_path: Path) -> None:
    table = tmp_path / "dev"
    table.write_text(HEAD + "  eth7: 1000 10 1 2 3 9 0 0 1\n")
    counters = CardCounters("eth7", 7, ADDRESS, str(tmp_path), str(table))
    table.write_text(HEAD)
    assert counters.missed() is None
    counters.close()


def test_a_table_of_many_interfaces_is_read_to_its_end() -> None:
    counters = CardCounters("lo", -1, "")
    assert counters.missed() == 0
    counters.close()


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 30))
def test_a_counter_that_goes_on_or_begins_anew_at_its_end(before: int, more: int) -> None:
    assert risen(before, before + more) == more
    if before < 1 << 32:
        assert risen(before, (before + more) % (1 << 32)) == more


def test_a_counter_that_was_reset_tells_what_it_has() -> None:
    assert risen(1 << 40, 7) == 7
    assert risen(1000, 7) == 7
