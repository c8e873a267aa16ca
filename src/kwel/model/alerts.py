"""Something that a sensor has to tell somebody: the noun of an alert, and how it travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kwel.model.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened, where it was seen, and when; its sentences are those of its kind, in rules/alerts.toml."""

    id: str
    """Of what it is about, never of when: the same thing seen again has the same one."""
    kind: str
    severity: Severity
    time: int
    """When it was seen first, nanoseconds since the epoch, UTC."""
    sensor: str
    source: str = ""
    """Interface, folder or log in whose window it was seen."""
    window: int | None = None
    """Sequence number of that window."""
    asset: str = ""
    asset_label: str = ""
    operator: str = ""
    host: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What its sentence fills in."""
    evidence: tuple[str, ...] = ()
    """Frames of the window, as ``capture#frame``."""
    because: tuple[str, ...] = ()
    """How it is known whose the host is, a step each."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "severity": self.severity.name.lower(), "values": dict(self.values)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Alert:
        """Return the alert that ``to_json`` wrote.

        Raises:
            KeyError, TypeError: it is none.
        """
        fields = {**plain, "severity": Severity[str(plain["severity"]).upper()]}
        for key in ("evidence", "because"):
            fields[key] = tuple(plain.get(key, ()))
        return cls(**fields)
