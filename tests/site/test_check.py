"""``kwel site check`` finds what is understood and still amiss."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from kwel.site import load
from kwel.site.check import check
from tests.site.test_read import BOOK, OPERATOR, TEXT, write

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime.date(2026, 11, 25)
DOMAIN = next(domain for operator in BOOK.operators.values() for domain in operator.domains)
SUFFIX = next(name for service in BOOK.services for name in service.names if "{" not in name)
PRIVATE = ("10.0.0.0/8",)
SIGNED = 'place = "DE"\nauthor = "a"\nreason = "b"\ndate = 2026-01-01\nexpires = 2027-06-01\n'


def remarks(folder: Path, text: str) -> list[tuple[str, str]]:
    site = load(write(folder, text), BOOK)
    published = {"203.0.113.0": "acme"}.get
    return [(remark.level, f"{remark.key}: {remark.message}") for remark in check(site, BOOK, DAY, published, PRIVATE)]


CASES = [
    ("internal = ['203.0.113.0/24']", "fault", "internal: 203.0.113.0/24 is in the list of addresses of acme"),
    ("internal = ['10.0.0.0/8', '10.1.0.0/16']", "note", "internal: 10.1.0.0/16 is in 10.0.0.0/8 already"),
    (f"domains = ['{DOMAIN}']", "fault", f"domains: {DOMAIN} is all of "),
    (f"[[tenants]]\nname = '{SUFFIX}'", "fault", f"tenants: {SUFFIX} is all of "),
    ("domains = ['a.example', 'b.a.example']", "note", "domains: b.a.example is in a.example already"),
    ("[[zones]]\nname = 'Z'", "fault", "zones: 'Z' has no prefixes, no VLANs and no assets"),
    ("[[assets]]\nname = 'A'\naddress = '8.8.8.8'", "fault", "assets: 8.8.8.8 is not internal: no asset has it"),
    (f"[[overrides]]\nprefix = '10.1.0.0/16'\n{SIGNED}", "fault", "overrides[1]: 10.1.0.0/16 is internal: what is"),
    (
        f"[[overrides]]\ndomain = 'example'\n{SIGNED}[[overrides]]\nhost = 'a.b.example'\n{SIGNED}",
        "note",
        "overrides[2]: a.b.example says what overrides[1] says of example",
    ),
    (
        f"[[overrides]]\nhost = 'a.example'\n{SIGNED.replace('2027-06-01', '2026-11-24')}",
        "fault",
        "overrides[1]: host a.example: expired on 2026-11-24, not applied; renew or remove it",
    ),
    (
        f"[[overrides]]\nhost = 'a.example'\n{SIGNED.replace('2027-06-01', '2026-12-01')}",
        "note",
        "overrides[1]: host a.example: expires in 6 days, on 2026-12-01",
    ),
    (
        f"[[overrides]]\nhost = 'a.example'\n{SIGNED.replace('expires = 2027-06-01', '')}",
        "note",
        "overrides[1]: host a.example: has no end date; write expires = 2027-11-25",
    ),
    (
        f"[[overrides]]\nhost = 'a.example'\n{SIGNED}begins = 2027-01-01\n",
        "note",
        "overrides[1]: host a.example: holds from 2027-01-01 on, not yet applied",
    ),
]


@pytest.mark.parametrize(("text", "level", "told"), CASES, ids=[case[2][:40] for case in CASES])
def test_what_is_amiss_is_told(tmp_path: Path, text: str, level: str, told: str) -> None:
    found = remarks(tmp_path, text)

    assert [what for what in found if what[0] == level and what[1].startswith(told)], found
    assert all(what[1].startswith(told.partition(":")[0]) for what in found), found


def test_a_file_in_order_has_notes_at_most(tmp_path: Path) -> None:
    assert OPERATOR.id in TEXT
    assert {level for level, _ in remarks(tmp_path, TEXT)} == {"note"}
