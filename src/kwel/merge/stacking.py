"""Traffic of several parts in, one set of tables out: one part behind the other, with numbers that hold for all."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.merge.vocabulary import merge_items, merge_names
from kwel.model.records.activity import BEAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.model.claims import Observed
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture, Traffic

MOST_CAPTURES: Final = 1 << 16
"""That the column ``capture`` can tell apart."""
NAMED_IN: Final = {
    "flows": ("name",),
    "named": ("name",),
    "answers": ("question", "owner", "target", "outer"),
    "questions": ("name",),
    "hellos": ("name", "alpn"),
}
"""Columns that are indices into the names, by table."""
CITED_IN: Final = {
    "flows": ("capture",), "named": ("capture",), "answers": ("capture",), "questions": ("capture",),
    "hellos": ("capture",), "shown": ("capture",), "mirrors": ("capture",), "lan": ("capture",),
    "commands": ("capture",), "claims": ("capture", "back_capture"), "senders": ("capture", "link_capture"),
    "openings": ("capture",), "beats": ("capture", "began_capture"),
    "rhythms": ("before_capture", "after_capture"), "hinted": ("capture",), "tunnels": ("capture",),
    "errors": ("capture",),
}  # fmt: skip
"""Columns that are indices into the captures, by table."""
TABLES: Final = tuple(CITED_IN)


@dataclass(frozen=True, slots=True)
class Stack:
    """Tables of several parts, one behind the other."""

    traffic: Traffic
    """Of all parts; a flow that several parts hold has several rows. Coverage is that of the first part."""
    part: NDArray[np.int64]
    """Which part each flow is from."""
    weight: NDArray[np.int64]
    """How many connections each row stands for."""
    ends: NDArray[np.int64]
    """By part: when its last flow was heard, nanoseconds since the epoch."""
    overlap: bool
    """Whether one part began before another one ended."""


def in_order(parts: Sequence[Traffic]) -> list[Traffic]:
    """Return the parts that hold anything, the earliest first, however they were given."""

    def key(part: Traffic) -> tuple[int, int, str]:
        first, last = span(part)
        return first, last, part.captures[0].name if part.captures else ""

    return sorted(parts, key=key)


def span(part: Traffic) -> tuple[int, int]:
    """Return when the first and the last thing of a part was heard, nanoseconds since the epoch."""
    begins = [int(rows["first"].min()) for rows in (part.flows, part.lan) if len(rows)]
    ends = [int(rows["last"].max()) for rows in (part.flows, part.lan) if len(rows)]
    begins += [first for first, _ in part.coverage.spells] + [one.first for one in part.captures if one.first]
    ends += [last for _, last in part.coverage.spells] + [one.last for one in part.captures if one.last]
    return min(begins, default=0), max(ends, default=0)


def stack(parts: Sequence[Traffic]) -> Stack:
    """Put the tables of *parts*, in the order of time, one behind the other; numbers in them are those of the whole.

    Raises:
        ValueError: the parts cite more captures than can be told apart.
    """
    captures, renamed = unique_captures(parts)
    if len(captures) > MOST_CAPTURES:
        raise ValueError(f"{len(captures)} captures are more than one analysis can cite; join fewer windows")
    names, name_of = merge_names([part.names for part in parts])
    fingerprints, fingerprint_of = merge_items([("", *list(part.fingerprints)[1:]) for part in parts])
    certificates, certificate_of = merge_items([part.certificates for part in parts])
    stacked: dict[str, Any] = {table: np.concatenate([_rows(table, part) for part in parts]) for table in TABLES}
    ends = dict.fromkeys(TABLES, 0)
    begin = dict.fromkeys(("flows", "questions", "answers", "captures", "messages", "rhythms"), 0)
    observed: list[Observed] = []
    for number, part in enumerate(parts):
        moved = {}
        for table in TABLES:
            at, ends[table] = ends[table], ends[table] + len(_rows(table, part))
            moved[table] = stacked[table][at : ends[table]]
            _move(table, moved[table], part, begin, name_of[number])
        moved["hellos"]["fingerprint"] = fingerprint_of[number][moved["hellos"]["fingerprint"]]
        if len(moved["shown"]):
            moved["shown"]["certificate"] = certificate_of[number][moved["shown"]["certificate"]]
        begin["messages"] += int(part.answers["message"].max()) + 1 if len(part.answers) else 0
        for key in ("flows", "questions", "answers", "captures", "rhythms"):
            begin[key] += len(getattr(part, key))
        observed += _cited_anew(part.observed, renamed[number])
    whole = replace(
        parts[0],
        captures=captures,
        names=names,
        fingerprints=fingerprints,
        certificates=tuple(certificates),
        observed=tuple(observed),
        **stacked,
    )
    return _with_parts(whole, parts)


def _with_parts(whole: Traffic, parts: Sequence[Traffic]) -> Stack:
    counts = [len(part.flows) for part in parts]
    spans = [span(part) for part in parts]
    overlap = any(after[0] < before[1] for before, after in itertools.pairwise(spans))
    ends = np.array([int(part.flows["last"].max()) if len(part.flows) else 0 for part in parts], np.int64)
    weight = np.concatenate([part.weights for part in parts])
    return Stack(whole, np.repeat(np.arange(len(parts)), counts), weight, ends, overlap)


def _rows(table: str, part: Traffic) -> Rows:
    """Return a table of one part; where it has no beats, rows that tell none."""
    rows: Rows = getattr(part, table)
    if table == "beats" and len(rows) < 2 * len(part.flows):
        return np.zeros(2 * len(part.flows), BEAT)
    return rows


def _move(table: str, rows: Rows, part: Traffic, begin: dict[str, int], name_of: NDArray[np.int64]) -> None:
    """Give the rows of one part, written into, numbers that hold for all."""
    columns = rows.dtype.names or ()
    for column in CITED_IN[table]:
        rows[column] += rows.dtype[column].base.type(begin["captures"])
    for column in NAMED_IN.get(table, ()):
        rows[column] = name_of[rows[column]]
    if table == "flows":
        _renumber_asked(rows, part, begin, name_of)
        _shift(rows, "answer", begin["answers"])
    elif "flow" in columns:
        rows["flow"] += np.uint32(begin["flows"])
    elif "half" in columns:
        rows["half"] += 2 * begin["flows"]
    for column, of in (("question", "questions"), ("row", "rhythms")):
        if (table, column) in (("named", "question"), ("beats", "row")):
            _shift(rows, column, begin[of])
    if table == "questions":
        _shift(rows, "previous", begin["questions"])
    if table == "answers":
        _shift(rows, "previous", begin["answers"])
        _shift(rows, "asked", begin["questions"])
        rows["message"] += np.uint32(begin["messages"])


def _shift(rows: Rows, column: str, by: int) -> None:
    """Move numbers that count from 1, where 0 is none."""
    rows[column][rows[column] > 0] += np.uint32(by)


def _renumber_asked(rows: Rows, part: Traffic, begin: dict[str, int], name_of: NDArray[np.int64]) -> None:
    """Move what flows asked last: a question of their own, else a name."""
    asked = part.flows["asked"].astype(np.int64)
    is_question = (asked > 0) & (asked <= len(part.questions))
    row = np.flatnonzero(is_question)
    is_question[row] = part.questions["flow"][asked[row] - 1] == row
    is_name = ~is_question & (asked < len(name_of))
    rows["asked"] = 0
    rows["asked"][is_name] = name_of[asked[is_name]]
    rows["asked"][is_question] = asked[is_question] + begin["questions"]


def unique_captures(parts: Sequence[Traffic]) -> tuple[tuple[Capture, ...], list[dict[str, str]]]:
    """Return all captures, each with a name of its own, and by part what its captures are called now."""
    taken: set[str] = set()
    captures: list[Capture] = []
    renamed: list[dict[str, str]] = []
    for part in parts:
        new = {}
        for one in part.captures:
            name, number = one.name, 1
            while name in taken:
                number += 1
                name = f"{one.name} ({number})"
            taken.add(name)
            new[one.name] = name
            captures.append(one._replace(name=name))
        renamed.append(new)
    return tuple(captures), renamed


def _cited_anew(observed: Sequence[Observed], renamed: dict[str, str]) -> Sequence[Observed]:
    if all(old == new for old, new in renamed.items()):
        return observed
    return [
        replace(one, where=replace(one.where, capture=renamed.get(one.where.capture, one.where.capture)))
        for one in observed
    ]
