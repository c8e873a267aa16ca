"""JSON of somebody else in, the same out, checked against a schema: sizes, types, closed lists, no surprises.

The schemas are JSON Schema (draft 2020-12) and use the few keywords that ``check`` knows: a dossier carries that of
its answers, so whoever answers can check with any other program.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TEXT: Final = 2_000
LONGEST_NAME: Final = 200
MOST_ROWS: Final = 500
LARGEST: Final = 4_000_000
"""Bytes of a file."""
DEEPEST: Final = 40
LARGEST_NUMBER: Final = 10**18


class SchemaError(ValueError):
    """Content is not as it must be: ``where: why``."""


def _text(longest: int = LONGEST_NAME, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest, **more}


def _maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _rows(of: dict[str, Any], most: int = MOST_ROWS) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": of}


def _table(must: dict[str, Any], may: dict[str, Any] | None = None, *, closed: bool = True) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**must, **(may or {})},
        "required": list(must),
        "additionalProperties": not closed,
    }


_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER}
_COUNTRY: Final = _text(2, pattern="^[A-Z]{2}$")
_DAY: Final = _text(10, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_ID: Final = _text(80, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")
_YES: Final = _text(10, enum=["yes", "no", "partly", "unknown"])

ANSWER: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Answer to a supplier dossier of kwel",
    **_table(
        {
            "format": _text(20, enum=["kwel-answer"]),
            "version": {"type": "integer", "minimum": 1, "maximum": 1},
            "supplier": _ID,
            "date": _DAY,
        },
        {
            "function": _text(),
            "statement": _text(LONGEST_TEXT),
            "answers": _rows(
                _table({"question": _ID, "text": _text(LONGEST_TEXT)}, {"evidence": _rows(_text(), 10)}), 100
            ),
            "services": _rows(
                _table(
                    {"service": _ID},
                    {
                        "hosted_in": _rows(_COUNTRY, 30),
                        "operator": _text(),
                        "operator_jurisdiction": _COUNTRY,
                        "parent": _text(),
                        "parent_jurisdiction": _COUNTRY,
                        "works_without": _YES,
                        "remote_data_processing": _YES,
                        "european_alternative": _YES,
                        "page": _text(),
                        "remark": _text(LONGEST_TEXT),
                    },
                )
            ),
        },
    ),
}
"""What a supplier may answer. ``services`` speaks of the dossier's services by their id."""

_USE: Final = _table(
    {
        "id": _ID,
        "service": _maybe(_text()),
        "function": _maybe(_text(60)),
        "path": _maybe(_text(20)),
        "impact": _maybe(_text(20)),
        "operator": _maybe(_text()),
        "parent": _maybe(_text()),
        "parent_jurisdiction": _maybe(_text(20)),
        "region": _maybe(_text(80)),
        "location": _maybe(_text(80)),
        "verdict": _text(60),
        "control": _text(10, enum=["non", "unk", "eu", "none"]),
        "state": _text(20),
        "asset_count": _COUNT,
    },
    {"supplier": _maybe(_text()), "front": _maybe(_text(60))},
    closed=False,
)

DOSSIER: Final = _table(
    {
        "format": _text(20, enum=["kwel-dossier"]),
        "version": {"type": "integer", "minimum": 1, "maximum": 1},
        "company": _text(60, pattern="^company-[a-z2-7]{8,40}$"),
        "site": _text(60, pattern="^site-[a-z2-7]{6,40}$"),
        "supplier": _table(
            {"id": _text(80), "name": _text(), "jurisdiction": _maybe(_text(20)), "known": _rows(_text(20), 10)},
            closed=False,
        ),
        "services": _rows(_USE),
        "elsewhere": _rows(_USE),
        "products": _rows(_table({"product": _maybe(_text()), "count": _COUNT}, closed=False)),
        "questions": _rows(
            _table(
                {"id": _ID, "heading": _ID, "text": _table({"nl": _text(LONGEST_TEXT), "en": _text(LONGEST_TEXT)})},
                closed=False,
            )
        ),
    },
    closed=False,
)
"""What a merge reads of a dossier. It may hold more, which nobody looks at."""


def parse_json(data: bytes) -> Any:
    """Return what JSON says, whoever wrote it.

    Raises:
        SchemaError: it is none, too large or too deep, or says something twice.
    """
    if len(data) > LARGEST:
        raise SchemaError(f"file: larger than {LARGEST // 1_000_000} MB")
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as error:
        raise SchemaError("file: nested too deep") from error
    except UnicodeDecodeError as error:
        raise SchemaError("file: is not UTF-8") from error
    except SchemaError:
        raise
    except ValueError as error:
        raise SchemaError(f"file: is no JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise SchemaError("file: a key is there twice")
    return table


def _no_number(word: str) -> Any:
    raise SchemaError(f"file: {word} is no number")


def check(value: Any, schema: dict[str, Any], where: str = "", depth: int = 0) -> None:
    """Refuse what a schema does not allow.

    Raises:
        SchemaError: ``where: why``.
    """
    if depth > DEEPEST:
        raise SchemaError(f"{where or 'file'}: nested too deep")
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = next((kind for kind in kinds if _IS[kind](value)), None)
    if kind is None:
        raise SchemaError(f"{where or 'file'}: must be {' or '.join(kinds)}")
    if kind == "string":
        _check_text(value, schema, where)
    elif kind == "integer":
        if not schema.get("minimum", -LARGEST_NUMBER) <= value <= schema.get("maximum", LARGEST_NUMBER):
            raise SchemaError(f"{where}: is out of range")
    elif kind == "array":
        if len(value) > schema["maxItems"]:
            raise SchemaError(f"{where}: more than {schema['maxItems']} rows")
        for index, item in enumerate(value):
            check(item, schema["items"], f"{where}[{index}]", depth + 1)
    elif kind == "object":
        _check_table(value, schema, where, depth)


def _check_text(value: str, schema: dict[str, Any], where: str) -> None:
    if len(value) > schema["maxLength"]:
        raise SchemaError(f"{where}: longer than {schema['maxLength']} characters")
    if "enum" in schema and value not in schema["enum"]:
        raise SchemaError(f"{where}: is not one of {', '.join(schema['enum'])}")
    if "pattern" in schema and not re.fullmatch(schema["pattern"].removeprefix("^").removesuffix("$"), value):
        raise SchemaError(f"{where}: is not spelled as it must be ({schema['pattern']})")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise SchemaError(f"{where}: holds half a character")


def _check_table(value: dict[str, Any], schema: dict[str, Any], where: str, depth: int) -> None:
    inside = f"{where}." if where else ""
    for key in schema["required"]:
        if key not in value:
            raise SchemaError(f"{inside}{key}: missing")
    for key, item in value.items():
        if key in schema["properties"]:
            check(item, schema["properties"][key], f"{inside}{key}", depth + 1)
        elif not schema["additionalProperties"]:
            raise SchemaError(f"{where or 'file'}: {key[:60]!r} is no key of it")


_IS: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
