"""An asset in, its sheet out: everything that is known of it, each line with what it rests on.

For whoever must walk to the box: what it is called and what stands on its label, where it is plugged in, whom it talks
to, and in which frames that is to be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.report import changed, numbers, orders
from kwel.report.phrases import NOT_COUNTED, integer
from kwel.report.places import zone_of
from kwel.report.text import NOT_ANY, NOTHING, Text, code, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kwel.model.assets import Asset
    from kwel.model.changes import Change
    from kwel.model.claims import Claim, Evidence
    from kwel.model.report import Report
    from kwel.model.talks import Closeup, Talk
    from kwel.report.catalogue import Catalogue
    from kwel.report.changed import Changed
    from kwel.report.orders import Order
    from kwel.report.phrases import Phrases, Step

VALUES = 6
"""Values of one sort that a sheet lists."""
FRAMES = 3
"""Frames that are named with a value."""
STEPS = 12
FILTERED = 4
"""Addresses that the filter for Wireshark names."""
_LONGEST = 120

_SPOKEN = {"arp-claim": "arp", "nd-claim": "nd", "dhcp-claim": "dhcp"}
"""Evidence that is of one protocol without saying so."""
_NAMES = ("hostname", "station")
_BEFORE = ("vendor", "product", "order-number", "serial", "firmware", "software", "system", "description", "location")
_PLUG = ("switch-port", "neighbour")
_AFTER = ("domain", "identity", "uri", "certificate", "service", "vendor-class", "parameters", "protocol", "role")
"""Facts in the order in which a sheet has them; those of a kind that stands nowhere come last."""


@dataclass(frozen=True, slots=True)
class Value:
    """One thing that is known, and in small type what it rests on."""

    text: Text
    basis: Text


@dataclass(frozen=True, slots=True)
class Known:
    """What is known under one heading."""

    head: Text
    values: list[Value]
    more: Text = NOTHING


@dataclass(frozen=True, slots=True)
class Peer:
    """What was exchanged with one other asset over one protocol."""

    label: Text
    link: str | None
    address: Text
    protocol: Text
    way: Text
    out: Text
    into: Text
    when: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Sheet:
    """One asset, whole."""

    known: list[Known]
    peers: list[Peer]
    peers_more: Text
    orders: list[Order]
    orders_more: Text
    changed: list[Changed]
    filter: Text
    why: list[Step]


class Sheets:
    """Writes sheets; *shown* are the assets that a link leads to."""

    def __init__(self, report: Report, shown: Iterable[int], phrases: Phrases) -> None:
        self._report, self._phrases, self._say = report, phrases, phrases.say
        self._shown = frozenset(shown)
        self._links = {report.assets[index].id: f"a-{index}" for index in self._shown}
        self._orders = orders.by_asset(report, self._links.keys())
        self._changes: dict[str, list[Change]] = {}
        for change in report.changes:
            if len(mine := self._changes.setdefault(change.asset, [])) < changed.EACH:
                mine.append(change)

    def sheet(self, asset: Asset, closeup: Closeup) -> Sheet:
        """Return the sheet of one asset."""
        told = self._orders.get(asset.id, [])
        more = len(told) - orders.MOST
        return Sheet(
            known=[known for known in self._known(asset, closeup) if known.values],
            peers=[self._peer(talk) for talk in closeup.talks],
            peers_more=self._say.count("sheet.peers-more", closeup.more) if closeup.more else NOTHING,
            orders=[orders.order(command, asset.id, self._links, self._phrases) for command in told[: orders.MOST]],
            orders_more=self._say.count("sheet.orders-more", more) if more > 0 else NOTHING,
            changed=[changed.line(change, self._links, self._phrases) for change in self._changes.get(asset.id, [])],
            filter=code(display_filter(asset), 400),
            why=self._why(asset),
        )

    def _known(self, asset: Asset, closeup: Closeup) -> list[Known]:
        facts = _by_kind(asset)
        names = [*asset.names, *(claim for kind in _NAMES for claim in facts.pop(kind, []))]
        lead = {kind: [claim] for kind in ("vendor", "product", "firmware") if (claim := getattr(asset, kind))}
        said = {kind: self._said(kind, [*lead.get(kind, []), *facts.pop(kind, [])]) for kind in _BEFORE}
        plug = [self._said(kind, facts.pop(kind, [])) for kind in _PLUG]
        after = [self._said(kind, facts.pop(kind, [])) for kind in (*_AFTER, *sorted(facts))]
        return [
            self._said("hostname", names),
            self._addresses(asset, closeup),
            self._said("mac", asset.macs, code_face=True),
            *said.values(),
            *plug,
            self._vlans(asset),
            *self._place(asset),
            self._protocols(asset),
            *after,
            self._seen(asset),
        ]

    def _said(self, kind: str, claims: Iterable[Claim], *, code_face: bool = False) -> Known:
        """Return what was said under one heading, each thing once."""
        merged: dict[str, tuple[str, list[Evidence]]] = {}
        for claim in claims:
            _, steps = merged.setdefault(claim.value.casefold(), (claim.value, []))
            steps += [step for step in claim.evidence if step not in steps]
        face = code if code_face else wire
        values = [Value(face(value, _LONGEST), self._basis(steps)) for value, steps in list(merged.values())[:VALUES]]
        return Known(self._say.term("fact", kind), values, self._more(len(merged)))

    def _more(self, count: int) -> Text:
        return self._say.count("sheet.more", count - VALUES) if count > VALUES else NOTHING

    def _basis(self, steps: Iterable[Evidence]) -> Text:
        """Return in a few words what something rests on: protocols and frames, look-ups by their source."""
        frames: dict[Text, list[Text]] = {}
        others: list[Text] = []
        for step in steps:
            if step.where is None:
                if step.step == "looked-up":  # what was inferred is told in whole sentences below
                    others.append(joined([self._say(f"step.{step.step}"), wire(step.source, 80)], ": "))
            else:
                frames.setdefault(self._spoken(step), []).append(self._phrases.frame([step]))
        seen = [joined([*filter(None, [protocol]), *_first(places)], " ") for protocol, places in frames.items()]
        return joined([*seen, *dict.fromkeys(others)], "; ")

    def _spoken(self, step: Evidence) -> Text:
        name = next((value for key, value in step.values if key == "protocol"), _SPOKEN.get(step.kind, ""))
        return self._say.first(f"term.{name}") or wire(name) if name else NOTHING

    def _addresses(self, asset: Asset, closeup: Closeup) -> Known:
        """Return the addresses, the earliest first, with the time in which traffic shows them."""
        times = {stay.address: numbers.period(stay.first, stay.last) for stay in closeup.stays}
        order = [address for address in times if address in asset.addresses]
        order += [address for address in asset.addresses if address not in times]
        proofs: dict[str, list[Evidence]] = {}
        for step in (step for claim in (*asset.macs,) for step in claim.evidence):
            proofs.setdefault(dict(step.values).get("address", ""), []).append(step)
        values = []
        for address in order[:VALUES]:
            told = [times[address]] if address in times else []
            told += [self._basis(proofs[address])] if address in proofs else []
            values.append(Value(code(address), joined(told, "; ")))
        return Known(self._say("fact.address"), values, self._more(len(order)))

    def _vlans(self, asset: Asset) -> Known:
        tags = [plain(str(vlan)) for vlan in asset.vlans if vlan]
        values = [Value(joined(tags[:VALUES]), NOTHING)] if tags else []
        return Known(self._say("fact.vlan"), values, self._more(len(tags)))

    def _place(self, asset: Asset) -> list[Known]:
        """Return where it stands and what it does there: what people say before what is concluded."""
        say = self._say
        found: list[tuple[str, Text | None, Claim | None]] = [
            ("is", self._role(asset.role), asset.role),
            ("role-or", self._role(asset.role_or), asset.role_or),
            ("kind", say(f"kind.{asset.kind.value}"), asset.kind_why),
            ("zone", zone_of(asset.zone, say) if asset.zone else None, asset.zone_why),
            ("level", wire(asset.level.value, 20) if asset.level else None, asset.level),
            ("owner", wire(asset.owner, 80) if asset.owner else None, None),
            ("criticality", wire(asset.criticality, 80) if asset.criticality else None, None),
            ("behind", self._behind(asset.behind), asset.behind),
        ]
        return [Known(say(f"fact.{key}"), [Value(text, self._judged(claim))]) for key, text, claim in found if text]

    def _behind(self, claim: Claim | None) -> Text | None:
        if claim is None:
            return None
        count = integer(claim.value)
        return wire(claim.value, 80) if count is None else self._say.count("fact.up-to", count)

    def _role(self, claim: Claim | None) -> Text | None:
        return (self._say.first(f"role.{claim.value}") or wire(claim.value, 60)) if claim else None

    def _judged(self, claim: Claim | None) -> Text:
        """Return how sure a conclusion is and what it rests on."""
        if claim is None:
            return NOTHING
        return joined([self._phrases.grade(claim.grade), *filter(None, [self._basis(claim.evidence)])], "; ")

    def _protocols(self, asset: Asset) -> Known:
        """Return what it speaks, and on which side."""
        values = []
        for claim in asset.protocols:
            sides = dict.fromkeys(dict(step.values).get("role", "") for step in claim.evidence)
            ways = [text for side in sides if side and (text := self._say.first(f"sheet.{side}"))]
            name = self._say.first(f"term.{claim.value}") or wire(claim.value.upper(), 40)
            frames = list(
                dict.fromkeys(self._phrases.frame([step]) for step in claim.evidence if step.where is not None)
            )
            text = joined([name, joined(ways)], ": ") if ways else name
            values.append(Value(text, joined(_first(frames), " ")))
        return Known(self._say("fact.speaks"), values[: 2 * VALUES], self._more_of(len(values), 2 * VALUES))

    def _more_of(self, count: int, shown: int) -> Text:
        return self._say.count("sheet.more", count - shown) if count > shown else NOTHING

    def _seen(self, asset: Asset) -> Known:
        return Known(self._say("fact.seen"), [Value(numbers.period(asset.first, asset.last), NOTHING)])

    def _why(self, asset: Asset) -> list[Step]:
        """Return the reasoning in whole sentences."""
        claims = [asset.kind_why, asset.role, asset.role_or, asset.level, asset.zone_why, asset.behind, asset.vendor]
        claims += [*asset.macs[:2], *asset.names[:2]]
        steps, _ = self._phrases.chain(*(of.evidence for of in claims if of), asset.evidence, longest=STEPS)
        return [step for step in steps if step.kind != NOT_COUNTED]

    def _peer(self, talk: Talk) -> Peer:
        other = self._report.assets[talk.peer]
        side = {True: "client", False: "server", None: "unknown"}[talk.asks]
        label = wire(other.label, 60)
        return Peer(
            label=label,
            link=f"a-{talk.peer}" if talk.peer in self._shown else None,
            address=code(other.addresses[0]) if other.addresses and other.addresses[0] != other.label else NOTHING,
            protocol=_protocol(talk, self._say),
            way=self._say(f"sheet.way-{side}"),
            out=numbers.size(talk.bytes_out) if talk.bytes_out else NOT_ANY,
            into=numbers.size(talk.bytes_in) if talk.bytes_in else NOT_ANY,
            when=numbers.period(talk.first, talk.last),
            frame=self._phrases.place(talk.where),
        )


def _by_kind(asset: Asset) -> dict[str, list[Claim]]:
    facts: dict[str, list[Claim]] = {}
    for fact in asset.facts:
        facts.setdefault(fact.kind, []).append(fact.claim)
    return facts


def _first(frames: list[Text]) -> list[Text]:
    distinct = list(dict.fromkeys(frames))
    return [*distinct[:FRAMES], *([plain("…")] if len(distinct) > FRAMES else [])]


def _protocol(talk: Talk, say: Catalogue) -> Text:
    """Return the protocol by content, else the port, which proves nothing."""
    if talk.application:
        return say.first(f"term.{talk.application}") or wire(talk.application.upper(), 40)
    port = f" {talk.port}" if talk.port else ""
    return say("sheet.port", port=plain(f"{talk.transport}{port}"))


def display_filter(asset: Asset) -> str:
    """Return what to type into Wireshark to see the asset's packets.

    ``ip.addr`` and its like are fields of Wireshark's display filters, https://www.wireshark.org/docs/dfref/.
    """
    parts = [f"{'ipv6' if ':' in address else 'ip'}.addr == {address}" for address in asset.addresses[:FILTERED]]
    parts += [f"eth.addr == {claim.value}" for claim in asset.macs[:FILTERED]]
    return " || ".join(parts)


def sheets(report: Report, order: list[int], shown: Mapping[int, Closeup], phrases: Phrases) -> dict[int, Sheet]:
    """Return the sheets of the assets that were looked at from near; *order* are all that a link may lead to."""
    maker = Sheets(report, order, phrases)
    return {asset: maker.sheet(report.assets[asset], closeup) for asset, closeup in shown.items()}
