"""Reads rows of an inventory from JSON: device lists of NetBox's REST and GraphQL interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kwel.site.headings import Headings

WORDS: Final = ("address", "mac_address", "name", "model", "display", "label", "value")
"""Members by which an object within a device is called, the best first."""
WITHIN: Final = ("custom_fields", "cf")
"""Members whose own members count as if they were the device's."""
INTERFACES: Final = "interfaces"
AFTER: Final = 1_000
"""Place of what interfaces say: behind what the device itself does."""
MOST: Final = 256
"""Interfaces of a device, values of a member."""


def rows_of(content: Any, headings: Headings) -> list[dict[str, list[str]]] | None:
    """Return the devices of a document as rows, by field; ``None`` where it holds no list of objects."""
    devices = _list(content)
    if devices is None:
        return None
    return [_row(device, headings) for device in devices]


def _list(content: Any) -> list[dict[str, Any]] | None:
    """Return the list of a document: itself, ``results`` of an answer, or the first list within ``data``."""
    for _ in range(3):
        if isinstance(content, list):
            return content if all(isinstance(item, dict) for item in content) else None
        if not isinstance(content, dict):
            return None
        lists = [value for value in content.values() if isinstance(value, list)]
        content = content.get("results") or content.get("data") or (lists[0] if lists else None)
    return None


def _row(device: dict[str, Any], headings: Headings) -> dict[str, list[str]]:
    found: dict[str, list[tuple[int, str]]] = {}
    members = [*device.items()]
    for key in WITHIN:
        inner = device.get(key)
        members += inner.items() if isinstance(inner, dict) else []
    for key, value in members:
        known = headings.field(key)
        if known:
            found.setdefault(known[0], []).extend((known[1], text) for text in _texts(value))
    kind = device.get("device_type")
    if isinstance(kind, dict) and "vendor" not in found:
        found["vendor"] = [(0, text) for text in _texts(kind.get("manufacturer"))]
    interfaces = device.get(INTERFACES)
    for interface in interfaces[:MOST] if isinstance(interfaces, list) else ():
        if isinstance(interface, dict):
            for field, texts in _row({**interface, INTERFACES: None}, headings).items():
                if field in ("address", "mac"):
                    found.setdefault(field, []).extend((AFTER, text) for text in texts)
    return {field: [text for _, text in sorted(texts, key=lambda one: one[0])] for field, texts in found.items()}


def _texts(value: Any, depth: int = 0) -> list[str]:
    """Return a value as texts: of an object what it is called, of a list each."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool) or value is None or depth > 2:
        return []
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, list):
        return [text for item in value[:MOST] for text in _texts(item, depth + 1)]
    if isinstance(value, dict):
        return next((_texts(value[key], depth + 1) for key in WORDS if value.get(key) not in (None, "")), [])
    return []
