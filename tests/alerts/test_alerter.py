"""What is new or amiss is told: once, with its proof, and never as a flood."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from kwel.alerts import Alerter, Settings
from kwel.alerts.kinds import Sort, kinds, sentence
from kwel.alerts.ledger import Entry, Ledger
from kwel.alerts.opening import FILE
from kwel.alerts.settings import Lines
from kwel.model.dependencies import DependencyState
from kwel.model.findings import Severity
from kwel.model.limits import Decision, Judgement
from kwel.model.verdicts import Verdict
from kwel.model.window import ClockStep, Losses, Proof
from tests.alerts.making import DAY, HOUR, MINUTE, START, Contact, quiet, report, window
from tests.alerts.making import FILE as CAPTURE
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.model.alerts import Alert

KNOWN = Contact()
PER_WEEK = 7 * 288
"""Windows of five minutes."""


class Sensor:
    """An alerter, and windows that follow one another."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.sequence = folder, 0
        self.settings = Settings(
            outputs=(Lines("file 1", Severity.INFO, str(folder / "a.jsonl"), 10**6, 2),), **settings
        )
        self.open()

    def open(self) -> None:
        self.alerter = Alerter(
            self.settings, self.folder / "state", sensor="box", background=False, clock=lambda: self.now
        )

    def sees(self, *contacts: Contact, **more: Any) -> list[Alert]:
        """Take in the next window, and return what was told."""
        self.sequence += 1
        before = self.told()
        self.alerter.see(window(self.sequence, **more), report(*contacts))
        assert self.alerter.trouble == ""
        return [of.alert for of in self.entries() if of.told and of.told != before.get(of.alert.id)]

    def learns(self, *contacts: Contact, weeks: int = 1, **more: Any) -> None:
        """Take in windows at the same hour of some weeks: each counts as the whole week."""
        for _ in range(weeks):
            self.sequence += PER_WEEK
            self.alerter.see(window(self.sequence, lasted=7 * DAY, **more), report(*contacts))

    def ticks(self, hours: float) -> list[Alert]:
        """Let time pass, and return what was told."""
        before = self.told()
        self.alerter.tick(self.now + int(hours * HOUR))
        return [of.alert for of in self.entries() if of.told and of.told != before.get(of.alert.id)]

    @property
    def now(self) -> int:
        return START + self.sequence * 5 * MINUTE

    def acknowledges(self, *alerts: Alert) -> None:
        """Have somebody know of what was told."""
        ledger = Ledger(self.folder / "state")
        assert all(ledger.acknowledge(of.id, "anna", self.now, "known") for of in alerts)
        ledger.close()

    def entries(self) -> list[Entry]:
        ledger = Ledger(self.folder / "state")
        found = ledger.entries(all=True)
        ledger.close()
        return found

    def told(self) -> dict[str, int | None]:
        return {of.alert.id: of.told for of in self.entries()}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Sensor]:
    """Return a sensor that knows nothing."""
    sensor = Sensor(tmp_path)
    yield sensor
    sensor.alerter.close()


@pytest.fixture
def sensor(fresh: Sensor) -> Sensor:
    """Return a sensor that has learnt one contact."""
    fresh.learns(KNOWN)
    return fresh


def test_while_it_learns_nothing_new_is_told(fresh: Sensor) -> None:
    assert fresh.sees(KNOWN) == []
    assert fresh.sees(KNOWN, KNOWN._replace(operator="Other", host="x.example")) == []
    assert fresh.alerter.health().learning


def test_what_was_learnt_is_not_told(sensor: Sensor) -> None:
    assert not sensor.alerter.health().learning
    assert sensor.sees(KNOWN) == []


def test_a_new_operator_is_told_once_with_its_proof(sensor: Sensor) -> None:
    other = KNOWN._replace(operator="Other Cloud", host="eu.other.example", frame=41)

    (alert,) = sensor.sees(KNOWN, other)

    assert (alert.kind, alert.severity, alert.operator) == ("new-operator", Severity.MEDIUM, "Other Cloud")
    assert alert.evidence == (f"{CAPTURE}#41",)
    assert (alert.source, alert.window) == ("span0", sensor.sequence)
    assert any("published-range" in step for step in alert.because)
    assert sentence(alert, "en") == "plc-1 uses Other Cloud for the first time: eu.other.example."
    assert sensor.sees(KNOWN, other) == []


def test_a_new_jurisdiction_is_graver_than_the_new_operator_that_it_comes_with(sensor: Sensor) -> None:
    alerts = sensor.sees(KNOWN._replace(operator="Far Cloud", parent="CN", seat="SG", supplier="Maker"))

    assert [(of.kind, of.severity) for of in alerts] == [("new-jurisdiction", Severity.HIGH)]
    assert alerts[0].values["jurisdictions"] == "CN, SG"


def test_inside_the_bloc_it_is_less_grave(sensor: Sensor) -> None:
    (alert,) = sensor.sees(
        KNOWN._replace(operator="Near Host", parent="NL", seat="NL", verdict=Verdict.EU_CONTROLLED, host="near.example")
    )

    assert (alert.kind, alert.severity) == ("new-jurisdiction", Severity.LOW)


def test_unknown_is_never_less_grave(sensor: Sensor) -> None:
    (alert,) = sensor.sees(
        KNOWN._replace(operator=None, parent=None, seat=None, verdict=Verdict.UNKNOWN, host="198.51.100.9")
    )

    assert (alert.kind, alert.severity) == ("new-unknown", Severity.MEDIUM)
    assert "198.51.100.9" in sentence(alert, "nl")


def test_a_new_supplier_at_a_known_operator(sensor: Sensor) -> None:
    (alert,) = sensor.sees(KNOWN._replace(supplier="Pump Maker", host="pump.cloud.example"))

    assert (alert.kind, alert.values["supplier"]) == ("new-supplier", "Pump Maker")


def test_a_new_asset_is_one_alert_whatever_it_talks_to(sensor: Sensor) -> None:
    hosts = [KNOWN._replace(asset="stranger", operator=f"Cloud {n}", host=f"h{n}.example") for n in range(30)]

    (alert,) = sensor.sees(KNOWN, *hosts)

    assert (alert.kind, alert.asset_label) == ("new-asset", "stranger")
    assert alert.values["operators"].endswith("(+24)")
    assert sensor.sees(KNOWN, *hosts) == []


def test_a_session_from_outside_is_told_though_the_operator_is_known(sensor: Sensor) -> None:
    (alert,) = sensor.sees(KNOWN, KNOWN._replace(inbound=True))

    assert (alert.kind, alert.severity, alert.values["port"]) == ("new-inbound", Severity.HIGH, "tcp/443")
    assert alert.evidence[0] == f"{CAPTURE}#9"


def test_an_attempt_is_told_and_the_first_success_too(sensor: Sensor) -> None:
    tried = KNOWN._replace(operator="Far", host="far.example", state=DependencyState.ATTEMPTED)

    assert [of.kind for of in sensor.sees(tried)] == ["new-attempt"]
    assert [of.kind for of in sensor.sees(tried._replace(state=DependencyState.USED))] == ["new-operator"]


def test_what_was_only_looked_up_is_not_told(sensor: Sensor) -> None:
    assert sensor.sees(KNOWN._replace(operator="Far", state=DependencyState.RESOLVED_ONLY)) == []


def test_an_asset_of_an_interface_that_is_still_learning_is_learnt(sensor: Sensor) -> None:
    other = window(1, at=sensor.now)
    sensor.alerter.see(
        other.__class__(**{**{k: getattr(other, k) for k in other.__slots__}, "source": "span1"}),
        report(KNOWN._replace(asset="elsewhere")),
    )

    assert sensor.entries() == []


def test_it_is_told_again_until_somebody_acknowledges_it(sensor: Sensor) -> None:
    (alert,) = sensor.sees(KNOWN._replace(operator="Other Cloud"))

    assert sensor.ticks(23) == []
    assert sensor.ticks(25) == [alert]
    assert sensor.ticks(26) == []
    assert sensor.ticks(25 + 47) == []
    assert sensor.ticks(25 + 49) == [alert]
    sensor.acknowledges(alert)
    assert sensor.ticks(24 * 300) == []


def test_a_flood_is_summed_up(tmp_path: Path) -> None:
    sensor = Sensor(tmp_path, per_hour=5)
    sensor.learns(KNOWN)

    told = sensor.sees(KNOWN, *(KNOWN._replace(operator=f"Cloud {n}", host=f"h{n}.example") for n in range(40)))
    assert len(told) == 5
    (many, *others) = [of for of in sensor.ticks(0.1) if of.kind == "many"] + sensor.ticks(0.2)
    assert others == []
    assert many.values["count"] == "35"
    assert "new-operator 35" in sentence(many, "en")
    sensor.alerter.close()


def test_a_flood_does_not_drown_what_is_amiss_with_the_sensor(tmp_path: Path) -> None:
    sensor = Sensor(tmp_path, per_hour=5)
    sensor.learns(KNOWN)
    sensor.sees(KNOWN, *(KNOWN._replace(operator=f"Cloud {n}", host=f"h{n}.example") for n in range(40)))

    assert [of.kind for of in sensor.sees(KNOWN, proofs=(Proof("span0", 0, 1, 3, 0),))] == ["sent"]
    sensor.alerter.close()


def test_silence_where_there_always_was_something(sensor: Sensor) -> None:
    sensor.learns(KNOWN, weeks=6)  # an hour of the week is known when it was heard six times

    (alert,) = sensor.sees(packets=0, dns=0)
    assert (alert.kind, alert.severity) == ("silence", Severity.HIGH)
    assert sensor.sees(packets=0, dns=0) == []
    (over,) = sensor.sees(KNOWN)
    assert (over.kind, over.values["what"]) == ("over", "silence")


def test_next_to_silence_is_silence(fresh: Sensor) -> None:
    fresh.learns(KNOWN, weeks=6, packets=10**9)

    assert [of.kind for of in fresh.sees(packets=20)] == ["silence"]


def test_a_night_that_is_often_silent_is_not_told(sensor: Sensor) -> None:
    sensor.learns(KNOWN, weeks=3)
    sensor.learns(weeks=3, packets=0, dns=0)

    assert "silence" not in [of.kind for of in sensor.sees(packets=0)]


def test_silence_that_goes_on_does_not_become_usual(sensor: Sensor) -> None:
    sensor.learns(KNOWN, weeks=9)
    sensor.learns(weeks=9, packets=0, dns=0)

    (entry,) = (of for of in sensor.entries() if of.alert.kind == "silence")
    assert entry.standing
    assert 2 <= entry.tellings <= 7, "again and again, ever more seldom"


def test_no_dns_any_more(sensor: Sensor) -> None:
    sensor.learns(KNOWN, weeks=6)

    assert [of.kind for of in sensor.sees(KNOWN, dns=0)] == ["no-dns"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"losses": (Losses("span0", 1000, 10, 0),)}, "drops"),
        ({"losses": (Losses("span0", 1000, 0, 10),)}, "card-drops"),
        ({"proofs": (Proof("span0", 0, 1, 0, 2),)}, "tried-to-send"),
        ({"proofs": (Proof("span0", 0, 1, 2, 0),)}, "sent"),
        ({"clock_steps": (ClockStep(START, -3600 * 10**9),)}, "clock-step"),
    ],
)
def test_what_is_amiss_is_told_while_it_learns_too(fresh: Sensor, more: dict[str, Any], kind: str) -> None:
    assert [of.kind for of in fresh.sees(KNOWN, **more)] == [kind]
    assert fresh.sees(KNOWN, **more) == []


@pytest.mark.parametrize(
    "more",
    [
        {"losses": (Losses("span0", 1_000_000, 10, None),)},
        {"proofs": (Proof("span0", 0, 1, 0, 0), Proof("span1", 0, 1, None, None))},
        {"clock_steps": (ClockStep(START, 5 * 10**8),)},
    ],
)
def test_what_is_in_order_is_not_told(fresh: Sensor, more: dict[str, Any]) -> None:
    assert fresh.sees(KNOWN, **more) == []


@pytest.mark.parametrize(
    "more",
    [
        {"proofs": (Proof("span0", 0, 1, 0, 2),)},
        {"proofs": (Proof("span0", 0, 1, 2, 0),)},
        {"clock_steps": (ClockStep(START, -3600 * 10**9),)},
    ],
)
def test_what_happened_and_was_acknowledged_is_told_when_it_happens_again(fresh: Sensor, more: dict[str, Any]) -> None:
    (alert,) = fresh.sees(KNOWN, **more)
    fresh.acknowledges(alert)

    assert fresh.sees(KNOWN) == []
    (again,) = fresh.sees(KNOWN, **more)
    assert (again.id, again.window) == (alert.id, 3)
    assert fresh.sees(KNOWN, **more) == [], "nobody acknowledged it this time: it waits for its pause"
    (entry,) = fresh.entries()
    assert (entry.acked_by, entry.seen, entry.tellings) == (None, 3, 1)


def test_what_happened_is_told_again_without_end_and_within_a_day_once_it_happens_again(fresh: Sensor) -> None:
    sent = {"proofs": (Proof("span0", 0, 1, 2, 0),)}
    (alert,) = fresh.sees(KNOWN, **sent)
    hours = 0
    for days in (1, 2, 4, 8, 16, 30, 30):
        assert fresh.ticks(hours + 24 * days - 1) == []
        hours += 24 * days + 1
        assert fresh.ticks(hours) == [alert]

    fresh.sequence = 12 * hours + 1
    assert fresh.sees(KNOWN, **sent) == [], "within the day"
    (again,) = fresh.ticks(25)
    assert (again.id, again.window) == (alert.id, fresh.sequence)
    assert fresh.ticks(25 + 25) == []
    fresh.acknowledges(alert)
    assert fresh.ticks(24 * 300) == []


def test_nobody_has_to_acknowledge_that_something_is_over(fresh: Sensor) -> None:
    fresh.sees(KNOWN, **LOSSY)
    assert [of.kind for of in fresh.sees(KNOWN)] == ["over"]
    assert [of.alert.kind for of in fresh.entries() if of.acked is None] == ["drops"]
    assert "over" not in [of.kind for of in fresh.ticks(25)]


def test_what_was_held_back_and_is_over_is_summed_up(tmp_path: Path) -> None:
    sensor = Sensor(tmp_path, per_hour=1)
    sensor.alerter.blind("disk-full", now=START, why="first")
    sensor.alerter.blind("interface-down", "span0", now=START)
    sensor.alerter.over("interface-down", "span0", now=START + MINUTE)

    assert [(of.kind, of.values.get("kinds")) for of in sensor.ticks(1.1) if of.kind == "many"] == [
        ("many", "interface-down 1")
    ]
    sensor.alerter.close()


LOSSY: dict[str, Any] = {"losses": (Losses("span0", 1000, 10, 0),)}


def test_what_goes_on_and_was_acknowledged_is_silent_until_it_begins_anew(fresh: Sensor) -> None:
    (alert,) = fresh.sees(KNOWN, **LOSSY)
    fresh.acknowledges(alert)

    assert fresh.sees(KNOWN, **LOSSY) == []
    assert [of.kind for of in fresh.sees(KNOWN)] == ["over"]
    assert [of.kind for of in fresh.sees(KNOWN, **LOSSY)] == ["drops"], "within the hour"


def test_what_begins_anew_within_the_hour_and_stays_is_told_when_the_hour_is_over(fresh: Sensor) -> None:
    told = [fresh.sees(KNOWN, **more) for more in (LOSSY, {}, *[LOSSY] * 13)]

    assert [len(of) for of in told] == [1, 1, *[0] * 10, 1, 0, 0]


def test_nothing_is_told_of_a_window_that_was_seen(sensor: Sensor) -> None:
    """The keeper may die between the two, or a store be read again."""
    (alert,) = sensor.sees(KNOWN, proofs=(Proof("span0", 0, 1, 3, 0),))
    sensor.acknowledges(alert)
    sensor.sequence -= 1

    assert sensor.sees(KNOWN, proofs=(Proof("span0", 0, 1, 3, 0),)) == []
    assert alert.id not in [of.alert.id for of in sensor.entries() if of.acked is None]


def test_a_window_without_conclusions_tells_what_it_shows_itself(fresh: Sensor) -> None:
    fresh.alerter.see(window(1, proofs=(Proof("span0", 0, 1, 3, 0),), **LOSSY), None)

    assert sorted(of.alert.kind for of in fresh.entries()) == ["drops", "sent"]
    assert fresh.alerter.missed({"span0": ((1, 1),)}) == {"span0": frozenset()}


def test_so_does_one_whose_report_nobody_foresaw(fresh: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("nobody foresaw it")

    monkeypatch.setattr("kwel.alerts.news.contacts", fail)
    fresh.alerter.see(window(1, proofs=(Proof("span0", 0, 1, 3, 0),)), report(KNOWN))

    assert [of.alert.kind for of in fresh.entries()] == ["sent"]
    assert "nobody foresaw it" in fresh.alerter.health().trouble


def test_where_it_could_not_be_written_a_window_counts_as_missed(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {"span0": ((sensor.sequence, sensor.sequence + 2),)}
    other = KNOWN._replace(operator="Other Cloud")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "learn", full)
        sensor.alerter.see(window(sensor.sequence + 1), report(other))
    sensor.alerter.see(window(sensor.sequence + 2), report(KNOWN))
    sensor.alerter.trouble = ""

    assert sensor.alerter.missed(stored) == {"span0": frozenset({sensor.sequence + 1})}
    assert [of.kind for of in sensor.sees(other)] == ["new-operator"]
    assert sensor.alerter.missed(stored) == {"span0": frozenset()}


def test_what_an_old_window_shows_is_not_how_it_is_now(fresh: Sensor) -> None:
    fresh.alerter.see(window(2), report(KNOWN))
    fresh.alerter.see(window(1, proofs=(Proof("span0", 0, 1, 3, 0),), **LOSSY), report(KNOWN))

    assert [of.alert.kind for of in fresh.entries()] == ["sent"]


def test_one_way_traffic(fresh: Sensor) -> None:
    fresh.alerter.see(window(1, flows=100), report(KNOWN, notes={"one-way": 80, "flows": 100}))
    fresh.alerter.see(window(2, flows=100), report(KNOWN, notes={"one-way": 8, "flows": 100}))

    kinds_told = [of.alert.kind for of in fresh.entries()]
    assert kinds_told == ["one-way", "over"]


def test_what_flaps_is_not_told_each_time(fresh: Sensor) -> None:
    lossy = {"losses": (Losses("span0", 1000, 10, 0),)}
    told = [alert.kind for _ in range(6) for more in (lossy, {}) for alert in fresh.sees(KNOWN, **more)]

    assert told.count("drops") == 1


def test_what_the_keeper_knows(fresh: Sensor) -> None:
    fresh.alerter.blind("disk-full", now=START, why="/var/lib/kwel: No space left on device")
    fresh.alerter.blind("disk-full", now=START + MINUTE, why="the same")
    fresh.alerter.over("disk-full", now=START + 10 * MINUTE)

    first, over = (of.alert for of in fresh.entries())
    assert sentence(first, "en") == "The sensor's disk is full: /var/lib/kwel: No space left on device."
    assert over.values["minutes"] == "10"


def test_a_breach_of_the_sites_own_limits_is_told_while_it_learns(fresh: Sensor) -> None:
    import numpy as np

    from kwel.model.limits import DECISIONS, Action, Judged, Policy, Words

    policy = Policy("limits.toml", "0" * 64, Words("", ""), {}, ())
    broken = Judged(Decision.BREACH, "no-cloud", Action.DENY, "contact", "outbound", "id", "plc-1", "x.example",
                    "tls tcp/443", (), (f"{CAPTURE}#3",))  # fmt: skip
    judgement = Judgement(policy, None, np.array([DECISIONS.index(Decision.BREACH)]), np.zeros(1), "good", (),
                          build=lambda _: broken)  # fmt: skip
    for sequence in (1, 2):
        fresh.alerter.see(window(sequence), report(KNOWN, judgement=judgement))

    (entry,) = fresh.entries()
    assert (entry.alert.kind, entry.seen, entry.tellings) == ("breach", 2, 1)
    assert sentence(entry.alert, "en") == "plc-1 breaks rule no-cloud of your limits: x.example, tls tcp/443."


def test_a_window_that_is_seen_twice_counts_once(fresh: Sensor) -> None:
    for _ in range(3):
        fresh.alerter.see(window(5), quiet([KNOWN]))

    assert fresh.alerter.health().days_learned == pytest.approx(5 * MINUTE / DAY)


def test_the_clock_may_jump_and_learning_takes_as_long_as_before(fresh: Sensor) -> None:
    for sequence, at in enumerate((START, START + 400 * DAY, START - 400 * DAY), 1):
        fresh.alerter.see(window(sequence, at=at), quiet([KNOWN]))

    assert fresh.alerter.health().learning


def test_what_is_known_survives_a_restart(sensor: Sensor) -> None:
    sensor.alerter.close()
    sensor.open()

    assert sensor.sees(KNOWN) == []
    assert [of.kind for of in sensor.sees(KNOWN._replace(operator="Other Cloud"))] == ["new-operator"]


def test_a_damaged_file_is_set_aside_and_told(sensor: Sensor) -> None:
    sensor.alerter.close()
    (sensor.folder / "state" / FILE).write_bytes(b"not a database" * 1000)
    sensor.open()

    (aside,) = (sensor.folder / "state").glob("*.damaged-1")
    for _ in range(2):  # each round opens it anew
        assert "learning anew" in sensor.alerter.health().trouble
        assert sensor.alerter.health().learning
        sensor.alerter.close()
        sensor.open()
    (entry,) = sensor.entries()
    assert (entry.alert.kind, entry.seen, entry.tellings) == ("learns-anew", 1, 1)
    assert str(aside) in sentence(entry.alert, "en")
    sensor.learns(KNOWN)
    assert sensor.alerter.health().trouble == ""


def test_a_file_of_a_later_version_is_left_alone_and_nothing_is_raised(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with sqlite3.connect(tmp_path / "state" / FILE) as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    alerter = Alerter(Settings(), tmp_path / "state", background=False)

    alerter.see(window(1), quiet([KNOWN]))

    assert "version 99" in alerter.health().trouble
    alerter.close()


def test_a_folder_that_cannot_be_written_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    alerter = Alerter(Settings(), tmp_path / "state", background=False)

    alerter.see(window(1), quiet([KNOWN]))
    alerter.blind("disk-full", why="so")
    alerter.tick()

    assert "nothing is told" in alerter.health().trouble
    alerter.close()


def test_every_kind_is_learnt_or_not_and_says_something_in_both_languages() -> None:
    for kind in kinds().values():
        assert kind.says["nl"] != kind.says["en"], kind.id
        assert kind.unless_known == kind.id.startswith("new-")
        assert (kind.sort is Sort.NEWS) == (kind.unless_known or kind.id in ("breach", "expired"))


KILLED = """
import sys, itertools
from pathlib import Path
from kwel.alerts import Alerter, Settings
from kwel.alerts.settings import Lines
from kwel.model.findings import Severity
from tests.alerts.making import Contact, report, window
folder = Path(sys.argv[1])
lines = Lines("file 1", Severity.INFO, str(folder / "a.jsonl"), 10**6, 2)
alerter = Alerter(Settings(learn=0, per_hour=10000, outputs=(lines,)), folder / "state", background=False)
print("ready", flush=True)
for n in itertools.count(int(sys.argv[2])):
    alerter.see(window(n), report(Contact(), Contact(operator=f"Cloud {n}", host=f"h{n}.example")))
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_loses_no_alert_that_was_taken_in(tmp_path: Path) -> None:
    """A window is whole or not there: its operator is known if and only if its alert waits to be sent."""
    windows = 0
    for seconds in (0.05, 0.1, 0.2):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), str(windows + 1)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        done = max([windows, *map(int, process.communicate()[0].split())])
        ledger = Ledger(tmp_path / "state")
        waiting = len(ledger.waiting("file 1", 10_000))
        known = ledger.db.execute("SELECT count(*) FROM known WHERE kind = 'new-operator'").fetchone()[0]
        ledger.close()
        assert waiting in (done, done + 1)
        assert known == (waiting + 1 if waiting else 0)
        windows = waiting
    assert windows > 0
