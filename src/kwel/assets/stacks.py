"""How TCP connections were opened in, which system a host likely runs out, and where several stacks or clocks show.

A stack writes all its SYNs alike: the TTL that it begins with, the options and their order, the window. Rules say which
system writes so (rules/devices/stacks.toml): a hint, which what a host says of itself always outdoes. At one address by
turns, SYNs of two systems are of two machines behind it, and answers of one port that begin at two TTLs of two servers.

Timestamps (RFC 7323 section 3) tick by a clock of the sender. Many stacks begin elsewhere for each connection, some for
each pair of addresses (section 5.4): so only connections between the same two addresses are compared, and only what
lies on one line with others counts. Two lines by turns are two clocks, hence two machines; who reboots has one at a
time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets import evidence
from kwel.assets.senders import INITIAL
from kwel.model.assets import Fact
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.records.columns import address_text
from kwel.model.records.syn import Option, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from kwel.assets.devices import Devices
    from kwel.assets.evidence import Witness
    from kwel.assets.proofs import Host
    from kwel.assets.rulekinds import AgentRule, DeviceRules, StackRule
    from kwel.assets.weigh import Scales
    from kwel.model.assets import Asset
    from kwel.model.records.columns import Rows

FEWEST: Final = 3
"""Connections that make a system, or a clock: fewer may be a program that writes its own packets."""
RATES: Final = (10, 100, 200, 250, 300, 500, 1000)
"""Ticks a second of the clocks of stacks (RFC 7323 section 5.4 allows 1 to 1000)."""
EARLY, DRIFT = 0.1, 2e-4
"""How far a timestamp may lie off its clock: seconds that it was taken early, and how wrong a clock goes."""
LEAST: Final = 2.0
"""Seconds that a clock must have been seen for: in a shorter time any rate fits."""
EXPLAINED: Final = 0.8
"""Share of timestamps that must lie on some line, or the sender draws lots."""
MOST_CLOCKS: Final = 16
SECOND: Final = 1e9
LABELS: Final = {option.value: option.label for option in Option}


@dataclass(frozen=True, slots=True)
class Sign:
    """What shows that several machines are behind an address."""

    grade: Grade
    step: Evidence


@dataclass(frozen=True, slots=True)
class Clocks:
    """Several clocks by which connections between two addresses are stamped."""

    peer: str
    count: int
    first: Rows
    """The first opening that is stamped by the second of them."""


@dataclass(slots=True)
class Stacks:
    """What the openings of connections tell, by index of the asset."""

    likely: dict[int, Claim] = field(default_factory=dict)
    """The system that it runs, as far as its stack tells."""
    behind: dict[int, Sign] = field(default_factory=dict)
    """Clients behind its address."""
    servers: dict[int, list[Sign]] = field(default_factory=dict)
    """Servers behind one of its ports."""
    agents: Sequence[AgentRule] = ()
    """What browsers call the systems that they run on."""


def find_stacks(rows: Rows, devices: Devices, rules: DeviceRules, witness: Witness) -> Stacks:
    """Return what *rows*, the openings of connections, tell of devices."""
    found = Stacks(agents=rules.agents)
    rows = rows[rows["notes"] & Shape.DAMAGED == 0]
    is_answer = rows["notes"] & Shape.ANSWER != 0
    asked, answers = rows[~is_answer], rows[is_answer]
    asked = asked[_answered(asked, answers)]  # whoever forges addresses, or scans, writes packets of its own
    for at, host, places in _by_host(asked, devices):
        _judge_client(at, host, asked[places], found, rules.stacks, witness)
    for at, host, places in _by_host(answers, devices):
        of_host = answers[places]
        for port in np.unique(of_host["source_port"]).tolist():
            signs = list(_server_signs(host, port, of_host[of_host["source_port"] == port], witness))
            if signs:
                found.servers.setdefault(at, []).extend(signs)
    return found


def _by_host(rows: Rows, devices: Devices) -> Iterator[tuple[int, Host, list[int]]]:
    """Yield where the rows of each address are that is a device's, in order of its first, with the device."""
    by: dict[Host, list[int]] = {}
    keys = (rows[key].tolist() for key in ("source_hi", "source_lo", "vlan"))
    for place, host in enumerate(zip(*keys, strict=True)):
        by.setdefault(host, []).append(place)
    for host, places in by.items():
        at = devices.at(host)
        if at is not None:
            yield at, host, places


def _answered(asked: Rows, answers: Rows) -> NDArray[np.bool_]:
    """Return which SYNs were answered."""
    keys = ("source_hi", "source_lo", "peer_hi", "peer_lo", "source_port", "peer_port")
    back = ("peer_hi", "peer_lo", "source_hi", "source_lo", "peer_port", "source_port")
    heard = set(zip(*(answers[key].tolist() for key in back), strict=True))
    return np.array([key in heard for key in zip(*(asked[key].tolist() for key in keys), strict=True)], np.bool_)


def begins_with(hops: int) -> int:
    """Return what a TTL likely began with."""
    return int(INITIAL[np.searchsorted(INITIAL, hops)])


def layout(options: int) -> str:
    """Return the options of a row as rules write them.

    >>> layout(0x7315842 & 0xFFF)
    'mss,sack,stamp'
    """
    codes = (options >> shift & 15 for shift in range(0, options.bit_length(), 4))
    return ",".join(LABELS.get(code, Option.OTHER.label) for code in codes)


def _judge_client(at: int, host: Host, rows: Rows, found: Stacks, rules: Sequence[StackRule], witness: Witness) -> None:
    """Note which system opens connections so, or that several do."""
    by: dict[str, list[int]] = {}
    rule_of: dict[str, StackRule] = {}
    columns = (rows[key].tolist() for key in ("hops", "options", "window", "scale"))
    known: dict[tuple[int, int, int, int], StackRule | None] = {}
    for place, shape in enumerate(zip(*columns, strict=True)):
        if shape not in known:
            ttl, options, window, scale = shape
            known[shape] = _rule(begins_with(ttl), layout(options), window, scale, rules)
        if (rule := known[shape]) is not None:
            rule_of.setdefault(rule.system, rule)
            by.setdefault(rule.system, []).append(place)
    proven = {system: places for system, places in by.items() if len(places) >= FEWEST}
    address = address_text(*host[:2])
    clocks = _most_clocks(rows)
    if clocks:
        told = (("address", address), ("peer", clocks.peer), ("count", str(clocks.count)))
        _keep(found, at, Sign(Grade.B, _step("several-clocks", told, clocks.first, witness)))
    elif len(proven) > 1 and _by_turns(rows["time"][places] for places in proven.values()):
        told = (("address", address), ("systems", ", ".join(proven)), ("count", str(len(proven))))
        first = rows[next(iter(proven.values()))[0]]
        _keep(found, at, Sign(Grade.C, _step("several-stacks", told, first, witness)))
    if len(by) == 1 and len(next(iter(by.values()))) == len(rows):
        (system,) = by
        found.likely[at] = _likely(rule_of[system], rows, witness)


def _rule(ttl: int, options: str, window: int, scale: int, rules: Sequence[StackRule]) -> StackRule | None:
    return next((rule for rule in rules if rule.fits(ttl, options, window, scale)), None)


def _likely(rule: StackRule, rows: Rows, witness: Witness) -> Claim:
    first = rows[0]
    values = (
        ("protocol", "tcp-stack"), ("ttl", str(begins_with(int(first["hops"])))), ("window", str(first["window"])),
        ("options", layout(int(first["options"])) or "-"), ("count", str(len(rows))),
    )  # fmt: skip
    last = evidence.by_rule("system-by-stack", rule, ("system", rule.system))
    return Claim(rule.system, Grade.D, (_step("opens-so", values, first, witness), last))


def _keep(found: Stacks, at: int, sign: Sign) -> None:
    if at not in found.behind or found.behind[at].grade < sign.grade:
        found.behind[at] = sign


def _step(kind: str, values: tuple[tuple[str, str], ...], row: Rows, witness: Witness) -> Evidence:
    return Evidence("observed", kind, values, witness.where(int(row["capture"]), int(row["frame"])))


def _by_turns(times: Iterable[NDArray[np.int64]]) -> bool:
    """Return whether of several series of moments one began before another had ended."""
    spans = sorted((int(of.min()), int(of.max())) for of in times)
    return any(before[1] > after[0] for before, after in pairwise(spans))


def _server_signs(host: Host, port: int, rows: Rows, witness: Witness) -> Iterator[Sign]:
    """Yield what shows that several servers answer at one port."""
    where = ("address", address_text(*host[:2])), ("port", str(port))
    begun = INITIAL[np.searchsorted(INITIAL, rows["hops"])]
    kinds = [ttl for ttl in INITIAL.tolist() if (begun == ttl).sum() >= FEWEST]
    if len(kinds) > 1 and _by_turns(rows["time"][begun == ttl] for ttl in kinds):
        ttls = ("ttls", ", ".join(map(str, kinds)))
        yield Sign(Grade.B, _step("servers-by-ttl", (*where, ttls), rows[begun == kinds[1]][0], witness))
    if clocks := _most_clocks(rows):
        counted = ("peer", clocks.peer), ("count", str(clocks.count))
        yield Sign(Grade.B, _step("servers-by-clock", (*where, *counted), clocks.first, witness))


def _most_clocks(rows: Rows) -> Clocks | None:
    """Return the peer to which most clocks show."""
    rows, best = rows[rows["stamp"] > 0], None
    by: dict[tuple[int, int], list[int]] = {}
    for place, peer in enumerate(zip(rows["peer_hi"].tolist(), rows["peer_lo"].tolist(), strict=True)):
        by.setdefault(peer, []).append(place)
    for (hi, lo), places in by.items():
        own = rows[places] if len(places) >= 2 * FEWEST else rows[:0]
        lines = clocks_of(own["time"], own["stamp"]) if len(own) else []
        if len(lines) > 1 and (best is None or len(lines) > best.count):
            best = Clocks(address_text(hi, lo), len(lines), own[lines[1][0]])
    return best


def clocks_of(times: NDArray[np.int64], stamps: NDArray[np.uint32]) -> list[list[int]]:
    """Return which timestamps are of which clock, where several tick by turns; nothing where one does, or none."""
    seconds = (times - times.min()) / SECOND
    best: list[list[int]] = []
    for rate in RATES:
        lines = _lines(seconds, stamps, rate)
        if sum(map(len, lines)) < EXPLAINED * len(times) or len(lines) > MOST_CLOCKS:
            continue
        if len(lines) == 1:
            return []
        if not best or len(lines) < len(best):
            best = lines
    return best if best and _by_turns(times[line] for line in best) else []


def _lines(seconds: NDArray[np.float64], stamps: NDArray[np.uint32], rate: int) -> list[list[int]]:
    """Return the timestamps that lie on lines with this slope, those of each line together, the earliest line first."""
    begins = np.mod(stamps.astype(np.float64) - seconds * rate, 2.0**32)
    slack = rate * (EARLY + DRIFT * float(seconds.max()))
    order = np.argsort(begins, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(begins[order]) > slack) + 1)
    if len(parts) > 1 and begins[order[0]] + 2.0**32 - begins[order[-1]] <= slack:
        parts = [np.concatenate([parts[-1], parts[0]]), *parts[1:-1]]
    lines = [sorted(part.tolist()) for part in parts if len(part) >= FEWEST and np.ptp(seconds[part]) >= LEAST]
    return sorted(lines)


def with_stacks(assets: Sequence[Asset], stacks: Stacks, scales: Scales) -> list[Asset]:
    """Return the assets with what their stacks tell: a system where none is told, servers behind their ports.

    Nothing of a stack is asked by a rule: a hint about the system must not make a role.
    """
    told = list(assets)
    for at, claim in stacks.likely.items():
        asset = told[at]
        if at not in stacks.behind and not any(fact.kind == "system" for fact in asset.facts):
            facts = sorted((*asset.facts, Fact("system", claim)), key=lambda fact: (fact.kind, fact.claim.value))
            told[at] = replace(asset, facts=tuple(facts))
    for at, signs in stacks.servers.items():
        steps = tuple(sign.step for sign in signs)
        role = told[at].role
        if role is None or scales.is_generic(role.value):
            role = Claim("load-balancer", Grade.C, steps)
        told[at] = replace(told[at], role=role, evidence=(*told[at].evidence, *steps))
    return told
