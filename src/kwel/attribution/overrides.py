"""Attributions in, the same with what a site file says in its place out: what the tables said stays visible.

An override is the statement of one person: grade C, like a name alone. So it decides, and it makes nothing more than an
indication of being European. Where it says what the tables say, their evidence stands (docs/site.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from kwel.attribution import whatif
from kwel.attribution.attribute import Outcome, literal
from kwel.attribution.located import UNTOLD, Told, located, told_by
from kwel.attribution.said import CLAIMS, GROUPS, Said, agrees, grade_of, merged, shown, source_of, told
from kwel.attribution.sitenames import Finder, cleaned
from kwel.attribution.verdict import judge
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.site import OverrideState
from kwel.model.siteindex import SiteIndex
from kwel.model.verdicts import BySite

if TYPE_CHECKING:
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.verdict import Axes, Judgement
    from kwel.model.site import Override, Site
    from kwel.model.verdicts import Attribution, Control
    from kwel.rulebook.model import Operator, Rulebook

Key = TypeVar("Key")
_LAPSED: Final = {OverrideState.EXPIRED: "site-override-expired", OverrideState.NOT_YET: "site-override-not-yet"}


class _Address(NamedTuple):
    """What is said of an address."""

    base: int
    """The number that the tables give it."""
    override: Override | None
    lapsed: Override | None
    told: Told
    """What the user's own databases say of it, as far as it is shown."""


class _Name(NamedTuple):
    """What is said of a name."""

    base: int
    override: Override | None
    lapsed: Override | None
    own: tuple[str, str] | None
    weak: bool


class _Displaced(NamedTuple):
    """Which of the tables' conclusions an override takes the ground from."""

    operator: bool
    place: bool


class Overruled:
    """Attributes endpoints as an ``Attributor`` does, then as a site file says."""

    def __init__(self, attributor: Attributor, book: Rulebook, site: Site, day: str | None) -> None:
        self._of, self._site, self._words, self._day = attributor, site, book.vocabulary, day
        self.members, self.links = attributor.members, attributor.links
        self._law, self._operators = attributor.law, book.operators
        self._blocs = {name: frozenset(bloc.members) for name, bloc in book.blocs.items() if name != attributor.bloc.id}
        live = [override for override in site.overrides if override.state(day) is OverrideState.APPLIES]
        self._live, self._index = Finder(live), SiteIndex(site)
        self._lapsed = Finder(override for override in site.overrides if override not in live)
        self._addresses: dict[_Address, int] = {}
        self._of_address: list[_Address] = []
        self._names: dict[_Name, int] = {}
        self._of_name: list[_Name] = []
        self._verdicts: dict[tuple[int, int], tuple[Judgement, tuple[tuple[str, Control], ...]]] = {}

    def network(self, address: str | None, name: str | None) -> int:
        """Return the number of what is known of an address, or of a name that is one."""
        where = address or literal(name)
        live, lapsed = (self._live.by_address(where), self._lapsed.by_address(where)) if where else (None, None)
        told = told_by(self._site.databases, where) if where and self._site.databases else UNTOLD
        found = _Address(self._of.network(address, name), live, lapsed, told)
        return _numbered(found, self._addresses, self._of_address)

    def meaning(self, name: str | None, chain: tuple[str, ...] = (), *, weak: bool = False, told: bool = False) -> int:
        """Return the number of what a name and the CNAMEs behind it say: see ``Attributor``."""
        names = cleaned(name, chain)
        live, lapsed = (
            next((found for one in names if (found := finder.by_name(one))), None)
            for finder in (self._live, self._lapsed)
        )
        own = next((mine for one in names if (mine := self._index.own(one))), None)
        said = _Name(self._of.meaning(name, chain, weak=weak, told=told), live, lapsed, own, weak)
        return _numbered(said, self._names, self._of_name)

    def outcome(self, network: int, meaning: int) -> Outcome:
        """Return what comes of a network and a name, by their numbers."""
        address, name = self._of_address[network], self._of_name[meaning]
        found = self._of.outcome(address.base, name.base)
        said = self._said(network, meaning)
        if not said and address.told == UNTOLD:
            return found
        operator, place = said.get("operator"), said.get("location")
        if operator:
            operator = said.get("operator_id", operator)
        moved = self._displaced(network, meaning)
        return Outcome(
            operator.value if operator else found.operator_id,
            None if place or moved.place else found.region,
            place.value if place else (None if moved.place else found.location) or address.told.country,
            self._judged(network, meaning)[0].verdict,
        )

    def __call__(
        self,
        address: str | None,
        name: str | None,
        chain: tuple[str, ...] = (),
        observed: tuple[Evidence, ...] = (),
        *,
        weak: bool = False,
        told: bool = False,
    ) -> Attribution:
        """Return what is known of an endpoint: see ``Attributor``."""
        found = self._overruled(address, name, chain, observed, weak=weak, told=told)
        where = address or literal(name)
        if where is None or not self._site.databases:
            return found
        shown = located(found, self._site.databases, where)
        if (shown.location, shown.operator) == (found.location, found.operator):
            return shown
        judged = self._judged(self.network(address, name), self.meaning(name, chain, weak=weak, told=told))
        (verdict, grade, reason), elsewhere = judged
        shown = replace(shown, verdict=verdict, grade=grade, reason=reason, elsewhere=elsewhere)
        return replace(shown, evidence=(*shown.evidence[:-1], *(_compared(s, shown) for s in shown.evidence[-1:])))

    def _overruled(
        self,
        address: str | None,
        name: str | None,
        chain: tuple[str, ...],
        observed: tuple[Evidence, ...],
        *,
        weak: bool,
        told: bool,
    ) -> Attribution:
        """Return what is known of an endpoint, what overrides say in its place."""
        before = self._of(address, name, chain, observed, weak=weak, told=told)
        network, meaning = self.network(address, name), self.meaning(name, chain, weak=weak, told=told)
        where, named = self._of_address[network], self._of_name[meaning]
        moved = self._displaced(network, meaning)
        said = {
            key: found
            for key, found in self._said(network, meaning).items()
            if not agrees(before, key, found) or (key == "location" and moved.operator)
        }
        held = self._held(network, meaning)
        fitting = [override for override in dict.fromkeys((named.override, where.override)) if override]
        applied = [override for override in fitting if override is not held or _says_more(override)]
        lapsed = [override for override in (named.lapsed, where.lapsed) if override]
        if not fitting and not lapsed and not named.own:
            return before
        steps = [step for override in applied for step in self._steps(override, but_operator=override is held)]
        steps += [self._own_step(*named.own)] if named.own else []
        rejected = tuple(self._lapsed_step(override) for override in lapsed)
        rejected += (self._held_step(held),) if held else ()
        numbers = tuple(of.number for of in applied), (held.number,) if held else ()
        by_site = BySite(named.own[0] if named.own else None, numbers[0], before, numbers[1])
        if not said:
            evidence = (*before.evidence[:-1], *steps, *before.evidence[-1:])
            return replace(before, evidence=evidence, rejected=before.rejected + rejected, site=by_site)
        judged = self._judged(network, meaning)
        gone = ("location",) if moved.place and before.location else ()
        amended = self._amended(before, said, gone, steps, judged, rejected)
        axes, operator = self._axes(network, meaning, self.members), self._operator(network, meaning)
        return replace(amended, site=by_site, **self._law.of(axes, operator, amended.path))

    def changes(self, address: str | None, name: str | None, chain: tuple[str, ...] = ()) -> list[list[str]]:
        """Return what would change the class of an endpoint: each list of facts together (``whatif``)."""
        key = self.network(address, name), self.meaning(name, chain)
        axes = self._law.settled(self._axes(*key, self.members), self._operator(*key))
        return whatif.changes(axes, self.members, self._words)

    def _said(self, network: int, meaning: int) -> dict[str, Said]:
        """Return what overrides say, field by field."""
        said = merged(*self._overrides(network, meaning), weak=self._of_name[meaning].weak)
        if self._held(network, meaning):
            said = {key: found for key, found in said.items() if key not in ("operator", *GROUPS["operator"])}
        return said

    def _overrides(self, network: int, meaning: int) -> tuple[Override | None, Override | None]:
        return self._of_address[network].override, self._of_name[meaning].override

    def _held(self, network: int, meaning: int) -> Override | None:
        """Return the override that names an operator while a front stands before the host, and does not deny that.

        Whoever runs the origin, what is sent there passes the front: its law reaches it all the same.
        """
        address, name = self._of_address[network], self._of_name[meaning]
        said = merged(address.override, name.override, weak=name.weak)
        operator, role = said.get("operator"), said.get("role")
        if operator is None or "no_front" in said or (role and role.value in self._words.front_kinds):
            return None
        own, found = said.get("operator_id"), self._of.outcome(address.base, name.base).operator_id
        if own and own.value == found:
            return None
        return operator.override if self._of.axes(address.base, name.base).front else None

    def _operator(self, network: int, meaning: int) -> Operator | None:
        """Return the operator by the override, else by the tables; ``None`` where no rule knows it."""
        address, name = self._of_address[network], self._of_name[meaning]
        said = self._said(network, meaning)
        if "operator" in said:
            return self._operators[said["operator_id"].value] if "operator_id" in said else None
        found = self._of.outcome(address.base, name.base).operator_id
        return self._operators[found] if found else None

    def _axes(self, network: int, meaning: int, members: frozenset[str]) -> Axes:
        """Return the axes of the tables, those that an override speaks of replaced."""
        address, name = self._of_address[network], self._of_name[meaning]
        axes, said = self._of.axes(address.base, name.base, members), self._said(network, meaning)
        moved = self._displaced(network, meaning)
        if moved.place:
            axes = replace(axes, places=(), place_grade=Grade.U, anycast=False)
        if operator := said.get("operator"):
            same = not moved.operator
            axes = replace(
                axes,
                operator=said["operator_jurisdiction"].value,
                parent=said["parent_jurisdiction"].value,
                operator_unverified=False,
                licensors=axes.licensors if same else self._law.licensors(self._operator(network, meaning)),
                own_service=same and axes.own_service,
                host_grade=max(operator.grade, axes.host_grade) if same else operator.grade,
                contradicted=same and axes.contradicted,
                front=axes.front if same else "role" in said and said["role"].value in self._words.front_kinds,
            )
        if supplier := said.get("supplier"):
            keys = ("supplier_parent_jurisdiction", "supplier_jurisdiction")
            seats = tuple(said[key].value for key in keys if key in said)
            if axes.supplier != seats or axes.supplier_grade < supplier.grade:
                axes = replace(axes, supplier=seats, supplier_grade=supplier.grade, own_service=False)
            axes = replace(axes, supplier_unverified=False)
        place = said.get("location")
        if place and (moved.operator or axes.places != (place.value,) or axes.place_grade < place.grade):
            axes = replace(axes, places=(place.value,), place_grade=place.grade, anycast=False)
        if address.told.country and not axes.places and not axes.anycast:
            axes = replace(axes, places=(address.told.country,), place_grade=Grade.D)
        if address.told.organisation and axes.operator is None:
            axes = replace(axes, network_named=True)
        return axes

    def _displaced(self, network: int, meaning: int) -> _Displaced:
        """Return what goes: where an operator's list says that a host stands counts only if it is that operator's."""
        address, name = self._of_address[network], self._of_name[meaning]
        said = self._said(network, meaning)
        if "operator" not in said:
            return _Displaced(operator=False, place=False)
        own, found = said.get("operator_id"), self._of.outcome(address.base, name.base).operator_id
        if own and own.value == found:
            return _Displaced(operator=False, place=False)
        axes = self._of.axes(address.base, name.base)
        return _Displaced(operator=True, place="location" not in said and (axes.anycast or axes.place_grade > Grade.D))

    def _judged(self, network: int, meaning: int) -> tuple[Judgement, tuple[tuple[str, Control], ...]]:
        """Return the verdict, and the blocs and switches under which the class would be another."""
        key = network, meaning
        judged = self._verdicts.get(key)
        if judged is None:
            axes, operator = self._axes(*key, self.members), self._operator(*key)
            judgement = self._law.judge(axes, operator)
            mine, elsewhere = judgement.verdict.control, []
            for name, members in self._blocs.items():
                other = self._law.settled(self._axes(*key, members), operator)
                control = judge(other, members, self._words).verdict.control
                if control is not mine:
                    elsewhere.append((name, control))
            judged = self._verdicts[key] = judgement, (*elsewhere, *self._law.toggled(axes, operator, mine))
        return judged

    def _amended(
        self,
        before: Attribution,
        said: dict[str, Said],
        gone: tuple[str, ...],
        steps: list[Evidence],
        judged: tuple[Judgement, tuple[tuple[str, Control], ...]],
        rejected: tuple[Evidence, ...],
    ) -> Attribution:
        """Return the attribution with what is said in its place, and what it displaced among what was rejected."""
        fields: dict[str, Any] = {key: found.value for key, found in said.items() if hasattr(before, key)}
        if "supplier_parent_jurisdiction" in said and said["supplier_parent_jurisdiction"].value not in self.members:
            fields["supplier_jurisdiction"] = said["supplier_parent_jurisdiction"].value
        for key in CLAIMS:
            if key in said:
                fields[key] = Claim(said[key].value, said[key].grade, _about(steps, key))
        if "operator" in said:
            fields.setdefault("operator_id", None)
        if "location" in said or gone:
            fields |= {"region": None, "place": None, "anycast": False, **dict.fromkeys(gone)}
        displaced = {key for key in CLAIMS if key in said or key in gone}
        kept = {id(step) for key in CLAIMS if key not in displaced for step in _steps_of(getattr(before, key))}
        moved = {id(step) for key in displaced for step in _steps_of(getattr(before, key))} - kept
        (verdict, grade, reason), elsewhere = judged
        after = replace(before, **fields, verdict=verdict, grade=grade, reason=reason, elsewhere=elsewhere)
        stays = [step for step in before.evidence if id(step) not in moved]
        if "operator" in said:  # and with it the influence that others had
            stays = [step for step in stays if not step.kind.startswith("offering")]
            steps = [*steps, *self._law.evidence(self._operators.get(fields["operator_id"] or ""))]
        was = [step for step in before.evidence if id(step) in moved]
        overruled = [
            Evidence(
                "inferred",
                "overruled",
                (("field", key), ("value", shown(before, key)), ("grade", grade_of(before, key))),
                source=source_of(before, key),
            )
            for key in GROUPS
            if (key in said or key in gone) and shown(before, key)
        ]
        return replace(
            after,
            evidence=(*stays[:-1], *steps, *(_compared(step, after) for step in stays[-1:])),
            rejected=(*before.rejected, *overruled, *was, *rejected),
        )

    def _steps(self, override: Override, *, but_operator: bool) -> list[Evidence]:
        """Return what an override says, a step a field."""
        sets, source = dict(override.sets), self._site.source(override)
        common = ("author", override.author), ("reason", override.reason)
        return [
            Evidence("looked-up", "site-override", (("field", key), ("value", told(sets, key)), *common), source=source)
            for key in (*GROUPS, "parent")
            if key in sets and not (but_operator and key in ("operator", "parent"))
        ]

    def _held_step(self, override: Override) -> Evidence:
        values = ("field", "operator"), ("value", told(dict(override.sets), "operator")), ("author", override.author)
        return Evidence("looked-up", "site-override-behind-front", values, source=self._site.source(override))

    def _lapsed_step(self, override: Override) -> Evidence:
        kind = _LAPSED[override.state(self._day)]
        about = "expires" if kind.endswith("expired") else "begins"
        values = (
            ("field", ", ".join(key for key in GROUPS if key in dict(override.sets))),
            ("author", override.author),
            (about, getattr(override, about)),
            ("day", self._day or ""),
        )
        return Evidence("looked-up", kind, values, source=self._site.source(override))

    def _own_step(self, own: str, what: str) -> Evidence:
        return Evidence("looked-up", "site-own", (("own", own), ("what", what)), source=self._site.source())


def _numbered(key: Key, numbers: dict[Key, int], of_number: list[Key]) -> int:
    number = numbers.setdefault(key, len(of_number))
    if number == len(of_number):
        of_number.append(key)
    return number


def _steps_of(claim: Claim | None) -> tuple[Evidence, ...]:
    return claim.evidence if claim else ()


def _about(steps: list[Evidence], key: str) -> tuple[Evidence, ...]:
    """Return the step that says something of a field; of a parent, else what says who the operator is."""
    keys = (key, "operator") if key == "parent" else (key,)
    return next((found for of in keys if (found := tuple(s for s in steps if ("field", of) in s.values))), ())


def _compared(step: Evidence, after: Attribution) -> Evidence:
    """Return the last step, what was held against the bloc, with what now counts."""
    now = {
        "parent": after.parent_jurisdiction,
        "operator": after.operator_jurisdiction,
        "location": after.location and after.location.value,
        "supplier": after.supplier_jurisdiction,
        "reason": after.reason,
    }
    return replace(step, values=tuple((key, now.get(key, value) or "") for key, value in step.values))


def _says_more(override: Override) -> bool:
    """Return whether an override says more than who the operator is."""
    return any(key in GROUPS and key != "operator" for key, _ in override.sets)
