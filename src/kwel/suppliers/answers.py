"""What a supplier answers in, checked, and laid beside the observation out: it never changes what was observed.

An answer is somebody else's file. It is shown as a statement of the supplier, with whether it agrees with what was
seen; where either side does not know, nothing is compared.
"""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kwel.suppliers.schema import ANSWER, LARGEST, SchemaError, check, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kwel.rulebook.crosswalk import Names

FIELDS: Final = (
    ("hosted_in", "location"),
    ("operator", "operator"),
    ("operator_jurisdiction", "operator_jurisdiction"),
    ("parent", "parent"),
    ("parent_jurisdiction", "parent_jurisdiction"),
    ("works_without", None),
    ("remote_data_processing", None),
    ("european_alternative", None),
    ("page", None),
    ("remark", None),
)
"""What can be answered of a service, and the key of the dossier that it may contradict."""
MOST: Final = 1_000
"""Files of a folder."""
ANYCAST: Final = "anycast"


class AnswerError(ValueError):
    """An answer cannot be used: ``file: where: why``."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, checked."""

    file: str
    content: dict[str, Any]

    @property
    def supplier(self) -> str:
        """Return the id of who answers."""
        return str(self.content["supplier"])


def load(folder: Path) -> dict[str, Answer]:
    """Return the answers in a folder by supplier; of two by the same supplier, the later.

    Raises:
        AnswerError: one of them is wrong.
        OSError: one of them cannot be read.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".json", ".toml") and file.is_file())
    if len(files) > MOST:
        raise AnswerError(f"{folder}: more than {MOST} files")
    found: dict[str, Answer] = {}
    for file in files:
        answer = read(file)
        earlier = found.get(answer.supplier)
        if earlier is None or earlier.content["date"] <= answer.content["date"]:
            found[answer.supplier] = answer
    return found


def read(file: Path) -> Answer:
    """Return what a file answers.

    Raises:
        AnswerError: it is no answer, or not as the schema says.
    """
    with file.open("rb") as source:
        data = source.read(LARGEST + 1)
    try:
        content = _toml(data) if file.suffix == ".toml" else parse_json(data)
        check(content, ANSWER)
        datetime.date.fromisoformat(content["date"])
    except ValueError as error:
        raise AnswerError(f"{file}: {error}") from error
    return Answer(file.name, content)


def _toml(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise SchemaError(f"file: larger than {LARGEST // 1_000_000} MB")
    try:
        content = tomllib.loads(data.decode())
    except RecursionError as error:
        raise SchemaError("file: nested too deep") from error
    except ValueError as error:
        raise SchemaError(f"file: is no TOML: {error}") from error
    if isinstance(content.get("date"), datetime.date):
        content["date"] = content["date"].isoformat()[:10]
    return content


def form(dossier: dict[str, Any]) -> dict[str, Any]:
    """Return a form to answer on: valid as it is, and empty."""
    return {
        "format": "kwel-answer",
        "version": 1,
        "supplier": dossier["supplier"]["id"],
        "date": dossier["period"]["last"] or "2000-01-01",
        "statement": "",
        "answers": [{"question": row["id"], "text": ""} for row in dossier["questions"]],
        "services": [{"service": row["id"]} for row in dossier["services"]],
    }


def beside(dossier: dict[str, Any], answer: Answer, names: Names) -> dict[str, Any]:
    """Return a dossier with an answer beside what was observed; nothing else of it differs."""
    content = answer.content
    known = {row["id"]: row for row in dossier["services"]}
    services = [
        {
            "service": row["service"],
            "name": known[row["service"]]["service"] if row["service"] in known else None,
            "known": row["service"] in known,
            "fields": list(_compared(row, known.get(row["service"], {}), names)),
        }
        for row in content.get("services", ())
    ]
    shown = {
        "date": content["date"],
        "function": content.get("function") or None,
        "statement": content.get("statement") or None,
        "answers": [row for row in content.get("answers", ()) if row["text"].strip()],
        "services": [row for row in services if row["fields"]],
        "contradictions": sum(one["outcome"] == "contradicts" for row in services for one in row["fields"]),
    }
    return {**dossier, "answers": shown}


def _compared(row: dict[str, Any], seen: dict[str, Any], names: Names) -> Iterable[dict[str, Any]]:
    for field, key in FIELDS:
        if field not in row or row[field] in ("", []):
            continue
        observed = seen.get(key) if key else None
        yield {
            "field": field,
            "observed": observed,
            "answered": row[field],
            "outcome": _outcome(field, observed, row[field], names),
        }


def _outcome(field: str, observed: str | None, answered: Any, names: Names) -> str:
    """Return whether an answer agrees with what was seen; ``open`` where either of them does not say."""
    if not observed:
        return "open"
    if field == "hosted_in":
        places = set(observed.split("/"))
        if ANYCAST in places:
            return "open"
        return "agrees" if places <= set(answered) else ("open" if places & set(answered) else "contradicts")
    return "agrees" if names.id(names.of(observed)[0]) == names.id(names.of(str(answered))[0]) else "contradicts"
