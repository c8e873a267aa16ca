"""What is amiss with a file that a user wrote: the noun of ``kwel site check`` and ``kwel limits check``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is amiss, or worth a look."""

    level: Literal["fault", "note"]
    key: str
    message: str
