"""What needs an answer."""

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
    """``F-01``: in order of rank within one report."""
    kind: str
    """Key of the sentences in the report's catalogue: title, question."""
    severity: Severity
    grade: Grade
    asset: str
    asset_label: str
    values: tuple[tuple[str, str], ...]
    dependencies: tuple[Dependency, ...]
    evidence: tuple[Evidence, ...]
