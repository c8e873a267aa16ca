"""A folder and a time in, the editions of the look-up tables out that lie nearest to it.

Ranges change hands: a capture is judged by what was published when it was made. Every run of ``kwel update`` adds an
edition beside the shipped one; it holds one table or several, and each table is taken from the nearest edition that
has it.
"""

from __future__ import annotations

import datetime
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.attribution.tables import MANIFEST, TableError, Tables, read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

SHIPPED: Final = "shipped"
EDITION: Final = re.compile(r"20\d\d-\d\d-\d\d(\.\d+)?")
"""Name of an edition's folder: the day on which it was made, and a number from the second of a day on."""


@dataclass(frozen=True, slots=True)
class Edition:
    """Look-up tables that belong together."""

    name: str
    """``shipped``, or the day on which it was fetched."""
    root: Traversable | Path
    manifest: Mapping[str, Any]
    """By table: what tables.toml says of it."""


def data_folder() -> Path:
    """Return where editions are kept: ``$KWEL_DATA_DIR``, else under ``$XDG_DATA_HOME``, else ``~/.local/share``."""
    own = os.environ.get("KWEL_DATA_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(base if os.path.isabs(base) else os.devnull) / "kwel" / "data"


def shipped() -> Edition:
    """Return the edition that came with kwel.

    Raises:
        TableError: its manifest is damaged.
    """
    from importlib.resources import files

    root = files("kwel.rules") / "data"
    return Edition(SHIPPED, root, read_manifest(root))


def editions(folder: Path | None = None) -> tuple[Edition, ...]:
    """Return the shipped edition and those in *folder*, the oldest first.

    Raises:
        TableError: an edition is there and cannot be read: it must not be passed over in silence.
    """
    return (shipped(), *(_read(path) for path in _folders(folder or data_folder())))


def _folders(folder: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(folder) if EDITION.fullmatch(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise TableError(
            f"data folder {folder}: {error.strerror}; set KWEL_DATA_DIR to one that may be read"
        ) from error
    return [folder / name for name in sorted(names)]


def _read(path: Path) -> Edition:
    try:
        return Edition(path.name, path, tomllib.loads((path / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise TableError(f"data edition {path}: {error}; remove that folder and run `kwel update`") from error


def nearest(found: Sequence[Edition], table: str, day: datetime.date | None) -> Edition:
    """Return the edition of *table* whose data are nearest to *day*, of two equally near the later; else the newest.

    Raises:
        TableError: no edition has that table.
    """
    having = [edition for edition in found if table in edition.manifest]
    if not having:
        raise TableError(f"data table {table}: missing; reinstall kwel")

    def distance(edition: Edition) -> tuple[int, int]:
        dated = _date(edition, table).toordinal()
        return (abs(dated - day.toordinal()) if day else 0, -dated)

    return min(having, key=distance)


def _date(edition: Edition, table: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(str(edition.manifest[table]["date"]))
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"data edition {edition.name}: {table} tells no date; remove it and run `kwel update`"
        ) from error


def age_of(date: str) -> int:
    """Return how many days ago an ISO 8601 date was, UTC."""
    return (datetime.datetime.now(datetime.UTC).date() - datetime.date.fromisoformat(date)).days


def day_of(nanoseconds: int) -> datetime.date:
    """Return the day, UTC, of a time in nanoseconds since the epoch; far away ones are cut to what a calendar holds."""
    days = min(max(nanoseconds // 86_400_000_000_000, 0), 2_932_896)
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=days)


def open_tables(day: datetime.date | None = None, found: Sequence[Edition] | None = None) -> Tables:
    """Open each table in the edition that is nearest to *day*, or in the newest.

    Raises:
        TableError: a table is missing, cut off or not a table.
    """
    found = editions() if found is None else found
    names = dict.fromkeys(name for edition in found for name in edition.manifest)
    chosen = {name: nearest(found, name, day) for name in names}
    return Tables.open_each({name: (edition.root, edition.manifest) for name, edition in chosen.items()})
