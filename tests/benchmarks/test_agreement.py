"""Agreement counts flows that carry a name, not rows, and tells what is beyond the truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.agreement import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TRUTH = {"flows": {"total": 2}, "names": {"tls-sni": {"a.example": 2}, "http-host": {"b.example": 1}}}


def name_row(name: str, port: int, source: str = "tls-sni") -> str:
    ends = {"initiator_address": "192.0.2.1", "responder_address": "192.0.2.2", "responder_port": 443}
    return json.dumps({**ends, "initiator_port": port, "name": name, "source": source}) + "\n"


def test_a_name_said_twice_in_one_flow_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, flows, names = (tmp_path / name for name in ("truth.json", "flows.csv", "names.jsonl"))
    truth.write_text(json.dumps(TRUTH))
    flows.write_text("capture\nbig\nbig\n")
    names.write_text(name_row("a.example", 1) * 2 + name_row("a.example", 2) + name_row("c.example", 3))

    main([str(truth), str(flows), str(names)])

    assert capsys.readouterr().out.splitlines() == [
        "flows: 2 of 2",
        "tls-sni: 2 of 2 right, 1 beyond",
        "http-host: 0 of 1 right, 0 beyond",
    ]
