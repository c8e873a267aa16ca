"""An interface in, the kernel's own walls around it out: an egress filter, a closed queue, and a deaf host.

Three walls, each of which stops frames by itself. The filter at the netdev egress hook (nftables, Linux 5.16) sees
what the network stack and packet sockets send, PACKET_QDISC_BYPASS too. The queue (a pfifo that holds nothing) stops
what takes the ordinary way should the filter be gone. The filter at the ingress hook keeps from the host what the
wire brings: packet sockets have their copy before, and nothing else has anything to answer.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

from kwel.sensor.lockdown import programs
from kwel.sensor.lockdown.errors import NotPermittedError
from kwel.sensor.lockdown.programs import ProgramError

FAMILY: Final = "netdev"
OUT, IN = "out", "in"
TESTS, STOPPED = "tests", "stopped"
"""Counters: frames of the self-test, and frames of anybody else."""
FIRST: Final = -1000
"""Priority of the chains: before those of others."""
TEST_TYPE: Final = 0x88B5
"""Local Experimental EtherType 1, IEEE 802-2014 section 9.2.3: nobody's protocol."""


DAMAGED: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of an answer that is not laid out as it should be."""


class Counts(NamedTuple):
    """Frames that the egress filter threw away since it was made."""

    tests: int
    stopped: int


class Walls(NamedTuple):
    """Which walls stand; ``None`` where that could not be looked at."""

    egress: bool | None
    deaf: bool | None
    queue: bool | None
    counts: Counts | None


def table_of(interface: str) -> str:
    """Return the name of the table of an interface: one each, so that none is touched for another's sake."""
    return f"kwel-{interface}"


def raise_filter(interface: str, *, egress: bool = True) -> None:
    """Put up the filters of an interface in one step; what stood before is replaced without a moment between.

    Args:
        interface: its name, in this thread's namespace.
        egress: whether with the one against sending; without it there is the one that keeps the host deaf.

    Raises:
        ProgramError: nft is absent, or the kernel has no egress hook.
        NotPermittedError: CAP_NET_ADMIN is missing.
    """
    programs.ask("nft", "--json", "--file", "-", given=json.dumps({"nftables": _commands(interface, egress)}))


def close_queue(interface: str) -> None:
    """Give an interface a queue that holds nothing.

    Raises:
        ProgramError: tc is absent, or the kernel refuses.
        NotPermittedError: CAP_NET_ADMIN is missing.
    """
    programs.ask("tc", "qdisc", "replace", "dev", interface, "root", "pfifo", "limit", "0")


def standing(interface: str) -> Walls:
    """Return which walls stand around an interface of this thread's namespace, as the kernel lists them."""
    egress: bool | None = False
    deaf: bool | None = False
    counts: Counts | None = None
    try:
        listed = programs.ask("nft", "list", "table", FAMILY, table_of(interface))
        told = programs.ask_json("nft", "--json", "list", "table", FAMILY, table_of(interface))["nftables"]
        egress, deaf = (
            _drops(listed, told, chain, hook, interface) for chain, hook in ((OUT, "egress"), (IN, "ingress"))
        )
        counts = _counts(told)
    except NotPermittedError:
        egress = deaf = None
    except (ProgramError, *DAMAGED):
        egress = deaf = False
    return Walls(egress, deaf, _queue_is_closed(interface), counts)


def _commands(interface: str, egress: bool) -> list[dict[str, Any]]:
    """Return the table as commands of libnftables-json(5): made if absent, emptied, filled."""
    table = {"family": FAMILY, "table": table_of(interface)}
    whole = {"table": {"family": FAMILY, "name": table_of(interface)}}
    hooks = ((OUT, "egress"), (IN, "ingress")) if egress else ((IN, "ingress"),)
    chains = [
        {"type": "filter", "hook": hook, "dev": interface, "prio": FIRST, "policy": "drop", "name": name, **table}
        for name, hook in hooks
    ]
    kind_of_frame = {"payload": {"protocol": "ether", "field": "type"}}
    is_test = {"match": {"op": "==", "left": kind_of_frame, "right": TEST_TYPE}}
    rules: list[dict[str, Any]] = [
        {"chain": OUT, "expr": [is_test, {"counter": TESTS}, {"drop": None}], **table},
        {"chain": OUT, "expr": [{"counter": STOPPED}, {"drop": None}], **table},
        {"chain": IN, "expr": [{"drop": None}], **table},
    ]
    names = {chain["name"] for chain in chains}
    return [
        {"add": whole},
        {"delete": whole},
        {"add": whole},
        *({"add": {"counter": {"name": name, **table}}} for name in (TESTS, STOPPED)),
        *({"add": {"chain": chain}} for chain in chains),
        *({"add": {"rule": rule}} for rule in rules if rule["chain"] in names),
    ]


def _drops(listed: str, told: list[dict[str, Any]], chain: str, hook: str, interface: str) -> bool:
    """Return whether a chain stands at its hook on this interface, and every rule in it ends in a drop."""
    quoted = re.escape(f'"{interface}"')
    device = rf"(?:device {quoted}|devices = \{{ {quoted} \}})"
    head = rf"chain {chain} \{{\s*type filter hook {hook} {device} priority [^;]+; policy drop;"
    rules = [one["rule"] for one in told if "rule" in one]
    verdicts = [rule["expr"][-1] for rule in rules if rule["chain"] == chain]
    drop = {"drop": None}
    return bool(re.search(head, listed)) and bool(verdicts) and all(verdict == drop for verdict in verdicts)


def _counts(told: list[dict[str, Any]]) -> Counts | None:
    found = {one["counter"]["name"]: int(one["counter"]["packets"]) for one in told if "counter" in one}
    return Counts(found[TESTS], found[STOPPED]) if {TESTS, STOPPED} <= set(found) else None


def _queue_is_closed(interface: str) -> bool | None:
    try:
        queues = programs.ask_json("tc", "-json", "qdisc", "show", "dev", interface)
        roots = [(queue["kind"], queue["options"].get("limit")) for queue in queues if queue.get("root")]
    except (ProgramError, NotPermittedError):
        return None
    except DAMAGED:
        return False
    return bool(roots) and all(kind == "pfifo" and limit == 0 and limit is not False for kind, limit in roots)
