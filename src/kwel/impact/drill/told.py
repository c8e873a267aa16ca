"""The file of a judged drill in, what it says out: whoever wrote it, it is checked like any other input."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from kwel.model.drill import DrillTold, Judgement
from kwel.model.interruptions import Fate
from kwel.model.law import Words

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64 << 20
"""Bytes of a file."""
LONGEST: Final = 500
"""Characters of a text."""


def read_told(path: Path) -> DrillTold:
    """Read what ``kwel drill judge --json`` wrote.

    Raises:
        ValueError: it is something else: what and where.
        OSError: it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name}: is larger than {LARGEST >> 20} MB; a judged drill is not")
    raw = path.read_bytes()
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name}: is no JSON; give what `kwel drill judge --json -o FILE` wrote") from error
    try:
        return _told(path.name, hashlib.sha256(raw).hexdigest(), content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path.name}: is no judged drill: {type(error).__name__}: {error}") from error


def _told(file: str, digest: str, content: Any) -> DrillTold:
    scenario, assets = content["scenario"], content["assets"]
    counts = Counter(Judgement(one["judgement"]) for one in assets)
    stopped = [one for one in assets if Fate(one["local"]) == Fate.STOPPED]
    return DrillTold(
        file=file,
        sha256=digest,
        scenario=_text(scenario["id"]),
        title=Words(_text(scenario["title"]["nl"]), _text(scenario["title"]["en"])),
        begun=_time(content["begun"]),
        ended=_time(content["ended"]),
        counts=tuple((judgement, counts[judgement]) for judgement in Judgement if counts[judgement]),
        stopped=tuple(_text(one["label"]) for one in stopped),
        back=sum(one["local_is_back"] is True for one in stopped),
        uncut=tuple(_text(name) for name in content["not_cut_off"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TypeError("a text was expected")
    value.encode()  # JSON may spell half a character, which nothing can write: that is a ValueError
    return value


def _time(value: Any) -> str:
    text = _text(value)
    if datetime.datetime.fromisoformat(text[:19]).isoformat() != text[:19]:
        raise ValueError("a time was expected, as 2026-03-02T09:14:07")
    return text
