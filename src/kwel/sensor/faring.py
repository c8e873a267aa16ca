"""A plan, its store and the word that the processes left in, how the sensor fares out."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.model.proofs import unproved
from kwel.model.version import __version__
from kwel.sensor import health as status
from kwel.sensor import prometheus, proofs
from kwel.sensor.health import Health, HealthError, SourceHealth
from kwel.store.parts import count_of, sum_known
from kwel.store.quota import share, used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.plan import Plan, Post
    from kwel.store import Part, Store

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
LINKS: Final = {"up": True, "down": False, "no-carrier": False, "gone": False}


class Seen(NamedTuple):
    """How much of the conversations the newest window showed."""

    one_way: float | None = None
    dns: bool | None = None
    unnamed: float | None = None


def tell(plan: Plan, store: Store, now: int, seen: Seen | None, alerts: str = "", error: str = "") -> None:
    """Write how the sensor fares, for people and for Prometheus.

    *seen*: of a new window; ``None`` where none came. *alerts*: what is wrong with alerting. *error*: what went wrong
    since it was told last.

    Raises:
        OSError: it cannot be written.
    """
    place = status.place(plan.store)
    before = None
    with suppress(HealthError):
        before = status.read(place)
    made = replace(fare(plan, store, now, before, seen), alerts=alerts)
    if error:
        made = replace(made, error=error, error_at=now)
    status.write(made, place)
    if plan.health:
        prometheus.write(made, Path(plan.health))


def fare(plan: Plan, store: Store, now: int, before: Health | None, seen: Seen | None) -> Health:
    """Return how the sensor fares. *before*: how it fared last, for what is only told when it changes.

    What a wrong clock put in the future is not waited for: it is taken as of now, or left out.
    """
    parts, day = store.windows(), store.account(now - DAY, now + 1)
    seen = seen or (Seen(before.one_way, before.dns, before.unnamed) if before else Seen())
    space = os.statvfs(plan.store)
    made, made_at = _newest_report(plan)
    taken = used(store)
    word = _word(plan.state / "supervisor.json")
    return Health(
        plan.sensor,
        __version__,
        now,
        min(_count(word, "started") or (before.started if before else now), now),
        plan.window * SECOND,
        _sources(plan, parts, now, before, word.get("restarts")),
        kept=sum(count_of(part.sequences) for part in parts),
        lost=day.lost + day.missing,
        waiting=_waiting(plan),
        oldest=min((part.opened for part in parts), default=None),
        newest=max((part.closed for part in parts if part.closed <= now), default=None),
        store_bytes=taken,
        store_most=plan.most_bytes or share(store.root, taken),
        free_bytes=space.f_bavail * space.f_frsize,
        disk_bytes=space.f_blocks * space.f_frsize,
        report=made_at,
        report_name=made,
        error=before.error if before else "",
        error_at=min(before.error_at, now) if before and before.error_at is not None else None,
        clock_steps=sum(len(one.clock_steps) for one in day.sources),
        **seen._asdict(),
    )


def seen_in(window: Window | None, report: Report | None) -> Seen | None:
    """Return how much of the conversations a window showed; ``None`` without a window."""
    if window is None or report is None:
        return None
    flows, notes = len(window.traffic.flows), report.coverage.notes
    if not flows:
        return Seen()
    asked = len(window.traffic.answers) + len(window.traffic.questions) > 0
    outside = notes.get("outside-flows", 0)
    return Seen(notes.get("one-way", 0) / flows, asked, notes.get("outside-unnamed", 0) / outside if outside else None)


def _sources(
    plan: Plan, parts: Sequence[Part], now: int, before: Health | None, restarts: object
) -> tuple[SourceHealth, ...]:
    """Return how each source fares."""
    was = {one.source: one for one in before.sources} if before else {}
    again = restarts if isinstance(restarts, dict) else {}
    made = []
    for post in plan.posts:
        told = _word(plan.state / f"{post.source}.json")
        one = _source(plan, post, told, was.get(post.source), now)
        dropped, missed = _lately([part for part in parts if part.source == post.source])
        count = _count(again, post.source) or 0
        made.append(replace(one, dropped_share=dropped, missed_share=missed, restarts=count))
    return tuple(made)


def _source(plan: Plan, post: Post, told: dict[str, Any], was: SourceHealth | None, now: int) -> SourceHealth:
    packets = _count(told, "packets") or 0
    heard = was.heard if was else None
    if packets and (was is None or packets != was.packets):
        heard = _count(told, "at") or now
    proof = proofs.between(plan.proofs, post.interface, now - DAY, now) if post.interface else None
    wrong: Sequence[str] = ()
    if proof:
        wrong = unproved(proof.checks)
    return SourceHealth(
        post.source,
        post.interface,
        link=LINKS.get(str(told.get("link", ""))),
        packets=packets,
        bytes=_count(told, "bytes") if post.interface else None,
        dropped=_count(told, "dropped") or 0,
        missed=_count(told, "missed"),
        sent=proof.sent if proof else None,
        stopped=proof.stopped if proof else None,
        proved=not wrong if proof else None,
        unproved=tuple(wrong),
        heard=min(heard, now) if heard is not None else None,
        memory=_memory(told.get("process")),
    )


def _lately(parts: Sequence[Part]) -> tuple[float | None, float | None]:
    """Return which shares of the frames of one source were dropped, and missed by the card.

    Of the newest window or of the last day that was heard, whichever is larger; ``None`` where that is not known.

    Args:
        parts: of the source, in order of their numbers.
    """
    first, lasted = len(parts), 0
    while first and lasted < DAY:
        first -= 1
        lasted += parts[first].lasted
    told = [_shares(parts[-1:]), _shares(parts[first:])]
    dropped = [of[0] for of in told if of[0] is not None]
    missed = [of[1] for of in told if of[1] is not None]
    return max(dropped, default=None), max(missed, default=None)


def _shares(parts: Sequence[Part]) -> tuple[float | None, float | None]:
    dropped = sum(part.dropped for part in parts)
    missed = sum_known(part.missed for part in parts)
    all_of_them = max(sum(part.frames for part in parts) + dropped + (missed or 0), 1)
    if not parts:
        return None, None
    return dropped / all_of_them, None if missed is None else missed / all_of_them


def _word(file: Path) -> dict[str, Any]:
    """Return the word that a process left; nothing where there is none, or a power cut has damaged it."""
    with suppress(OSError, ValueError):
        told = json.loads(file.read_bytes())
        if isinstance(told, dict):
            return told
    return {}


def _count(told: dict[str, Any], key: str) -> int | None:
    """Return a count; ``None`` where it is not known."""
    value = told.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


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
