"""A report says of a sensor what its store answers for: heard, lost, missing, proved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kwel.analysis.stages import analyse
from kwel.model.window import Account, Check, Losses, Partly, Proof
from kwel.report import render
from kwel.report.catalogue import load
from kwel.report.sensor import chapter
from kwel.sensor.accounts import told
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import Lost, Store, spool
from tests.sensor.sources import FileSource
from tests.store.windows import BEGIN, LENGTH

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600 * 10**9
PROOF = Proof("span0", 10, 20, 0, 2, (Check("no-address", True), Check("ipv6-off", False, "on"), Check("x", None)))


def stored(samples: Path, folder: Path) -> Store:
    for number in (1, 2, 4):  # the third came to nothing
        watching = Watching("north", "span0", folder / "spool", state=folder)
        (folder / ".span0.next").write_text(str(number - 1))
        Watcher(watching).watch(FileSource(samples / "mixed_plant.pcapng"), lambda: False)
    store = Store(folder / "store", write=True)
    for path in spool.waiting(folder / "spool"):
        window = replace(spool.read_window(path), proofs=(PROOF,), losses=(Losses("span0", 565, 7, None),))
        opened = BEGIN + window.sequence * LENGTH
        store.add(replace(window, opened=opened, closed=opened + LENGTH), {})
    store.lose(Lost("north", "span0", 5, 30, 40, 99, "disk-full"))
    return store


def test_everything_is_in_the_report(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with stored(samples, tmp_path) as store:
        account = told(store.account())

    assert account
    assert (account.windows, account.packets) == (3, 3 * 565)
    assert account.losses == (Losses("span0", 3 * 565, 21, None),)
    assert [(gap.first, gap.last, gap.why) for gap in account.gaps] == [(3, 3, "missing"), (5, 5, "disk-full")]
    partly = (Partly("span0", 0, 40, is_taken=True), Partly("span1", 0, 40, is_taken=False))
    account = replace(account, partly=partly)
    report = replace(analyse(str(samples / "ot_clean.pcap")).report, sensor=account)
    page = render(report, "en")
    assert "The sensor" in page
    assert "2 windows are missing." in page
    assert "IPv6 is on on the interface" in page
    assert "the disk was full" in page
    assert "also what lies before the time that was asked for" in page
    assert "none of it is in this report" in page


def test_a_store_without_anything_answers_for_nothing(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        assert told(store.account()) is None


def test_nothing_is_said_of_time_in_which_nobody_watched(samples: Path) -> None:
    report = analyse(str(samples / "ot_clean.pcap")).report
    say = load()

    def sentence(*watched: tuple[int, int], closed: int = 24) -> str:
        checks = (PROOF.checks[0], Check("self-test-refused", True))
        proofs = tuple(Proof("span0", since * HOUR, until * HOUR, 0, 0, checks) for since, until in watched)
        whole = Account(("north",), 0, closed * HOUR, 288, 0, 1, (), proofs)
        made = chapter(replace(report, sensor=whole), say)
        assert made
        return str(made.proofs[0].sentence.en)

    assert sentence((0, 24)).startswith("sent nothing: ")
    assert "while it was watched, 9 hours of 1 day: " in sentence((0, 1), (16, 24))
    assert sentence((0, 1), (16, 24)).count("UTC") == 2
    assert "1 hour of 1 day" in sentence((0, 1))
    assert "and 2 more times" in sentence(*((n, n + 1) for n in range(0, 16, 2)))
