"""Other projects' captures: what tshark reads of the identity of OT devices, kwel reads too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import read_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIELDS = ("bacapp", "cip", "enip", "opcua", "s7comm", "modbus")
"""What the names of tshark's fields begin with."""
CONTESTED = {
    ("bacnet_segmented_data.pcap", "bacapp.object_name"): "the middle of a value, in noise",
    ("bacnet_error_reject_abort.pcap", "bacapp.vendor_identifier"): "whose private service is called, not who calls",
}
AT_LEAST = 0.97


def wanted(facts: list[dict[str, Any]], name: str) -> Iterator[tuple[str, str]]:
    """Yield field and value, the latter as kwel writes it."""
    for fact in facts:
        field, value = fact["field"], fact["value"].split("\0")[0].strip().lower()
        if field.split(".")[0] not in FIELDS or field == "modbus.object_id" or (name, field) in CONTESTED:
            continue
        if "vendor" in field:
            value = f"{'bacnet' if field.startswith('bacapp') else 'cip'}-vendor/{int(value, 0)}"
        yield field, value.removeprefix("0x")


@pytest.mark.slow
def test_identity_is_found_where_wireshark_finds_it(shared: Callable[[str], Path]) -> None:
    corpus, found, missed = shared("corpus"), 0, list[tuple[str, str, str]]()
    for file in sorted((corpus / "truth").rglob("*.pcap*.json")) + sorted((corpus / "truth").rglob("*.cap.json")):
        facts = list(wanted(json.loads(file.read_text())["facts"], file.stem))
        if facts:
            capture = corpus / "captures" / file.relative_to(corpus / "truth").with_suffix("")
            said = "\n".join(one.value.lower() for one in read_traffic(str(capture)).observed)
            missed += [(file.stem, *fact) for fact in facts if fact[1] not in said]
            found += len(facts)

    assert found
    assert len(missed) <= (1 - AT_LEAST) * found, missed
