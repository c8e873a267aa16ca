"""A log of Zeek in, pieces of it as columns of text out: TSV with its header, or JSON with one object a line.

https://docs.zeek.org/en/current/log-formats.html and base/frameworks/logging/writers/ascii.zeek. Fields stand in any
order and number; a header may come again in the middle, where logs were put together.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.logs.logs import MOST_TEXT, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from kwel.logs.lines import Block
    from kwel.logs.logs import Reading

ROTATED: Final = re.compile(r"^([a-z0-9_]+?)(?:[._-]\d.*)?\.log", re.ASCII | re.IGNORECASE)
"""``conn.log``, ``conn.2026-11-26-01.log.gz``, ``conn_20261126.log``."""
TELLING: Final = (
    ("conn_state", "conn"), ("certificate.version", "x509"), ("cipher", "ssl"), ("server_name", "quic"),
    ("qtype", "dns"), ("qtype_name", "dns"), ("query", "dns"), ("user_agent", "http"), ("status_code", "http"),
    ("msg_types", "dhcp"), ("host_key_alg", "ssh"), ("unparsed_version", "software"),
)  # fmt: skip
"""A field, and the log that has it: for JSON that names neither its log nor its file so."""
UNIT: Final = "\x1f"
"""Between the members of a set that came as a JSON list: no name holds it."""


@dataclass(slots=True)
class Header:
    """What the header of a TSV log says of the lines behind it."""

    separator: str = "\t"
    members: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    fields: list[str] = field(default_factory=list)

    def read(self, line: bytes) -> None:
        """Take in one line of a header."""
        text = line.decode("utf-8", "backslashreplace")
        if text.startswith("#separator "):
            self.separator = _unescaped(text[11:])
            self.fields = []
            return
        key, _, value = text.partition(self.separator)
        if key == "#fields":
            self.fields = value.split(self.separator)
        elif key == "#set_separator":
            self.members = _unescaped(value)
        elif key == "#empty_field":
            self.empty = value
        elif key == "#unset_field":
            self.unset = value
        elif key == "#path":
            self.path = value


def _unescaped(text: str) -> str:
    r"""Return a separator as it is meant.

    >>> _unescaped("\\x09"), _unescaped(",")
    ('\t', ',')
    """
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)


def path_of(name: str) -> str:
    """Return which log a file's name says that it is; nothing where it does not.

    >>> path_of("logs/conn.2026-11-26-01.log.gz"), path_of("dns_20261126.log"), path_of("notes.txt")
    ('conn', 'dns', '')
    """
    found = ROTATED.match(name.rpartition("/")[2])
    return found[1].lower() if found else ""


def pieces(
    blocks: Iterable[Block], name: str, wanted: Mapping[str, frozenset[str]], reading: Reading
) -> Iterator[Piece]:
    """Yield what a log says, as far as it is *wanted*.

    Args:
        blocks: its lines.
        name: of its file.
        wanted: by log, the fields that are.
        reading: told which log it is, and of lines that cannot be read.
    """
    header = Header(path=path_of(name))
    for block in blocks:
        reading.title = reading.title or header.path
        if block.text[:1] == b"{" or (not header.fields and block.text.lstrip()[:1] == b"{"):
            yield from _objects(block, header.path, wanted, reading)
        else:
            yield from _lines(block, header, wanted, reading)


def _lines(block: Block, header: Header, wanted: Mapping[str, frozenset[str]], reading: Reading) -> Iterator[Piece]:
    """Yield the lines of a block of TSV, and take in headers among them."""
    starts = block.starts
    bytes_ = np.frombuffer(block.text, np.uint8)
    heads = np.flatnonzero(bytes_[starts[:-1]] == ord("#")).tolist()
    begin = 0
    for head in [*heads, len(starts) - 1]:
        if head > begin:
            yield from _run(block, begin, head, header, wanted, reading)
        if head < len(starts) - 1:
            header.read(block.line(head))
            reading.title = header.path or reading.title
        begin = head + 1


def _run(
    block: Block, begin: int, end: int, header: Header, wanted: Mapping[str, frozenset[str]], reading: Reading
) -> Iterator[Piece]:
    """Yield lines of TSV without a header among them."""
    lines = block.first + np.arange(begin, end)
    if not header.fields or len(header.separator) != 1 or not header.separator.isascii():
        for line in lines.tolist():
            reading.refuse(line, "stands before any #fields" if not header.fields else "has an odd #separator")
        return
    reading.lines += len(lines)
    asked = wanted.get(header.path)
    if asked is None:
        return
    text, lines = _sound(block, begin, end, header, lines, reading)
    if len(lines) and (columns := _columns(text, header, asked)) is not None:
        yield Piece(header.path, columns, lines, header.members)


def _sound(
    block: Block, begin: int, end: int, header: Header, lines: NDArray[np.int64], reading: Reading
) -> tuple[bytes, NDArray[np.int64]]:
    """Return the lines that have as many fields as the header promises; the others are refused."""
    starts = block.starts[begin : end + 1]
    text = block.text[int(starts[0]) : int(starts[-1])]
    places = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(header.separator)) + starts[0]
    count = np.diff(np.searchsorted(places, starts))
    sound = count == len(header.fields) - 1
    if len(header.fields) == 1:
        sound &= np.diff(starts) > 1
    if sound.all():
        return text, lines
    for row in np.flatnonzero(~sound).tolist():
        told = int(count[row]) + 1 if starts[row + 1] - starts[row] > 1 else 0
        reading.refuse(int(lines[row]), f"has {told} of {len(header.fields)} fields")
    kept = np.flatnonzero(sound)
    return b"".join(block.text[int(starts[row]) : int(starts[row + 1])] for row in kept.tolist()), lines[kept]


def _columns(text: bytes, header: Header, asked: frozenset[str]) -> dict[str, Any] | None:
    """Return the columns of whole lines."""
    import pyarrow as pa
    from pyarrow import csv

    numbered = [f"{number} {name}" for number, name in enumerate(header.fields)]  # a name may stand there twice
    places = {name: place for place, name in reversed(list(enumerate(header.fields))) if name in asked}
    if not places:
        return None
    kept = [numbered[place] for place in places.values()]
    table = csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(column_names=numbered, block_size=len(text) + 1, use_threads=False),
        parse_options=csv.ParseOptions(
            delimiter=header.separator,
            quote_char=False,
            double_quote=False,
            escape_char=False,
            newlines_in_values=False,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(kept, pa.string()),
            include_columns=kept,
            null_values=[header.unset, header.empty, ""],
            strings_can_be_null=True,
        ),
    )
    return {name: table.column(numbered[place]).combine_chunks() for name, place in places.items()}


def _objects(block: Block, path: str, wanted: Mapping[str, frozenset[str]], reading: Reading) -> Iterator[Piece]:
    """Yield the lines of a block of JSON, by log."""
    found: dict[str, tuple[list[dict[str, Any]], list[int]]] = {}
    for row in range(len(block.starts) - 1):
        line = block.line(row)
        if not line.strip() or line[:1] == b"#":
            continue
        one = object_of(line, block.first + row, reading)
        if one is None:
            continue
        reading.lines += 1
        which = _log_of(one, path, wanted)
        reading.title = reading.title or which
        if which in wanted:
            rows, lines = found.setdefault(which, ([], []))
            rows.append(one)
            lines.append(block.first + row)
    for which, (rows, lines) in found.items():
        yield as_columns(which, rows, lines, wanted[which])


def object_of(line: bytes, number: int, reading: Reading) -> dict[str, Any] | None:
    """Return the JSON object on a line; ``None``, and refused, where there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        reading.refuse(number, f"is no JSON ({str(error)[:MOST_TEXT]})")
        return None
    if isinstance(found, dict):
        return found
    reading.refuse(number, "is no JSON object")
    return None


def _log_of(one: dict[str, Any], path: str, wanted: Mapping[str, frozenset[str]]) -> str:
    told = one.get("_path")
    if isinstance(told, str):
        return told
    if path in wanted:
        return path
    return next((log for key, log in TELLING if key in one), path)


def as_columns(path: str, rows: list[dict[str, Any]], lines: list[int], asked: frozenset[str]) -> Piece:
    """Return JSON objects as columns of text."""
    import pyarrow as pa

    columns = {key: pa.array([as_text(row.get(key)) for row in rows], pa.string()) for key in sorted(asked)}
    return Piece(path, columns, np.array(lines, np.int64), UNIT)


def as_text(value: Any) -> str | None:
    r"""Return a value of JSON as the text that a TSV log would have; ``None`` for nothing.

    >>> as_text(True), as_text(1.5), as_text(["a", "b"]), as_text([]), as_text({})
    ('T', '1.5', 'a\x1fb', None, None)
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode() or None  # a lone surrogate is none of UTF-8
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 128 else None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return UNIT.join(text for member in value if (text := as_text(member)) is not None) or None
    return None
