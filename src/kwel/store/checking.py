"""A store in, what of it is not as it was written out, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.store import folder
from kwel.store.files import Damaged
from kwel.store.opening import FOLDERS
from kwel.store.parts import overlap

if TYPE_CHECKING:
    from kwel.store.parts import Part
    from kwel.store.store import Store


def check(store: Store) -> list[str]:
    """Read every byte of a store, and return what is wrong with it. Nothing is mended: opening it for writing does."""
    manifest = store.manifest
    found = []
    if manifest.torn:
        found.append(f"{store.root}: {manifest.torn} lines of the manifest are not whole")
    if manifest.missing_lines:
        found.append(f"{store.root}: {manifest.missing_lines} lines of the manifest are gone")
    known = {(part.level, part.id) for part in manifest.parts.values()}
    for level, name in FOLDERS.items():
        home = store.root / name
        there = sorted(home.iterdir()) if home.is_dir() else []
        unknown = [place for place in there if (level, place.name) not in known]
        found += [f"{place}: the manifest does not know it" for place in unknown]
    parts = manifest.in_order()
    for part in parts:
        found += _check_part(store, part)
    for number, part in enumerate(parts):
        for other in parts[number + 1 :]:
            if part.source == other.source and overlap(part.sequences, other.sequences):
                found.append(f"{store.place(other)}: some of its windows are in {part.id} too")
    return found


def _check_part(store: Store, part: Part) -> list[str]:
    place = store.place(part)
    wrong = [f"{place / file.name}: {what}" for file, what in folder.faults(place, part.present)]
    if wrong or not part.has_wire:
        return wrong
    try:
        store.read_part(part)
    except (Damaged, FileNotFoundError) as error:
        return [str(error)]
    return []
