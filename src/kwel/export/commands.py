"""A Report in, the table of commands out: who told whom to do what, in protocols of the plant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.export.contract import EVIDENCE, Column, Table, first_and_last, label_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from kwel.model.report import Report

COMMANDS = Table(
    "commands",
    "all commands of one class that one address gave another in one protocol",
    (
        Column("source", "text", "Asset that sent them, as in `assets`.", '"00:90:e8:10:00:32"', optional=True, rank=3),
        Column("source_address", "text", "Its address.", '"10.20.3.32"'),
        Column("source_outside", "flag", "Whether that lies outside the plant.", "false", rank=3),
        Column("target", "text", "Asset that was told, as in `assets`.", '"00:1b:1b:10:00:21"', optional=True, rank=3),
        Column("target_address", "text", "Its address, or that of a group.", '"10.20.2.21"'),
        Column("target_outside", "flag", "Whether that lies outside the plant.", "false", rank=3),
        Column("protocol", "text", "Recognised by content.", '"s7comm"', rank=1),
        Column(
            "class",
            "text",
            "`mode` (start, stop, restart), `program` (load, read out or change a program, configuration or file), "
            "`write`, `read`, `diagnose`, `session` or `other`; see docs/rules.md.",
            '"write"',
            rank=1,
        ),
        Column("commands", "list", "What they are called, the most frequent first.", '["Write Var"]', rank=1),
        Column("count", "whole", "How many.", "118", rank=1),
        Column("answered", "flag", "Whether the target sent anything at all in return.", "true", rank=3),
        *first_and_last("them"),
        EVIDENCE,
        label_of("source"),
        label_of("target"),
    ),
)


def commands_table(report: Report) -> pd.DataFrame:
    """Return one row a sender, receiver, protocol and class, with the columns of ``COMMANDS``."""
    import numpy as np
    import pandas as pd

    from kwel.export.text import spell_times

    commands = report.commands

    def text(values: Iterable[str | None]) -> pd.Series:
        return pd.Series(list(values), dtype="str")

    def lists(values: Iterable[list[str]]) -> pd.Series:
        return pd.Series(list(values), dtype="object")

    columns = {
        "source": text(of.source.asset for of in commands),
        "source_address": text(of.source.address for of in commands),
        "source_outside": pd.Series([of.source.is_outside for of in commands], dtype="bool"),
        "target": text(of.target.asset for of in commands),
        "target_address": text(of.target.address for of in commands),
        "target_outside": pd.Series([of.target.is_outside for of in commands], dtype="bool"),
        "protocol": text(of.protocol for of in commands),
        "class": text(of.kind.value for of in commands),
        "commands": lists(list(of.names) for of in commands),
        "count": pd.Series([of.count for of in commands], dtype="int64"),
        "answered": pd.Series([of.is_answered for of in commands], dtype="bool"),
        "first": spell_times(np.array([of.first for of in commands], np.int64)),
        "last": spell_times(np.array([of.last for of in commands], np.int64)),
        "evidence": lists([str(of.where)] if of.where else [] for of in commands),
        "source_label": text(of.source.label for of in commands),
        "target_label": text(of.target.label for of in commands),
    }
    return pd.DataFrame({key: columns[key] for key in COMMANDS.keys})
