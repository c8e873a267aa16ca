"""A Report in, the table of interruptions out: what stopped answering whom, when, and what the asset did next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.contract import EVIDENCE, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from kwel.model.interruptions import Interruption
    from kwel.model.report import Report

_TIMES = tuple(f'"2026-03-02T{time}.120331000Z"' for time in ("09:14:07", "09:15:07", "11:14:07", "11:15:07"))

INTERRUPTIONS = Table(
    "interruptions",
    "one spell in which something that had answered an asset did not",
    (
        Column("id", "text", "In order of time within one analysis.", '"I-01"', rank=1),
        Column("asset", "text", "Asset that was not answered, as in `assets`.", '"00:90:e8:10:00:32"', rank=3),
        Column("label", "text", "What it is called.", '"gw1"', rank=1),
        Column(
            "peer", "text", "Asset that did not answer; outside `null`.", '"00:50:56:10:00:22"', optional=True, rank=3
        ),
        Column("host", "text", "The name asked for, else the address.", '"plantgw.iot.cloud.example"', rank=1),
        Column("port", "whole", "Its port.", "8883"),
        Column("operator", "text", "Who runs it; outside, where known.", '"Microsoft"', optional=True, rank=1),
        Column("verdict", "text", "As in `dependencies`; outside.", '"foreign"', optional=True, rank=3),
        Column(
            "sign",
            "text",
            "`refused`: connections reset, or an ICMP error; `unanswered`; `stopped`: silence within a connection, "
            "though the asset went on; `no-name`: a name was found no more; `silent`: regular contact stopped, while "
            "the asset talked to others.",
            '"unanswered"',
            rank=1,
        ),
        Column(
            "begin_after",
            "time",
            "The last sign of life: it began after that.",
            _TIMES[0],
            "UTC",
            rank=3,
        ),
        Column(
            "begin",
            "time",
            "The first sign of trouble: it had begun by then.",
            _TIMES[1],
            "UTC",
            rank=1,
        ),
        Column(
            "end_after",
            "time",
            "The last sign of trouble.",
            _TIMES[2],
            "UTC",
            optional=True,
            rank=3,
        ),
        Column(
            "end",
            "time",
            "The next sign of life; `null`: none came.",
            _TIMES[3],
            "UTC",
            optional=True,
        ),
        Column("heartbeat_ms", "whole", "Usual time between connections before.", "60000", "ms", optional=True),
        Column("attempts", "whole", "Packets and questions sent in vain.", "12", rank=3),
        Column("retry_ms", "whole", "Usual time between attempts.", "30000", "ms", optional=True),
        Column("backs_off", "flag", "Whether it waited longer each time.", "true", rank=3),
        Column(
            "fate",
            "text",
            "Of its traffic inside the plant meanwhile: `kept-running`, `less` than half, `stopped`, `no-local` (it "
            "had none) or `unsure` (too little was captured, or its pauses before were as long).",
            '"kept-running"',
            rank=1,
        ),
        Column(
            "stopped_after_ms",
            "whole",
            "From the first sign of trouble to its last packet inside.",
            "1200000",
            "ms",
            optional=True,
            rank=3,
        ),
        Column("local_protocols", "list", "What it spoke inside before, by content.", '["modbus"]', rank=3),
        Column(
            "fell_back",
            "text",
            "Host outside that it first turned to meanwhile, on the same port.",
            '"backup.example"',
            optional=True,
        ),
        Column("together", "whole", "Assets that lost the same operator, or the same asset, about then.", "4"),
        EVIDENCE,
    ),
)


def interruptions_table(report: Report) -> pd.DataFrame:
    """Return one row an interruption, with the columns of ``INTERRUPTIONS``."""
    import numpy as np
    import pandas as pd

    from kwel.export.text import spell_times

    found = report.interruptions.found

    def text(values: Iterable[str | None]) -> pd.Series:
        return pd.Series(list(values), dtype="str")

    def whole(values: Iterable[float | None]) -> pd.Series:
        return pd.Series([None if value is None else round(1000 * value) for value in values], dtype="Int64")

    def time(values: Iterable[int | None]) -> pd.Series:
        return spell_times(np.array([value or 0 for value in values], np.int64))

    columns = {
        "id": text(one.id for one in found),
        **_assets(report, found),
        "host": text(one.host for one in found),
        "port": pd.Series([one.port for one in found], dtype="int64"),
        **_attributed(report, found),
        "sign": text(one.sign.value for one in found),
        "begin_after": time(one.begin.after for one in found),
        "begin": time(one.begin.before for one in found),
        "end_after": time(one.end.after if one.end else None for one in found),
        "end": time(one.end.before if one.end else None for one in found),
        "heartbeat_ms": whole(one.rhythm.period if one.rhythm else None for one in found),
        "attempts": pd.Series([one.retries.count for one in found], dtype="int64"),
        "retry_ms": whole(one.retries.interval for one in found),
        "backs_off": pd.Series([one.retries.grows for one in found], dtype="bool"),
        "fate": text(one.aftermath.fate.value for one in found),
        "stopped_after_ms": whole(one.aftermath.stopped_after for one in found),
        "local_protocols": pd.Series([list(one.aftermath.protocols) for one in found], dtype="object"),
        "fell_back": text(one.aftermath.fell_back for one in found),
        "together": pd.Series([one.common for one in found], dtype="int64"),
        "evidence": pd.Series([[str(of.where) for of in one.evidence if of.where] for one in found], dtype="object"),
    }
    return pd.DataFrame({key: columns[key] for key in INTERRUPTIONS.keys})


def _assets(report: Report, found: Sequence[Interruption]) -> dict[str, pd.Series]:
    """Return who was not answered, and by whom inside the plant."""
    import pandas as pd

    rows = [(report.assets[one.asset], None if one.peer is None else report.assets[one.peer].id) for one in found]
    columns = {
        "asset": [of.id for of, _ in rows],
        "label": [of.label for of, _ in rows],
        "peer": [by for _, by in rows],
    }
    return {key: pd.Series(values, dtype="str") for key, values in columns.items()}


def _attributed(report: Report, found: Sequence[Interruption]) -> dict[str, pd.Series]:
    """Return whose host it was."""
    import pandas as pd

    rows = [None if one.dependency is None else report.dependencies[one.dependency].attribution for one in found]
    operators = [of.operator.value if of and of.operator else None for of in rows]
    verdicts = [of.verdict.value if of else None for of in rows]
    return {"operator": pd.Series(operators, dtype="str"), "verdict": pd.Series(verdicts, dtype="str")}
