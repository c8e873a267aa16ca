"""Gives findings ids that depend on what they are about, not on their rank.

An id is ``F-`` and the first six hexadecimal digits of SHA-256 over kind, asset and service: the same finding has the
same id in every capture and every run. Where two findings of one report share these digits (for fifty findings, one
report in some 14,000), all that share them show two digits more, until they differ. Which of them comes first plays
no part. Only findings whose kind, asset and service are all the same are told apart by rank: ``F-3fa9c1-2``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.findings import Finding

DIGITS: Final = 6
MORE: Final = 2


def full_id(kind: str, asset: str, service: str = "") -> str:
    """Return all digits of the hash of what makes a finding the same.

    Args:
        kind: id of the kind of finding.
        asset: id of the asset; of a zone, its name, because its id counts zones of one report.
        service: what the destinations have in common; empty where there is one finding per asset.
    """
    return hashlib.sha256("\0".join((kind, asset, service)).encode("utf-8", "surrogatepass")).hexdigest()


def shortened(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings with ids as short as they can be; they come with those of ``full_id``, ranked."""
    wholes = [finding.id for finding in findings]
    digits = dict.fromkeys(wholes, DIGITS)
    while shared := _shared(digits):
        digits.update({whole: digits[whole] + MORE for whole in shared})
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        seen[finding.id] += 1
        again = f"-{seen[finding.id]}" if seen[finding.id] > 1 else ""
        found.append(replace(finding, id=f"F-{finding.id[: digits[finding.id]]}{again}"))
    return tuple(found)


def _shared(digits: dict[str, int]) -> list[str]:
    count = Counter(whole[:length] for whole, length in digits.items())
    return [whole for whole, length in digits.items() if count[whole[:length]] > 1]
