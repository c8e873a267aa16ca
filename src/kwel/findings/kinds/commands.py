"""Declares the findings about commands that come from outside the plant or from its offices.

What a command does is a matter of its class, not of port or protocol. From outside the plant nobody should write,
program or stop anything (IEC 62443-3-3 SR 5.1 and 5.2); from its offices hardly.
"""

from __future__ import annotations

from typing import Final

from kwel.findings.kind import CommandKind, Words, always
from kwel.findings.subjects import Origin
from kwel.model.commands import CommandClass
from kwel.model.findings import Severity

MODE_FROM_OUTSIDE: Final = CommandKind(
    id="mode-from-outside",
    holds=lambda of: of.origin is Origin.OUTSIDE and of.command.kind is CommandClass.MODE,
    severity=always(Severity.HIGH),
    title=Words(
        nl="Een adres buiten de fabriek start of stopt {asset}: {source}, {commands} ({protocol})",
        en="An address outside the plant starts or stops {asset}: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl="Wie mag {asset} van buiten stoppen of starten, en langs welke weg kan dat?",
        en="Who may stop or start {asset} from outside, and by which way can that be done?",
    ),
    help=(
        "An address outside the plant starts, stops or otherwise changes the mode of an asset. Nobody "
        "outside should do so (IEC 62443-3-3 SR 5.1 and 5.2)."
    ),
)

PROGRAM_FROM_OUTSIDE: Final = CommandKind(
    id="program-from-outside",
    holds=lambda of: of.origin is Origin.OUTSIDE and of.command.kind is CommandClass.PROGRAM,
    severity=always(Severity.HIGH),
    title=Words(
        nl=(
            "Een adres buiten de fabriek programmeert of leest programma's uit {asset}: {source}, {commands} "
            "({protocol})"
        ),
        en=(
            "An address outside the plant programs {asset} or reads programs from it: {source}, {commands} ({protocol})"
        ),
    ),
    question=Words(
        nl="Wie onderhoudt {asset} van buiten, wat is er geladen, en wie keurde dat goed?",
        en="Who maintains {asset} from outside, what was loaded, and who approved it?",
    ),
    help=(
        "An address outside the plant loads programs into, or reads programs from, an asset. Nobody "
        "outside should do so (IEC 62443-3-3 SR 5.1 and 5.2)."
    ),
)

WRITE_FROM_OUTSIDE: Final = CommandKind(
    id="write-from-outside",
    holds=lambda of: of.origin is Origin.OUTSIDE and of.command.kind is CommandClass.WRITE,
    severity=always(Severity.HIGH),
    title=Words(
        nl="Een adres buiten de fabriek schrijft naar {asset}: {source}, {commands} ({protocol})",
        en="An address outside the plant writes to {asset}: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl="Wie mag waarden van {asset} van buiten veranderen, en wat doet {asset} als een ander dat doet?",
        en="Who may change values of {asset} from outside, and what does {asset} do when somebody else does?",
    ),
    help=(
        "An address outside the plant writes values to an asset. Nobody outside should do so (IEC "
        "62443-3-3 SR 5.1 and 5.2)."
    ),
)

READ_FROM_OUTSIDE: Final = CommandKind(
    id="read-from-outside",
    holds=lambda of: of.origin is Origin.OUTSIDE and of.command.kind is CommandClass.READ,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl="Een adres buiten de fabriek leest uit {asset}: {source}, {commands} ({protocol})",
        en="An address outside the plant reads from {asset}: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl="Voor wie staat {asset} open, en wat houdt die tegen om ook te schrijven?",
        en="To whom is {asset} open, and what keeps them from writing as well?",
    ),
    help=("An address outside the plant reads values from an asset. Whoever can read can often write as well."),
)

MODE_FROM_IT: Final = CommandKind(
    id="mode-from-it",
    holds=lambda of: of.origin is Origin.OFFICE and of.command.kind is CommandClass.MODE,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl="Kantoor-IT start of stopt {asset}: {source}, {commands} ({protocol})",
        en="Office IT starts or stops {asset}: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl=("Is {source} een werkplek die {asset} mag stoppen of starten, en waarom staat die in het kantoornet?"),
        en="Is {source} a station that may stop or start {asset}, and why is it in the office network?",
    ),
    help=(
        "A station of the office (an IT asset, or one at Purdue level 4 or 5) starts, stops or otherwise "
        "changes the mode of an OT asset. Offices should hardly do so (IEC 62443-3-3 SR 5.1)."
    ),
)

PROGRAM_FROM_IT: Final = CommandKind(
    id="program-from-it",
    holds=lambda of: of.origin is Origin.OFFICE and of.command.kind is CommandClass.PROGRAM,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl="Kantoor-IT programmeert of leest programma's uit {asset}: {source}, {commands} ({protocol})",
        en="Office IT programs {asset} or reads programs from it: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl="Is {source} een werkplek om {asset} te programmeren, en waarom staat die in het kantoornet?",
        en="Is {source} an engineering station for {asset}, and why is it in the office network?",
    ),
    help=(
        "A station of the office (an IT asset, or one at Purdue level 4 or 5) loads programs into, or "
        "reads programs from, an OT asset. Offices should hardly do so (IEC 62443-3-3 SR 5.1)."
    ),
)

WRITE_FROM_IT: Final = CommandKind(
    id="write-from-it",
    holds=lambda of: of.origin is Origin.OFFICE and of.command.kind is CommandClass.WRITE,
    severity=always(Severity.MEDIUM),
    title=Words(
        nl="Kantoor-IT schrijft naar {asset}: {source}, {commands} ({protocol})",
        en="Office IT writes to {asset}: {source}, {commands} ({protocol})",
    ),
    question=Words(
        nl="Moet {source} waarden van {asset} veranderen, of is lezen genoeg?",
        en="Must {source} change values of {asset}, or is reading enough?",
    ),
    help=(
        "A station of the office (an IT asset, or one at Purdue level 4 or 5) writes values to an OT "
        "asset. Offices should hardly do so (IEC 62443-3-3 SR 5.1)."
    ),
)
