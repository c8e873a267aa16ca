"""Windows in, files that survive a power cut out; and the windows of a span of time back again."""

from kwel.store.files import Damaged
from kwel.store.parts import Level, Lost, Part, Removed
from kwel.store.store import Added, Store, StoreError

__all__ = ["Added", "Damaged", "Level", "Lost", "Part", "Removed", "Store", "StoreError"]
