"""Lists every kind of finding; among equally grave findings, the kind that stands first here comes first.

The order is by hand: a report shows commands before conduits before contacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kwel.findings.kinds import commands, conduits, contacts

if TYPE_CHECKING:
    from kwel.findings.kind import CommandKind, ConduitKind, ContactKind, FindingKind

COMMANDS: Final[tuple[CommandKind, ...]] = (
    commands.MODE_FROM_OUTSIDE,
    commands.PROGRAM_FROM_OUTSIDE,
    commands.WRITE_FROM_OUTSIDE,
    commands.READ_FROM_OUTSIDE,
    commands.MODE_FROM_IT,
    commands.PROGRAM_FROM_IT,
    commands.WRITE_FROM_IT,
)
CONDUITS: Final[tuple[ConduitKind, ...]] = (
    conduits.CONDUIT_SKIPS_LEVELS,
    conduits.ZONE_REACHED_FROM_OUTSIDE,
    conduits.OFFICE_WITHOUT_DMZ,
    conduits.ZONE_REACHES_OUTSIDE,
    conduits.OFFICE_WITHOUT_DMZ_PROPOSED,
)
CONTACTS: Final[tuple[ContactKind, ...]] = (
    contacts.OT_ASSET_USES_FOREIGN_CLOUD,
    contacts.VENDOR_CLOUD_OUTSIDE,
    contacts.FRONT_HIDES_ORIGIN,
    contacts.ASSET_USES_FOREIGN_CLOUD,
    contacts.NAME_AGAINST_ADDRESS,
    contacts.CERTIFICATE_OF_ANOTHER,
    contacts.ROUND_TRIP_AGAINST_PLACE,
    contacts.NAMES_HIDDEN,
    contacts.UNNAMED_DESTINATION,
    contacts.UNDECIDED_DESTINATION,
    contacts.ATTEMPT_BLOCKED,
    contacts.PROXY_USE,
    contacts.RESOLVED_NEVER_CONTACTED,
)
KINDS: Final[tuple[FindingKind[Any, Any], ...]] = (*COMMANDS, *CONDUITS, *CONTACTS)
