"""A plan in, one round of housekeeping out: windows into the store, alerts, reports that are due, room made.

``python -m kwel.sensor.keeper < plan`` is started by the supervisor whenever a window waits, does what there is to do
and ends: what it used of memory is given back, and one that dies half-way is followed by one that goes on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.analysis import stages
from kwel.sensor import shelf
from kwel.sensor.calendar import due, ripe
from kwel.sensor.catching_up import catch_up, unseen
from kwel.sensor.digest import Digested, Digesting, digest_all, tables_of
from kwel.sensor.health import HealthError, place, read
from kwel.sensor.journal import say, trace
from kwel.sensor.plan import WAITS, from_json
from kwel.sensor.put_off import PutOff
from kwel.sensor.service import remedy
from kwel.sensor.telling import Telling, telling
from kwel.sensor.waiting import filed, waiting
from kwel.store import compaction, quota
from kwel.store.spans import spelt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from kwel.analysis.result import Options
    from kwel.model.traffic import Traffic
    from kwel.sensor.calendar import Due
    from kwel.sensor.digest import LostWindow
    from kwel.sensor.plan import Plan
    from kwel.store import Store

STALE = 60_000_000_000
"""Nanoseconds without word of a watcher after which it counts as dead."""
SCARCE = 256 << 20
"""Bytes free below which the disk counts as full, if it is no small one."""
LONGEST_REPORT = 1800
"""Seconds that a report may take."""


def main() -> int:
    """Do one round; return 0, WAITS, or 3 where something could not be written."""
    from kwel import store

    plan = from_json(sys.stdin.readline())
    os.umask(0o027)
    try:
        with store.Store(Path(plan.store), write=True) as into:
            return Keeper(plan, into).go_round()
    except (OSError, store.StoreError) as error:
        say(3, str(error))
    except Exception as error:  # noqa: BLE001 - the next round may fare better, and the journal must say why
        say(2, f"a fault of kwel, please report it: {error!r}")
        trace(error)
    return 3


@dataclass(slots=True)
class Keeper:
    """One round."""

    plan: Plan
    store: Store
    wrong: str = ""
    """What went wrong last."""

    def _complain(self, line: str) -> None:
        self.wrong = line
        say(4, line)

    def go_round(self) -> int:
        """Do what there is to do."""
        for line in self.store.mended:
            say(5, f"{self.plan.store}: {line}")
        if _is_full(self.plan.store):
            self._put_together()
            self._keep_to_quotas()
        before = self._trouble_before()
        with telling(self.plan) as alerter:
            done = self._take_in(alerter)
            self._blindness(alerter)
            self._keep_to_quotas()
            self._put_together()
            self._health(done, alerter.trouble or before)  # a receiver that hangs does not hold it up
            told = self.wrong
            alerter.deliver()
            trouble = alerter.trouble
        if trouble != before:
            say(4 if trouble else 5, f"alerts: {trouble or 'they arrive again'}")
        if self._reports() or self.wrong != told or trouble != before:
            self._health(done, trouble)
        return WAITS if done.waits else 0

    def _take_in(self, alerter: Telling) -> Digested:
        """Take what waits into the store; then alerting sees what it had not seen of what was there already."""
        plan, options = self.plan, options_of(self.plan)
        missed = unseen(self.store, alerter, {post.source for post in plan.posts})
        how = Digesting(plan.spool, plan.proofs, options, plan.evidence, alerter.see, self._complain,
                        lambda lost: self._lose(alerter, lost))  # fmt: skip
        done = digest_all(how, self.store)
        if count := catch_up(self.store, missed, alerter, options):
            say(5, f"alerts: {count} windows that were stored and not looked at were looked at now")
        return done

    def _lose(self, alerter: Telling, lost: Sequence[LostWindow]) -> None:
        for one in lost:
            self._complain(f"lost: {one.line}")
        alerter.happened("window-lost", lost[0].source, count=str(len(lost)), why=lost[-1].line)

    def _trouble_before(self) -> str:
        """Return what was wrong with alerting in the round before: it is said once for as long as it is the same."""
        with suppress(HealthError):
            return read(place(self.plan.store)).alerts
        return ""

    def _put_together(self) -> None:
        """Put old windows together."""
        try:
            compaction.compact(self.store, conclude=self._tables, is_to_pause=lambda: bool(waiting(self.plan.store)))
        except Exception as error:  # noqa: BLE001 - whatever it is, all the rest must go on
            self._complain(f"{self.plan.store}: could not be put together: {error!r}; `kwel store check` tells more")
            trace(error)

    def _keep_to_quotas(self) -> None:
        """Remove what is older, or takes more room, than it may."""
        plan = self.plan
        frames, wire, tables = (
            days * quota.DAY if days else None for days in (plan.evidence_days, plan.wire_days, plan.most_days)
        )
        try:
            most = plan.most_bytes or quota.share(self.store.root, quota.used(self.store))
            freed = quota.enforce(self.store, quota.Quota(most, frames, wire, tables))
        except OSError as error:
            self._complain(f"{plan.store}: quotas could not be kept: {error}")
            return
        if freed:
            say(6, f"{plan.store}: {freed >> 20} MB were removed to keep to the quotas")

    def _tables(self, traffic: Traffic) -> dict[str, pd.DataFrame]:
        """Return what follows from the traffic of several windows."""
        return tables_of(stages.conclude(traffic, options_of(self.plan)))

    def _blindness(self, alerter: Telling) -> None:
        """Tell what keeps the sensor from hearing, as its processes left word of it."""
        for post in self.plan.posts:
            try:
                said = json.loads((self.plan.state / f"{post.source}.json").read_bytes())
            except (OSError, ValueError):
                continue
            silent = time.time_ns() - int(said.get("at", 0)) > STALE
            why = said.get("why") or f"the process that hears {post.source} has said nothing for a minute"
            alerter.stands("stopped-working", silent, post.source, why=why)
            is_down = said.get("link") in ("down", "no-carrier", "gone")
            alerter.stands("interface-down", is_down, post.source)
        alerter.stands("disk-full", _is_full(self.plan.store), why=f"{_free(self.plan.store) >> 20} MB are free")

    def _reports(self) -> bool:
        """Make one of the reports that are due, and return whether one was made: the others follow in later rounds."""
        if not self.plan.report_folder or not self.plan.reports:
            return False
        folder = Path(self.plan.report_folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            there = {path.stem for path in folder.glob("*.html")}
            heard = sorted(part.filed for part in self.store.windows() if part.packets and part.has_wire)
            if not heard:
                return False
            now = time.time_ns()
            wanted = due(self.plan.reports, now, heard, there, self.plan.keep_reports)
            if wanted:
                waits = [filed(one) for one in waiting(self.plan.store)]
                wanted = ripe(wanted, now, self.plan.window * 1_000_000_000, waits)
            made = self._first_of(wanted, folder)
            if made:
                shelf.clear(folder, self.plan.keep_reports)
            if made or not (folder / "index.html").exists():
                shelf.write(folder, self.plan.title or self.plan.sensor, self.plan.language)
        except OSError as error:
            self._complain(
                f"reports cannot be written to {folder}: {error.strerror or error}{remedy(error, str(folder))}"
            )
            return False
        return made

    def _first_of(self, waiting: Sequence[Due], folder: Path) -> bool:
        """Make the first report that was not put off; one that fails for want of room is tried again in each round."""
        put_off, now = PutOff(self.plan.state), time.time_ns()
        one = put_off.first(waiting, now)
        if one is None:
            return False
        made = self._report(one, folder)
        if not made and not _is_full(folder):
            put_off.fail(one, waiting, now)
        return made

    def _report(self, one: Due, folder: Path) -> bool:
        """Make a report in a process of its own: it may need much memory, and must not take the keeper with it."""
        beside = folder / f".{one.name}.html"
        command = [sys.executable, "-P", "-m", "kwel", *report_command(self.plan, one), "-o", str(beside)]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_REPORT, check=False)
            if told.returncode not in (0, 3, 4) or not beside.exists():
                lines = told.stderr.strip().splitlines() or ["no reason given"]
                self._complain(f"report {one.name} could not be made: {lines[-1]}")
                return False
            os.replace(beside, folder / f"{one.name}.html")
        except (OSError, subprocess.TimeoutExpired) as error:
            self._complain(f"report {one.name} could not be made: {error}")
            return False
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        waits = waiting(self.plan.store, one.since, one.until)
        without = f", without {len(waits)} windows that wait to be stored" if waits else ""
        say(4 if waits else 6, f"report {one.name} is in {folder}{without}")
        return True

    def _health(self, done: Digested, trouble: str) -> None:
        """Leave how it goes for ``kwel sensor status`` and for Prometheus."""
        from kwel.sensor.faring import seen_in, tell

        try:
            tell(self.plan, self.store, time.time_ns(), seen_in(done.window, done.report), trouble, self.wrong)
        except OSError as error:  # a full disk, or no folder for Prometheus: the windows matter more
            more = remedy(error, os.path.dirname(self.plan.health)) if self.plan.health else ""
            say(4, f"how the sensor fares cannot be told: {error.filename or ''}: {error.strerror}{more}")


def _is_full(folder: str | Path) -> bool:
    """Return whether the disk of a folder counts as full."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize < quota.scarce(space.f_blocks * space.f_frsize, SCARCE)


def _free(folder: str | Path) -> int:
    """Return the bytes that are free on the disk of a folder."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize


def report_command(plan: Plan, one: Due) -> list[str]:
    """Return the words of the command that makes a report: anybody may give it again by hand."""
    words = ["report", "--store", plan.store, "--since", spelt(one.since), "--until", spelt(one.until)]
    given = {"--site": plan.site, "--policy": plan.policy, "--here": plan.here, "--lang": plan.language}
    words += [word for key, value in given.items() if value for word in (key, value)]
    for prefix in plan.internal:
        words += ["--internal", prefix]
    return [*words, "--title", f"{plan.title or plan.sensor}, {one.name}"]


def options_of(plan: Plan) -> Options:
    """Return how a window is judged: as its report will be. What cannot be read is told, and done without."""
    from kwel import rulebook
    from kwel.analysis.result import Options
    from kwel.policy.policy import LimitsError
    from kwel.policy.shipped import known_words, named
    from kwel.site import SiteError, load

    site = policy = None
    try:
        site = load(plan.site, rulebook.load()) if plan.site else None
    except SiteError as error:
        say(3, f"{error}; windows are judged without it")
    try:
        policy = named(plan.policy, known_words(rulebook.load())) if plan.policy else None
    except LimitsError as error:
        say(3, f"{error}; windows are judged without it")
    return Options(internal=plan.internal, site=site, here=plan.here, title=plan.title, policy=policy)


if __name__ == "__main__":
    sys.exit(main())
