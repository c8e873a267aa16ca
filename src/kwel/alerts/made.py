"""Things that are new in a window in, alerts on them with their proof out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.alerts import news
from kwel.alerts.kinds import kinds
from kwel.alerts.tellings import alert_id
from kwel.model.alerts import Alert
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kwel.alerts.news import Breach, Contact, Inbound
    from kwel.model.report import Report
    from kwel.model.window import Window

ORDER: Final = ("new-jurisdiction", "new-operator", "new-supplier", "new-unknown", "new-attempt")
"""Of several things that are new of the same asset and operator, the first gives the alert its kind."""
MOST_NAMED: Final = 6


class Fresh(NamedTuple):
    """A contact and what is new about it."""

    contact: Contact
    subjects: tuple[tuple[str, ...], ...]


class Made:
    """Makes the alerts of one window."""

    def __init__(self, sensor: str, window: Window, report: Report) -> None:
        self.sensor, self.window, self.report = sensor, window, report

    def of_contacts(self, fresh: Iterable[Fresh], strangers: Collection[str]) -> Iterator[Alert]:
        """Yield an alert for each asset that is new (*strangers*), and for each operator that is new to another one."""
        groups: dict[tuple[str, ...], list[Fresh]] = {}
        for one in fresh:
            groups.setdefault(_group(one, strangers), []).append(one)
        for (kind, *_), several in groups.items():
            yield self._of_stranger(several) if kind == "new-asset" else self._of_operator(several)

    def _of_stranger(self, several: Sequence[Fresh]) -> Alert:
        contacts = [one.contact for one in several]
        operators = named(contact.operator or contact.host for contact in contacts)
        return self._made("new-asset", (contacts[0].asset,), contacts, {"operators": operators})

    def _of_operator(self, several: Sequence[Fresh]) -> Alert:
        contacts = [one.contact for one in several]
        new = sorted({subject for one in several for subject in one.subjects}, key=lambda of: (ORDER.index(of[0]), of))
        kind = new[0][0]
        about = [subject[2] for subject in new if subject[0] == kind]
        hosts = list(dict.fromkeys(contact.host for contact in contacts))
        values = {"host": named(hosts), "hosts": named(hosts), "count": str(len(hosts))}
        if kind == "new-attempt":
            values["operator"] = contacts[0].operator or contacts[0].host
        if kind in ("new-jurisdiction", "new-supplier"):
            values["jurisdictions" if kind == "new-jurisdiction" else "supplier"] = named(about)
        return self._made(kind, (contacts[0].asset, contacts[0].operator, *about[:MOST_NAMED]), contacts, values)

    def of_inbound(self, one: Inbound) -> Alert:
        """Return an alert on a conversation that somebody outside began."""
        values = {"port": one.port, "operator": one.contact.operator or one.contact.host}
        made = self._made(one.subject[0], one.subject[1:], [one.contact], values)
        return replace(made, evidence=tuple(dict.fromkeys((one.frame, *made.evidence)))) if one.frame else made

    def of_breach(self, breach: Breach) -> Alert:
        """Return an alert on what the site's own limits do not allow."""
        window, kind = self.window, kinds()[breach.kind]
        return Alert(
            alert_id(breach.subject), kind.id, kind.severity, window.closed, self.sensor, window.source,
            window.sequence, breach.asset, breach.label, "", breach.host, breach.values, breach.evidence,
        )  # fmt: skip

    def _made(self, kind: str, about: Sequence[str], contacts: Sequence[Contact], values: Mapping[str, str]) -> Alert:
        window, first = self.window, contacts[0]
        dependency = self.report.dependencies[first.row]
        verdicts = [self.report.dependencies.attributions[self._of(one)].verdict.control for one in contacts]
        is_inside = all(control is Control.EUROPEAN for control in verdicts)
        severity = kinds()[kind].inside if is_inside else kinds()[kind].severity
        return Alert(
            alert_id((kind, *about)), kind, severity, window.closed, self.sensor, window.source, window.sequence,
            first.asset, first.label, first.operator, first.host, values,
            news.frames(dependency), news.because(dependency.attribution),
        )  # fmt: skip

    def _of(self, contact: Contact) -> int:
        return int(self.report.dependencies.attribution[contact.row])


def _group(one: Fresh, strangers: Collection[str]) -> tuple[str, ...]:
    """Return what tells which contacts are told in one alert."""
    contact = one.contact
    if contact.asset in strangers:
        return "new-asset", contact.asset
    if not contact.used:
        return "new-attempt", contact.asset, contact.operator or contact.host
    return ("used", contact.asset, contact.operator) if contact.operator else ("new-unknown", contact.asset)


def named(words: Iterable[str]) -> str:
    """Return the first few of some words, and how many more there are.

    >>> named("abcdefgh")
    'a, b, c, d, e, f (+2)'
    """
    distinct = list(dict.fromkeys(word for word in words if word))
    more = len(distinct) - MOST_NAMED
    return ", ".join(distinct[:MOST_NAMED]) + (f" (+{more})" if more > 0 else "")
