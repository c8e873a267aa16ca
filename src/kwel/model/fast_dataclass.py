"""A frozen dataclass in, the same with an initialiser that takes half the time out.

That of ``dataclasses`` looks up ``object.__setattr__`` anew for every field, because a frozen object refuses any other
way. Of claims and their evidence a report holds a million, and most of the time that one takes went into that. Here
each field goes straight into its slot: the object is the same, and as frozen.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Noun = TypeVar("Noun")


def quick(cls: type[Noun]) -> type[Noun]:
    """Return a frozen dataclass with slots, whose objects are made faster. Put it above ``@dataclass``."""
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    defaults = [field.default for field in fields(cls) if field.default is not MISSING]  # type: ignore[arg-type]
    if any(field.default_factory is not MISSING for field in fields(cls)):  # type: ignore[arg-type]
        raise TypeError(f"{cls.__name__}: a default that is made anew for each object is not known here")
    lines = [f"def __init__(self, {', '.join(names)}):", *(f"    set_{name}(self, {name})" for name in names)]
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    made: dict[str, Any] = {f"set_{name}": getattr(cls, name).__set__ for name in names}
    exec("\n".join(lines), made)
    initialiser = made["__init__"]
    initialiser.__defaults__ = tuple(defaults) or None
    initialiser.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = initialiser  # type: ignore[method-assign]
    return cls


def changed(noun: Noun, **changes: object) -> Noun:
    """Return a copy of an object with some fields changed: ``dataclasses.replace``, in half the time."""
    names, values_of = _fields_of(type(noun))  # type: ignore[arg-type]
    return type(noun)(**{**dict(zip(names, values_of(noun), strict=True)), **changes})


@lru_cache
def _fields_of(cls: type) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    names = tuple(field.name for field in fields(cls))
    return names, attrgetter(*names)
