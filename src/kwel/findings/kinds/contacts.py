"""Declares the findings about contacts with the outside.

Conditions are masks over columns of all dependencies. Severity: about an OT asset, any other in between, an IT asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.findings.kind import ContactKind, Rows, Severities, Words, always, in_control
from kwel.model.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.dependencies import Dependency
    from kwel.model.verdicts import Attribution


def _supplier_in_control(attribution: Attribution) -> tuple[str, str]:
    return in_control(attribution)[0], attribution.supplier_jurisdiction or ""


def _name_operator(chief: Dependency) -> Iterable[tuple[str, str]]:
    """Yield the operator that the name belongs to."""
    for step in chief.attribution.rejected:
        if step.kind == "name-against-network":
            yield "claimed", dict(step.values)["name_operator"]


def _certificate_holder(chief: Dependency) -> Iterable[tuple[str, str]]:
    """Yield the holder of the certificate."""
    for step in chief.evidence:
        if step.kind == "certificate-of-another":
            yield "claimed", dict(step.values)["holder"]


def _round_trip(chief: Dependency) -> Iterable[tuple[str, str]]:
    """Yield the place, how far it is, and how far a host can be that answers so soon."""
    for step in chief.evidence:
        if step.kind == "round-trip-against-place":
            values = dict(step.values)
            yield from ((key, values[key]) for key in ("place", "distance", "trip", "km", "here"))


OT_ASSET_USES_FOREIGN_CLOUD: Final = ContactKind(
    id="ot-asset-uses-foreign-cloud",
    holds=lambda of: of.used & of.foreign & of.is_ot,
    severity=always(Severity.HIGH),
    title=Words(
        nl="OT-asset {asset} wisselt gegevens uit met {destination}: {operator}, zeggenschap {jurisdiction}",
        en="OT asset {asset} exchanges data with {destination}: {operator}, control {jurisdiction}",
    ),
    question=Words(
        nl="Welke functie van {asset} heeft {destination} nodig, en wat staat stil als die wegvalt?",
        en="Which function of {asset} needs {destination}, and what stops when it is gone?",
    ),
    help=(
        "An OT asset exchanges data with a host that is under control from outside Europe. What the plant"
        " needs can then be ended or read by others."
    ),
)

VENDOR_CLOUD_OUTSIDE: Final = ContactKind(
    id="vendor-cloud-outside",
    holds=lambda of: of.used & of.supplier_outside,
    severity=Severities(ot=Severity.HIGH, other=Severity.MEDIUM, it=Severity.LOW),
    title=Words(
        nl="{asset} gebruikt {destination} van {supplier}, gevestigd buiten Europa: {jurisdiction}",
        en="{asset} uses {destination} of {supplier}, seated outside Europe: {jurisdiction}",
    ),
    question=Words(
        nl="Kan {asset} zonder deze dienst van {supplier} werken, en is dat beproefd?",
        en="Can {asset} work without this service of {supplier}, and has that been tried?",
    ),
    graver_if_it_steers=True,
    control=_supplier_in_control,
    help=(
        "The service belongs to a supplier seated outside Europe, whoever runs the host. Left out where "
        "the verdict on the host already says the same."
    ),
)

FRONT_HIDES_ORIGIN: Final = ContactKind(
    id="front-hides-origin",
    holds=lambda of: of.used & of.front,
    severity=Severities(ot=Severity.HIGH, other=Severity.MEDIUM, it=Severity.LOW),
    title=Words(
        nl=("{asset} bereikt {destination} via {operator}, onder zeggenschap van {jurisdiction}: oorsprong onbekend"),
        en=("{asset} reaches {destination} through {operator}, under control of {jurisdiction}: origin unknown"),
    ),
    question=Words(
        nl="Waar staat de dienst achter {operator}, en van wie is die?",
        en="Where is the service behind {operator}, and whose is it?",
    ),
    graver_if_it_steers=True,
    help=(
        "A CDN or proxy answers, so that nobody on the network can see where the service behind it is or whose it is."
    ),
)

ASSET_USES_FOREIGN_CLOUD: Final = ContactKind(
    id="asset-uses-foreign-cloud",
    holds=lambda of: of.used & of.foreign & ~of.is_ot,
    severity=Severities(ot=Severity.HIGH, other=Severity.MEDIUM, it=Severity.LOW),
    title=Words(
        nl="{asset} wisselt gegevens uit met {destination}: {operator}, zeggenschap {jurisdiction}",
        en="{asset} exchanges data with {destination}: {operator}, control {jurisdiction}",
    ),
    question=Words(
        nl="Is dit contact nodig voor het werk van {asset}, en weet de eigenaar ervan?",
        en="Is this contact needed for the work of {asset}, and does its owner know of it?",
    ),
    graver_if_it_steers=True,
    help="An asset that is not OT exchanges data with a host that is under control from outside Europe.",
)

NAME_AGAINST_ADDRESS: Final = ContactKind(
    id="name-against-address",
    holds=lambda of: of.used & of.in_conflict,
    severity=Severities(ot=Severity.HIGH, other=Severity.MEDIUM, it=Severity.MEDIUM),
    title=Words(
        nl="{asset} vraagt {host}, een naam van {claimed}, op een adres van {operator}",
        en="{asset} asks for {host}, a name of {claimed}, at an address of {operator}",
    ),
    question=Words(
        nl=("Waarom antwoordt een adres van {operator} op een naam van {claimed}: omleiding, inspectie of misleiding?"),
        en="Why does an address of {operator} answer to a name of {claimed}: a detour, inspection or deceit?",
    ),
    details=_name_operator,
    help=(
        "The asset asks for a name of one operator's own hosts, at an address in a range that another "
        "operator publishes. Causes are detours, inspection, or deceit."
    ),
)

CERTIFICATE_OF_ANOTHER: Final = ContactKind(
    id="certificate-of-another",
    holds=lambda of: of.used & (of.misfits > 0),
    severity=Severities(ot=Severity.HIGH, other=Severity.MEDIUM, it=Severity.MEDIUM),
    title=Words(
        nl="{asset} vraagt {host} en krijgt een certificaat van {claimed}",
        en="{asset} asks for {host} and is shown a certificate of {claimed}",
    ),
    question=Words(
        nl="Wie staat er tussen {asset} en {host}, en controleert {asset} het certificaat?",
        en="Who stands between {asset} and {host}, and does {asset} check the certificate?",
    ),
    details=_certificate_holder,
    help=("The server shows a certificate that belongs to somebody else than the name that the asset asks for."),
)

ROUND_TRIP_AGAINST_PLACE: Final = ContactKind(
    id="round-trip-against-place",
    holds=lambda of: of.used & (of.excluded > 0),
    severity=Severities(ot=Severity.MEDIUM, other=Severity.MEDIUM, it=Severity.LOW),
    title=Words(
        nl="{asset} kreeg van {destination} binnen {trip} antwoord: dat is te snel voor {place}",
        en="{asset} had an answer from {destination} within {trip}: that is too soon for {place}",
    ),
    question=Words(
        nl=(
            "Wie antwoordt er zo dichtbij: een proxy of firewall van de fabriek, een voorpost van {operator},"
            " of staat de host niet in {place}?"
        ),
        en=(
            "Who answers from so near: a proxy or firewall of the plant, a front of {operator}, or is the "
            "host not in {place}?"
        ),
    ),
    evidence=Rows.PER_ASSET,
    details=_round_trip,
    help=("An answer came sooner than light in fibre could bring it from the place that the host is said to be in."),
)

NAMES_HIDDEN: Final = ContactKind(
    id="names-hidden",
    holds=lambda of: of.used & ((of.hiding > 0) | (of.resolves & (of.sealed > 0))),
    severity=Severities(ot=Severity.MEDIUM, other=Severity.LOW, it=Severity.LOW),
    title=Words(
        nl="{asset} laat namen versleuteld opzoeken via {destination} ({operator}): welke, is niet te zien",
        en=("{asset} has names looked up in secret through {destination} ({operator}): which ones cannot be seen"),
    ),
    question=Words(
        nl="Mag {asset} namen opzoeken buiten de eigen DNS om, en ziet iemand dan nog waar het naartoe wil?",
        en=("May {asset} look names up past your own DNS, and does anybody then still see where it wants to go?"),
    ),
    help=(
        "The asset looks names up over an encrypted channel (DNS over TLS or HTTPS). Which names it asks "
        "for cannot be seen."
    ),
)

UNNAMED_DESTINATION: Final = ContactKind(
    id="unnamed-destination",
    holds=lambda of: of.used & of.undecided & ~of.named,
    severity=Severities(ot=Severity.MEDIUM, other=Severity.LOW, it=Severity.LOW),
    title=Words(
        nl="{asset} wisselt gegevens uit met het naamloze adres {host} van {operator}",
        en="{asset} exchanges data with the nameless address {host} of {operator}",
    ),
    question=Words(
        nl="Welke software op {asset} maakt deze verbinding, en is die bedoeld?",
        en="Which software on {asset} makes this connection, and is it intended?",
    ),
    help=(
        "The asset exchanges data with an address that no name leads to, and it cannot be decided who is in control."
    ),
)

UNDECIDED_DESTINATION: Final = ContactKind(
    id="undecided-destination",
    holds=lambda of: of.used & of.undecided & of.named,
    severity=Severities(ot=Severity.MEDIUM, other=Severity.LOW, it=Severity.LOW),
    title=Words(
        nl="{asset} wisselt gegevens uit met {destination}, waarvan de zeggenschap niet te bepalen is",
        en="{asset} exchanges data with {destination}, whose control cannot be decided",
    ),
    question=Words(
        nl="Van wie is {destination}, en waar staat het?",
        en="Whose is {destination}, and where is it?",
    ),
    evidence=Rows.PER_ASSET,
    help="The name of the destination is known, but it cannot be decided who is in control.",
)

ATTEMPT_BLOCKED: Final = ContactKind(
    id="attempt-blocked",
    holds=lambda of: of.attempted & (of.foreign | of.front | of.undecided),
    severity=Severities(ot=Severity.MEDIUM, other=Severity.LOW, it=Severity.LOW),
    title=Words(
        nl="{asset} probeert vergeefs {destination} te bereiken",
        en="{asset} tries in vain to reach {destination}",
    ),
    question=Words(
        nl="Houdt een firewall dit tegen zoals bedoeld, en waarom blijft {asset} het proberen?",
        en="Does a firewall stop this as intended, and why does {asset} keep trying?",
    ),
    help=(
        "The asset tries to reach a destination that is not under European control, and is never "
        "answered. An attempt never counts as use."
    ),
)

PROXY_USE: Final = ContactKind(
    id="proxy-use",
    holds=lambda of: of.used & of.proxied,
    severity=Severities(ot=Severity.MEDIUM, other=Severity.LOW, it=Severity.INFO),
    title=Words(
        nl="{asset} bereikt {destination} via een proxy",
        en="{asset} reaches {destination} through a proxy",
    ),
    question=Words(
        nl="Is {destination} op de proxy met opzet toegestaan voor {asset}?",
        en="Is {destination} allowed on the proxy for {asset} on purpose?",
    ),
    evidence=Rows.PER_ASSET,
    help=("The asset reaches the destination through a proxy, so that the address behind the name is not known."),
)

RESOLVED_NEVER_CONTACTED: Final = ContactKind(
    id="resolved-never-contacted",
    holds=lambda of: of.resolved_only & (of.foreign | of.front),
    severity=always(Severity.INFO),
    title=Words(
        nl="{asset} vraagt namen op die het niet gebruikt, zoals {destination}",
        en="{asset} looks up names that it does not use, such as {destination}",
    ),
    question=Words(
        nl="Welke software op {asset} vraagt deze namen op, en langs welke weg zou zij erheen gaan?",
        en="Which software on {asset} asks for these names, and by which path would it go there?",
    ),
    evidence=Rows.PER_ASSET,
    help=("The asset looks up names of destinations that are not under European control, but never contacts them."),
)
