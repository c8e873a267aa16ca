"""A plan, its store and the word that the processes left in, how the sensor fares out."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel import __version__
from kwel.model.window import MAY_BE_UNKNOWN
from kwel.sensor import health as status
from kwel.sensor import prometheus, proofs
from kwel.sensor.health import Health, HealthError, SourceHealth
from kwel.store.parts import count_of
from kwel.store.quota import share, used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.plan import Plan, Post
    from kwel.store import Store

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
LINKS: Final = {"up": True, "down": False, "no-carrier": False, "gone": False}


class Seen(NamedTuple):
    """How much of the conversations the newest window showed."""

    one_way: float | None = None
    dns: bool | None = None


def tell(plan: Plan, store: Store, now: int, seen: Seen | None, alerts: str = "") -> None:
    """Write how the sensor fares, for people and for Prometheus.

    *seen*: of a new window; ``None`` where none came. *alerts*: what is wrong with alerting.

    Raises:
        OSError: it cannot be written.
    """
    place = status.place(plan.store)
    before = None
    with suppress(HealthError):
        before = status.read(place)
    made = replace(fare(plan, store, now, before, seen), alerts=alerts)
    status.write(made, place)
    if plan.health:
        prometheus.write(made, Path(plan.health))


def fare(plan: Plan, store: Store, now: int, before: Health | None, seen: Seen | None) -> Health:
    """Return how the sensor fares. *before*: how it fared last, for what is only told when it changes."""
    parts, day = store.windows(), store.account(now - DAY)
    if seen is None:
        seen = Seen(before.one_way, before.dns) if before else Seen()
    space = os.statvfs(plan.store)
    made, made_at = _newest_report(plan)
    taken = used(store)
    sources, began = _sources(plan, now, before)
    return Health(
        plan.sensor,
        __version__,
        now,
        min(began, default=now),
        plan.window * SECOND,
        sources,
        kept=sum(count_of(part.sequences) for part in parts),
        lost=day.lost + day.missing,
        waiting=_waiting(plan),
        oldest=min((part.opened for part in parts), default=None),
        newest=max((part.closed for part in parts), default=None),
        store_bytes=taken,
        store_most=plan.most_bytes or share(store.root, taken),
        free_bytes=space.f_bavail * space.f_frsize,
        report=made_at,
        report_name=made,
        clock_steps=sum(len(one.clock_steps) for one in day.sources),
        one_way=seen.one_way,
        dns=seen.dns,
    )


def seen_in(window: Window | None, report: Report | None) -> Seen | None:
    """Return how much of the conversations a window showed; ``None`` without a window."""
    if window is None or report is None:
        return None
    flows = len(window.traffic.flows)
    if not flows:
        return Seen()
    asked = len(window.traffic.answers) + len(window.traffic.questions) > 0
    return Seen(report.coverage.notes.get("one-way", 0) / flows, asked)


def _sources(plan: Plan, now: int, before: Health | None) -> tuple[tuple[SourceHealth, ...], list[int]]:
    """Return how each source fares, and when the processes began that hear them."""
    was = {one.source: one for one in before.sources} if before else {}
    made, began = [], []
    for post in plan.posts:
        told = _left_by(plan, post)
        process = told.get("process")
        if isinstance(process, int):
            with suppress(OSError):
                began.append(os.stat(f"/proc/{process}").st_ctime_ns)
        made.append(_source(plan, post, told, was.get(post.source), now))
    return tuple(made), began


def _source(plan: Plan, post: Post, told: dict[str, Any], was: SourceHealth | None, now: int) -> SourceHealth:
    packets = int(told.get("packets", 0))
    heard = was.heard if was else None
    if packets and (was is None or packets != was.packets):
        heard = int(told.get("at", now))
    proof = proofs.between(plan.proofs, post.interface, now - DAY, now) if post.interface else None
    wrong: Sequence[str] = ()
    if proof:
        wrong = [one.key for one in proof.checks if one.holds is not True and not (
            one.holds is None and one.key in MAY_BE_UNKNOWN)]  # fmt: skip
    return SourceHealth(
        post.source,
        post.interface,
        link=LINKS.get(str(told.get("link", ""))),
        packets=packets,
        dropped=int(told.get("dropped", 0)),
        missed=int(told.get("missed", 0)),
        sent=proof.sent if proof else None,
        stopped=proof.stopped if proof else None,
        proved=not wrong if proof else None,
        unproved=tuple(wrong),
        heard=heard,
        memory=_memory(told.get("process")),
    )


def _left_by(plan: Plan, post: Post) -> dict[str, Any]:
    """Return the word that a process left; nothing where there is none, or a power cut has damaged it."""
    with suppress(OSError, ValueError):
        told = json.loads((plan.state / f"{post.source}.json").read_bytes())
        if isinstance(told, dict):
            return told
    return {}


def _memory(process: object) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def _waiting(plan: Plan) -> int:
    with suppress(OSError):
        return sum(not name.startswith(".") and name != "aside" for name in os.listdir(plan.spool))
    return 0


def _newest_report(plan: Plan) -> tuple[str, int | None]:
    if not plan.report_folder:
        return "", None
    pages = [page for page in Path(plan.report_folder).glob("*.html") if page.name != "index.html"]
    times = [(page.stat().st_mtime_ns, page.stem) for page in pages]
    return (max(times)[1], max(times)[0]) if times else ("", None)
