"""Whatever happens, in whatever order: what holds is told in time, nothing too often, and nothing twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.alerts import Settings
from kwel.alerts.kinds import Sort, kinds
from kwel.alerts.ledger import Entry, Ledger
from kwel.alerts.settings import Lines
from kwel.alerts.tellings import HOUR, MANY, Tellings, alert_id
from kwel.model.alerts import Alert
from kwel.model.findings import Severity

About = tuple[str, str]
MINUTE = HOUR // 60
PER_HOUR = 2
PATIENCE = 3 * HOUR
"""One in which something that comes and goes is told no more, one until what was held back is summed up, and slack."""
SETTINGS = Settings(per_hour=PER_HOUR, outputs=(Lines("file 1", Severity.INFO, "/nowhere", 1, 0),))
ABOUT = [("drops", "span0"), ("drops", "span1"), ("interface-down", "span0"), ("one-way", "span1"), ("sent", "span0"),
         ("window-lost", "span0"), ("clock-step", "span0"), ("new-operator", "plc-1"), ("new-operator", "plc-2"),
         ("new-unknown", "plc-3"), ("breach", "plc-1"), ("expired", "plc-2")]  # fmt: skip
FEW = st.lists(st.sampled_from(ABOUT), min_size=1, max_size=5, unique=True)
WAITS = (MINUTE, 20 * MINUTE, HOUR, 25 * HOUR)
OFTEN = ("note", "note", "note", "over", "over", "acknowledge", "acknowledge", "wait", "wait", "restart")
STEPS = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(0, 59)), min_size=20, max_size=40)


def sort_of(about: About) -> Sort:
    return kinds()[about[0]].sort


class Box:
    """Tellings as the keeper uses them: what goes on is noted in each round, and each round ends with a tick."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.awake = folder, 1000 * HOUR, 0
        self.goes_on: set[About] = set()
        self.began: dict[About, int] = {}
        """When what nobody acknowledged went on, happened or was new."""
        self.untold: dict[About, int] = {}
        """Since when what nobody acknowledged is not told, by the time that the keeper was at work."""
        self.acknowledged: dict[About, int] = {}
        self.acknowledgements: list[tuple[str, int]] = []
        self.open()

    def restart(self, _: object) -> None:
        self.ledger.close()
        self.open()

    def open(self) -> None:
        self.ledger = Ledger(self.folder, mend=True)
        self.ledger.db.execute("PRAGMA synchronous = OFF")
        self.tellings = Tellings(self.ledger, SETTINGS, "box")

    def note(self, about: About) -> None:
        kind = kinds()[about[0]]
        is_new = kind.sort is Sort.STATE and about not in self.goes_on
        if kind.sort is Sort.STATE:
            self.goes_on.add(about)
        self.tellings.note(Alert(alert_id(about), kind.id, kind.severity, self.now, "box", about[1]), self.now)
        entry = self.entry(about)
        assert entry
        if is_new or (kind.sort is Sort.EVENT and about in self.acknowledged):
            self.acknowledged.pop(about, None)
            self.began[about] = self.now
        self.began.setdefault(about, self.now)
        assert (entry.acked is None) == (about not in self.acknowledged)

    def over(self, about: About) -> None:
        self.goes_on.discard(about)
        self.tellings.over(*about, self.now)

    def acknowledge(self, about: About) -> None:
        if self.ledger.acknowledge(alert_id(about), "anna", self.now, ""):
            self.acknowledged[about] = self.now
            self.acknowledgements.append((alert_id(about), self.now))

    def wait(self, time: int) -> None:
        """Let time pass: up to an hour with rounds in it, longer as if the machine had been off."""
        for _ in range(3 if time == HOUR else 1):
            step = time // 3 if time == HOUR else time
            self.now, self.awake = self.now + step, self.awake + min(step, HOUR)
            self.round()

    def round(self) -> None:
        with self.ledger.change():
            self.tellings.now = self.now
            for about in sorted(self.goes_on):
                self.note(about)
            self.tellings.remind()
            self.tellings.sum_up()

    def do(self, step: str, what: object) -> None:
        self.now += 1
        if step in ("note", "over"):
            with self.ledger.change():
                self.tellings.now = self.now
                getattr(self, step)(what)
        else:
            getattr(self, step)(what)

    def entry(self, about: About) -> Entry | None:
        return self.ledger.find(alert_id(about))

    def check_what_is_owed(self) -> None:
        """Nothing that goes on, happened or is new, and that nobody acknowledged, stays untold for long.

        Nor does what was over before it was ever told.
        """
        for about, began in self.began.items():
            entry = self.entry(about)
            assert entry
            lasts = about in self.goes_on or sort_of(about) is not Sort.STATE or entry.told is None
            is_open = entry.acked is None and lasts
            if is_open and (entry.told is None or entry.told < began):
                assert self.awake - self.untold.setdefault(about, self.awake) <= PATIENCE
            else:
                self.untold.pop(about, None)

    def check_what_was_told(self) -> None:
        told = [(of.told, of.alert) for of in self.ledger.waiting("file 1", 10_000)]
        assert len({(at, alert.id) for at, alert in told}) == len(told), "twice at once"
        for is_news in (True, False):
            times = [at for at, of in told if of.kind != MANY and (kinds()[of.kind].sort is Sort.NEWS) is is_news]
            assert all(later - first >= HOUR for first, later in zip(times, times[PER_HOUR:], strict=False))
        sums = [at for at, of in told if of.kind == MANY]
        assert all(later - first >= HOUR for first, later in pairwise(sums))
        for about in self.began:
            self._check_one(about, told)

    def _check_one(self, about: About, told: list[tuple[int, Alert]]) -> None:
        id, pause = alert_id(about), HOUR if sort_of(about) is Sort.STATE else 24 * HOUR
        times = [at for at, of in told if of.id == id]
        for first, later in pairwise(times):
            assert later - first >= pause or any(first <= at <= later for of, at in self.acknowledgements if of == id)
        if since := self.acknowledged.get(about):
            assert not [at for at in times if at > since], "somebody knows it"
        entry = self.entry(about)
        if entry and entry.tellings:
            assert [of for at, of in told if at == entry.told and of.id in (id, alert_id([MANY]))]


@settings(max_examples=30, deadline=None)
@given(FEW, STEPS)
def test_what_holds_is_told_in_time_and_nothing_too_often_or_twice(
    few: list[About], steps: list[tuple[str, int]]
) -> None:
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        for about in few:
            box.do("note", about)
        for step, number in steps:
            box.do(step, WAITS[number % len(WAITS)] if step == "wait" else few[number % len(few)])
            box.check_what_is_owed()
        for about in ABOUT:  # more than are told one by one
            box.do("note", about)
        box.wait(20 * MINUTE)
        for about in [about for about in ABOUT if sort_of(about) is Sort.STATE]:
            box.do("over", about)
            if about[1] == "span0":
                box.do("note", about)
        for _ in range(5):
            box.wait(HOUR)
            box.check_what_is_owed()
        for about in ABOUT:
            box.do("acknowledge", about)
        box.wait(25 * HOUR)
        box.check_what_was_told()
        box.ledger.close()
