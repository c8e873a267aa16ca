"""How a sensor fares in, a file for people and programs out, replaced as one: status.json."""

from __future__ import annotations

import json
import types
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from kwel.sensor.files import replace_file

T = TypeVar("T")

VERSION: Final = 1
"""Of the file's form: it grows when a field changes its meaning, not when one is added."""
LARGEST: Final = 4 << 20
FOR_ITS_GROUP: Final = 0o640


class HealthError(ValueError):
    """There is no status, or it cannot be read: one line."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How one source fares: an interface, a part of one, or a folder. Counts are since its process was started."""

    source: str
    interface: str = ""
    """Empty for a folder."""
    link: bool | None = None
    """Whether the link is up; ``None`` where that is not known."""
    packets: int = 0
    bytes: int | None = None
    dropped: int = 0
    """That the sensor was too slow for."""
    missed: int | None = None
    """That the card lost; ``None`` where its driver does not say."""
    dropped_share: float | None = None
    """Share of the packets that were dropped, in the newest window or in the last day, whichever is larger."""
    missed_share: float | None = None
    """Likewise of those that the card lost."""
    sent: int | None = None
    """Frames that the interface sent in the last day: 0 is what it should be."""
    stopped: int | None = None
    """Frames that somebody on this machine tried to send, and the filter threw away."""
    proved: bool | None = None
    """Whether the last proof held; ``None`` where none was made."""
    unproved: tuple[str, ...] = ()
    """Keys of the checks that did not hold."""
    heard: int | None = None
    """When it heard a frame last, nanoseconds since the epoch."""
    memory: int | None = None
    """Bytes that its process holds."""
    restarts: int = 0
    """How often its process had to be started again since the sensor was started."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a sensor fares at a moment. Times are nanoseconds since the epoch, UTC."""

    sensor: str
    version: str
    """Of kwel."""
    at: int
    started: int
    window: int
    """Length of a window, nanoseconds."""
    sources: tuple[SourceHealth, ...] = ()
    kept: int = 0
    """Windows in the store."""
    lost: int = 0
    """Windows of the last day that are missing."""
    waiting: int = 0
    """Windows that were heard and are not stored yet."""
    oldest: int | None = None
    """When the oldest window of the store was opened."""
    newest: int | None = None
    """When the newest window of the store was closed; one that was closed in the future, by a wrong clock, is none."""
    store_bytes: int = 0
    store_most: int | None = None
    """Its quota; ``None`` is none."""
    free_bytes: int | None = None
    """On the disk that the store is on."""
    disk_bytes: int | None = None
    """The size of that disk."""
    report: int | None = None
    """When the last report was made."""
    report_name: str = ""
    error: str = ""
    """What went wrong last when windows were taken in, put together, or reported on; empty where nothing did."""
    error_at: int | None = None
    clock_steps: int = 0
    """How often somebody set the clock, in the last day."""
    one_way: float | None = None
    """Share of conversations of which one side alone was seen, in the newest window; ``None`` with none."""
    unnamed: float | None = None
    """Share of conversations with the outside for which no name was seen, likewise."""
    dns: bool | None = None
    """Whether names were looked up in it, likewise."""
    alerts: str = ""
    """What is wrong with alerting; empty where nothing is."""


def place(store: str | Path) -> Path:
    """Return where the status of the sensor of a store is."""
    return Path(store) / "sensor" / "status.json"


def write(health: Health, file: Path) -> None:
    """Write how a sensor fares; whoever reads sees the old file or the new one.

    Raises:
        OSError: it cannot be written; the old file stays.
    """
    text = json.dumps({"form": VERSION, **asdict(health)}, ensure_ascii=False, indent=1)
    replace_file(file, text.encode("utf-8", "backslashreplace"), lasting=False, mode=FOR_ITS_GROUP)


def read(file: Path) -> Health:
    """Return how a sensor fared when it wrote this file.

    Raises:
        HealthError: there is none, it is damaged, or a newer kwel wrote it.
    """
    try:
        with file.open("rb") as handle:
            content = handle.read(LARGEST + 1)
        told = json.loads(content)
        if not isinstance(told, dict) or told.get("form") != VERSION:
            raise HealthError(f"{file}: no status of this version of kwel; was the sensor started since the upgrade?")
        sources = tuple(_made(SourceHealth, one) for one in told.pop("sources", ()))
        return _made(Health, {**told, "sources": sources})
    except FileNotFoundError as error:
        raise HealthError(f"{file}: there is no sensor here, or it never ran; see kwel sensor run --help") from error
    except OSError as error:
        raise HealthError(f"{file}: {error.strerror or error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, HealthError):
            raise
        raise HealthError(f"{file}: damaged: {error}; the sensor writes it anew every minute") from error


def _made(kind: type[T], told: Any) -> T:
    """Return an object of a class of fields; fields of a newer kwel are left out.

    Raises:
        TypeError: a field is missing, or holds something else than it should.
    """
    if not isinstance(told, dict):
        raise TypeError(f"{kind.__name__} is no object")
    hints = get_type_hints(kind)
    known = {one.name: told[one.name] for one in fields(kind) if one.name in told}  # type: ignore[arg-type]
    for name, value in known.items():
        if isinstance(value, list):
            known[name] = value = tuple(value)
        if not _fits(value, hints[name]):
            raise TypeError(f"{name} is {type(value).__name__}")
    return kind(**known)


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value of JSON is what a field holds."""
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(one, get_args(hint)[0]) for one in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint
