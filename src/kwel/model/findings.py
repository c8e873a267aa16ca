"""Defines a finding and its severity."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.claims import Evidence, Grade
    from kwel.model.dependencies import Dependency


class Severity(enum.IntEnum):
    """How much a finding matters if it is true. Says nothing of how sure it is."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs an answer, about one asset."""

    id: str
    """``F-3fa9c1``: a hash of kind, asset and service, the same in every report; see ``kwel.findings.identity``."""
    kind: str
    """Id of the kind of finding, in ``kwel.findings.registry``."""
    severity: Severity
    grade: Grade
    asset: str
    asset_label: str
    values: tuple[tuple[str, str], ...]
    dependencies: tuple[Dependency, ...]
    evidence: tuple[Evidence, ...]
