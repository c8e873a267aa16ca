"""What a sensor is to do in, the same as one line of JSON out and back: how the supervisor tells its processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwel.sensor.calendar import Kind

SECOND = 1_000_000_000
WAITS = 4
"""Exit status of the keeper: windows wait for room on the disk."""


@dataclass(frozen=True, slots=True)
class Post:
    """One process that hears one source: an interface or a part of it, or a folder."""

    interface: str = ""
    folder: str = ""
    """Of capture files, in place of an interface."""
    namespace: str = ""
    """Network namespace that the interface is in, or is moved to; empty: that of the supervisor."""
    filter: str = ""
    """In the language of pcap-filter(7)."""
    members: int = 1
    """Processes that share the interface."""
    member: int = 0
    group: int = 0
    without: tuple[str, ...] = ()
    """Protections that the user does without, see ``passive.lock``."""
    unlocked: bool = False
    """The interface is heard as it is, unproved: for a trial on a machine that is no sensor."""

    @property
    def source(self) -> str:
        """Return the name under which its windows are kept."""
        name = self.interface or Path(self.folder).name or "folder"
        return f"{name}.{self.member}" if self.members > 1 else name


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a sensor is to do."""

    store: str
    posts: tuple[Post, ...]
    sensor: str = "sensor"
    window: int = 300
    """Seconds."""
    user: str = ""
    """Whom the processes become that listen, keep, alert and report."""
    evidence: int = 2 << 20
    """Bytes of frames that a window keeps for good."""
    candidates: int = 32 << 20
    """Bytes of frames that a window keeps to choose from."""
    most_bytes: int = 0
    """Of the store; 0: see ``store.quota.share``."""
    most_days: int = 0
    wire_days: int = 0
    evidence_days: int = 0
    """Days after which parts of a window go, see ``store.quota``; 0 is never."""
    reports: tuple[Kind, ...] = ()
    """``daily``, ``weekly``."""
    report_folder: str = ""
    keep_reports: int = 400
    config: str = ""
    """The file that all of it came from, for what only the keeper needs: alerts."""
    internal: tuple[str, ...] = ()
    site: str = ""
    policy: str = ""
    here: str = ""
    language: str = ""
    title: str = ""
    once: bool = False
    """End after one window; of folders, after all that is there."""
    health: str = ""
    """Where to write what Prometheus's node exporter reads; empty: nowhere."""
    alerts: dict[str, Any] = field(default_factory=dict)
    """The table of the configuration, see ``alerts.settings``; empty: nobody is alerted."""

    @property
    def spool(self) -> Path:
        """Return where windows wait."""
        return spool_of(self.store)

    @property
    def state(self) -> Path:
        """Return where the processes leave what the others need."""
        return Path(self.store) / "sensor" / "state"

    @property
    def proofs(self) -> Path:
        """Return the folder in which the supervisor writes what the interfaces sent."""
        return self.state / "proofs"

    def to_json(self) -> str:
        """Return the plan in one line."""
        return json.dumps(asdict(self))


def spool_of(store: str | Path) -> Path:
    """Return where windows wait that go into a store."""
    return Path(store) / "sensor" / "spool"


def from_json(line: str) -> Plan:
    """Return the plan that a line holds; it was written by ``Plan.to_json`` of the same version."""
    said = json.loads(line)
    posts = tuple(Post(**{**post, "without": tuple(post["without"])}) for post in said.pop("posts"))
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return Plan(**{**said, **lists, "posts": posts})
