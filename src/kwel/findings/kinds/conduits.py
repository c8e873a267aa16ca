"""Declares the findings about conduits between zones of the plant, its offices and the outside.

Where the site file draws both zones with their levels, a conduit is compared with the Purdue reference model, as IEC
62443-3-2 asks (business and control systems apart). Where zones are only proposed, the finding is a question.
"""

from __future__ import annotations

from typing import Final

from kwel.findings.kind import ConduitKind, Rows, Words, always
from kwel.model.claims import Grade
from kwel.model.findings import Severity

CELL: Final = 1.0
"""Levels up to this are those of controllers and the process that they control."""

CONDUIT_SKIPS_LEVELS: Final = ConduitKind(
    id="conduit-skips-levels",
    holds=lambda of: of.is_judged and of.depth <= CELL and not of.comes_from_outside,
    severity=always(Severity.HIGH),
    title=Words(
        nl="Zone {zone}, niveau {level}, staat rechtstreeks in verbinding met {to_zone}: {protocols}",
        en="Zone {zone}, level {level}, is in direct contact with {to_zone}: {protocols}",
    ),
    question=Words(
        nl="Waarom loopt dit niet via de lagen daartussen en een DMZ, en wat laat de firewall hier door?",
        en=("Why does this not pass the levels in between and a DMZ, and what does the firewall let through here?"),
    ),
    help=(
        "A zone at level 1 or below is in direct contact with an office zone, or reaches the outside, "
        "past the levels in between."
    ),
)

ZONE_REACHED_FROM_OUTSIDE: Final = ConduitKind(
    id="zone-reached-from-outside",
    holds=lambda of: of.is_judged and of.comes_from_outside,
    severity=always(Severity.HIGH),
    title=Words(
        nl="Van buiten wordt verbinding gemaakt met zone {zone}, niveau {level}: {protocols}",
        en="Connections to zone {zone}, level {level}, are made from outside: {protocols}",
    ),
    question=Words(
        nl=("Wie komt er van buiten zone {zone} in, wie heeft dat goedgekeurd, en waar wordt die tegengehouden?"),
        en="Who comes into zone {zone} from outside, who approved it, and where are they stopped?",
    ),
    help="Connections are made from outside to a zone of the plant.",
)

OFFICE_WITHOUT_DMZ: Final = ConduitKind(
    id="office-without-dmz",
    holds=lambda of: of.is_judged and of.depth > CELL and not of.is_outside,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl=("Zone {zone}, niveau {level}, en kantoorzone {to_zone}, niveau {to_level}, praten zonder DMZ: {protocols}"),
        en=("Zone {zone}, level {level}, and office zone {to_zone}, level {to_level}, talk without a DMZ: {protocols}"),
    ),
    question=Words(
        nl="Welk systeem in een DMZ zou hier tussen moeten staan, en wat houdt nu tegen wat niet mag?",
        en="Which system in a DMZ should stand in between here, and what now stops what is not allowed?",
    ),
    help=(
        "A zone of the plant and an office zone talk directly. IEC 62443-3-2 asks that business and "
        "control systems are apart."
    ),
)

ZONE_REACHES_OUTSIDE: Final = ConduitKind(
    id="zone-reaches-outside",
    holds=lambda of: of.is_judged and of.depth > CELL and of.is_outside and of.from_plant,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl="Zone {zone}, niveau {level}, bereikt rechtstreeks {to_zone}: {protocols}",
        en="Zone {zone}, level {level}, reaches {to_zone} directly: {protocols}",
    ),
    question=Words(
        nl="Moet zone {zone} zelf naar buiten, of kan dat via een systeem in een DMZ?",
        en="Must zone {zone} go outside itself, or can a system in a DMZ do that?",
    ),
    help="A zone of the plant above level 1 opens connections to the outside itself.",
)

OFFICE_WITHOUT_DMZ_PROPOSED: Final = ConduitKind(
    id="office-without-dmz-proposed",
    holds=lambda of: not of.has_levels and of.is_office,
    severity=always(Severity.LOW),
    title=Words(
        nl="Wat OT lijkt ({zone}) en wat kantoor lijkt ({to_zone}) praten rechtstreeks: {protocols}",
        en="What looks like OT ({zone}) and what looks like an office ({to_zone}) talk directly: {protocols}",
    ),
    question=Words(
        nl=(
            "Kloppen deze zones, en hoort er een DMZ tussen? Niemand van de site heeft ze getekend: leg ze "
            "vast in een sitebestand (kwel site new)."
        ),
        en=(
            "Are these zones right, and does a DMZ belong in between? Nobody of the site has drawn them: "
            "write them down in a site file (kwel site new)."
        ),
    ),
    evidence=Rows.ALL,
    grade=Grade.D,
    help=(
        "Zones that kwel proposed, or that have no level in the site file, look like plant and office and"
        " talk directly. Nothing is broken by that: it is one question, at grade D."
    ),
)
