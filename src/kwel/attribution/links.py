"""An attribution and what was observed in, the links from the asset to the host out: each with its own evidence.

``x.supplier.example`` may be an alias of ``y.azurefd.net``: then who supplies, what it is, who stands in front and
whose host it is are four answers. None is derived from another, and a link that nothing tells is there and says so.
The first name tells the supplier, the last one and the address the host. A certificate is what somebody showed: it
is told beside the link that it speaks of, and where nothing else speaks it is a hint, grade D.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.attribution.registrable import registered, source
from kwel.attribution.steps import inferred, lowered, operator_rule
from kwel.model.claims import Grade
from kwel.model.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kwel.attribution.registrable import Registered
    from kwel.model.claims import Evidence
    from kwel.model.links import By, Part
    from kwel.model.verdicts import Attribution
    from kwel.rulebook.model import Operator, Rulebook

DOUBTS: Final = ("dns-answer-stale", "dns-answer-to-another")
"""Evidence that a name rests on less than it should."""
SHOWN: Final = "server-certificate"
ANSWERED: Final = "dns-answer"
FRONT: Final = "front"
OWN: Final = "site-own"
OVERRIDE: Final = "site-override"
Steps = tuple["Evidence", ...]


class LinkReader:
    """Walks the way of an attribution; holds the indexes of a rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._kept = {suffix for operator in book.operators.values() for suffix in operator.own_suffixes}
        self._issuers = {issuer: operator for operator in book.operators.values() for issuer in operator.issuers}

    def find(self, attribution: Attribution, observed: Iterable[Evidence] = ()) -> tuple[Link, ...]:
        """Return the links, the asset's end first.

        Args:
            attribution: of one endpoint.
            observed: what was seen of it: certificates, and what the name rests on.
        """
        seen = tuple(observed)
        weak = any(step.kind in DOUBTS for step in seen)
        shown = next((step for step in seen if step.kind == SHOWN), None)
        answer = tuple(step for step in seen if step.kind == ANSWERED)[:1]
        aliases = (self._named("alias", name, answer, weak=weak) for name in attribution.chain)
        return (
            self._supplier(attribution, shown, weak=weak),
            _service(attribution),
            *aliases,
            *self._host(attribution, shown),
        )

    def _supplier(self, a: Attribution, shown: Evidence | None, *, weak: bool) -> Link:
        """Return through whom the asset got there: a customer of an operator, a vendor, or whoever has the domain."""
        found = registered(a.name) if a.name else None
        certificate = _covering(shown, found.domain) if found else ()
        if a.site and a.site.own:
            told = tuple(step for step in a.evidence if step.kind == OWN)
            return Link("supplier", a.name, a.site.own, "own", None, Grade.C, (*told, *certificate))
        if told := _overridden(a):
            return Link("supplier", a.name, a.supplier, "own", a.supplier_jurisdiction, Grade.C, told)
        if a.supplier and a.service and not self._is_customers(found, a.service.evidence[0]):
            steps = (a.service.evidence[0], *certificate)
            return Link("supplier", a.name, a.supplier, "vendor", a.supplier_jurisdiction, a.service.grade, steps)
        return self._named("supplier", a.name, certificate, weak=weak) if a.name else _nobody("supplier", None)

    def _is_customers(self, found: Registered | None, service: Evidence | None = None) -> bool:
        """Return whether a company handed a name out to a customer; not where a rule knows the very name."""
        suffix = found.handed_out_by if found else None
        own = dict(service.values).get("suffix", "") if service else ""
        return suffix is not None and suffix not in self._kept and len(own) <= len(suffix)

    def _named(self, part: Part, name: str, more: Steps, *, weak: bool) -> Link:
        """Return who is behind a name: an operator, one of its customers, or whoever registered the domain."""
        found, owned = registered(name), self._book.operator_of(name)
        grade = lowered(Grade.C, unsourced=weak)
        if found and part == "supplier" and self._is_customers(found):
            company = owned[0].name if owned else ""
            step = inferred("customer-name", source(), name=found.domain, suffix=found.handed_out_by, operator=company)
            return Link(part, name, found.domain, "customer", None, grade, (step, *more))
        if owned:
            operator, suffix = owned
            step = inferred("operator-domain", operator_rule(operator), operator=operator.name, suffix=suffix)
            grade = lowered(grade, unsourced=operator.unsourced)
            return Link(part, name, operator.name, "operator", operator.parent.jurisdiction, grade, (step, *more))
        if found is None:
            return _nobody(part, name)
        step = inferred("registrable-domain", source(), domain=found.domain, name=name)
        return Link(part, name, found.domain, "domain", None, grade, (step, *more))

    def _host(self, a: Attribution, shown: Evidence | None) -> Iterator[Link]:
        """Yield whose host it is; where a front stands before it, the front, and that the origin is not known."""
        name = a.chain[-1] if a.chain else a.name or a.address
        hints = self._hints(shown)
        front = tuple(step for step in a.evidence if step.kind == FRONT)
        if (
            a.operator is None and front and a.service
        ):  # a gateway that its own name tells, on hosts of nobody knows whom
            law, grade = a.supplier_jurisdiction, a.service.grade
            yield Link("front", name, a.supplier, "vendor", law, grade, (*a.service.evidence, *front))
            yield _nobody("host", None)
            return
        if a.operator is None:
            operator = hints[0][0] if hints else None
            steps = tuple(step for _, step in hints)
            if operator is None or shown is None:
                yield _nobody("host", name)
            else:
                law = operator.parent.jurisdiction
                yield Link("host", name, operator.name, "operator", law, Grade.D, (shown, *steps))
            return
        agreeing = tuple(step for operator, step in hints if self._is_of(a, operator))
        if agreeing and shown:
            agreeing = (shown, *agreeing)
        by: By = "operator" if a.operator_id else "number"
        if a.operator.evidence[0].kind == "site-override":
            by = "own"
        part: Part = "front" if front else "host"
        steps = (*a.operator.evidence, *front, *agreeing)
        yield Link(part, name, a.operator.value, by, a.parent_jurisdiction, a.operator.grade, steps)
        if front:
            yield _nobody("host", None)

    def _is_of(self, a: Attribution, operator: Operator) -> bool:
        """Return whether an operator is the one of an attribution, or of the same parent in the same networks."""
        own = self._book.operators.get(a.operator_id or "")
        return own is not None and (
            own is operator or operator.id in own.shares_networks_of or own.id in operator.shares_networks_of
        )

    def _hints(self, shown: Evidence | None) -> list[tuple[Operator, Evidence]]:
        """Return the operators that a certificate points to: by a name in it, and by who issued it."""
        if shown is None:
            return []
        values, found = dict(shown.values), []
        for name in _names(values["name"]):
            if owned := self._book.operator_of(name):
                operator, suffix = owned
                step = inferred("certificate-name", operator_rule(operator), operator=operator.name, suffix=suffix)
                found.append((operator, step))
                break
        issuer = values["issuer"]
        if issuing := self._issuers.get(issuer):
            step = inferred("certificate-issuer", operator_rule(issuing), operator=issuing.name, issuer=issuer)
            found.append((issuing, step))
        return found


def _overridden(a: Attribution) -> Steps:
    """Return the statement of the site file that says who supplies, if one does."""
    return tuple(step for step in a.evidence if step.kind == OVERRIDE and dict(step.values)["field"] == "supplier")


def _nobody(part: Part, name: str | None) -> Link:
    return Link(part, name, None, "unknown", None, Grade.U, ())


def _service(a: Attribution) -> Link:
    if a.service is None:
        return _nobody("service", a.name)
    return Link(
        "service", a.name, a.service.value, "vendor", a.supplier_jurisdiction, a.service.grade, a.service.evidence
    )


def _covering(shown: Evidence | None, domain: str) -> Steps:
    """Return what a certificate adds: it is of the same registrable domain as the name asked for, or nothing."""
    if shown is None:
        return ()
    values = dict(shown.values)
    same = (found for name in _names(values["name"]) if (found := registered(name)) and found.domain == domain)
    return (shown, inferred("certificate-domain", source(), domain=domain)) if next(same, None) else ()


def _names(listed: str) -> list[str]:
    """Return the names of a certificate as evidence tells them, without the star of a wildcard."""
    return [name.removeprefix("*.").lower() for name in listed.split(", ") if "." in name]
