"""kwel's tables and a capture's truth in, how far they agree out. A fast wrong answer is not wanted.

    python -m benchmarks.agreement TRUTH FLOWS_CSV [NAMES_JSONL]

A program of its own, so that its memory does not count as that of the programs measured after it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCES = ("tls-sni", "quic-sni", "http-host")
"""Names that a flow has once however often it says them; DNS has one row an answer and is left out."""
FLOW = ("initiator_address", "initiator_port", "responder_address", "responder_port")


def flows_agree(table: Path, truth: dict[str, Any]) -> str:
    """Compare the number of rows of `kwel flows --format csv`."""
    with table.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    return f"flows: {rows:,} of {truth['flows']['total']:,}"


def _names(table: Path) -> dict[str, Counter[str]]:
    seen: dict[str, set[tuple[Any, ...]]] = {source: set() for source in SOURCES}
    with table.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["source"] in seen:
                seen[row["source"]].add((row["name"], *(row[field] for field in FLOW)))
    return {source: Counter(name for name, *_ in rows) for source, rows in seen.items()}


def names_agree(table: Path, truth: dict[str, Any]) -> Iterator[str]:
    """Compare the names of `kwel names --format jsonl`, flow by flow."""
    found = _names(table)
    for source in SOURCES:
        wanted: Counter[str] = Counter(truth["names"].get(source, {}))
        if not wanted and not found[source]:
            continue
        right = (found[source] & wanted).total()
        yield f"{source}: {right:,} of {wanted.total():,} right, {found[source].total() - right:,} beyond"


def main(files: Sequence[str]) -> None:
    """Print one line a comparison."""
    truth_file, *tables = map(Path, files)
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    print(flows_agree(tables[0], truth))
    for names in tables[1:]:
        print("\n".join(names_agree(names, truth)))


if __name__ == "__main__":
    main(sys.argv[1:])
